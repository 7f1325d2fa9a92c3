"""What happens to a fact that no longer fits: each row of the table of the protocol, pushed by a phone."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.accounts.services import change_user
from lpg.customers.services import change_customer
from lpg.distribution.models import Distribution
from lpg.equipment.services import change_equipment
from lpg.invoices.models import Delivery
from lpg.meters.models import MeterReading
from lpg.sync import devices, exceptions
from lpg.sync.models import SyncException
from lpg.transactions.models import Transaction
from tests.day_closes import a_day_close
from tests.pushing import Sender, kinds, row_of, statuses
from tests.sales import PLENTY, a_meter, a_rate, fill, site
from tests.stock import a_distribution, held

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_agree")]


def noted(phone, said, *expected):
    result = phone.push_one(said)
    assert result["status"] == "applied_with_exception", result
    assert kinds(said) == sorted(expected)
    assert result["error"]["code"] in expected
    assert row_of(said).exceptions.first().depot_id == phone.user.depot_id
    return result


def kept(phone, said, code):
    result = phone.push_one(said)
    assert (result["status"], result["error"]["code"]) == ("quarantined", code), result
    assert kinds(said) == [code]
    return result


def test_stock_that_is_not_there(phone, shop, thing, admin):
    fill(admin, shop.truck, thing, 1)
    noted(phone, phone.sale(shop.customer, thing, 3), "short_stock")
    assert Transaction.objects.get().status == "CONFIRMED"


def test_stock_that_the_depot_does_not_hold(phone, shop, thing, taken, admin):
    fill(admin, shop.depot, thing, 2)
    phone.push(taken)
    noted(phone, of(phone, "confirm", taken), "short_stock")
    assert (held(shop.depot, thing), held(shop.truck, thing)) == (0, PLENTY + 5)


def test_the_rate_of_last_week_is_honoured(phone, shop, thing, admin):
    today = timezone.localdate()
    a_rate(admin, shop.customer, "30", thing, since=today - timedelta(days=20))
    a_rate(admin, shop.customer, "33", thing, since=today - timedelta(days=2))
    item = {"item_type": "DELIVERY", "equipment": thing.pk, "quantity": 1, "rate": "30"}
    said = phone.op("transaction.create", {"customer": shop.customer.pk, "items": [item]})
    assert phone.push_one(said)["entity"]["transaction"]["status"] == "CONFIRMED"


def test_another_rate_waits_for_a_supervisor(phone, shop, thing):
    item = {"item_type": "DELIVERY", "equipment": thing.pk, "quantity": 1, "rate": 12.5}
    result = phone.push_one(phone.op("transaction.create", {"customer": shop.customer.pk, "items": [item]}))
    sale = result["entity"]["transaction"]
    assert result["status"] in {"applied", "applied_with_exception"}
    assert (sale["status"], sale["holds"], sale["items"][0]["rate"]) == ("PENDING", ["rate_override"], "12.5000")


def test_no_rate_at_all(phone, shop):
    kept(phone, phone.sale(shop.customer, shop.thing()), "no_rate")


def test_more_comes_back_than_the_site_held(phone, shop, thing, admin):
    fill(admin, site(shop.customer), thing, 1, "")
    item = {"item_type": "EMPTY_RETURN", "equipment": thing.pk, "quantity": 4}
    noted(phone, phone.op("transaction.create", {"customer": shop.customer.pk, "items": [item]}), "surplus_return")


def test_a_meter_that_runs_backwards(phone, shop, thing, admin):
    a_rate(admin, shop.customer, "2")
    meter = a_meter(admin, shop.customer, "100")
    said = phone.sale(shop.customer, thing, with_={"current_meter_reading": "90"})
    result = noted(phone, said, "reading_regressed")
    assert result["entity"]["transaction"]["meter"] is None
    assert MeterReading.objects.latest("pk").kind == "OUTSIDE"
    meter.refresh_from_db()
    assert meter.current_reading == Decimal(100)


def test_nothing_but_a_meter_that_runs_backwards(phone, shop, admin):
    a_rate(admin, shop.customer, "2")
    a_meter(admin, shop.customer, "100")
    said = phone.op("transaction.create", {"customer": shop.customer.pk, "current_meter_reading": "90"})
    result = noted(phone, said, "reading_regressed")
    assert (result["entity"]["transaction"], result["entity"]["reading"]["kind"]) == (None, "OUTSIDE")
    assert phone.push_one(said)["status"] == "replayed"


def test_a_reading_alone(phone, shop, admin):
    meter = a_meter(admin, shop.customer, "100")
    good = phone.op("meter.read", {"meter": meter.pk, "reading": "120"})
    assert phone.push_one(good)["entity"]["usage"] == "20.000"
    noted(phone, phone.op("meter.read", {"meter": meter.pk, "reading": "110"}), "reading_regressed")


@pytest.fixture
def taken(phone, thing):
    """A distribution made offline."""
    item = {"equipment": thing.pk, "quantity": 5, "direction": "OUT", "condition": "FULL"}
    return phone.op("distribution.create", {"depot": phone.user.depot_id, "items": [item]})


def of(phone, action, taken, **more):
    named = {"distribution": {"client_temp_id": taken["client_temp_id"]}, **more}
    return phone.op(f"distribution.{action}", named)


def test_a_distribution_made_and_confirmed_offline(phone, taken):
    confirm = of(phone, "confirm", taken)
    results = phone.push(taken, confirm)
    assert statuses(results) == ["applied", "applied"]
    assert results[1]["entity"]["status"] == "CONFIRMED"
    assert results[0]["id"] == results[1]["id"]
    assert Distribution.objects.get().client_temp_id == taken["client_temp_id"]


def test_confirmed_before_by_the_same_quantities(phone, taken):
    confirm, again = of(phone, "confirm", taken), of(phone, "confirm", taken, items=taken["payload"]["items"])
    assert statuses(phone.push(taken, confirm, again)) == ["applied", "applied", "replayed"]


def test_confirmed_before_by_other_quantities(phone, taken):
    other = [{**taken["payload"]["items"][0], "quantity": 4}]
    phone.push(taken, of(phone, "confirm", taken))
    noted(phone, of(phone, "confirm", taken, items=other), "first_wins")


def test_confirm_of_a_cancelled_and_cancel_of_a_confirmed(phone, taken, admin, driver):
    phone.push(taken, of(phone, "cancel", taken))
    noted(phone, of(phone, "confirm", taken), "first_wins")
    other = a_distribution(driver, driver.depot_id)
    phone.push(phone.op("distribution.confirm", {"distribution": other.pk}))
    noted(phone, phone.op("distribution.cancel", {"distribution": other.pk}), "first_wins")


def test_a_customer_retired_meanwhile(phone, shop, thing, admin):
    change_customer(actor=admin, customer_id=shop.customer.pk, values={"is_active": False})
    noted(phone, phone.sale(shop.customer, thing), "inactive_customer")


def test_equipment_retired_meanwhile(phone, shop, thing, admin):
    change_equipment(actor=admin, equipment_id=thing.pk, values={"is_active": False})
    noted(phone, phone.sale(shop.customer, thing), "inactive_equipment")


def test_credit_over_the_limit(phone, shop, thing, admin):
    customer = shop.another(payment_type="CREDIT", credit_limit=Decimal(10))
    result = phone.push_one(phone.sale(customer, thing, 2))
    assert result["entity"]["transaction"]["holds"] == ["credit_limit"]
    assert result["entity"]["invoice"] is None


def test_a_driver_moved_to_another_depot(phone, shop, thing, admin, union):
    said = phone.sale(shop.customer, thing)
    change_user(actor=admin, user_id=phone.user.pk, values={"depot": union.pk, "vehicle": None})
    moved = Sender(type(phone.user).objects.get(pk=phone.user.pk), phone.device_id)
    result = moved.push_one(said)
    assert result["status"].startswith("applied"), result


def test_a_driver_who_is_of_that_depot_now(shop, thing, admin, other_driver):
    """Whatever they were when it was captured."""
    before = (timezone.now() - timedelta(hours=1)).isoformat()
    values = {"depot": shop.customer.depot_id, "vehicle": None}
    change_user(actor=admin, user_id=other_driver.pk, values=values)
    phone = Sender(type(other_driver).objects.get(pk=other_driver.pk))
    service = {"item_type": "SERVICE", "description": "Hose changed", "quantity": 1, "rate": "5.0000"}
    said = phone.op("transaction.create", {"customer": shop.customer.pk, "items": [service]}, captured_at=before)
    assert phone.push_one(said)["status"] == "applied"


def test_a_driver_who_never_was_of_that_depot(shop, thing, other_driver):
    phone = Sender(other_driver)
    result = phone.push_one(phone.sale(shop.customer, thing))
    assert result["status"] == "quarantined"
    assert Transaction.objects.count() == 0


@pytest.mark.parametrize(("days", "kind"), [(-8, "late"), (-4000, "late"), (1, "early"), (4000, "early")])
def test_a_day_that_cannot_be(phone, shop, thing, days, kind):
    at = timezone.now() + timedelta(days=days)
    said = phone.sale(shop.customer, thing, captured_at=at.isoformat())
    noted(phone, said, kind)
    sale = Transaction.objects.get()
    assert timezone.localdate(sale.occurred_at) == timezone.localdate()
    assert str(at.year) in row_of(said).exceptions.get().facts


@pytest.mark.parametrize("type", ["payment.create", "meter.read", "distribution.create"])
def test_an_old_one_of_any_other_type(phone, shop, thing, admin, type):
    meter = a_meter(admin, shop.customer, "100")
    item = {"equipment": thing.pk, "quantity": 1}
    payload = {
        "payment.create": {"customer": shop.customer.pk, "method": "CASH", "amount": "5.00"},
        "meter.read": {"meter": meter.pk, "reading": "101"},
        "distribution.create": {"depot": shop.depot.id, "items": [item]},
    }[type]
    at = timezone.now() - timedelta(days=8)
    noted(phone, phone.op(type, payload, captured_at=at.isoformat()), "late")


def test_what_is_captured_on_a_closed_day(phone, shop, thing, driver):
    a_day_close(driver, None, (thing, "FULL", PLENTY), now=timezone.now() - timedelta(days=1))
    at = timezone.now() - timedelta(days=1)
    said = phone.sale(shop.customer, thing, captured_at=at.isoformat())
    noted(phone, said, "closed_day")
    assert timezone.localdate(Transaction.objects.get().occurred_at) == timezone.localdate()
    original = row_of(said).exceptions.get().expected["original"]
    assert datetime.fromisoformat(original) == row_of(said).captured_at


def test_a_clock_that_is_wrong_by_years_is_put_right(phone, shop, thing):
    ahead = timedelta(days=-4000)
    said = phone.sale(shop.customer, thing, captured_at=(timezone.now() + ahead - timedelta(hours=1)).isoformat())
    assert phone.push_one(said, device_now=timezone.now() + ahead)["status"] == "applied"
    hour = timezone.now() - Transaction.objects.get().occurred_at
    assert timedelta(minutes=59) < hour < timedelta(minutes=61)


@pytest.mark.parametrize("at", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-08:00"])
def test_a_clock_beyond_all_bounds(phone, shop, thing, at):
    said = phone.sale(shop.customer, thing, captured_at=at, with_={"occurred_at": at})
    assert phone.push_one(said)["status"] in {"applied_with_exception", "quarantined"}


def test_an_email_without_an_address(phone, shop, thing):
    sale = phone.sale(shop.customer, thing)
    mail = phone.op("invoice.email", {"invoice": {"client_temp_id": sale["client_temp_id"]}})
    assert phone.push_one(sale)["status"] == "applied"
    noted(phone, mail, "no_address")
    assert Delivery.objects.get().state == "failed"


def test_a_payment_for_a_sale_made_offline(phone, shop, thing):
    sale = phone.sale(shop.customer, thing)
    paid = {
        "customer": shop.customer.pk,
        "method": "CASH",
        "amount": "38",
        "invoices": [{"client_temp_id": sale["client_temp_id"]}],
    }
    results = phone.push(sale, phone.op("payment.create", paid))
    assert statuses(results) == ["applied", "applied"]
    assert results[1]["entity"]["allocations"] == [
        {"invoice": results[0]["entity"]["invoice"]["id"], "amount": "38.00"}
    ]


def test_what_it_depends_on_was_dismissed(phone, shop, thing, supervisor):
    bad = phone.op("no.such", {})
    good = phone.sale(shop.customer, thing, depends_on=[bad["client_temp_id"]])
    assert statuses(phone.push(bad, good)) == ["quarantined", "blocked"]
    exception = SyncException.objects.get()
    exceptions.dismiss(actor=supervisor, exception_id=exception.pk, reason="Nonsense", now=timezone.now())
    exceptions.follow(exception.pk)
    assert row_of(good).state == "quarantined"
    assert kinds(good) == ["dependency_dismissed"]


def test_unknown_type_and_version(phone, shop, thing):
    kept(phone, phone.op("truck.fly", {}), "unknown_type")
    kept(phone, phone.sale(shop.customer, thing, version=2), "unknown_version")


@pytest.mark.parametrize(
    "payload",
    [{}, {"customer": 999999, "items": []}, {"customer": "x"}, {"customer": {"client_temp_id": "x"}}, {"wrong": 1}],
)
def test_any_other_refusal_is_kept(phone, shop, payload):
    assert phone.push_one(phone.op("transaction.create", payload))["status"] == "quarantined"


def test_a_mistake_of_ours_is_kept_too_and_holds_up_nobody(phone, shop, thing, monkeypatch, caplog):
    def broken(*args, **more):
        raise ZeroDivisionError

    monkeypatch.setattr("lpg.sync.types.payment_recorded", broken)
    paid = phone.op("payment.create", {"customer": shop.customer.pk, "method": "CASH", "amount": "1"})
    results = phone.push(paid, phone.sale(shop.customer, thing))
    assert statuses(results) == ["quarantined", "applied"]
    assert results[0]["error"]["code"] == "server_error"


def test_a_device_that_was_switched_off(phone, shop, thing, admin):
    early = phone.sale(shop.customer, thing)
    phone.push()
    session = phone.client.signed_in
    devices.register(
        actor=phone.user, session_id=session.pk, device_id=phone.device_id, name="", platform="", now=timezone.now()
    )
    devices.switch_off(actor=admin, device_pk=phone.device.pk, now=timezone.now())
    late = phone.sale(shop.customer, thing)
    for _ in range(2):
        answer = phone.answer(early, late)
        assert [
            set(one.items()) >= {("status", "quarantined"), ("entity", None), ("error", None)}
            for one in answer["results"]
        ]
        assert answer["missing"] == []
    assert [row_of(one).exceptions.get().expected["captured_before"] for one in (early, late)] == [True, False]
    assert Transaction.objects.count() == 0


def test_a_user_who_was_switched_off(phone, shop, thing, admin):
    done, early = phone.sale(shop.customer, thing), phone.sale(shop.customer, thing)
    phone.push(done)
    change_user(actor=admin, user_id=phone.user.pk, values={"is_active": False})
    results = phone.push(done, early)
    assert statuses(results) == ["replayed", "quarantined"]
    assert all(result["entity"] is None and result["id"] is None for result in results)
    assert phone.client.get("/api/v1/me/").status_code == 401
    assert phone.client.get("/api/v1/sync/pull/").status_code == 401
    exception = SyncException.objects.get()
    assert exception.expected["captured_before"] is True
    exceptions.retry(actor=admin, exception_id=exception.pk, now=timezone.now())
    assert row_of(early).state == "applied"
