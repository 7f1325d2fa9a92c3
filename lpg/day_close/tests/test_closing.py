"""Closing a truck's day: what was counted stands beside what the books held, and stays."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.day_close.models import DayClose
from lpg.day_close.services import Queue, QueueNotEmpty
from lpg.depots.services import change_vehicle
from lpg.equipment.services import change_equipment
from lpg.facts import Fact
from lpg.inventory.models import Movement
from lpg.inventory.places import Owner
from lpg.payments import services as payments
from lpg.payments.services import Money
from lpg.roles import Role
from lpg.transactions.services import Seller
from tests import make
from tests.day_closes import a_day_close, approved
from tests.sales import a_sale, delivered, refused, returned, served
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db
API = "/api/v1/day-closes/"
DAY = timedelta(days=1)


@pytest.fixture
def truck(driver):
    return Owner("truck", driver.vehicle_id)


@pytest.fixture
def cylinder(admin, truck, shop):
    """Ten full ones on the truck, and nothing else; empties at the shop."""
    made = make.some_equipment(admin, rate="10.0000")
    fill(admin, truck, made, 10)
    fill(admin, Owner("customer", shop.customer.pk), made, 50, "")
    return made


def stock(close: DayClose) -> list[tuple[int, str, int, int]]:
    return list(close.stock.order_by("pk").values_list("equipment", "condition", "quantity", "expected"))


def money(close: DayClose) -> dict[str, tuple[Decimal, Decimal]]:
    return {one.method: (one.amount, one.expected) for one in close.money.all()}


def paid(by, customer, amount, method="CASH", **more):
    given = {"now": timezone.now(), **more}
    return payments.record(actor=by, customer_id=customer.pk, money=Money(method, Decimal(amount)), **given)


# --- what the truck should hold


def test_the_count_stands_beside_what_the_books_held_and_stays(driver, supervisor, shop, truck, cylinder):
    a_sale(driver, shop.customer, delivered(cylinder, 4), returned(cylinder, 3))
    close = a_day_close(driver, truck.id, (cylinder, "FULL", 5), (cylinder, "EMPTY", 3))
    assert stock(close) == [(cylinder.pk, "FULL", 5, 6), (cylinder.pk, "EMPTY", 3, 3)]
    assert [(one.code, list(one.counts)) for one in close.variances] == [
        ("delivery_not_recorded", [(cylinder.pk, "FULL")])
    ]
    assert held(truck, cylinder) == 6
    a_sale(driver, shop.customer, delivered(cylinder, 2))
    assert stock(close) == [(cylinder.pk, "FULL", 5, 6), (cylinder.pk, "EMPTY", 3, 3)]
    approved(supervisor, close)
    assert held(truck, cylinder) == 3  # what was delivered since stays delivered
    assert disagreements() == {}


def test_what_is_not_named_was_not_there_and_what_is_there_without_a_record_counts(driver, admin, truck, cylinder):
    other = make.some_equipment(admin)
    fill(admin, truck, other, 1, "EMPTY")
    close = a_day_close(driver, truck.id, (other, "DAMAGED", 2))
    assert stock(close) == [
        (cylinder.pk, "FULL", 0, 10),
        (other.pk, "EMPTY", 0, 1),
        (other.pk, "DAMAGED", 2, 0),
    ]
    approved(admin, close)
    assert (held(truck, cylinder), held(truck, other, "EMPTY"), held(truck, other, "DAMAGED")) == (0, 0, 2)
    assert disagreements() == {}


def test_what_is_retired_meanwhile_is_counted_if_it_is_on_the_truck(driver, admin, truck, cylinder):
    other = make.some_equipment(admin)
    for thing in (cylinder, other):
        change_equipment(actor=admin, equipment_id=thing.pk, values={"is_active": False})
    refused("invalid", a_day_close, driver, truck.id, (cylinder, "FULL", 10), (other, "FULL", 1))
    assert stock(a_day_close(driver, truck.id, (cylinder, "FULL", 10))) == [(cylinder.pk, "FULL", 10, 10)]


def test_an_empty_truck_without_money_is_closed_too(driver, supervisor, truck):
    close = a_day_close(driver, truck.id)
    assert (stock(close), money(close), close.variances) == ([], {}, [])
    assert approved(supervisor, close, "").reason == ""


# --- what it should carry


def test_the_money_is_that_of_the_truck_and_of_that_day_by_method(admin, driver, supervisor, shop, truck, cylinder):
    colleague = make.a_user(
        Role.DRIVER, by=admin, depot=driver.depot_id, vehicle=make.a_vehicle(admin, driver.depot).pk
    )
    a_sale(driver, shop.customer, delivered(cylinder, 4), paid="40.00")
    paid(driver, shop.customer, "15.00", "PAYNOW")
    paid(driver, shop.customer, "7.00", received_at=timezone.now() - DAY)
    back = paid(driver, shop.customer, "99.00", "CHEQUE")
    payments.reverse(actor=admin, payment_id=back.pk, reason="Came back", now=timezone.now())
    paid(colleague, shop.customer, "500.00")
    paid(supervisor, shop.customer, "600.00")  # at the desk
    a_sale(admin, shop.customer, served("1.0000"), paid="1.00")  # nobody's truck
    boss = make.a_user(Role.SUPERVISOR, by=admin, depot=driver.depot_id, vehicle=truck.id)
    fill(admin, Owner("depot", driver.depot_id), cylinder, 1)
    counter = Seller(depot_id=driver.depot_id)  # by somebody who drives the truck too
    a_sale(boss, shop.customer, delivered(cylinder), seller=counter, paid="10.00")
    a_sale(admin, shop.customer, delivered(cylinder), seller=Seller(vehicle_id=truck.id), paid="10.00")
    close = a_day_close(driver, truck.id, (cylinder, "FULL", 5), money={"CASH": "45.00", "CARD": "15.00"})
    assert money(close) == {
        "CARD": (Decimal("15.00"), Decimal("0.00")),
        "CASH": (Decimal("45.00"), Decimal("50.00")),
        "PAYNOW": (Decimal("0.00"), Decimal("15.00")),
    }
    assert [(one.code, list(one.methods)) for one in close.variances] == [
        ("methods_mixed_up", ["CARD", "PAYNOW"]),
        ("money_missing", ["CASH"]),
    ]
    approved(admin, close, "Short, taken from the wage")
    assert disagreements() == {}


def test_what_comes_after_the_close_on_the_same_day_is_carried_to_the_next_one(driver, shop, truck):
    noon = timezone.localtime(timezone.now() - 3 * DAY).replace(hour=12)
    closed = {"date": noon.date(), "now": noon + timedelta(hours=5)}
    paid(driver, shop.customer, "40.00", now=noon)
    first = a_day_close(driver, truck.id, money={"CASH": "40.00"}, **closed)
    paid(driver, shop.customer, "3.00", now=noon + timedelta(hours=6))
    paid(driver, shop.customer, "5.00", now=noon + DAY)
    assert money(first) == {"CASH": (Decimal("40.00"), Decimal("40.00"))}
    second = a_day_close(driver, truck.id, date=noon.date() + DAY, now=noon + 2 * DAY)
    assert money(second) == {"CASH": (Decimal("0.00"), Decimal("8.00"))}
    third = a_day_close(driver, truck.id, date=noon.date() + 2 * DAY, now=noon + 2 * DAY)
    assert money(third) == {}


# --- once, and by whom


def test_a_day_is_closed_once(driver, admin, truck, cylinder):
    first = a_day_close(driver, truck.id, (cylinder, "FULL", 10))
    error = refused("already_closed", a_day_close, admin, truck.id)
    assert str(first) in error.detail
    a_day_close(driver, truck.id, date=timezone.localdate() - DAY)
    a_day_close(admin, make.a_vehicle(admin, driver.depot).pk)


def test_the_days_that_can_be_closed(driver, truck):
    today = timezone.localdate()
    for day in (today + DAY, today - 8 * DAY):
        assert "date" in refused("invalid", a_day_close, driver, truck.id, date=day).errors
    assert a_day_close(driver, truck.id, date=today - 7 * DAY).date == today - 7 * DAY


def test_drivers_close_their_own_truck_and_supervisors_those_of_their_depots(
    admin, driver, other_driver, supervisor, union, truck
):
    walker = make.a_user(Role.DRIVER, by=admin, depot=driver.depot_id)
    assert "vehicle" in refused("invalid", a_day_close, walker, None).errors
    refused("permission_denied", a_day_close, other_driver, truck.id)
    refused("permission_denied", a_day_close, supervisor, other_driver.vehicle_id)
    assert "vehicle" in refused("invalid", a_day_close, driver, 2**40).errors
    assert a_day_close(driver, None).vehicle_id == truck.id
    change_vehicle(actor=admin, vehicle_id=truck.id, values={"is_active": False})
    refused("inactive", a_day_close, supervisor, truck.id, date=timezone.localdate() - DAY)


def test_nothing_is_counted_twice(driver, truck, cylinder):
    twice = [(cylinder, "FULL", 4), (cylinder, "EMPTY", 1), (cylinder, "FULL", 6)]
    assert set(refused("invalid", a_day_close, driver, truck.id, *twice).errors) == {"counts.2.equipment"}


def test_a_phone_that_has_not_sent_everything_does_not_close(driver, truck):
    error = refused("queue_not_empty", a_day_close, driver, truck.id, queue=Queue(2, 0, 1))
    assert error.facts == {"missing": 2, "blocked": 0, "quarantined": 1}
    assert "2 have not arrived, 1 wait for a supervisor's decision" in error.detail
    assert error.status == QueueNotEmpty.status == 409


# --- approving


def test_who_counted_does_not_approve_and_nobody_approves_twice(admin, supervisor, driver, truck, cylinder):
    mine = a_day_close(supervisor, truck.id, (cylinder, "FULL", 9))
    assert "yourself" in refused("permission_denied", approved, supervisor, mine).detail
    refused("permission_denied", approved, driver, a_day_close(driver, truck.id, date=timezone.localdate() - DAY))
    elsewhere = make.a_user(Role.SUPERVISOR, by=admin, depot=make.a_depot(admin).pk)
    refused("not_found", approved, elsewhere, mine)
    assert "reason" in refused("invalid", approved, admin, mine, "").errors
    done = approved(admin, mine)
    assert (done.status, done.reason, done.approved_by_id) == ("APPROVED", "Lent to a shop", admin.pk)
    assert held(truck, cylinder) == 9
    refused("not_pending", approved, admin, mine)
    assert held(truck, cylinder) == 9
    assert disagreements() == {}


def test_what_is_no_longer_there_cannot_be_posted(admin, driver, shop, truck, cylinder):
    close = a_day_close(driver, truck.id, (cylinder, "FULL", 4))
    a_sale(driver, shop.customer, delivered(cylinder, 6))  # what was not recorded is recorded at last
    assert refused("insufficient_stock", approved, admin, close).facts["shortages"][0]["available"] == 4


def counts_of(close: DayClose) -> list[tuple[int, str, int]]:
    """What its approval has posted: how much of what, and where it came from."""
    rows = Movement.objects.filter(cause="DAY_CLOSE", cause_id=close.pk).order_by("pk")
    return list(rows.values_list("quantity", "origin__kind", "reason"))


def test_what_was_forgotten_and_is_recorded_after_the_count_is_not_posted_twice(
    admin, driver, shop, truck, cylinder, supervisor
):
    a_sale(driver, shop.customer, delivered(cylinder, 3))
    close = a_day_close(driver, truck.id, (cylinder, "FULL", 4))
    a_sale(driver, shop.customer, delivered(cylinder, 2))  # two of the three that are missing
    done = approved(supervisor, close, "Two sold to the shop, one is lost", recorded_since=True)
    assert done.recorded_since is True
    assert held(truck, cylinder) == 4
    assert counts_of(close) == [(1, "truck", "Two sold to the shop, one is lost")]
    assert disagreements() == {}


def test_what_has_moved_the_other_way_and_what_is_more_than_differed_is_left_alone(
    admin, driver, shop, truck, cylinder
):
    other, empties = make.some_equipment(admin), (cylinder, "EMPTY", 2)
    close = a_day_close(driver, truck.id, (cylinder, "FULL", 8), empties, (other, "FULL", 3))
    a_sale(driver, shop.customer, delivered(cylinder, 5), returned(cylinder, 1))
    fill(admin, truck, cylinder, 40)  # loaded since
    approved(admin, close, recorded_since=True)
    assert (held(truck, cylinder), held(truck, cylinder, "EMPTY"), held(truck, other)) == (40, 2, 3)
    assert disagreements() == {}


def test_a_miscount_is_approved_and_put_right_by_a_count_of_the_truck(admin, supervisor, driver, truck, cylinder):
    """Nobody takes a count back: it is what was counted. The ledger shows both."""
    close = a_day_close(driver, truck.id, (cylinder, "FULL", 1))  # a slip of the finger: ten
    refused("already_closed", a_day_close, driver, truck.id, (cylinder, "FULL", 10))
    approved(supervisor, close, "Miscounted, see the count of the truck")
    fill(supervisor, truck, cylinder, 10)
    assert held(truck, cylinder) == 10
    assert disagreements() == {}


# --- closed days stay closed


def test_nothing_is_put_into_a_closed_day_afterwards(driver, shop, truck, cylinder):
    yesterday = timezone.now() - DAY
    a_day_close(driver, truck.id, (cylinder, "FULL", 10), date=timezone.localdate(yesterday))
    error = refused("day_closed", a_sale, driver, shop.customer, delivered(cylinder), occurred_at=yesterday)
    assert "Leave occurred_at out" in error.detail
    refused("day_closed", paid, driver, shop.customer, "5.00", received_at=yesterday)
    a_sale(driver, shop.customer, served("1.0000"), occurred_at=yesterday - DAY)
    a_sale(driver, shop.customer, delivered(cylinder), occurred_at=timezone.now())
    a_day_close(driver, truck.id, (cylinder, "FULL", 8))
    a_sale(driver, shop.customer, delivered(cylinder))  # it counts for the next close
    refused("day_closed", a_sale, driver, shop.customer, delivered(cylinder), occurred_at=timezone.now())


# --- facts


def a_fact(at, **more) -> Fact:
    return Fact(captured_at=at, **more)


def kinds(fact: Fact) -> list[str]:
    return [one.kind for one in fact.noted]


def test_a_fact_closes_the_day_of_its_count_however_late_it_comes(driver, truck, cylinder):
    now = timezone.now()
    for days, named, closes, noted in (
        (9, 9, 9, []),
        (0, 0, 0, []),
        (2, 3, 3, []),
        (1, -700, 1, ["early"]),
        (4, 700, 4, ["late"]),
        (-700, -700, None, ["early", "first_wins"]),
    ):
        fact = a_fact(now - days * DAY)
        close = a_day_close(driver, truck.id, fact=fact, date=timezone.localdate(now) - named * DAY)
        assert kinds(fact) == noted
        assert close.date == timezone.localdate(now) - (closes or 0) * DAY
        assert close.counted_at == fact.captured_at or closes is None


def test_of_two_closes_of_one_day_the_first_stays(driver, truck, cylinder):
    first = a_day_close(driver, truck.id, (cylinder, "FULL", 9))
    fact = a_fact(timezone.now())
    assert a_day_close(driver, truck.id, (cylinder, "FULL", 3), fact=fact) == first
    assert kinds(fact) == ["first_wins"]
    assert stock(first) == [(cylinder.pk, "FULL", 9, 10)]


def test_a_driver_who_was_given_another_truck_meanwhile_closes_the_old_one(admin, driver, truck, cylinder):
    before = timezone.now()
    new = make.a_vehicle(admin, driver.depot)
    change_vehicle(actor=admin, vehicle_id=truck.id, values={"is_active": False})
    moved = make.accounts.change_user(actor=admin, user_id=driver.pk, values={"vehicle": new.pk})
    fact = a_fact(before)
    close = a_day_close(moved, truck.id, (cylinder, "FULL", 10), fact=fact)
    assert (close.vehicle_id, kinds(fact)) == (truck.id, ["inactive_vehicle"])


# --- at the API


def test_the_api_closes_shows_and_approves(signed_in, driver, supervisor, shop, truck, cylinder):
    phone, desk = signed_in(driver), signed_in(supervisor)
    body = {
        "date": timezone.localdate().isoformat(),
        "vehicle": truck.id,
        "counts": [{"equipment": cylinder.pk, "quantity": 9}],
        "money": [{"method": "CASH", "amount": "5.00"}],
        "client_temp_id": "close-1",
    }
    first = phone.post(API, body, format="json")
    assert first.status_code == 201, first.content
    close = first.json()
    assert close["counts"] == [
        {
            "equipment": cylinder.pk,
            "equipment_name": cylinder.name,
            "condition": "FULL",
            "quantity": 9,
            "expected": 10,
            "difference": -1,
        }
    ]
    assert close["money"] == [{"method": "CASH", "amount": "5.00", "expected": "0.00", "difference": "5.00"}]
    assert [one["likely_cause"] for one in close["variances"]] == ["delivery_not_recorded", "payment_not_recorded"]
    assert close["variances"][0]["counts"] == [{"equipment": cylinder.pk, "condition": "FULL"}]
    assert close["variances"][1]["methods"] == ["CASH"]
    again = phone.post(API, body, format="json")
    assert (again.json(), again["Idempotent-Replayed"]) == (close, "true")
    assert phone.post(API, {**body, "client_temp_id": "close-2"}, format="json").json()["code"] == "already_closed"
    assert phone.get(API).json()["results"] == [close]
    assert phone.get(f"{API}{close['id']}/").json() == close
    page = f"{API}{close['id']}/approve/"
    assert phone.post(page, {"reason": "x"}, format="json").status_code == 403
    assert set(desk.post(page, {}, format="json").json()["errors"]) == {"reason"}
    assert set(desk.post(page, {"reason": "x", "recorded_since": "?"}, format="json").json()["errors"]) == {
        "recorded_since"
    }
    done = desk.post(page, {"reason": "Sold next door", "recorded_since": True}, format="json")
    assert (done.status_code, done.json()["status"], done.json()["reason"]) == (200, "APPROVED", "Sold next door")
    assert (close["recorded_since"], done.json()["recorded_since"]) == (None, True)
    assert desk.post(page, {"reason": "again"}, format="json").status_code == 409


def test_the_list_is_filtered(signed_in, admin, driver, other_driver):
    today = timezone.localdate()
    first = a_day_close(driver, None, date=today - DAY)
    second = a_day_close(admin, driver.vehicle_id)
    third = approved(admin, a_day_close(other_driver, None, date=today - 3 * DAY))
    for query, found in {
        "": [third, second, first],
        "ordering=id": [first, second, third],
        "status=APPROVED": [third],
        f"vehicle={driver.vehicle_id}": [second, first],
        f"depot={other_driver.depot_id}": [third],
        f"user={driver.pk}": [first],
        f"since={today - DAY}": [second, first],
        f"until={today - DAY}": [third, first],
        f"since={today - DAY}&until={today - DAY}": [first],
    }.items():
        rows = signed_in(admin).get(f"{API}?{query}").json()["results"]
        assert [row["id"] for row in rows] == [one.pk for one in found], query
