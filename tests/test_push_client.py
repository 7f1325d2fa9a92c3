"""The reference client on a bad day: no signal, lost answers, a phone put back to yesterday, a sign-in that ran out."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from lpg.accounts.models import Session
from lpg.sync.models import Operation, RawOperation, SyncException
from lpg.transactions.models import Transaction
from lpg_client import NotReached, Phone, SignInNeeded
from lpg_client.queue import DONE, PARKED
from tests import make
from tests.phones import NAMES
from tests.pushing import effects, statuses
from tests.running import free_port
from tests.sales import API
from torture.proxy import Line

pytestmark = pytest.mark.django_db(transaction=True)


class Fates:
    """What becomes of each call in turn; all that come after pass."""

    def __init__(self, *fates: str):
        self.left = list(fates)

    def choices(self, *given: object) -> list[str]:
        return [self.left.pop(0) if self.left else "pass"]

    def random(self) -> float:
        return 1.0  # no delay


@pytest.fixture
def sale(shop):
    item = {"item_type": "DELIVERY", "equipment": shop.thing("38").pk, "quantity": 1}
    return {"customer": shop.customer.pk, "items": [item]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "phone.sqlite3"


@pytest.fixture
def fates():
    return Fates()


@pytest.fixture
def line(live_server, fates) -> Iterator[Line]:
    line = Line(urlsplit(live_server.url).port, fates)
    yield line
    line.close()


@pytest.fixture
def opened() -> Iterator[Callable[..., Phone]]:
    """Opens the phone of a file, at a port."""
    phones: list[Phone] = []

    def opens(path: Path, port: int) -> Phone:
        phones.append(Phone(path, f"http://localhost:{port}/api/v1", timeout=20))
        return phones[-1]

    yield opens
    for phone in phones:
        phone.close()


@pytest.fixture
def phone(path, line, driver, shop, opened) -> Phone:
    phone = opened(path, line.port)
    phone.sign_in(driver.username, make.PASSWORD, name="Cab phone")
    return phone


def said(operations) -> list[str]:
    return [operation.status for operation in operations]


@pytest.mark.parametrize(
    ("fate", "settled"), [("request", "applied"), ("answer", "replayed"), ("half an answer", "replayed")]
)
def test_what_is_lost_on_the_way_is_sent_again_and_has_one_effect(phone, fates, sale, fate, settled):
    for _ in range(3):
        phone.capture("transaction.create", sale)
    fates.left = [fate]
    lost = phone.push()
    assert (lost.settled, len(phone.outbox())) == ([], 3)
    assert lost.again_in is not None
    done = phone.push()
    assert (said(done.settled), done.again_in, phone.outbox()) == ([settled] * 3, None, [])
    assert effects() == (3, 3, 3)
    assert [one.result["entity"]["transaction"]["id"] for one in done.settled] == [
        one.pk for one in Transaction.objects.order_by("pk")
    ]


def test_without_a_signal_it_records_keeps_and_waits_longer_each_time(path, sale, opened):
    nowhere = free_port()
    phone = opened(path, nowhere)
    keys = [phone.capture("transaction.create", sale) for _ in range(2)]
    pauses = [phone.push().again_in or 0.0 for _ in range(6)]
    assert all(0.5 * 2**n <= pause <= 1.5 * 2**n for n, pause in enumerate(pauses))
    with pytest.raises(NotReached):
        phone.pull()
    phone.close()
    again = opened(path, nowhere)
    assert [one.client_temp_id for one in again.outbox()] == keys
    assert [one.seq for one in again.outbox()] == [1, 2]


def test_more_than_one_call_may_carry_goes_in_several_and_in_order(phone, sale):
    keys = [phone.capture("transaction.create", sale) for _ in range(130)]
    done = phone.push()
    assert (said(done.settled), done.again_in) == (["applied"] * 130, None)
    assert list(Transaction.objects.order_by("pk").values_list("client_temp_id", flat=True)) == keys


def test_one_that_no_call_can_carry_is_told_and_holds_up_no_other(phone, sale):
    big = phone.capture("transaction.create", {**sale, "remarks": "x" * 300 * 1024})
    phone.capture("transaction.create", sale)
    done = phone.push()
    assert [(one.client_temp_id, one.state, one.status) for one in done.alarms] == [(big, PARKED, "too_large")]
    assert said(done.settled) == ["applied"]
    assert [one.client_temp_id for one in phone.outbox()] == [big]


def test_an_id_that_was_used_for_something_else_is_kept_and_told(phone, signed_in, driver, sale):
    key = phone.capture("transaction.create", sale)
    other = {**sale, "remarks": "Something else", "client_temp_id": key}
    assert signed_in(driver).post(API, other, format="json").status_code == 201
    done = phone.push()
    assert (said(done.alarms), done.settled) == (["mismatch"], [])
    assert [one.client_temp_id for one in phone.outbox()] == [key]
    assert phone.push().alarms == []
    assert effects()[0] == 1


def test_what_the_server_has_lost_is_sent_again(phone, sale):
    """The server was put back to before these: it tells the holes, and the phone still has what belongs there."""
    for _ in range(2):
        phone.capture("transaction.create", sale)
    phone.store.settle((one.seq, DONE, {"status": "applied"}) for one in phone.store.all())
    phone.capture("transaction.create", sale)
    assert said(phone.push().settled) == ["applied"] * 3
    assert effects()[0] == 3


def test_a_phone_put_back_to_yesterday_loses_nothing(phone, path, line, sale, driver, tmp_path, opened, pocket):
    first = [phone.capture("transaction.create", sale) for _ in range(2)]
    phone.push()
    phone.pull()
    phone.capture("transaction.create", sale)  # recorded, and not sent when the backup is made
    phone.close()
    shutil.copy(path, tmp_path / "backup")
    today = opened(path, line.port)
    after = [today.capture("transaction.create", sale) for _ in range(2)]
    today.push()
    today.pull()
    restored = opened(tmp_path / "backup", line.port)
    more = [restored.capture("transaction.create", sale) for _ in range(3)]
    assert said(restored.push().settled) == ["replayed", *["applied_with_exception"] * 2, "applied"]
    assert set(first + after + more) < set(Transaction.objects.values_list("client_temp_id", flat=True))
    assert Transaction.objects.count() == 8
    cloned = SyncException.objects.filter(kind="device_cloned_or_restored")
    assert set(cloned.values_list("operation__client_temp_id", flat=True)) == set(more[:2])
    restored.pull()
    rows = {row["client_temp_id"]: row["id"] for row in restored.rows("transactions").values()}
    assert rows == dict(Transaction.objects.values_list("client_temp_id", "pk"))
    new = pocket(driver)
    new.pull()
    assert {name: set(rows) for name, rows in new.copy().items()} == {name: set(restored.rows(name)) for name in NAMES}
    restored.close()


def test_a_copy_that_is_begun_anew_keeps_no_row_and_every_operation(phone, sale):
    phone.pull()
    phone.capture("transaction.create", sale)
    strange = {"changes": {"customers": [{"id": 987_654_321}]}, "removed": {}, "cursor": "", "afresh": False}
    phone.store.take(**strange)
    phone.pull()
    assert set(phone.rows("customers")) == {sale["customer"]}
    assert said(phone.push().settled) == ["applied"]


def test_a_sign_in_that_ran_out_days_ago_keeps_everything_until_the_next(phone, driver, sale):
    phone.capture("transaction.create", sale)
    Session.objects.filter(user=driver).update(expires_at=timezone.now() - timedelta(days=3))
    for _ in range(2):
        with pytest.raises(SignInNeeded):
            phone.push()
        with pytest.raises(SignInNeeded):
            phone.pull()
    assert (len(phone.outbox()), RawOperation.objects.count()) == (1, 0)
    phone.sign_in(driver.username, make.PASSWORD)
    assert said(phone.push().settled) == ["applied"]


def test_a_day_is_closed_when_all_of_it_has_come(phone, shop, sale, driver):
    phone.capture("transaction.create", sale)
    thing = sale["items"][0]["equipment"]
    counts = [{"equipment": thing, "condition": "FULL", "quantity": 99_999}]
    today = timezone.localdate().isoformat()
    phone.close_day(date=today, vehicle=driver.vehicle_id, counts=counts, money=[])
    done = phone.push().settled
    assert said(done) == ["applied", "applied"]
    assert (done[1].result["entity"]["date"], done[1].result["entity"]["variances"]) == (today, [])


def test_two_people_on_one_phone_are_two_queues(phone, line, admin, driver, sale, tmp_path, opened):
    colleague = make.a_user("DRIVER", by=admin, depot=driver.depot_id, vehicle=driver.vehicle_id)
    other = opened(tmp_path / "colleague", line.port)
    other.store.note(device_id=phone.device_id)
    other.sign_in(colleague.username, make.PASSWORD)
    for each in (phone, other):
        for _ in range(2):
            each.capture("transaction.create", sale)
        assert said(each.push().settled) == ["applied"] * 2
    assert sorted(Operation.objects.values_list("user", "seq")) == sorted(
        (user.pk, seq) for user in (driver, colleague) for seq in (1, 2)
    )
    assert statuses([{"status": row.state} for row in Operation.objects.all()]) == ["applied"] * 4
