"""Chores: done when they are due, by one worker at a time, whoever dies."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError
from django.utils import timezone

from lpg.errors import Refused
from lpg.worker import services
from lpg.worker.management.commands import worker
from lpg.worker.models import Chore
from lpg.worker.selectors import oldest_due_seconds
from lpg.worker.sending import Sender
from lpg.worker.services import DUTIES, LEASE, Duty, sweep
from tests.races import all_well, together
from tests.sales import served

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NEARLY = timedelta(seconds=5)  # the work itself takes some time
WORKERS = 6


class Killed(BaseException):
    """What ends a worker in the middle of its work, leaving everything as it is."""


def duty(do: Callable[[datetime], object] = lambda now: None) -> dict[str, Duty]:
    return {"sweep the yard": Duty(do, every=HOUR)}


def raising(error: BaseException) -> Callable[[datetime], object]:
    def do(now: datetime) -> object:
        raise error

    return do


def the_chore() -> Chore:
    return Chore.objects.get(name="sweep the yard")


@pytest.mark.django_db
def test_a_chore_is_done_when_it_is_due_and_then_not_before_it_is_due_again():
    done: list[datetime] = []
    assert sweep(NOW, duty(done.append)) == 1
    assert sweep(NOW + HOUR - NEARLY, duty(done.append)) == 0
    assert sweep(NOW + HOUR + NEARLY, duty(done.append)) == 1
    assert [timedelta(0) <= at - due < NEARLY for at, due in zip(done, (NOW, NOW + HOUR + NEARLY), strict=True)] == [
        True,
        True,
    ]
    chore = the_chore()
    assert (str(chore), chore.leased_until, chore.last_error) == ("sweep the yard", None, "")
    assert chore.last_done_at is not None


@pytest.mark.django_db
def test_what_is_longest_due_is_done_first():
    order: list[str] = []
    duties = {name: Duty(lambda now, name=name: order.append(name), every=HOUR) for name in ("a", "b", "c")}
    for name, late in (("a", 1), ("b", 3), ("c", 2)):
        Chore.objects.create(name=name, due_at=NOW - timedelta(minutes=late))
    assert sweep(NOW, duties) == 3
    assert order == ["b", "c", "a"]


@pytest.mark.django_db
def test_a_chore_that_nobody_knows_any_more_is_left_alone():
    Chore.objects.create(name="of an older version", due_at=NOW - HOUR)
    assert sweep(NOW, duty()) == 1
    assert Chore.objects.get(name="of an older version").leased_until is None


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
@pytest.mark.parametrize("trouble", [OSError("disk"), Refused("no"), OperationalError(2006, "gone")])
def test_trouble_of_the_surroundings_is_noted_and_the_rest_is_done(trouble, caplog):
    done: list[datetime] = []
    duties = {**duty(raising(trouble)), "the next": Duty(done.append, every=HOUR)}
    assert sweep(NOW, duties) == 2
    chore = the_chore()
    assert (chore.last_error, chore.last_done_at, chore.leased_until) == (type(trouble).__name__, None, None)
    assert NOW + HOUR <= chore.due_at < NOW + HOUR + NEARLY
    assert len(done) == 1
    assert f"chore sweep the yard failed: {type(trouble).__name__}" in caplog.text
    assert sweep(NOW + HOUR + NEARLY, duty()) == 1
    assert the_chore().last_error == ""


@pytest.mark.django_db
@pytest.mark.parametrize("end", [Killed(), KeyError("a mistake of ours")])
def test_what_a_dead_worker_was_at_is_taken_up_when_its_lease_is_over(end):
    with pytest.raises(type(end)):
        sweep(NOW, duty(raising(end)))
    assert NOW + LEASE <= the_chore().leased_until < NOW + LEASE + NEARLY
    assert sweep(NOW + LEASE - NEARLY, duty()) == 0
    assert sweep(NOW + LEASE + NEARLY, duty()) == 1
    assert the_chore().leased_until is None
    assert timedelta(seconds=60) >= LEASE


@pytest.mark.django_db
def test_all_that_the_worker_does_can_be_done():
    assert sweep(timezone.now()) == len(DUTIES)
    assert set(Chore.objects.values_list("name", "last_error")) == {(name, "") for name in DUTIES}
    assert all(name.isascii() and len(name) <= 60 for name in DUTIES)


@pytest.mark.django_db
def test_how_long_the_oldest_has_been_waiting():
    assert oldest_due_seconds() == 0
    Chore.objects.create(name="later", due_at=timezone.now() + HOUR)
    assert oldest_due_seconds() == 0
    Chore.objects.create(name="due", due_at=timezone.now() - timedelta(seconds=90))
    assert 90 <= oldest_due_seconds() < 120


# --- races --------------------------------------------------------------------------------------------------------


class Yard:
    """Counts how many are at it at once."""

    def __init__(self) -> None:
        self.lock, self.here, self.most, self.times = threading.Lock(), 0, 0, 0

    def work(self, now: datetime) -> None:
        with self.lock:
            self.here, self.times = self.here + 1, self.times + 1
            self.most = max(self.most, self.here)
        time.sleep(0.1)
        with self.lock:
            self.here -= 1


def all_at_once(monkeypatch: Any, do: Callable[..., bool]) -> Yard:
    """Every worker has seen that the chore is due before any of them takes it."""
    seen, yard = threading.Barrier(WORKERS), Yard()

    def together_from_here(*given: Any) -> bool:
        seen.wait(30)
        return do(*given)

    monkeypatch.setattr(services, "_do", together_from_here)
    Chore.objects.create(name="sweep the yard", due_at=NOW)
    done = all_well(together(*[partial(sweep, NOW, duty(yard.work))] * WORKERS))
    assert sum(done) == yard.times
    return yard


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_does_the_chore(monkeypatch):
    yard = all_at_once(monkeypatch, services._do)
    assert (yard.times, yard.most) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_many_would_do_it(monkeypatch):
    """The control: who claims without looking again is seen by the test above."""

    def careless(chore: Chore, duty: Duty, now: datetime) -> bool:
        Chore.objects.filter(pk=chore.pk).update(leased_until=now + LEASE)
        duty.do(now)
        return True

    assert all_at_once(monkeypatch, careless).most > 1


@pytest.mark.django_db(transaction=True)
def test_a_new_chore_is_made_once_however_many_begin():
    yard = Yard()
    done = all_well(together(*[partial(sweep, NOW, duty(yard.work))] * WORKERS))
    assert (sum(done), yard.times, Chore.objects.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_the_lease_of_a_later_chore_does_not_begin_before_its_turn(monkeypatch):
    """A sweep that was long at its first chore must not start the second with a lease that is over already."""
    monkeypatch.setattr(services, "LEASE", timedelta(seconds=1))
    at_the_second, over, yard = threading.Event(), threading.Event(), Yard()

    def second(now: datetime) -> None:
        at_the_second.set()
        yard.work(now)
        assert over.wait(30)

    duties = {"first": Duty(lambda now: time.sleep(1.2), every=HOUR), "second": Duty(second, every=HOUR)}
    start = timezone.now()

    def other_worker() -> int:
        assert at_the_second.wait(30)
        try:
            return sweep(timezone.now(), duties)
        finally:
            over.set()

    assert all_well(together(lambda: sweep(start, duties), other_worker)) == [2, 0]
    assert yard.times == 1


@pytest.mark.django_db(transaction=True)
def test_who_comes_too_late_with_the_end_of_a_chore_changes_nothing(monkeypatch):
    """A worker that was away longer than its lease: another has done the chore, and it is due at another time now."""
    later = NOW + LEASE + NEARLY

    def away(now: datetime) -> None:
        assert sweep(later, duty()) == 1

    assert sweep(NOW, duty(away)) == 1
    assert the_chore().due_at >= later + HOUR


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def own_signals():
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
def test_once_does_what_is_due_and_stops():
    handler = signal.getsignal(signal.SIGTERM)
    call_command("worker", "--once")
    assert Chore.objects.filter(last_done_at=None).count() == 0
    assert Chore.objects.count() == len(DUTIES)
    assert signal.getsignal(signal.SIGTERM) is handler


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to_without_waiting_for_the_next_look(number, monkeypatch, own_signals):
    looks: list[Sender] = []

    def look(sender: Sender) -> int:
        assert not looks, "it did not hear"
        looks.append(sender)
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        return 0

    monkeypatch.setattr(worker, "look", look)
    started = time.monotonic()
    call_command("worker", "--every=20")
    assert 0.1 < time.monotonic() - started < 15
    assert len(looks) == 1


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
def test_it_rests_for_as_long_as_others_kept_it_from_the_cpu(monkeypatch, own_signals, tmp_path):
    kernel = tmp_path / "schedstat"
    kernel.write_text("1000 2000 3\n")
    monkeypatch.setattr(worker, "SCHEDULING", kernel)
    lost, began = [0, 0.3, 30], []

    def look(sender: Sender) -> int:
        began.append(time.monotonic())
        if len(began) > len(lost):
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            kernel.write_text(f"1000 {2000 + round(sum(lost[: len(began)]) * 1e9)} 3\n")
        return 1

    monkeypatch.setattr(worker, "look", look)
    call_command("worker", "--every=0.9")
    none, some, longest = (after - before for before, after in pairwise(began))
    assert none < 0.3 <= some < 0.9 <= longest < 30


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
def test_in_a_crowd_it_stands_aside_and_is_back_when_the_crowd_has_gone(monkeypatch, own_signals, tmp_path):
    kernel = tmp_path / "schedstat"
    kernel.write_text("0 0 0\n")
    monkeypatch.setattr(worker, "SCHEDULING", kernel)
    documents, rests = [0, 40, 41, 90, 130, 130], []

    def look(sender: Sender) -> int:
        kernel.write_text(f"0 {len(rests) * 10**8} 0\n")  # a tenth of a second was lost each time
        return 1

    def rest(waited: float, every: float, *, crowded: bool) -> float:
        rests.append((round(waited, 3), crowded))
        if len(rests) == len(documents):
            os.kill(os.getpid(), signal.SIGTERM)
        return 0.0

    monkeypatch.setattr(worker, "look", look)
    monkeypatch.setattr(worker, "newest_id", lambda: documents[len(rests)])
    monkeypatch.setattr(worker, "rest", rest)
    call_command("worker")
    assert rests == [(0.0, False), (0.1, True), (0.1, False), (0.1, True), (0.1, True), (0.1, False)]


def test_it_rests_for_a_while_and_never_for_long():
    assert worker.rest(0.3, 1.0, crowded=False) == 0.3
    assert worker.rest(30.0, 1.0, crowded=False) == 1.0
    assert worker.rest(0.1, 1.0, crowded=True) == 2.0
    assert worker.rest(30.0, 1.0, crowded=True) == 10.0
    assert worker.rest(0.0, 1.0, crowded=True) == 0.0, "nobody wants the processor"


@pytest.mark.django_db
def test_the_newest_document_is_known_without_counting_them(shop):
    assert worker.newest_id() == 0
    sold = [shop.sell(served("12.00")) for _ in range(2)]
    assert worker.newest_id() == sold[-1].invoice.pk


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
def test_a_chore_that_has_begun_is_finished_first(monkeypatch, own_signals):
    finished: list[bool] = []

    def work(now: datetime) -> None:
        assert not finished, "it did not hear"
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.1)
        finished.append(True)

    monkeypatch.setattr(services, "DUTIES", {"sweep the yard": Duty(work, every=timedelta(0))})
    call_command("worker", "--every=1")
    assert finished == [True]
    assert the_chore().last_done_at is not None


def test_where_the_system_does_not_say_who_waited_nobody_rests(monkeypatch, tmp_path):
    monkeypatch.setattr(worker, "SCHEDULING", tmp_path / "none")
    assert worker.kept_waiting() == 0


@pytest.mark.django_db(transaction=True)  # it lets go of its connection
def test_a_database_that_does_not_answer_ends_nothing(monkeypatch, own_signals, caplog):
    looks: list[Sender] = []

    def look(sender: Sender) -> int:
        looks.append(sender)
        assert len(looks) <= 3, "it did not hear"
        if len(looks) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        raise OperationalError(2002, "Can't connect to server on 'db.internal'")

    monkeypatch.setattr(worker, "look", look)
    call_command("worker", "--every=0.01")
    assert len(looks) == 3
    assert "did not answer: OperationalError" in caplog.text
    assert "db.internal" not in caplog.text
