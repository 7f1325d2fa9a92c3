"""Parameters and cursors that mean nothing are refused and never ignored."""

import base64
import json
from urllib.parse import quote

import pytest

from lpg.inventory.places import Owner
from tests import make
from tests.bad import LISTS, World, a_payment
from tests.pushing import an_exception
from tests.routes import lists, operations
from tests.stock import fill

every_list = pytest.mark.parametrize("route", LISTS)


def cursor_of(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD_INTEGERS = [
    "",
    "abc",
    "null",
    "1.5",
    "1e3",
    "0x1",
    "-1",
    "0",
    "٣",
    "１",
    "1_0",
    "+1",
    "%201",
    "true",
    "%00",
    "%ff",
    "9223372036854775808",
    "9" * 5_000,
]
BAD_QUERIES = {
    "page_size": [*BAD_INTEGERS, "201", "1000000"],
    "depot": BAD_INTEGERS,
    "user": BAD_INTEGERS,
    "entity_id": BAD_INTEGERS,
    "equipment": BAD_INTEGERS,
    "vehicle": BAD_INTEGERS,
    "customer": BAD_INTEGERS,
    "transaction": BAD_INTEGERS,
    "id": BAD_INTEGERS,
    "type": ["", "NOPE", "DEPOT", "depot,truck", "%00"],
    "condition": ["", "NOPE", "full", "%00"],
    "status": ["", "NOPE", "pending", "%00"],
    "document_type": ["", "NOPE", "INVOICE", "invoice,credit_note", "%00"],
    "method": ["", "NOPE", "cash", "%00"],
    "kind": ["", "NOPE", "plain", "%00"],
    "cause": ["", "NOPE", "update", "%00"],
    "is_active": ["", "yes", "1", "0", "True", "null", "%00"],
    "payment_type": ["", "NOPE", "cash", "CASH,CREDIT", "%00", "x" * 5_000],
    "equipment_type": ["", "NOPE", "%00"],
    "role": ["", "NOPE", "%00"],
    "ordering": ["", "nope", "email", "password", "-", "--id", "id,name", "-id,", "pk", "depot__code", "?", "%00"],
    "search": ["", "%20", "%00", "a%00b", "x" * 101, "🔥" * 101],
    "since": [
        "",
        "nope",
        "0",
        "0000-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T25:00:00Z",
        "0001-01-01T00:00:00%2B14:00",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01T00:00:00Z",
        "%00",
        "9" * 5_000,
    ],
    "by": ["", "NOPE", "Day", "day,driver", "%00"],
    "export": ["", "NOPE", "CSV", "pdf", "%00"],
    "entity_type": ["", "x" * 41, "%00"],
    "action": ["", "x" * 61, "%00"],
}
BAD_QUERIES["state"] = BAD_QUERIES["status"]
BAD_QUERIES["device"] = BAD_INTEGERS
OF_EXCEPTIONS = {"kind": ["", "x" * 41, "%00"]}  # any code of a refusal
BAD_QUERIES["day"] = [*BAD_QUERIES["since"], "20261120", "2026-11-31", "1999-12-31", "9999-12-31"]
BAD_QUERIES["until"] = BAD_QUERIES["since"]
BAD_QUERIES["at"] = [*BAD_QUERIES["since"], "9999-12-31T00:00:00Z"]


PARAMETERS = [
    (one.route, name)
    for one in operations()
    for name in getattr(one.door.queries.get(one.action), "_declared_fields", ())
]


def test_every_list_is_among_those_tried():
    assert {one.route for one in lists()} == set(LISTS)
    with_a_cursor = {route for route, name in PARAMETERS if name == "cursor"}
    assert with_a_cursor - set(LISTS) == {"sync/pull/"}, "which is no list: its cursors have a test of their own"


@pytest.mark.parametrize(("route", "name"), [pair for pair in PARAMETERS if pair[1] != "cursor"])
def test_a_wrong_value_of_a_parameter_is_refused_and_not_ignored(route, name, world):
    bad = {**BAD_QUERIES, **(OF_EXCEPTIONS if route == "sync/exceptions/" else {})}
    for value in bad[name]:
        path = f"{world.path(route)}?{name}={value if '%' in value else quote(value)}"
        world.refuses(world.get(path), field=name)


@every_list
def test_a_parameter_that_does_not_exist_is_refused_and_the_right_ones_are_named(route, world):
    for name in ("nope", "offset", "limit", "page", "format", "depot__code", "Ordering"):
        problem = world.refuses(world.get(f"{world.path(route)}?{name}=1"), field=name)
        assert "page_size" in problem["errors"][name][0]


@every_list
def test_a_parameter_given_twice_is_refused(route, world):
    for query in ("page_size=1&page_size=2", "page_size=1&page_size=1", "ordering=id&ordering=-id"):
        world.refuses(world.get(f"{world.path(route)}?{query}"), field=query.split("=", 1)[0])


@every_list
def test_thousands_of_parameters_are_refused(route, world):
    for query in ("&".join(f"p{number}=1" for number in range(5_000)), "&" * 5_000 + "nope=1", "page_size=1&" * 900):
        world.refuses(world.get(f"{world.path(route)}?{query}"))


GARBAGE_CURSORS = [
    "",
    "x",
    "🔥",
    "%00",
    "%ff",
    "null",
    "e30",
    "W10",
    "====",
    "a" * 1_000,
    "a" * 2_001,
    "[" * 500,
    encoded("["),
    encoded("null"),
    encoded("[]"),
    encoded("{}"),
    encoded("[" * 600),
    encoded('["id"'),
    encoded("1" * 700),
    encoded('["id", false, NaN, 1]'),
    encoded("\ufeff[]"),
]
GARBAGE_VALUES = [
    "\ud800",
    "\x00",
    "x" * 500,
    2**63,
    10**400,
    -(10**400),
    True,
    None,
    1.5,
    [],
    {},
    "0000-00-00",
    "\ud800\udc00",
]
GARBAGE_IDS = [2**63, -(2**63) - 1, 10**400, "1", None, True, 1.5, []]


@every_list
def test_a_cursor_that_this_list_did_not_give_out_is_refused(route, world):
    orderings = LISTS[route]
    for cursor in GARBAGE_CURSORS:
        world.refuses(
            world.get(f"{world.path(route)}?cursor={cursor if '%' in cursor else quote(cursor)}"), field="cursor"
        )
    for ordering in orderings:
        path = f"{world.path(route)}?ordering={ordering}&page_size=1"
        link = real_cursor(world, route, ordering)
        listed, real_ordering, backwards, value, id = json.loads(base64.urlsafe_b64decode(link + "=="))
        assert (real_ordering, backwards) == (ordering, False)
        forged = [(listed, ordering, False, garbage, id) for garbage in GARBAGE_VALUES if ordering.lstrip("-") != "id"]
        forged += [(listed, ordering, False, value, garbage) for garbage in GARBAGE_IDS]
        forged += [
            ("nothing", ordering, False, value, id),
            (listed, "email", False, value, id),
            (listed, ordering, "x", value, id),
            (listed, ordering, None, value, id),
            (listed, ordering, False, value),
            (listed, ordering, False, value, id, 1),
        ]
        for parts in forged:
            answer = world.get(f"{path}&cursor={cursor_of(*parts)}")
            if answer.status_code == 200:  # text of any kind may be a name
                assert isinstance(parts[3], str), parts
                assert ordering.lstrip("-") not in {"id", "effective_from"}, parts
                json.loads(json.dumps(parts[3])).encode()
            else:
                world.refuses(answer, field="cursor")


MADE_BY = {"invoices/": "transactions/", "customers/<id>/open-invoices/": "transactions/"}
SEVERAL = {"audit/", "sessions/", "users/", "inventories/", "inventories/movements/", "meters/<id>/readings/"}


def real_cursor(world: World, route: str, ordering: str) -> str:
    """The cursor of a second page, of which there is one."""
    maker = MADE_BY.get(route, route)
    if route.endswith("rates/"):
        make_rates(world)
    elif route.startswith("reports/"):
        make_customers(world)
    elif route == "sync/exceptions/":
        an_exception(world.driver)
    elif route not in SEVERAL:
        assert world.send_json("POST", maker, world.body(maker)).status_code == 201
    world.settle()
    link = world.get(f"{world.path(route)}?ordering={ordering}&page_size=1").json()["next"]
    return link.split("cursor=")[1].split("&")[0]


def make_customers(world: World) -> None:
    """With credit, and a cylinder each."""
    for _ in range(2):
        customer = make.a_customer(world.admin, world.driver.depot)
        a_payment(world.admin, customer, "5.00")
        fill(world.admin, Owner("customer", customer.pk), world.equipment, 1, "")


def make_rates(world: World) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        for route in ("customers/<id>/rates/", "equipment/<id>/rates/"):
            answer = world.send_json("POST", route, {**world.body(route), "effective_from": day})
            assert answer.status_code == 201


def test_a_cursor_of_another_list_or_another_ordering_is_refused(world):
    for other in LISTS:
        cursor = real_cursor(world, other, "id")
        world.settle()
        for route in LISTS:
            for ordering in LISTS[route]:
                answer = world.get(f"{world.path(route)}?cursor={cursor}&ordering={ordering}")
                if (route, ordering) == (other, "id"):
                    assert answer.status_code == 200
                else:
                    world.refuses(answer, field="cursor")
