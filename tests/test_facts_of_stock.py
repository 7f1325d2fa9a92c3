"""What happened already cannot be refused: stock that the books did not hold, things retired, decisions made twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.customers.services import change_customer
from lpg.depots.services import change_depot, change_vehicle
from lpg.distribution import services as distributions
from lpg.equipment.services import change_equipment
from lpg.inventory.models import Balance
from lpg.inventory.places import ADJUSTMENT, Owner
from lpg.transactions import services as sales
from tests import make
from tests.sales import delivered, full_back, refused, returned, site
from tests.stock import a_distribution, disagreements, fill, held
from tests.tampering import found_by, unguarded
from tests.told import Told, is_a_no_without_a_fact, noted_in_audit, shortfalls, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def cylinder(admin):
    """Of which there is nothing anywhere."""
    return make.some_equipment(admin)


def sold(shop, *items, **more):
    return shop.sell(*items, by=shop.driver, **more)


# --- stock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [0, 2])
def test_a_truck_that_lacks_the_stock_is_made_up_for_by_the_adjustment_place(shop, cylinder, there):
    if there:
        fill(shop.admin, shop.truck, cylinder, there)
    is_a_no_without_a_fact("insufficient_stock", sold, shop, delivered(cylinder, 5))
    sale, fact = tell(sold, shop, delivered(cylinder, 5))
    assert (held(shop.truck, cylinder), held(site(shop.customer), cylinder, "")) == (0, 5)
    assert held(ADJUSTMENT, cylinder, "") == -5
    assert shortfalls() == [("truck", 5 - there, sale.transaction.transaction_number)]
    assert fact.kinds == noted_in_audit(sale.transaction) == ["short_stock"]
    [shortage] = fact.noted[0].facts["shortages"]
    assert (shortage["requested"], shortage["available"], shortage["condition"]) == (5, there, "FULL")
    assert sale.transaction.status == "CONFIRMED"


def test_a_depot_that_lacks_the_stock_is_made_up_for_as_well(shop, cylinder):
    at_counter = {"by": shop.admin, "seller": sales.Seller(depot_id=shop.depot.id)}
    is_a_no_without_a_fact("insufficient_stock", shop.sell, delivered(cylinder, 3), **at_counter)
    _, fact = tell(shop.sell, delivered(cylinder, 3), **at_counter)
    assert (fact.kinds, [kind for kind, *_ in shortfalls()]) == (["short_stock"], ["depot"])


@pytest.mark.parametrize(("back", "condition"), [(returned, "EMPTY"), (full_back, "FULL"), (returned, "DAMAGED")])
def test_a_customer_who_returns_more_than_the_site_held(shop, cylinder, back, condition):
    fill(shop.admin, site(shop.customer), cylinder, 1, "")
    item = back(cylinder, 4, condition=condition)
    is_a_no_without_a_fact("insufficient_stock", sold, shop, item)
    sale, fact = tell(sold, shop, item)
    assert (held(site(shop.customer), cylinder, ""), held(shop.truck, cylinder, condition)) == (0, 4)
    assert shortfalls() == [("customer", 3, sale.transaction.transaction_number)]
    assert fact.kinds == ["surplus_return"]


def test_both_ends_may_be_short_at_once(shop, cylinder, admin):
    other = make.some_equipment(admin)
    _, fact = tell(sold, shop, delivered(cylinder, 2), returned(other, 3), delivered(cylinder, 1))
    assert fact.kinds == ["short_stock", "surplus_return"]
    assert [(kind, quantity) for kind, quantity, _ in shortfalls()] == [("truck", 3), ("customer", 3)]


def test_what_the_sale_itself_brings_is_not_short(shop, cylinder):
    _, fact = tell(sold, shop, delivered(cylinder, 2), full_back(cylinder, 2))
    assert (fact.kinds, shortfalls()) == ([], [])


def test_a_sale_made_as_a_fact_is_voided_as_any_and_the_adjustment_stays(shop, cylinder):
    sale, _ = tell(sold, shop, delivered(cylinder, 5), returned(cylinder, 7), paid="10.00")
    made_up = shortfalls()
    shop.void(sale)
    assert disagreements() == {}
    assert (held(shop.truck, cylinder), held(site(shop.customer), cylinder, "")) == (5, 2)
    assert held(shop.truck, cylinder, "EMPTY") == 0
    assert shortfalls() == made_up


def test_a_confirm_with_short_stock(shop, cylinder, admin, driver):
    made = a_distribution(driver, shop.depot.id, (cylinder, 4))
    asked = {"actor": driver, "distribution_id": made.pk, "now": timezone.now()}
    is_a_no_without_a_fact("insufficient_stock", distributions.confirm, **asked)
    row, fact = tell(distributions.confirm, **asked)
    assert (row.status, held(shop.truck, cylinder), held(shop.depot, cylinder)) == ("CONFIRMED", 4, 0)
    assert shortfalls() == [("depot", 4, made.distribution_number)]
    assert fact.kinds == noted_in_audit(row) == ["short_stock"]


def test_no_physical_balance_is_ever_below_nothing(shop, cylinder):
    for quantity in (1, 3):
        tell(sold, shop, delivered(cylinder, quantity), returned(cylinder, 2 * quantity))
    assert not Balance.objects.filter(physical=True, quantity__lt=0).exists()


@pytest.mark.django_db(transaction=True)
def test_verify_sees_what_was_tampered_with(shop, cylinder):
    tell(sold, shop, delivered(cylinder, 5), returned(cylinder, 7))
    movement, made_up = "UPDATE inventory_movement SET", "WHERE cause = 'SHORTFALL'"
    other = "(SELECT MIN(id) FROM inventory_place)"
    with unguarded():
        for statement in (
            f"{movement} quantity = quantity + 1 {made_up}",
            f"{movement} origin_id = {other} {made_up}",
            f"{movement} destination_id = {other} {made_up}",
            f"{movement} cause_number = 'TRX-1' {made_up}",
            f"{movement} cause_id = cause_id + 1 {made_up}",
            f"{movement} cause = 'SHORTFALL' WHERE cause = 'TRANSACTION'",
        ):
            assert "stock: what was not in the books went on at once" in found_by(statement), statement
        assert disagreements() == {}


# --- decided before --------------------------------------------------------------------------------------------------


@pytest.fixture
def pending(shop, cylinder, driver):
    fill(shop.admin, shop.depot, cylinder, 50)
    return a_distribution(driver, shop.depot.id, (cylinder, 4), (cylinder, 2))


def decide(name, made, by, **more):
    return getattr(distributions, name)(actor=by, distribution_id=made.pk, now=timezone.now(), **more)


def out(cylinder, quantity):
    return distributions.Item(cylinder.pk, quantity, "OUT", "FULL")


@pytest.mark.parametrize("quantities", [None, [6], [2, 4]])
def test_a_confirm_of_a_confirmed_one_with_the_same_quantities_is_replayed(shop, cylinder, pending, driver, quantities):
    decide("confirm", pending, driver)
    rows = AuditLog.objects.count()
    moved = None if quantities is None else [out(cylinder, quantity) for quantity in quantities]
    row, fact = tell(decide, "confirm", pending, driver, moved=moved)
    assert (fact.replayed, fact.kinds, row.status) == (True, [], "CONFIRMED")
    assert (held(shop.truck, cylinder), AuditLog.objects.count()) == (6, rows)


def test_a_confirm_of_a_confirmed_one_with_other_quantities_changes_nothing(shop, cylinder, pending, driver):
    decide("confirm", pending, driver)
    row, fact = tell(decide, "confirm", pending, driver, moved=[out(cylinder, 5)])
    assert (fact.replayed, fact.kinds, row.status) == (False, ["first_wins"], "CONFIRMED")
    assert held(shop.truck, cylinder) == 6


def test_what_the_phone_saw_moving_must_be_what_is_confirmed(shop, cylinder, pending, driver):
    """It waits for a person: neither of the two is known to be right."""
    refused("invalid", decide, "confirm", pending, driver, moved=[out(cylinder, 5)], fact=Told())
    row, fact = tell(decide, "confirm", pending, driver, moved=[out(cylinder, 6)])
    assert (row.status, fact.kinds, fact.replayed) == ("CONFIRMED", [], False)


@pytest.mark.parametrize(
    ("first", "then", "code"), [("cancel", "confirm", "not_pending"), ("confirm", "cancel", "not_pending")]
)
def test_the_first_decision_wins(shop, cylinder, pending, driver, first, then, code):
    decide(first, pending, driver)
    is_a_no_without_a_fact(code, decide, then, pending, driver)
    row, fact = tell(decide, then, pending, driver)
    assert (fact.kinds, fact.replayed) == (["first_wins"], False)
    assert row.status == {"cancel": "CANCELLED", "confirm": "CONFIRMED"}[first]
    assert held(shop.truck, cylinder) == (6 if first == "confirm" else 0)


def test_a_second_cancel_is_replayed(pending, driver):
    decide("cancel", pending, driver)
    row, fact = tell(decide, "cancel", pending, driver)
    assert (row.status, fact.replayed, fact.kinds) == ("CANCELLED", True, [])


# --- retired ---------------------------------------------------------------------------------------------------------

RETIRED = {"values": {"is_active": False}}


def retire(shop, cylinder, what):
    if what == "customer":
        change_customer(actor=shop.admin, customer_id=shop.customer.pk, **RETIRED)
    elif what == "equipment":
        change_equipment(actor=shop.admin, equipment_id=cylinder.pk, **RETIRED)
    elif what == "vehicle":
        change_vehicle(actor=shop.admin, vehicle_id=shop.truck.id, **RETIRED)
        shop.driver = type(shop.driver).objects.get(pk=shop.driver.pk)
    else:
        change_depot(actor=shop.admin, depot_id=shop.depot.id, **RETIRED)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("what", ["customer", "equipment", "vehicle"])
def test_a_sale_with_something_that_was_retired_since(shop, cylinder, what, named):
    fill(shop.admin, shop.truck, cylinder, 9)
    retire(shop, cylinder, what)
    seller = sales.Seller(vehicle_id=shop.truck.id if named else None)
    given = {"by": shop.driver, "seller": seller}
    code = "inactive" if what == "customer" or (what == "vehicle" and not named) else "invalid"  # unseen by a driver
    is_a_no_without_a_fact(code, shop.sell, delivered(cylinder), **given)
    sale, fact = tell(shop.sell, delivered(cylinder), **given)
    assert fact.kinds == noted_in_audit(sale.transaction) == [f"inactive_{what}"]
    assert (sale.transaction.status, held(shop.truck, cylinder)) == ("CONFIRMED", 8)


@pytest.mark.parametrize("what", ["customer", "equipment", "vehicle", "depot"])
def test_a_distribution_with_something_that_was_retired_since(shop, cylinder, admin, what):
    retire(shop, cylinder, what)
    other = {"customer_id": shop.customer.pk} if what == "customer" else {"vehicle_id": shop.truck.id}
    given = {
        "actor": admin,
        "depot_id": shop.depot.id,
        "items": [out(cylinder, 1)],
        "other_side": distributions.OtherSide(**other),
        "now": timezone.now(),
    }
    is_a_no_without_a_fact("inactive", distributions.create, **given)
    row, fact = tell(distributions.create, **given)
    assert fact.kinds == noted_in_audit(row) == [f"inactive_{what}"]


def test_what_nobody_knows_is_refused_in_any_case(shop, cylinder, driver):
    for unknown in ({"customer_id": 10**9}, {"seller": sales.Seller(vehicle_id=10**9)}):
        given = {"actor": driver, "customer_id": shop.customer.pk, "items": [delivered(cylinder)], **unknown}
        refused("invalid", sales.sell, now=timezone.now(), fact=Told(), **given)
    missing = {"actor": driver, "distribution_id": 10**9, "now": timezone.now(), "fact": Told()}
    refused("not_found", distributions.confirm, **missing)


def test_a_late_distribution_is_noted(shop, cylinder, pending, driver):
    at = timezone.now() - timedelta(days=7, minutes=1)
    row, fact = tell(decide, "confirm", pending, driver, at=at)
    assert (row.status, fact.kinds) == ("CONFIRMED", ["late"])
    assert fact.noted[0].facts["original"] == timezone.localtime(at).isoformat()
    assert Owner("truck", row.vehicle_id) == shop.truck
