"""Pulling: what somebody sees no longer is taken away, and what a new day changes comes with it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.customers import services as customers
from lpg.depots import services as depots
from lpg.distribution import services as distributions
from lpg.equipment import services as equipment
from lpg.roles import Role
from lpg.sync import feed
from lpg.sync import pull as pulling
from tests import make
from tests.bad import a_payment
from tests.phones import changed
from tests.sales import a_default_rate, a_rate, a_sale, served, site
from tests.stock import fill

# --- what leaves sight ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_customer_who_moves_leaves_with_all_that_is_theirs_and_arrives_with_it(
    phone, shop, admin, supervisor, other_driver, union, pocket
):
    mine = a_sale(supervisor, shop.customer, served("15")).invoice
    paid = a_payment(supervisor, shop.customer, "5", mine.pk)
    there, manager = pocket(other_driver), pocket(supervisor)
    for other in (there, manager):
        other.pull()
    assert mine.pk in manager.copy()["invoices"]
    assert paid.pk in manager.copy()["payments"]
    before = phone.copy()
    with_it = ("customers", "rates", "meters", "open_invoices")
    customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"depot": union.pk})
    found = changed(phone.pull())
    for name in with_it:
        assert {-id for id in before[name]} <= set(found[name]), name
        assert phone.copy()[name] == {}
    assert phone.copy()["transactions"], "the driver's own sales stay"
    assert phone.copy()["payments"], "and what the driver was paid"
    there.pull()
    assert all(there.copy()[name] for name in with_it)
    manager.pull()
    assert mine.pk not in manager.copy()["invoices"]
    assert paid.pk not in manager.copy()["payments"]
    for other in (phone, there, manager):
        other.agrees()
    customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"depot": supervisor.depot_id})
    for other in (phone, there, manager):
        other.pull()
        other.agrees()


@pytest.mark.django_db
@pytest.mark.parametrize("batch", [1, 2, 3, 5, 1_000])
def test_what_is_paid_while_its_customer_moves_leaves_the_old_depot_too(batch, phone, shop, admin, union, monkeypatch):
    """Wherever the feed's batches begin and end."""
    monkeypatch.setattr(feed, "BATCH", batch)
    assert shop.sale.invoice.pk in phone.copy()["open_invoices"]
    customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"depot": union.pk})
    shop.pay("19.00")
    phone.pull()
    phone.agrees()
    assert phone.copy()["open_invoices"] == {}


@pytest.mark.django_db
def test_what_is_retired_leaves_the_drivers_phone_only(phone, shop, admin, driver, supervisor, union, pocket):
    manager = pocket(supervisor)
    manager.pull()
    truck = make.a_vehicle(admin, union)
    for other in (phone, manager):
        other.pull()
    equipment.change_equipment(actor=admin, equipment_id=shop.cylinder.pk, values={"is_active": False})
    depots.change_depot(actor=admin, depot_id=union.pk, values={"is_active": False})
    depots.change_vehicle(actor=admin, vehicle_id=truck.pk, values={"is_active": False})
    assert changed(phone.pull()) == {"equipment": [-shop.cylinder.pk], "depots": [-union.pk], "vehicles": [-truck.pk]}
    assert changed(manager.pull()) == {"equipment": [shop.cylinder.pk], "depots": [union.pk], "vehicles": [truck.pk]}
    for other in (phone, manager):
        other.agrees()


@pytest.mark.django_db
def test_what_is_done_is_no_longer_open(phone, shop, driver):
    distributions.confirm(actor=driver, distribution_id=shop.load.pk, now=timezone.now())
    shop.pay("19.00")
    found = changed(phone.pull())
    assert found["distributions"] == [-shop.load.pk]
    assert found["open_invoices"] == [-shop.sale.invoice.pk]
    assert found["invoices"] == [shop.sale.invoice.pk]
    assert phone.copy()["transactions"][shop.sale.transaction.pk]["payment_status"] == "PAID"
    phone.agrees()


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["depot", "further depot", "vehicle", "role"])
def test_who_sees_something_else_begins_anew(what, phone, shop, admin, driver, union, other_driver):
    make.a_customer(admin, union)
    fill(admin, site(make.a_customer(admin, union)), shop.cylinder, 5, "")
    values = {
        "depot": {"depot": union.pk},
        "further depot": {"depots": [union.pk]},
        "vehicle": {"vehicle": other_driver.vehicle_id},
        "role": {"role": Role.SUPERVISOR},
    }[what]
    accounts.change_user(actor=admin, user_id=driver.pk, values=values)
    (page,) = phone.pull()
    assert page["reset_required"]
    phone.user = User.objects.get(pk=driver.pk)
    phone.agrees()
    assert changed(phone.pull()) == {}


# --- days -------------------------------------------------------------------------------------------------------------


def on(user: User, cursor: str | None, days: int) -> pulling.Page:
    """A pull in so many days from now."""
    at = timezone.now() + timedelta(days=days)
    return pulling.pull(User.objects.get(pk=user.pk), cursor, device_pk=None, now=at)


@pytest.mark.django_db
def test_what_grows_too_old_is_removed_when_its_day_comes(shop, driver):
    own = {"transactions": [shop.sale.transaction.pk], "invoices": [shop.sale.invoice.pk]}
    own |= {"payments": [shop.payment.pk]}
    sale, nothing = own["transactions"], {name: [] for name in own}
    first = on(driver, None, 0)
    assert {name: [row["id"] for row in first.changes[name]] for name in own} == own
    thirty = on(driver, first.cursor, 30)
    assert {name: thirty.removed[name] for name in own} == nothing
    later = on(driver, thirty.cursor, 31)
    assert {name: later.removed[name] for name in own} == own
    assert {name: on(driver, later.cursor, 31).removed[name] for name in own} == nothing
    assert {name: on(driver, None, 31).changes[name] for name in own} == nothing
    assert on(driver, first.cursor, 40).removed["transactions"] == sale, "after days without a pull"


@pytest.mark.django_db
def test_a_price_of_a_later_day_changes_what_customers_and_equipment_show_on_that_day(shop, admin, driver):
    day = timezone.localdate()
    a_rate(admin, shop.customer, "3.5", since=day + timedelta(days=2))
    a_default_rate(admin, shop.cylinder, "44", day + timedelta(days=3))
    found, seen = on(driver, None, 0), []
    for days in range(5):
        found = on(driver, found.cursor, days)
        prices = [row["meter_rate"] for row in found.changes["customers"]]
        seen.append(prices + [row["default_rate"] for row in found.changes["equipment"]])
    assert seen == [[], [], ["3.5000"], ["44.0000"], []]


@pytest.mark.django_db
def test_prices_of_very_many_customers_begin_with_a_snapshot(shop, admin, driver, monkeypatch):
    monkeypatch.setattr(pulling, "PAGE", 2)
    for _ in range(3):
        customer = make.a_customer(admin, driver.depot)
        a_rate(admin, customer, "3.5", since=timezone.localdate() + timedelta(days=1))
    found = on(driver, None, 0)
    while found.has_more:
        found = on(driver, found.cursor, 0)
    found = on(driver, found.cursor, 1)
    assert (found.reset_required, found.has_more) == (True, True)


@pytest.mark.django_db
def test_a_clock_that_went_back_begins_anew(shop, driver):
    assert on(driver, on(driver, None, 1).cursor, 0).reset_required
