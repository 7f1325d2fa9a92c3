"""The feed: a number after the commit, so that no cursor over it ever loses a row."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import timezone

from lpg import sql, work
from lpg.depots.models import Depot
from lpg.invoices.models import Invoice
from lpg.sync import feed
from lpg.sync.models import Change, Sequence, Touched
from lpg.sync.triggers import TOUCHES, create_touches, touching
from lpg.worker.sending import Sender
from lpg.worker.services import look
from tests import make
from tests.guards import triggers
from tests.phones import changed
from tests.races import PATIENCE, all_well, together
from tests.sales import Shop, served

out_of_order = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="writers on SQLite are one behind the other: a later one cannot commit first"
)


def renamed(depot: Depot, name: str) -> None:
    Depot.objects.filter(pk=depot.pk).update(name=name)


class HeldOpen:
    """A transaction that has changed a depot, and commits when it is told to."""

    def __init__(self, depot: Depot):
        self.written, self.may_end, self.depot = threading.Event(), threading.Event(), depot
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        assert self.written.wait(PATIENCE)

    def run(self) -> None:
        try:
            with transaction.atomic():
                renamed(self.depot, "Slow")
                self.written.set()
                assert self.may_end.wait(PATIENCE)
        finally:
            connection.close()

    def commit(self) -> None:
        self.may_end.set()
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@out_of_order
@pytest.mark.django_db(transaction=True)
def test_a_pull_misses_nothing_that_commits_out_of_order(admin, singgas, union, pocket):
    phone = pocket(admin)
    phone.pull()
    slow = HeldOpen(singgas)
    renamed(union, "Quick")
    assert changed(phone.pull()) == {"depots": [union.pk]}
    slow.commit()
    assert changed(phone.pull()) == {"depots": [singgas.pk]}
    phone.agrees()


@out_of_order
@pytest.mark.django_db(transaction=True)
def test_a_cursor_over_the_ids_that_are_given_before_the_commit_misses_it(admin, singgas, union):
    """The control: the same order of commits, and what everybody would write first."""
    cursor = 0

    def naive() -> list[int]:
        nonlocal cursor
        rows = sql.rows("SELECT id, row_id FROM sync_touched WHERE kind = 'depot' AND id > %s ORDER BY id", [cursor])
        cursor = max([cursor, *(id for id, _ in rows)])
        return [depot for _, depot in rows]

    naive()
    slow = HeldOpen(singgas)
    renamed(union, "Quick")
    assert naive() == [union.pk]
    slow.commit()
    assert naive() == [], "the control has found what it should miss: this proves nothing any more"


@pytest.mark.django_db(transaction=True)
def test_the_feed_does_not_wait_for_who_has_not_committed(admin, singgas, union):
    feed.catch_up()
    if connection.vendor == "sqlite":
        renamed(union, "Quick")
        assert feed.catch_up() == 1
        return
    slow = HeldOpen(singgas)
    try:
        renamed(union, "Quick")
        assert feed.catch_up() == 1
    finally:
        slow.commit()
    assert feed.catch_up() == 1


@pytest.mark.django_db(transaction=True)
def test_writers_and_pulls_all_at_once_lose_nothing(admin):
    depots = [make.a_depot(admin) for _ in range(6)]
    feed.catch_up()
    last = Change.objects.latest("pk").pk
    ended = threading.Event()
    seen: list[list[Any]] = [[], []]

    def writes(depot: Depot) -> None:
        for number in range(15):
            work.run(lambda number=number: renamed(depot, f"{depot.pk} {number}"))

    def pulls(found: list[Any]) -> None:
        cursor = last
        while True:
            over = ended.is_set()
            feed.catch_up()
            rows = feed.changes_after(cursor, ["*"], all_depots=False, limit=1_000)
            found += rows
            cursor = rows[-1].id if rows else cursor
            if over:
                return

    def write_all() -> None:
        all_well(together(*(lambda depot=depot: writes(depot) for depot in depots)))
        ended.set()

    all_well(together(write_all, *(lambda found=found: pulls(found) for found in seen)))
    whole = list(Change.objects.filter(pk__gt=last).order_by("pk").values_list("pk", "row_id"))
    assert [id for id, _ in whole] == list(range(last + 1, last + 1 + len(whole)))
    for found in seen:
        assert [(row.id, row.row_id) for row in found] == whole
    newest = {depot: id for id, depot in whole}
    assert set(newest) == {depot.pk for depot in depots}
    assert not Touched.objects.exists()


@pytest.mark.django_db
def test_what_is_rolled_back_was_never_touched(admin, singgas):
    feed.catch_up()
    with transaction.atomic():
        renamed(singgas, "Never")
        assert Touched.objects.count() == 1
        transaction.set_rollback(True)
    assert feed.catch_up() == 0


@pytest.mark.django_db
def test_more_than_a_batch_comes_in_batches_each_row_once(admin, singgas, monkeypatch):
    monkeypatch.setattr(feed, "BATCH", 3)
    feed.catch_up()
    last = Change.objects.latest("pk").pk
    depots = [make.a_depot(admin) for _ in range(7)]
    for depot in depots[:3]:
        renamed(depot, "Twice in one batch, or in two")
    assert feed.catch_up() == 10
    rows = feed.changes_after(last, ["*"], all_depots=False, limit=100)
    assert {row.row_id for row in rows} == {depot.pk for depot in depots}
    assert [row.id for row in rows] == list(range(last + 1, last + 1 + len(rows)))
    assert Sequence.objects.get().last == rows[-1].id


@pytest.mark.django_db
def test_the_worker_keeps_the_feed_up_to_date_and_is_not_kept_busy_by_it(admin, singgas):
    sender = Sender(lambda: True)
    while look(sender):
        pass
    renamed(singgas, "New")
    assert look(sender) == 0
    assert not Touched.objects.exists()
    assert Change.objects.latest("pk").row_id == singgas.pk


@pytest.mark.django_db
def test_a_busy_feed_does_not_end_the_worker(admin, singgas, monkeypatch):
    def busy(now: object) -> int:
        raise work.Busy

    monkeypatch.setattr(feed, "keep_up", busy)
    look(Sender(lambda: True))


@pytest.mark.django_db
def test_what_is_older_than_thirty_days_is_forgotten_but_for_the_newest(admin, singgas, monkeypatch):
    monkeypatch.setattr(feed, "PURGE_BATCH", 4)
    make.a_depot(admin)
    feed.catch_up()
    now, count = timezone.now(), Change.objects.count()
    assert feed.purge(now + feed.KEPT - timedelta(minutes=1)) == 0
    for number in range(6):
        renamed(singgas, f"{number}")
        feed.catch_up()
    later = now + feed.KEPT + timedelta(minutes=1)
    assert feed.purge(later) == 4, "in small bites"
    while feed.purge(later):
        pass
    assert Change.objects.get().pk == Sequence.objects.get().last == count + 6


# --- the triggers -----------------------------------------------------------------------------------------------------


def ours() -> dict[str, str]:
    return {name: does for name, does in triggers().items() if "_touched_by_" in name}


def named(statements: list[str]) -> set[str]:
    return {statement.split()[2] for statement in statements}


@pytest.mark.django_db
def test_every_table_has_the_triggers_that_the_code_says(db):
    """A migration that has SQLite build a table anew takes its triggers away: it must make them again."""
    made = create_touches(connection.vendor)
    assert set(ours()) == named(made)
    for name, does in ours().items():
        (statement,) = [one for one in made if one.split()[2] == name]
        assert statement.split(" BEGIN ", 1)[1] in does or does in statement


def test_the_migrations_make_the_triggers_that_the_code_says():
    steps = []
    for migration in MigrationLoader(None).disk_migrations.values():
        for operation in migration.operations:
            code = getattr(operation, "code", None)
            if code is not None and code.__qualname__.startswith("touching."):
                assert not migration.atomic, "MariaDB commits DDL by itself"
                named_there = dict(zip(code.__code__.co_freevars, code.__closure__, strict=True))
                steps += named_there["touches"].cell_contents
    assert sorted(set(steps)) == sorted(TOUCHES)


@pytest.mark.django_db(transaction=True)
def test_the_step_goes_both_ways_and_may_be_run_again():
    before, step, state = ours(), touching(*TOUCHES), ProjectState()
    with connection.schema_editor(atomic=False) as editor:
        step.database_forwards("sync", editor, state, state)  # broken off half-way, MariaDB keeps what was done
    assert ours() == before
    with connection.schema_editor(atomic=False) as editor:
        step.database_backwards("sync", editor, state, state)
    try:
        assert ours() == {}
    finally:
        with connection.schema_editor(atomic=False) as editor:
            step.database_forwards("sync", editor, state, state)
    assert ours() == before


def test_all_that_may_change_of_a_document_and_is_shown_counts():
    """A kept row changes in these columns only; the PDF's own state is shown nowhere."""
    (touch,) = [touch for touch in TOUCHES if touch.table == "invoices_invoice"]
    assert set(touch.on) == Invoice.may_change - {"pdf_due_at", "pdf_error"}


@pytest.mark.django_db
def test_an_update_that_changes_nothing_that_is_shown_touches_nothing(admin, singgas, shop_with_an_invoice):
    feed.catch_up()
    invoice = shop_with_an_invoice
    sql.run("UPDATE invoices_invoice SET pdf_error = 'The disk is full' WHERE id = %s", [invoice.pk])
    sql.run("UPDATE invoices_invoice SET balance_due = balance_due WHERE id = %s", [invoice.pk])
    assert not Touched.objects.exists()
    sql.run("UPDATE invoices_invoice SET printed_at = %s WHERE id = %s", [sql.moment(timezone.now()), invoice.pk])
    assert [touched.kind for touched in Touched.objects.all()] == ["invoice"]


@pytest.fixture
def shop_with_an_invoice(admin, driver):
    return Shop(admin, driver).sell(served("15")).invoice
