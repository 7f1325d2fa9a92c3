"""Who had what when it happened: a driver who was moved, or drives another truck since, is judged by then."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.accounts.models import User
from lpg.accounts.selectors import acting
from lpg.accounts.services import change_user
from lpg.depots.services import change_vehicle
from lpg.distribution import services as distributions
from lpg.meters import services as meters
from lpg.payments import services as payments
from lpg.payments.services import Money
from lpg.roles import Role
from lpg.transactions import services as sales
from tests import make
from tests.sales import a_meter, a_sale, delivered, refused, served
from tests.stock import held
from tests.told import Told, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def cylinder(shop):
    return shop.thing("38")


def change(admin, user, **values) -> User:
    """As whoever signs in from now on."""
    change_user(actor=admin, user_id=user.pk, values=values)
    return User.objects.get(pk=user.pk)


@pytest.fixture
def moved(admin, shop, union):
    """The time before, and the driver who is of another depot since, with another truck."""
    before = timezone.now()
    truck = make.a_vehicle(admin, union)
    return before, change(admin, shop.driver, depot=union.pk, depots=[], vehicle=truck.pk)


def test_who_was_there_then_and_who_is_there_now_may(shop, cylinder, moved, admin, union):
    before, driver = moved
    named = {"seller": sales.Seller(vehicle_id=shop.truck.id)}
    refused("invalid", a_sale, driver, shop.customer, delivered(cylinder), **named)
    refused("invalid", a_sale, driver, shop.customer, delivered(cylinder), fact=Told(), **named)  # was not, by then
    sale, fact = tell(a_sale, driver, shop.customer, delivered(cylinder), at=before, **named)
    assert (sale.transaction.vehicle_id, fact.kinds) == (shop.truck.id, [])
    here = make.a_customer(admin, union)
    sale, fact = tell(a_sale, driver, here, served("1"), at=before)  # is now: whenever it was
    assert fact.kinds == []


def test_who_never_was_there_may_not(shop, cylinder, other_driver):
    for at in (timezone.now(), timezone.now() - timedelta(days=3)):
        refused("invalid", a_sale, other_driver, shop.customer, served("1"), fact=Told(at))


def test_further_depots_count_and_the_first_change_after_says_what_was(shop, admin, union):
    user = make.a_user(Role.DRIVER, by=admin, depot=union.pk, depots=[shop.depot.id])
    before = timezone.now()
    user = change(admin, user, depots=[])
    between = timezone.now()
    user = change(admin, user, depot=shop.depot.id)
    after = timezone.now()
    user = change(admin, user, depot=None)
    for at, may in ((before, True), (between, False), (after, True)):
        given = (a_sale, user, shop.customer, served("1"))
        if may:
            tell(*given, at=at)
        else:
            refused("invalid", *given, fact=Told(at))


def test_the_truck_of_then_when_none_is_named_and_either_when_one_is(shop, cylinder, admin):
    other = make.a_vehicle(admin, shop.driver.depot)
    before = timezone.now()
    driver = change(admin, shop.driver, vehicle=other.pk)
    plenty = held(shop.truck, cylinder)
    sale, fact = tell(a_sale, driver, shop.customer, delivered(cylinder), at=before)
    assert (sale.transaction.vehicle_id, fact.kinds) == (shop.truck.id, [])
    assert held(shop.truck, cylinder) == plenty - 1
    for truck in (shop.truck.id, other.pk):
        sale, _ = tell(a_sale, driver, shop.customer, served("1"), at=before, seller=sales.Seller(vehicle_id=truck))
        assert sale.transaction.vehicle_id == truck
    sale, fact = tell(a_sale, driver, shop.customer, delivered(cylinder))
    assert (sale.transaction.vehicle_id, fact.kinds) == (other.pk, ["short_stock"])
    morning = {"seller": sales.Seller(vehicle_id=shop.truck.id)}
    refused("permission_denied", a_sale, driver, shop.customer, served("1"), fact=Told(), **morning)
    refused("permission_denied", a_sale, driver, shop.customer, served("1"), **morning)


def test_a_truck_of_then_that_is_retired_by_now(shop, cylinder, admin, moved):
    before, driver = moved
    change_vehicle(actor=admin, vehicle_id=shop.truck.id, values={"is_active": False})
    sale, fact = tell(a_sale, driver, shop.customer, delivered(cylinder), at=before)
    assert (sale.transaction.vehicle_id, fact.kinds) == (shop.truck.id, ["inactive_vehicle"])


def test_a_counter_sale_of_who_had_no_truck_then(shop, cylinder, admin):
    clerk = make.a_user(Role.DRIVER, by=admin, depot=shop.depot.id)
    before = timezone.now()
    clerk = change(admin, clerk, vehicle=make.a_vehicle(admin, clerk.depot).pk)
    counter = {"seller": sales.Seller(depot_id=shop.depot.id)}
    refused("permission_denied", a_sale, clerk, shop.customer, delivered(cylinder), **counter)
    for more in (counter, {}):
        sale, _ = tell(a_sale, clerk, shop.customer, delivered(cylinder), at=before, **more)
        assert sale.transaction.from_depot_id == shop.depot.id


def test_distributions_readings_and_payments_are_judged_so_too(shop, cylinder, moved, admin):
    before, driver = moved
    now = timezone.now()
    meter = a_meter(admin, shop.customer, "0")
    made = {
        "actor": driver,
        "depot_id": shop.depot.id,
        "items": [distributions.Item(cylinder.pk, 1, "OUT", "FULL")],
        "now": now,
    }
    read = {"actor": driver, "meter_id": meter.pk, "reading": Decimal(1), "now": now}
    paid = {"actor": driver, "customer_id": shop.customer.pk, "money": Money("CASH", Decimal(1)), "now": now}
    for service, given, code in (
        (distributions.create, made, "permission_denied"),
        (meters.record, read, "not_found"),
        (payments.record, paid, "invalid"),
    ):
        refused(code, service, **given)
        refused(code, service, fact=Told(), **given)
        _, fact = tell(service, at=before, **given)
        assert fact.kinds == []
    row, _ = tell(distributions.create, at=before, **made)
    assert row.vehicle_id == shop.truck.id
    decided = {"actor": driver, "distribution_id": row.pk, "now": now}
    refused("permission_denied", distributions.confirm, **decided)
    row, _ = tell(distributions.confirm, at=before, **decided)
    assert row.status == "CONFIRMED"


def test_a_supervisor_too(shop, cylinder, supervisor, admin, union):
    before = timezone.now()
    supervisor = change(admin, supervisor, depot=union.pk)
    truck = {"seller": sales.Seller(vehicle_id=shop.truck.id)}
    refused("invalid", a_sale, supervisor, shop.customer, delivered(cylinder), fact=Told(), **truck)
    tell(a_sale, supervisor, shop.customer, delivered(cylinder), at=before, **truck)


def test_who_acts_is_asked_once_and_only_of_a_fact(driver, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert acting(driver, None) is driver
    with django_assert_num_queries(1):
        assert acting(driver, Told()) is driver
