"""Sales that cannot be: each is refused in words that help, and not a row of any table has changed."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lpg.inventory.places import Owner
from lpg.transactions.models import Transaction
from tests import make
from tests.bad import World
from tests.sales import a_meter, a_reading, a_replacement, a_sale, delivered
from tests.stock import fill

SALES = "transactions/"
NOWHERE = 987654321
DEAREST = "99999999999999.9999"
UNKNOWN = ["There is no such entry. Choose one from its list."]


def line(world: World, item_type: str = "DELIVERY", **more: Any) -> dict[str, Any]:
    return {"item_type": item_type, "equipment": world.equipment.pk, "quantity": 1, **more}


def service(**more: Any) -> dict[str, Any]:
    return {"item_type": "SERVICE", "quantity": 1, "rate": "15.00", "description": "Hose changed", **more}


def without(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {other: value for other, value in body.items() if other != name}


def refused(world: World, body: dict[str, Any], field: str = "", *, code: str = "invalid", **facts: Any) -> Any:
    """Such a sale is refused, at this field or with this code, and nothing has changed. What the field is told."""
    answer = world.send_json("POST", SALES, body)
    problem = world.refuses(answer, 400 if code == "invalid" else 409, field=field)
    assert problem["code"] == code, problem
    assert facts.items() <= problem.items()
    assert set(problem["errors"]) == {field} if field else "errors" not in problem
    world.is_as_before()
    return problem["errors"][field] if field else problem["detail"]


def sold(world: World, **changes: Any) -> dict[str, Any]:
    """The positive control: this one is recorded."""
    answer = world.send_json("POST", SALES, {**world.body(SALES), **changes})
    assert answer.status_code == 201, (changes, answer.content)
    world.settle()
    return answer.json()


# --- Lines ------------------------------------------------------------------------------------------------------------


def test_a_sale_of_nothing_is_refused(world):
    for nothing in (
        {"items": []},
        {"items": [], "current_meter_reading": None},
        {"items": [], "remarks": "Just looked"},
    ):
        refused(world, {**world.body(SALES), **nothing}, "items")
    refused(world, without("items", world.body(SALES)), "items")


def wrong_lines(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What is wrong, and a line in which nothing else is."""
    quantities = (0, -1, 1.5, "1", 10**12, 100_001, None, True)
    rates = ("-0.0001", "-50", -50, "1.00001", 1.00001, "100000000000000", "NaN", "", "free")
    return [
        *(("quantity", line(world, quantity=quantity)) for quantity in quantities),
        *(("quantity", service(quantity=quantity)) for quantity in quantities),
        ("quantity", without("quantity", line(world))),
        *(("rate", line(world, rate=rate)) for rate in rates),
        *(("rate", service(rate=rate)) for rate in (*rates, None)),
        ("rate", without("rate", service())),
        *(("equipment", line(world, equipment=id)) for id in (NOWHERE, 0, -1, None, "1", 2**63)),
        ("equipment", without("equipment", line(world))),
        *(("equipment", line(world, kind, equipment=None)) for kind in ("EMPTY_RETURN", "FULL_RETURN")),
        ("equipment", service(equipment=world.equipment.pk)),
        *(("description", service(description=words)) for words in ("", "  ", None, "x" * 201, "a\nb")),
        ("description", without("description", service())),
        *(("condition", line(world, condition=condition)) for condition in ("EMPTY", "DAMAGED", "full", "")),
        ("condition", line(world, "EMPTY_RETURN", condition="FULL")),
        ("condition", line(world, "FULL_RETURN", condition="EMPTY")),
        *(("condition", service(condition=condition)) for condition in ("FULL", "EMPTY", "DAMAGED")),
        *(("rate", line(world, "EMPTY_RETURN", rate=rate)) for rate in ("0.0001", "38.0000")),
        *(("item_type", line(world, kind)) for kind in ("REFUND", "delivery", "", "METER")),
    ]


def test_a_line_that_cannot_be_is_refused_by_its_number_and_field(world):
    for field, wrong in wrong_lines(world):
        words = refused(world, {**world.body(SALES), "items": [wrong]}, f"items.0.{field}")
        assert len(words) == 1
        refused(world, {**world.body(SALES), "items": [line(world), wrong]}, f"items.1.{field}")


def test_all_lines_that_are_wrong_are_told_at_once(world):
    wrong = [line(world, condition="EMPTY"), line(world), service(rate=None), service(description="", rate=None)]
    problem = world.refuses(world.send_json("POST", SALES, {**world.body(SALES), "items": wrong}))
    assert set(problem["errors"]) == {"items.0.condition", "items.2.rate", "items.3.rate", "items.3.description"}


def test_the_words_of_a_wrong_line_say_what_to_do(world):
    for words, wrong, field in (
        ("Say what the service was.", service(description=""), "description"),
        ("A service has no equipment. Leave it out, or deliver it.", service(equipment=5), "equipment"),
        ("An empty that comes back costs nothing. Leave the rate out.", line(world, "EMPTY_RETURN", rate="1"), "rate"),
        ("Here it is FULL.", line(world, condition="EMPTY"), "condition"),
        ("Here it is EMPTY or DAMAGED.", line(world, "EMPTY_RETURN", condition="FULL"), "condition"),
        (UNKNOWN[0], line(world, equipment=NOWHERE), "equipment"),
    ):
        assert refused(world, {**world.body(SALES), "items": [wrong]}, f"items.0.{field}") == [words]


@pytest.mark.parametrize("number", [101, 500])
def test_more_than_a_hundred_lines_are_refused_and_the_number_is_named(number, world):
    (words,) = refused(world, {**world.body(SALES), "items": [line(world)] * number}, "items")
    assert "100 " in words


def test_a_hundred_lines_are_not_too_many(world):
    assert len(sold(world, items=[service()] * 100)["transaction"]["items"]) == 100


def test_an_amount_beyond_the_column_is_refused_whatever_it_comes_from(world):
    fill(world.admin, Owner("truck", world.driver.vehicle_id), world.equipment, 100_000)
    fill(world.admin, Owner("customer", world.customer.pk), world.equipment, 100_000, "")
    world.settle()
    dear = {"rate": DEAREST, "quantity": 100_000}
    for items in (
        [line(world, **dear)],
        [line(world, "FULL_RETURN", **dear)],
        [service(**dear)],
        [service(**dear)] * 100,
        [service(rate="10000000000.00")],
        [service(rate="5000000000.00")] * 2,
        [line(world, **dear), line(world, "FULL_RETURN", **dear)],  # which come to nothing
        [service(**dear), line(world, "FULL_RETURN", **dear)],
    ):
        (words,) = refused(world, {**world.body(SALES), "items": items}, "items")
        assert "9,999,999,999.99" in words
    assert sold(world, items=[service(rate="9999999999.99")])["transaction"]["total_amount"] == "9999999999.99"


def test_usage_beyond_the_column_is_refused_too(world):
    large = make.a_customer(world.admin, world.driver.depot, meter_rate=DEAREST)
    a_meter(world.admin, large, digits=12)
    world.settle()
    for items, field in (([], "current_meter_reading"), ([service()], "items")):
        body = {"customer": large.pk, "items": items, "current_meter_reading": "999999999999.999"}
        (words,) = refused(world, body, field)
        assert "9,999,999,999.99" in words


def test_what_is_retired_or_has_no_price_or_is_not_there_cannot_be_sold(world):
    retired, free = make.some_equipment(world.admin), make.some_equipment(world.admin, rate=None)
    for thing in (retired, free):
        fill(world.admin, Owner("truck", world.driver.vehicle_id), thing, 10)
    assert (
        world.client.patch(f"/api/v1/equipment/{retired.pk}/", {"is_active": False}, format="json").status_code == 200
    )
    world.settle()
    right = world.body(SALES)
    refused(world, {**right, "items": [line(world, equipment=retired.pk)]}, code="inactive")
    for items in ([line(world, equipment=free.pk)], [line(world, "FULL_RETURN", equipment=free.pk)]):
        refused(world, {**right, "items": items}, code="no_rate", equipment=free.pk, line=0)
    mine = make.a_client(world.driver)
    world.settle()
    answer = mine.post("/api/v1/transactions/", {**right, "items": [line(world, equipment=retired.pk)]}, format="json")
    assert world.refuses(answer, field="items.0.equipment")["errors"] == {"items.0.equipment": UNKNOWN}
    for items in ([line(world, quantity=1_000)], [line(world, "EMPTY_RETURN", quantity=1_000)]):
        problem = world.refuses(world.send_json("POST", SALES, {**right, "items": items}), 409)
        assert problem["code"] == "insufficient_stock"
        (short,) = problem["shortages"]
        assert (short["equipment"], short["requested"]) == (world.equipment.pk, 1_000)


# --- Customer, seller, time, key --------------------------------------------------------------------------------------


def test_a_customer_who_is_unknown_or_no_longer_in_use_buys_nothing(world):
    gone = make.a_customer(world.admin, world.driver.depot, is_active=False)
    world.settle()
    assert refused(world, {**world.body(SALES), "customer": NOWHERE}, "customer") == UNKNOWN
    assert gone.customer_code in refused(world, {**world.body(SALES), "customer": gone.pk}, code="inactive")


def test_stock_comes_from_one_place_that_is_there_and_in_use(world):
    right = without("vehicle", world.body(SALES))
    depot, truck = world.driver.depot_id, world.driver.vehicle_id
    retired = make.a_depot(world.admin), make.a_vehicle(world.admin, world.driver.depot)
    for kind, row in zip(("depots", "vehicles"), retired, strict=True):
        answer = world.client.patch(f"/api/v1/{kind}/{row.pk}/", {"is_active": False}, format="json")
        assert answer.status_code == 200
    world.settle()
    refused(world, {**right, "vehicle": truck, "depot": depot}, "depot")
    assert refused(world, {**right, "vehicle": NOWHERE}, "vehicle") == UNKNOWN
    assert refused(world, {**right, "depot": NOWHERE}, "depot") == UNKNOWN
    refused(world, {**right, "depot": retired[0].pk}, code="inactive")
    refused(world, {**right, "vehicle": retired[1].pk}, code="inactive")
    refused(world, right, "vehicle")  # an administrator has neither
    assert sold(world, vehicle=None, depot=depot)["transaction"]["depot"] == depot


def test_a_sale_is_of_these_days(world):
    right, now = world.body(SALES), timezone.now()
    for wrong in (timedelta(days=365), timedelta(minutes=6), timedelta(days=-8), timedelta(days=-7, minutes=-1)):
        refused(world, {**right, "occurred_at": (now + wrong).isoformat()}, "occurred_at")
    path = f"equipment/{world.equipment.pk}/rates/"
    assert world.send_json("POST", path, {"rate": "38", "effective_from": "2026-01-01"}).status_code == 201
    for at in (timedelta(minutes=4), timedelta(days=-6, hours=-23)):
        assert sold(world, occurred_at=(now + at).isoformat())["transaction"]["status"] == "CONFIRMED"


def test_a_key_in_the_body_is_one_and_the_same_as_in_the_header(world):
    right = world.body(SALES)
    for key in ("x" * 65, "a b", "é", ""):
        refused(world, {**right, "client_temp_id": key}, "client_temp_id")
    answer = world.client.post(
        f"/api/v1/{SALES}", {**right, "client_temp_id": "a"}, format="json", headers={"Idempotency-Key": "b"}
    )
    world.refuses(answer, field="client_temp_id")


# --- Payment and meter ------------------------------------------------------------------------------------------------


def test_money_that_is_none_is_refused(world):
    paid = {"method": "CASH", "amount": "5.00"}
    for amount in ("0", "0.00", 0, "-1", "-0.01", "1.001", 1.001, "10000000000.00", "", None, "NaN"):
        refused(world, {**world.body(SALES), "payment": {**paid, "amount": amount}}, "payment.amount")
    for method in ("GOLD", "cash", "", None, 1):
        refused(world, {**world.body(SALES), "payment": {**paid, "method": method}}, "payment.method")
    for name in paid:
        refused(world, {**world.body(SALES), "payment": without(name, paid)}, f"payment.{name}")
    refused(world, {**world.body(SALES), "payment": {**paid, "reference": "x" * 101}}, "payment.reference")
    refused(world, {**world.body(SALES), "payment": {**paid, "received": 1}}, "payment.received")


def test_a_reading_needs_a_meter_of_this_customer_that_is_installed(world):
    bare = make.a_customer(world.admin, world.driver.depot, meter_rate="1")
    theirs = a_meter(world.admin, bare, serial_no="THEIRS")
    unmetered = make.a_customer(world.admin, world.driver.depot, meter_rate="1")
    old = a_meter(world.admin, world.customer, serial_no="OLD")
    new = a_replacement(world.admin, old, "5")
    world.settle()
    right = {**world.body(SALES), "current_meter_reading": "30.000"}
    refused(world, {**right, "customer": unmetered.pk}, "current_meter_reading")
    (words,) = refused(world, right, "meter")  # they have two
    assert str(world.meter.pk) in words
    assert str(new.pk) in words
    for meter in (NOWHERE, theirs.pk, old.pk):
        assert refused(world, {**right, "meter": meter}, "meter") == UNKNOWN
    for meter in (0, "1", [world.meter.pk]):
        refused(world, {**right, "meter": meter}, "meter")
    assert sold(world, current_meter_reading="30.000", meter=world.meter.pk)["transaction"]["meter_usage"] == "20.000"


def test_a_meter_or_a_rollover_without_a_reading_is_refused(world):
    """Else a reading that a client forgot would be lost without a word."""
    for forgotten in ({"meter": world.meter.pk}, {"meter": NOWHERE}, {"is_rollover": True}):
        for empty in ({}, {"current_meter_reading": None}):
            refused(world, {**world.body(SALES), **forgotten, **empty}, "current_meter_reading")


def test_a_reading_that_cannot_be_is_refused(world):
    right = world.body(SALES)
    for reading in ("-1", "30.0001", "100000", "100000.000", "1000000000000", "NaN", "", "thirty", True):
        refused(world, {**right, "current_meter_reading": reading}, "current_meter_reading")
    refused(world, {**right, "current_meter_reading": "30", "is_rollover": True}, "is_rollover")
    for lower in ("19.999", "0"):
        facts = {"meter": world.meter.pk, "previous": "20.000"}
        refused(world, {**right, "current_meter_reading": lower}, code="meter_reading_regressed", **facts)
    rolled = sold(world, current_meter_reading="0.500", is_rollover=True)["transaction"]
    assert (rolled["last_meter_reading"], rolled["meter_usage"]) == ("10.000", "99990.500")


def test_gas_without_a_price_is_not_sold(world):
    unpriced = make.a_customer(world.admin, world.driver.depot)
    a_meter(world.admin, unpriced)
    world.settle()
    body = {"customer": unpriced.pk, "items": [service()], "current_meter_reading": "1.000"}
    refused(world, body, code="no_rate", equipment=None)


# --- What is decided --------------------------------------------------------------------------------------------------


def decided(world: World, what: str, sale: Transaction, status: int, **body: Any) -> dict[str, Any]:
    return world.refuses(world.send_json("POST", f"transactions/{sale.pk}/{what}/", body), status)


def test_what_is_decided_is_not_decided_again(world):
    confirmed, reason = world.sale.transaction, {"reason": "Wrong shop"}
    assert decided(world, "approve", confirmed, 409)["code"] == "not_pending"
    for sale in (confirmed, world.waiting):
        assert world.send_json("POST", f"transactions/{sale.pk}/void/", reason).status_code == 200
        world.settle()
        assert decided(world, "void", sale, 409, **reason)["code"] == "already_void"
        assert decided(world, "approve", sale, 409)["code"] == "not_pending"


@pytest.mark.parametrize("reason", [None, "", "  ", 5, "x" * 201, "a\nb", "a\x00b"])
def test_a_void_says_why(reason, world):
    problem = decided(world, "void", world.waiting, 400, reason=reason)
    assert list(problem["errors"]) == ["reason"]


def test_a_sale_whose_meter_was_read_since_or_whose_goods_are_gone_is_not_voided(world):
    read = a_sale(world.admin, world.customer, reading="30.000").transaction
    later = a_reading(world.admin, world.meter, "31")
    goods = a_sale(world.driver, world.customer, delivered(world.equipment, 5)).transaction
    fill(world.admin, Owner("customer", world.customer.pk), world.equipment, 4, "")
    world.settle()
    assert decided(world, "void", read, 409, reason="x")["code"] == "later_reading_exists"
    problem = decided(world, "void", goods, 409, reason="x")
    assert (problem["code"], problem["shortages"][0]["requested"]) == ("insufficient_stock", 5)
    world.is_as_before()
    path = f"meters/{world.meter.pk}/readings/{later.pk}/void/"
    assert world.send_json("POST", path, {"reason": "Read badly"}).status_code == 200
    assert world.send_json("POST", f"transactions/{read.pk}/void/", {"reason": "x"}).status_code == 200
    world.settle()


def test_a_sale_is_never_edited_or_deleted(world):
    for path in ("transactions/", f"transactions/{world.sale.transaction.pk}/"):
        for method in ("PUT", "PATCH", "DELETE"):
            problem = world.refuses(world.send_json(method, path, world.body(SALES)), 405)
            assert problem["code"] == "method_not_allowed"
