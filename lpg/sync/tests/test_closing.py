"""Closing a day waits for what the phone has still to send: online it is refused, pushed it is done by itself."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg.day_close.models import DayClose
from lpg.sync.models import SyncException
from lpg.sync.selectors import queue_of
from lpg.transactions.models import Transaction
from tests import make
from tests.day_closes import a_day_close
from tests.pushing import Sender
from tests.sales import PLENTY, Shop

pytestmark = pytest.mark.django_db
CLOSES = "/api/v1/day-closes/"


@pytest.fixture
def phone(driver):
    sender = Sender(driver)
    answer = sender.client.post("/api/v1/sync/devices/", {"device_id": sender.device_id}, format="json")
    assert answer.status_code == 201, answer.content
    return sender


@pytest.fixture
def shop(admin, driver):
    return Shop(admin, driver)


def close(client):
    body = {"date": timezone.localdate().isoformat(), "counts": [], "money": []}
    return client.post(CLOSES, body, format="json")


def refused(phone: Sender, **left: int) -> None:
    """Told so, with what is left of each kind."""
    answer = close(phone.client)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "queue_not_empty")
    assert {name: problem[name] for name in ("missing", "blocked", "quarantined")} == {
        "missing": 0,
        "blocked": 0,
        "quarantined": 0,
        **left,
    }


def test_a_hole_in_the_queue_keeps_the_day_open(phone, shop):
    thing = shop.thing("10.0000")
    first, second, third, fourth = (phone.sale(shop.customer, thing) for _ in range(4))
    phone.push(first, fourth)
    refused(phone, missing=2)
    phone.push(third)
    refused(phone, missing=1)
    phone.push(second)
    assert close(phone.client).status_code == 201


def test_what_waits_and_what_is_to_be_decided_keep_it_open_too(phone, shop, admin):
    thing = shop.thing("10.0000")
    waits = phone.sale(shop.customer, thing)
    needed = phone.sale(shop.customer, thing)
    phone.push({**waits, "depends_on": [needed["client_temp_id"]]})
    refused(phone, blocked=1)
    phone.push(needed)
    phone.push(phone.op("nobody.knows", {}))
    refused(phone, quarantined=1)
    other = make.a_client(phone.user)
    assert close(other).status_code == 201  # a session that is on no device has nothing to send


def test_nothing_is_left_of_an_empty_queue(phone, shop):
    assert close(phone.client).status_code == 201
    phone.push(phone.sale(shop.customer, shop.thing("10.0000")))
    assert not any(queue_of(phone.device.pk))


# --- the same, pushed


def pushed_close(phone: Sender, **counted: int):
    counts = [{"equipment": int(id.removeprefix("of")), "quantity": number} for id, number in counted.items()]
    return phone.op("day.close", {"date": timezone.localdate().isoformat(), "counts": counts, "money": []})


def test_a_pushed_close_waits_for_the_hole_before_it_and_is_done_by_itself(phone, shop, driver):
    thing = shop.thing("10.0000")
    first, second = phone.sale(shop.customer, thing), phone.sale(shop.customer, thing, 2)
    last = pushed_close(phone, **{f"of{thing.pk}": PLENTY - 3})
    done, waits = phone.push(first, last)
    assert [done["status"], waits["status"]] == ["applied", "blocked"]
    assert waits["error"] == {
        "code": "blocked",
        "detail": "It waits until everything before it has come and is settled: 1 not come.",
        "waits_for": [],
        "missing": 1,
        "blocked": 0,
        "quarantined": 0,
    }
    assert not DayClose.objects.exists()
    assert phone.push_one(second)["status"] == "applied"
    close = DayClose.objects.get()
    assert (close.vehicle_id, close.user, close.variances) == (driver.vehicle_id, driver, [])
    again = phone.push_one(last)
    assert (again["status"], again["id"]) == ("replayed", close.pk)
    assert again["entity"]["counts"][0]["expected"] == PLENTY - 3


def test_what_comes_from_a_closed_day_is_done_today_and_told(phone, shop, driver):
    thing = shop.thing("10.0000")
    yesterday = timezone.now() - timedelta(days=1)
    a_day_close(driver, None, (thing, "FULL", PLENTY), date=timezone.localdate(yesterday))
    late = phone.push_one(phone.sale(shop.customer, thing, captured_at=yesterday.isoformat()))
    assert late["status"] == "applied_with_exception"
    assert {one.kind for one in SyncException.objects.all()} == {"closed_day"}
    sold = Transaction.objects.get()
    assert timezone.localdate(sold.occurred_at) == timezone.localdate()
    other = pushed_close(phone)
    assert phone.push_one(other)["status"] == "applied"
    second = phone.push_one(pushed_close(phone))
    assert second["status"] == "applied_with_exception"
    assert SyncException.objects.latest("pk").kind == "first_wins"
    assert DayClose.objects.count() == 2
