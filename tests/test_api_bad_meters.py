"""Meters, readings and payments that cannot be: refused in words that help, and not a row of any table has changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lpg.equipment import services as equipment
from lpg.inventory.places import Owner
from tests import make
from tests.bad import World, a_payment
from tests.sales import a_meter, a_reading, a_replacement, a_sale, delivered
from tests.stock import fill

NOWHERE = 987654321
UNKNOWN = ["There is no such entry. Choose one from its list."]
INSTALL, READ, REPLACE = "customers/<id>/meters/", "meters/<id>/readings/", "meters/<id>/replace/"
PAY, ALLOCATE = "payments/", "payments/<id>/allocate/"


def refused(world: World, route: str, changes: dict[str, Any], field: str = "", **facts: Any) -> Any:
    """The right body with these changes is refused, at this field or with this code, and nothing has changed."""
    answer = world.send_json("POST", route, {**world.body(route), **changes})
    code = facts.pop("code", "invalid")
    problem = world.refuses(answer, 400 if code == "invalid" else 409, field=field)
    assert problem["code"] == code, problem
    assert facts.items() <= problem.items()
    assert set(problem["errors"]) == {field} if field else "errors" not in problem
    world.is_as_before()
    return problem["errors"][field] if field else problem["detail"]


def done(world: World, route: str, **changes: Any) -> dict[str, Any]:
    """The positive control: this one is taken."""
    answer = world.send_json("POST", route, {**world.body(route), **changes})
    assert answer.status_code in {200, 201}, (changes, answer.content)
    world.settle()
    return answer.json()


@pytest.fixture
def gauge(world):
    """Equipment of the type METER, some of it on the truck."""
    values = {"sku": "G4", "name": "Gas meter G4", "equipment_type": "METER"}
    made = equipment.create_equipment(actor=world.admin, values=values)
    fill(world.admin, Owner("truck", world.driver.vehicle_id), made, 1)
    world.settle()
    return made


def today(days: int = 0) -> str:
    return str(timezone.localdate() + timedelta(days=days))


# --- Installed and replaced -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("route", [INSTALL, REPLACE])
def test_a_meter_is_what_a_meter_can_be(route, world):
    for digits in (0, 2, 13, -5, 10**12, "5", 5.0, None):
        refused(world, route, {"digits": digits}, "digits")
    for reading in ("-1", "-0.001", "0.0001", "1000000000000", "NaN", "", None):
        refused(world, route, {"initial_reading": reading}, "initial_reading")
    for digits, beyond in ((3, "1000"), (5, "100000.000"), (5, "999999999999.999")):
        (words,) = refused(world, route, {"digits": digits, "initial_reading": beyond}, "initial_reading")
        assert str(digits) in words
    for serial in ("", " ", "x" * 41, "é", "a\tb", None, 5):
        refused(world, route, {"serial_no": serial}, "serial_no")
    for day in (today(1), today(365), "9999-12-31"):
        refused(world, route, {"installed_on": day}, "installed_on")
    largest = done(world, route, digits=12, initial_reading="999999999999.999", installed_on=today())
    assert largest["current_reading"] == "999999999999.999"


@pytest.mark.parametrize("route", [INSTALL, REPLACE])
def test_a_serial_number_is_in_use_once_wherever_the_meter_is(route, world):
    elsewhere = make.a_customer(world.admin, make.a_depot(world.admin))
    taken = a_meter(world.admin, elsewhere, serial_no="TAKEN")
    world.settle()
    (words,) = refused(world, route, {"serial_no": "TAKEN"}, "serial_no")
    assert words == "A meter with this serial number is installed. Check the number on the meter."
    a_replacement(world.admin, taken, "0")
    assert done(world, route, serial_no="TAKEN")["serial_no"] == "TAKEN"  # it is free again


@pytest.mark.parametrize("route", [INSTALL, REPLACE])
def test_what_comes_out_of_stock_says_what_and_from_where(route, world, gauge):
    truck, depot = world.driver.vehicle_id, world.driver.depot_id
    cylinder, gone = world.equipment, make.some_equipment(world.admin)
    assert world.client.patch(f"/api/v1/equipment/{gone.pk}/", {"is_active": False}, format="json").status_code == 200
    world.settle()
    refused(world, route, {"equipment": gauge.pk}, "depot")
    refused(world, route, {"vehicle": truck}, "equipment")
    refused(world, route, {"depot": depot}, "equipment")
    refused(world, route, {"vehicle": truck, "depot": depot}, "depot")
    refused(world, route, {"equipment": gauge.pk, "vehicle": truck, "depot": depot}, "depot")
    (words,) = refused(world, route, {"equipment": cylinder.pk, "vehicle": truck}, "equipment")
    assert cylinder.name in words
    assert refused(world, route, {"equipment": NOWHERE, "vehicle": truck}, "equipment") == UNKNOWN
    assert refused(world, route, {"equipment": gauge.pk, "vehicle": NOWHERE}, "vehicle") == UNKNOWN
    assert refused(world, route, {"equipment": gauge.pk, "depot": NOWHERE}, "depot") == UNKNOWN
    refused(world, route, {"equipment": gone.pk, "vehicle": truck}, code="inactive")
    refused(world, route, {"equipment": gauge.pk, "depot": depot}, code="insufficient_stock")
    assert done(world, route, equipment=gauge.pk, vehicle=truck)["equipment"] == gauge.pk
    refused(world, INSTALL, {"equipment": gauge.pk, "vehicle": truck}, code="insufficient_stock")


def test_nothing_is_installed_at_a_customer_who_is_no_longer_in_use(world):
    assert world.send_json("PATCH", "customers/<id>/", {"is_active": False}).status_code == 200
    world.settle()
    assert world.customer.customer_code in refused(world, INSTALL, {}, code="inactive")


def test_a_final_reading_is_one_that_the_old_meter_can_show(world):
    for reading in ("-1", "40.0001", "100000", "999999999999.999", "NaN", "", None):
        refused(world, REPLACE, {"final_reading": reading}, "final_reading")
    refused(world, REPLACE, {"final_reading": "19.999"}, code="meter_reading_regressed", previous="20.000")
    refused(world, REPLACE, {"is_rollover": True}, "is_rollover")
    refused(world, REPLACE, {"installed_on": today(-1)}, "installed_on")  # the old one was installed today
    assert done(world, REPLACE, final_reading="0.500", is_rollover=True)["current_reading"] == "0.000"
    refused(world, REPLACE, {}, code="inactive")
    refused(world, READ, {}, code="inactive")


# --- Read -------------------------------------------------------------------------------------------------------------


def test_a_reading_is_one_that_the_meter_can_show(world):
    for reading in ("-1", "-0.001", "20.0001", "100000", "1000000000000", "NaN", "", None, True, "1e2"):
        refused(world, READ, {"reading": reading}, "reading")
    facts = {"meter": world.meter.pk, "previous": "20.000", "reading": "19.999"}
    refused(world, READ, {"reading": "19.999"}, code="meter_reading_regressed", **facts)
    refused(world, READ, {"is_rollover": True}, "is_rollover")
    now = timezone.now()
    for ahead in (timedelta(days=365), timedelta(minutes=6)):
        refused(world, READ, {"read_at": (now + ahead).isoformat()}, "read_at")
    assert done(world, READ, read_at=(now + timedelta(minutes=4)).isoformat())["usage"] == "20.000"


def test_only_the_last_plain_reading_that_nobody_billed_is_voided(world):
    first, last = world.meter.readings.order_by("pk")
    elsewhere = a_meter(world.admin, make.a_customer(world.admin, world.driver.depot, meter_rate="1"))
    theirs = a_reading(world.admin, elsewhere, "5")
    middle, newest = (a_reading(world.admin, world.meter, reading) for reading in ("30", "31"))
    world.settle()

    def void(reading: int, status: int, **body: Any) -> dict[str, Any]:
        path = f"meters/{world.meter.pk}/readings/{reading}/void/"
        problem = world.refuses(world.send_json("POST", path, {"reason": "Read badly", **body}), status)
        world.is_as_before()
        return problem

    for reading in (theirs.pk, NOWHERE):
        assert void(reading, 404)["code"] == "not_found"
    for reading in (first.pk, last.pk, middle.pk):
        assert void(reading, 409)["code"] == "later_reading_exists"
    for reason in (None, "", " ", 5, "x" * 201, "a\nb"):
        assert list(void(newest.pk, 400, reason=reason)["errors"]) == ["reason"]
    done(world, f"meters/{world.meter.pk}/readings/{newest.pk}/void/", reason="Read badly")
    assert void(newest.pk, 409)["code"] == "already_void"
    a_sale(world.admin, world.customer, reading="30")
    world.settle()
    for reading in (last.pk, middle.pk):
        assert void(reading, 409)["code"] == "billed"


# --- Money ------------------------------------------------------------------------------------------------------------


def test_money_that_is_none_is_refused(world):
    for amount in ("0", "0.00", 0, "-1", "-0.01", "1.001", 1.001, "10000000000.00", "9" * 30, "", None, "NaN", True):
        refused(world, PAY, {"amount": amount}, "amount")
    for method in ("GOLD", "cash", "Cash", "", None, 1):
        refused(world, PAY, {"method": method}, "method")
    for reference in ("x" * 101, "a\nb", 5):
        refused(world, PAY, {"reference": reference}, "reference")
    assert refused(world, PAY, {"customer": NOWHERE}, "customer") == UNKNOWN
    now = timezone.now()
    for ahead in (timedelta(days=365), timedelta(minutes=6)):
        refused(world, PAY, {"received_at": (now + ahead).isoformat()}, "received_at")
    largest = done(world, PAY, amount="9999999999.99", received_at=(now + timedelta(minutes=4)).isoformat())
    assert (largest["amount"], largest["unallocated"]) == ("9999999999.99", "9999999923.99")


@pytest.fixture
def documents(world):
    """One open invoice of theirs, and what nobody may name: another customer's, a credit note, none at all."""
    mine = world.sale.invoice
    other = make.a_customer(world.admin, world.driver.depot)
    theirs = a_sale(world.driver, other, delivered(world.equipment, 1)).invoice
    voided = a_sale(world.driver, world.customer, delivered(world.equipment, 1)).transaction
    answer = world.send_json("POST", f"transactions/{voided.pk}/void/", {"reason": "Wrong shop"})
    note = answer.json()["invoice"]["corrected_by"]
    assert note
    world.settle()
    return mine.pk, {"theirs": theirs.pk, "a credit note": note, "unknown": NOWHERE}


@pytest.mark.parametrize("route", [PAY, ALLOCATE])
def test_money_settles_only_invoices_of_its_customer(route, world, documents):
    mine, others = documents
    words = {
        tuple(refused(world, route, {"invoices": [*before, other]}, f"invoices.{len(before)}"))
        for other in others.values()
        for before in ([], [mine])
    }
    assert words == {("This customer has no such invoice. Choose from the open ones.",)}
    for id in (0, -1, "1", 1.5, True, None, 2**63, [mine], {"id": mine}):
        refused(world, route, {"invoices": [mine, id]}, "invoices.1")
    for wrong in (mine, str(mine), {"0": mine}, [mine] * 101):
        refused(world, route, {"invoices": wrong}, "invoices")
    settled = done(world, route, invoices=[mine, mine])["allocations"]
    assert [(row["invoice"], row["amount"]) for row in settled] == [(mine, "5.00")]


def test_what_is_used_up_settles_nothing_more_and_says_so_by_what_it_answers(world, documents):
    mine, _ = documents
    spent = a_payment(world.admin, world.customer, "2.00", mine)
    world.settle()
    for body in ({}, {"invoices": [mine]}, {"invoices": []}):
        answer = world.send_json("POST", f"payments/{spent.pk}/allocate/", body)
        assert (answer.status_code, answer.json()["unallocated"]) == (200, "0.00")
        assert answer.json()["allocations"] == [{"invoice": mine, "amount": "2.00"}]
        world.is_as_before()


def test_documents_and_receipts_are_never_edited_or_deleted(world):
    for path in ("invoices/", "payments/", f"invoices/{world.sale.invoice.pk}/", f"payments/{world.ids['payments']}/"):
        for method in ("PUT", "PATCH", "DELETE", *(["POST"] if path != "payments/" else [])):
            problem = world.refuses(world.send_json(method, path, world.body(PAY)), 405)
            assert problem["code"] == "method_not_allowed"
    for path in (f"meters/{world.meter.pk}/", f"meters/{world.meter.pk}/readings/"):
        for method in ("PUT", "PATCH", "DELETE"):
            world.refuses(world.send_json(method, path, {}), 405)
