"""The unit of work: one durable transaction, tried again whole when the database asks for it, and for nothing else."""

import sqlite3
import threading

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.db.utils import InterfaceError

from lpg import work
from lpg.audit.models import AuditLog
from lpg.depots import services as depots
from lpg.depots.models import Depot
from lpg.errors import Missing, Refused
from tests import make
from tests.races import all_well, together


def of_sqlite(kind: type[DatabaseError], code: int, words: str) -> DatabaseError:
    """An error as Django raises it, with SQLite's own below."""
    error, error.__cause__ = kind(words), sqlite3.OperationalError(words)
    error.__cause__.sqlite_errorcode = code
    return error


RETRYABLE = {
    "mysql": [
        OperationalError(1213, "Deadlock found when trying to get lock; try restarting transaction"),
        OperationalError(1205, "Lock wait timeout exceeded; try restarting transaction"),
        OperationalError(1020, "Record has changed since last read in table"),
    ],
    "sqlite": [
        of_sqlite(OperationalError, sqlite3.SQLITE_BUSY, "database is locked"),
        of_sqlite(OperationalError, sqlite3.SQLITE_BUSY_SNAPSHOT, "database is locked"),
        of_sqlite(OperationalError, sqlite3.SQLITE_LOCKED, "database table is locked: depots_depot"),
    ],
}
FINAL = {
    "mysql": [
        OperationalError(1644, "audit_auditlog rows are written once"),
        OperationalError(2006, "Server has gone away"),
        OperationalError(1267, "Illegal mix of collations"),
        IntegrityError(1062, "Duplicate entry 'locked' for key 'busy'"),
        InterfaceError(0, ""),
        OperationalError(),
    ],
    "sqlite": [
        of_sqlite(OperationalError, sqlite3.SQLITE_ERROR, "no such table: locked_doors"),
        of_sqlite(IntegrityError, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "UNIQUE constraint failed: doors.locked"),
        of_sqlite(OperationalError, sqlite3.SQLITE_IOERR, "disk I/O error"),
        OperationalError("the door is locked"),
    ],
}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    """The waits between two attempts, noted instead of slept."""
    waits: list[float] = []
    monkeypatch.setattr(work.time, "sleep", waits.append)
    return waits


@pytest.fixture
def figures():
    return lambda: (work.retries._value.get(), work.gave_up._value.get())


def failing(*errors: Exception):
    """An effect that writes a depot, then raises these one after the other, and in the end does well."""
    left = list(errors)
    seen: list[int] = []

    def effect() -> str:
        seen.append(Depot.objects.count())
        Depot.objects.create(code=f"TRY-{len(seen)}", name="An attempt")
        if left:
            raise left.pop(0)
        return "done"

    effect.seen = seen
    return effect


@pytest.mark.django_db(transaction=True)
def test_a_unit_of_work_is_durable_and_never_part_of_another():
    assert work.run(lambda: connection.in_atomic_block) is True
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        work.run(lambda: None)
    with pytest.raises(RuntimeError, match="durable"):
        work.run(lambda: work.run(lambda: None))


@pytest.mark.django_db(transaction=True)
def test_what_it_did_stands_when_it_returns_and_is_gone_when_it_raises():
    work.run(lambda: Depot.objects.create(code="A", name="A"))
    with pytest.raises(Refused):
        work.run(failing(Refused("no")))
    assert all_well(together(lambda: [depot.code for depot in Depot.objects.all()])) == [["A"]]


@pytest.mark.django_db(transaction=True)
def test_contention_is_tried_again_from_scratch(figures, no_waiting):
    errors = RETRYABLE[connection.vendor]
    retries, gave_up = figures()
    effect = failing(*errors)
    assert work.run(effect) == "done"
    assert effect.seen == [0] * (len(errors) + 1)  # nothing of an attempt is left for the next
    assert [depot.code for depot in Depot.objects.all()] == [f"TRY-{len(effect.seen)}"]
    assert figures() == (retries + len(errors), gave_up)
    assert len(no_waiting) == len(errors)
    assert all(0 <= wait <= 0.02 * 2**attempt for attempt, wait in enumerate(no_waiting, 1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", range(max(map(len, FINAL.values()))))
def test_every_other_error_is_told_at_once(number, figures):
    errors = FINAL[connection.vendor]
    before = figures()
    for error in errors[number : number + 1]:
        effect = failing(error)
        with pytest.raises(type(error)) as caught:
            work.run(effect)
        assert caught.value is error
        assert len(effect.seen) == 1
    assert figures() == before
    assert not Depot.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_trigger_that_refuses_is_no_contention(admin, figures):
    before = figures()
    attempts = []

    def effect() -> None:
        attempts.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_auditlog")

    with pytest.raises(DatabaseError, match="written once"):
        work.run(effect)
    assert (len(attempts), figures()) == (1, before)
    assert AuditLog.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_after_six_attempts_it_is_busy(figures):
    error = RETRYABLE[connection.vendor][0]
    retries, gave_up = figures()
    effect = failing(*[error] * 100)
    with pytest.raises(work.Busy) as busy:
        work.run(effect)
    assert len(effect.seen) == work.ATTEMPTS == 6
    assert (busy.value.status, busy.value.code, busy.value.retry_after) == (503, "busy", 2)
    assert figures() == (retries + 5, gave_up + 1)
    assert not Depot.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_after_some_seconds_it_is_busy_however_few_the_attempts(monkeypatch):
    monkeypatch.setattr(work, "SECONDS", 0.0)
    effect = failing(*[RETRYABLE[connection.vendor][0]] * 100)
    with pytest.raises(work.Busy):
        work.run(effect)
    assert len(effect.seen) == 1


@pytest.mark.django_db
def test_a_row_is_locked_only_if_it_is_among_those_that_may_be_seen(admin, singgas):
    assert work.lock(Depot.objects.all(), singgas.pk) == singgas
    for rows, pk in ((Depot.objects.exclude(pk=singgas.pk), singgas.pk), (Depot.objects.all(), 2**63 - 1)):
        with pytest.raises(Missing):
            work.lock(rows, pk)


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (OperationalError(2006, "gone"), True),
        (OperationalError(2013, "lost"), True),
        (OperationalError(1213, "deadlock"), False),
        (OperationalError("unable to open database file"), False),
        (OperationalError(), False),
    ],
)
def test_a_server_that_is_away_is_known_by_its_code(error, away):
    assert work.is_away(error) is away


# --- real contention ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_who_deadlock_both_come_through(admin, figures):
    """Each locks what the other wants next. MariaDB breaks off one of them; SQLite lets one begin after the other."""
    first, second = make.a_depot(admin, "A"), make.a_depot(admin, "B")
    both_hold_one = threading.Barrier(2)
    retries, gave_up = figures()
    attempts = {first.pk: 0, second.pk: 0}

    def crossing(one: Depot, other: Depot):
        def effect() -> int:
            attempts[one.pk] += 1
            depots.change_depot(actor=admin, depot_id=one.pk, values={"phone": f"by {one.code}"})
            if connection.vendor == "mysql" and attempts[one.pk] == 1:
                both_hold_one.wait(30)
            depots.change_depot(actor=admin, depot_id=other.pk, values={"address": f"by {one.code}"})
            return other.pk

        return lambda: work.run(effect)

    assert all_well(together(crossing(first, second), crossing(second, first))) == [second.pk, first.pk]
    kept = {depot.code: (depot.phone, depot.address) for depot in Depot.objects.all()}
    assert kept == {"A": ("by A", "by B"), "B": ("by B", "by A")}
    assert AuditLog.objects.filter(action="UPDATE_DEPOT").count() == 4  # nothing of the attempt that was broken off
    assert sum(attempts.values()) == (3 if connection.vendor == "mysql" else 2)
    assert figures() == (retries + sum(attempts.values()) - 2, gave_up)


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_a_lock_too_long_is_told_busy_and_changes_nothing(admin, singgas, monkeypatch):
    monkeypatch.setattr(work, "SECONDS", 0.5)
    held, over = threading.Event(), threading.Event()

    def holder() -> None:
        def effect() -> None:
            work.lock(Depot.objects.all(), singgas.pk)
            held.set()
            assert over.wait(30)

        work.run(effect)

    def waiter() -> str:
        with connection.cursor() as cursor:  # one second is enough to see it
            lite = connection.vendor == "sqlite"
            cursor.execute("PRAGMA busy_timeout = 1000" if lite else "SET innodb_lock_wait_timeout = 1")
        assert held.wait(30)
        try:
            work.run(lambda: depots.change_depot(actor=admin, depot_id=singgas.pk, values={"name": "Changed"}))
        except work.Busy as busy:
            return busy.code
        finally:
            over.set()
        return "came through"

    assert all_well(together(holder, waiter)) == [None, "busy"]
    assert Depot.objects.get().name == singgas.name


@pytest.mark.django_db(transaction=True)
def test_what_is_read_after_a_lock_is_what_was_committed_before_it(admin, singgas):
    """READ COMMITTED: under REPEATABLE READ the second reader would see what was there when it began."""
    has_read, is_written = threading.Event(), threading.Event()

    def reader() -> tuple[str, str]:
        if connection.vendor == "sqlite":  # where who begins first keeps everybody else out
            has_read.set()
            assert is_written.wait(30)

        def effect() -> tuple[str, str]:
            before = Depot.objects.get().name
            has_read.set()
            assert is_written.wait(30)
            return before, work.lock(Depot.objects.all(), singgas.pk).name + Depot.objects.get().name

        return work.run(effect)

    def writer() -> None:
        assert has_read.wait(30)
        work.run(lambda: depots.change_depot(actor=admin, depot_id=singgas.pk, values={"name": "New"}))
        is_written.set()

    (seen, _) = all_well(together(reader, writer))
    assert seen == ("New" if connection.vendor == "sqlite" else singgas.name, "NewNew")


# --- snapshots ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_is_never_part_of_a_transaction_and_leaves_none():
    with transaction.atomic(), pytest.raises(RuntimeError, match="outermost"), work.snapshot():
        pytest.fail("it was begun")
    with pytest.raises(Refused), work.snapshot():
        raise Refused("no")
    with work.snapshot():
        assert not Depot.objects.exists()
    assert work.run(lambda: connection.in_atomic_block) is True
    Depot.objects.create(code="A", name="A")
    assert all_well(together(Depot.objects.count)) == [1]


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_sees_one_moment_while_others_write_without_waiting(admin, singgas):
    """Also what is read first only later: the moment is that of the beginning."""
    begun, is_written = threading.Event(), threading.Event()
    statements = ["SELECT name FROM depots_depot", "SELECT COUNT(*) FROM audit_auditlog"]

    def look() -> list[object]:
        with connection.cursor() as cursor:
            found = []
            for statement in statements:
                cursor.execute(statement)
                found.append(cursor.fetchall())
            return found

    def reader() -> tuple[list[object], list[object], list[object]]:
        with work.snapshot():
            begun.set()
            assert is_written.wait(30)
            within = look()
            again = look()
        return within, again, look()

    def writer() -> list[object]:
        with connection.cursor() as cursor:  # not one moment's patience: whoever is in the way is seen
            lite = connection.vendor == "sqlite"
            cursor.execute("PRAGMA busy_timeout = 0" if lite else "SET innodb_lock_wait_timeout = 0")
        assert begun.wait(30)
        try:
            before = look()
            depots.change_depot(actor=admin, depot_id=singgas.pk, values={"name": "Renamed"})
            return before
        finally:
            is_written.set()

    (within, again, after), before = all_well(together(reader, writer))
    assert within == again == before
    assert after[0][0][0] == "Renamed"
    assert after[1][0][0] == before[1][0][0] + 1


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_waits_for_nobody_who_is_writing(singgas):
    holds, over = threading.Event(), threading.Event()

    def holder() -> None:
        def effect() -> None:
            Depot.objects.filter(pk=singgas.pk).update(name="Not yet")
            holds.set()
            assert over.wait(30)

        work.run(effect)

    def reader() -> str:
        with connection.cursor() as cursor:
            lite = connection.vendor == "sqlite"
            cursor.execute("PRAGMA busy_timeout = 0" if lite else "SET innodb_lock_wait_timeout = 0")
        assert holds.wait(30)
        try:
            with work.snapshot():
                return Depot.objects.get().name
        finally:
            over.set()

    assert all_well(together(holder, reader)) == [None, singgas.name]
