"""Who may do what: every address, every method, everybody, against one table, and the rules behind it one by one."""

import json
import re
from collections.abc import Callable

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from lpg.accounts.models import Session, User
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer
from lpg.integrity import services as integrity
from lpg.inventory.places import Owner
from lpg.meters.models import MeterReading
from lpg.roles import Role
from tests import make
from tests.bad import a_payment, is_a_problem
from tests.bodies import Company
from tests.routes import spelled
from tests.sales import a_meter, a_reading, a_sale, delivered
from tests.stock import a_count, a_distribution, fill

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PERSONAS = (
    "anonymous",
    "driver",
    "colleague",
    "other_driver",
    "supervisor",
    "other_supervisor",
    "admin",
    "switched_off",
    "thrown_out",
)
REFUSED = "405 405 405 405 405 405 405 405 405"
NOT_HERE = "401 405 405 405 405 405 405 401 401"  # no such method; said only to those who are signed in

# What is named (a customer, a truck, a person …) belongs to depot SINGGAS; so do driver, colleague and supervisor.
# What was sold, paid, collected was the driver's; what drivers take, they take from the driver's truck. The others are
# of depot UNION.
# switched_off and thrown_out are administrators with tokens that have not run out.
TABLE = """
api/v1/token/                                  POST   200 200 200 200 200 200 200 200 200
api/v1/token/refresh/                          POST   200 200 200 200 200 200 200 200 200
api/v1/token/revoke/                           POST   204 204 204 204 204 204 204 204 204
api/v1/me/                                     GET    401 200 200 200 200 200 200 401 401
api/v1/me/password/                            POST   401 200 200 200 200 200 200 401 401
api/v1/sessions/                               GET    401 200 200 200 200 200 200 401 401
api/v1/sessions/<id>/revoke/                   POST   401 200 404 404 404 404 200 401 401
api/v1/transactions/                           GET    401 200 200 200 200 200 200 401 401
api/v1/transactions/                           POST   401 201 403 400 201 400 201 401 401
api/v1/transactions/create_transaction/        POST   401 201 403 400 201 400 201 401 401
api/v1/transactions/<id>/                      GET    401 200 404 404 200 404 200 401 401
api/v1/transactions/<id>/approve/              POST   401 403 403 403 200 404 200 401 401
api/v1/transactions/<id>/void/                 POST   401 403 403 403 200 404 200 401 401
api/v1/invoices/                               GET    401 200 200 200 200 200 200 401 401
api/v1/invoices/<id>/                          GET    401 200 404 404 200 404 200 401 401
api/v1/payments/                               GET    401 200 200 200 200 200 200 401 401
api/v1/payments/                               POST   401 201 201 400 201 400 201 401 401
api/v1/payments/<id>/                          GET    401 200 404 404 200 404 200 401 401
api/v1/payments/<id>/allocate/                 POST   401 200 404 404 200 404 200 401 401
api/v1/distributions/                          GET    401 200 200 200 200 200 200 401 401
api/v1/distributions/                          POST   401 201 403 403 201 403 201 401 401
api/v1/distributions/create_distribution/      POST   401 201 403 403 201 403 201 401 401
api/v1/distributions/<id>/                     GET    401 200 404 404 200 404 200 401 401
api/v1/distributions/<id>/confirm/             POST   401 200 404 404 200 404 200 401 401
api/v1/distributions/<id>/cancel/              POST   401 200 404 404 200 404 200 401 401
api/v1/inventories/                            GET    401 200 200 200 200 200 200 401 401
api/v1/inventories/update/                     POST   401 403 403 403 200 403 200 401 401
api/v1/inventories/update_inventory/           POST   401 403 403 403 200 403 200 401 401
api/v1/inventories/transfers/                  POST   401 403 403 403 201 403 201 401 401
api/v1/inventories/movements/                  GET    401 200 200 200 200 200 200 401 401
api/v1/inventories/counts/                     GET    401 403 403 403 200 200 200 401 401
api/v1/inventories/counts/                     POST   401 403 403 403 201 403 201 401 401
api/v1/inventories/counts/<id>/                GET    401 403 403 403 200 404 200 401 401
api/v1/inventories/counts/<id>/approve/        POST   401 403 403 403 200 404 200 401 401
api/v1/inventories/counts/<id>/cancel/         POST   401 403 403 403 200 404 200 401 401
api/v1/customers/                              GET    401 200 200 200 200 200 200 401 401
api/v1/customers/                              POST   401 403 403 403 201 403 201 401 401
api/v1/customers/<id>/                         GET    401 200 200 404 200 404 200 401 401
api/v1/customers/<id>/                         PUT    401 403 403 403 200 404 200 401 401
api/v1/customers/<id>/                         PATCH  401 403 403 403 200 404 200 401 401
api/v1/customers/<id>/rates/                   GET    401 200 200 404 200 404 200 401 401
api/v1/customers/<id>/rates/                   POST   401 403 403 403 201 404 201 401 401
api/v1/customers/<id>/meters/                  GET    401 200 200 404 200 404 200 401 401
api/v1/customers/<id>/meters/                  POST   401 403 403 403 201 404 201 401 401
api/v1/customers/<id>/open-invoices/           GET    401 200 200 404 200 404 200 401 401
api/v1/meters/<id>/                            GET    401 200 200 404 200 404 200 401 401
api/v1/meters/<id>/readings/                   GET    401 200 200 404 200 404 200 401 401
api/v1/meters/<id>/readings/                   POST   401 201 201 404 201 404 201 401 401
api/v1/meters/<id>/readings/<reading>/void/    POST   401 403 403 403 200 404 200 401 401
api/v1/meters/<id>/replace/                    POST   401 403 403 403 201 404 201 401 401
api/v1/equipment/                              GET    401 200 200 200 200 200 200 401 401
api/v1/equipment/                              POST   401 403 403 403 403 403 201 401 401
api/v1/equipment/<id>/                         GET    401 200 200 200 200 200 200 401 401
api/v1/equipment/<id>/                         PUT    401 403 403 403 403 403 200 401 401
api/v1/equipment/<id>/                         PATCH  401 403 403 403 403 403 200 401 401
api/v1/equipment/<id>/rates/                   GET    401 200 200 200 200 200 200 401 401
api/v1/equipment/<id>/rates/                   POST   401 403 403 403 403 403 201 401 401
api/v1/depots/                                 GET    401 200 200 200 200 200 200 401 401
api/v1/depots/                                 POST   401 403 403 403 403 403 201 401 401
api/v1/depots/<id>/                            GET    401 200 200 200 200 200 200 401 401
api/v1/depots/<id>/                            PUT    401 403 403 403 403 403 200 401 401
api/v1/depots/<id>/                            PATCH  401 403 403 403 403 403 200 401 401
api/v1/vehicles/                               GET    401 200 200 200 200 200 200 401 401
api/v1/vehicles/                               POST   401 403 403 403 403 403 201 401 401
api/v1/vehicles/<id>/                          GET    401 200 200 200 200 200 200 401 401
api/v1/vehicles/<id>/                          PUT    401 403 403 403 403 403 200 401 401
api/v1/vehicles/<id>/                          PATCH  401 403 403 403 403 403 200 401 401
api/v1/users/                                  GET    401 403 403 403 200 200 200 401 401
api/v1/users/                                  POST   401 403 403 403 403 403 201 401 401
api/v1/users/<id>/                             GET    401 403 403 403 200 404 200 401 401
api/v1/users/<id>/                             PUT    401 403 403 403 403 403 200 401 401
api/v1/users/<id>/                             PATCH  401 403 403 403 403 403 200 401 401
api/v1/audit/                                  GET    401 403 403 403 200 200 200 401 401
api/v1/audit/<id>/                             GET    401 403 403 403 200 404 200 401 401
api/v1/integrity/                              GET    401 403 403 403 403 403 200 401 401
api/v1/integrity/                              POST   401 403 403 403 403 403 200 401 401
api/schema/                                    GET    200 200 200 200 200 200 200 200 200
api/schema/swagger-ui/                         GET    200 200 200 200 200 200 200 200 200
api/schema/redoc/                              GET    200 200 200 200 200 200 200 200 200
healthz                                        GET    200 200 200 200 200 200 200 200 200
readyz                                         GET    200 200 200 200 200 200 200 200 200
metrics                                        GET    200 200 200 200 200 200 200 200 200
admin/                                         GET    302 302 302 302 302 302 302 302 302
                                               GET    302 302 302 302 302 302 302 302 302
favicon.ico                                    GET    302 302 302 302 302 302 302 302 302
"""


def _expected() -> dict[tuple[str, str], str]:
    """(route, method) → statuses in the order of PERSONAS. What the table does not name, an API address refuses."""
    lines = [re.match(r"(\S*) +([A-Z]+) +([0-9 ]+)$", line).groups() for line in TABLE.strip("\n").splitlines()]
    table = {(route, method): statuses for route, method, statuses in lines}
    for route in {route for route, _ in table}:
        if route.startswith("api/"):
            for other in METHODS:
                public = route.startswith(("api/v1/token/", "api/schema/"))
                missing = REFUSED if public else NOT_HERE
                fallback = table.get((route, "GET"), missing) if other == "HEAD" else missing
                table.setdefault((route, other), fallback)
    return table


EXPECTED = _expected()


def addresses(patterns=None, before: str = "") -> dict[str, URLPattern]:
    """Every address of the resolver, in the table's spelling."""
    found: dict[str, URLPattern] = {}
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= addresses(pattern.url_patterns, route)
        else:
            found[spelled(route)] = pattern
    return found


def test_every_address_stands_in_the_table():
    known = {route for route, _ in EXPECTED}
    everything = set(addresses())
    spelled_again = {route for route in everything if route.startswith("api/") and route not in known}
    canonical = {route.replace("api/", "api/v1/", 1) for route in spelled_again - {"api/"}}
    assert canonical == {route for route in known if route.startswith("api/v1/")}
    assert {route for route in everything if not route.startswith(("api/", "admin/"))} == {
        route for route in known if not route.startswith(("api/", "admin/"))
    }
    assert {route for route in everything if route.startswith(("api/v1/", "api/schema/"))} == {
        route for route in known if route.startswith(("api/v1/", "api/schema/"))
    }


def test_the_address_without_a_version_is_the_same_api():
    found = addresses()
    for route, pattern in found.items():
        if route.startswith("api/v1/"):
            assert found[route.replace("api/v1/", "api/")] is pattern


@pytest.fixture
def personas(admin, singgas, union, driver, other_driver, supervisor):
    truck = make.a_vehicle(admin, singgas)
    colleague = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, vehicle=truck.pk)
    other_supervisor = make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk)
    switched_off = make.a_client(make.a_user(Role.ADMIN))
    User.objects.filter(pk=switched_off.signed_in.user_id).update(is_active=False)
    thrown_out = make.a_client(make.a_user(Role.ADMIN))
    Session.objects.filter(pk=thrown_out.signed_in.pk).update(revoked_at=timezone.now())
    people = (None, driver, colleague, other_driver, supervisor, other_supervisor, admin)
    clients = [make.a_client(user) for user in people]
    return dict(zip(PERSONAS, [*clients, switched_off, thrown_out], strict=True))


@pytest.fixture
def company(admin, singgas, driver, one_transaction):
    """What the addresses name, all of it SINGGAS's; a spare session of the driver's to throw out.

    What can be decided once only is made anew for each who asks.
    """
    customer, equipment = make.a_customer(admin, singgas), make.some_equipment(admin)
    for owner in (Owner("depot", singgas.pk), Owner("truck", driver.vehicle_id)):
        fill(admin, owner, equipment, 1_000)
    counter = make.a_user(Role.ADMIN)
    integrity.keep(integrity.verify())

    def a_read_meter() -> int:
        meter = a_meter(admin, customer, "10")
        a_reading(driver, meter, "20")
        return meter.pk

    return {
        "transactions": lambda: a_sale(driver, customer, delivered(equipment, 1, rate="1")).transaction.pk,  # it waits
        "invoices": a_sale(driver, customer, delivered(equipment, 1)).invoice.pk,
        "payments": a_payment(driver, customer, "5.00").pk,
        "meters": a_read_meter,
        "distributions": lambda: a_distribution(driver, singgas.pk, (equipment, 1)).pk,
        "inventories/counts": lambda: a_count(counter, Owner("depot", singgas.pk), equipment, 1_001).pk,
        "customers": customer.pk,
        "equipment": equipment.pk,
        "depots": singgas.pk,
        "vehicles": driver.vehicle_id,
        "users": driver.pk,
        "sessions": make.a_client(driver).signed_in.pk,
        "audit": AuditLog.objects.get(action="CREATE_CUSTOMER", entity_id=customer.pk).pk,
    }


def path_of(route: str, company: dict) -> str:
    named = company.get(route.removeprefix("api/v1/").split("/<id>")[0])
    id = named() if callable(named) else named
    path = "/" + route.replace("<id>", str(id))
    if "<reading>" in route:
        path = path.replace("<reading>", str(MeterReading.objects.filter(meter=id).latest("pk").pk))
    return path


@pytest.mark.parametrize("route", dict.fromkeys(route for route, _ in EXPECTED), ids=lambda route: route or "/")
def test_everybody_gets_what_the_table_says(route, personas, company, driver):
    """The bodies are right, so that only the permission decides."""
    bodies = Company(driver, company["equipment"], company["customers"], a_refresh_token_of(driver))

    def body(method: str) -> dict:
        whole = bodies.body(route.removeprefix("api/v1/"))
        if method in {"PUT", "PATCH"}:
            whole.pop("password", None)  # it would end the sessions
        return whole

    methods = [method for method in METHODS if (route, method) in EXPECTED]
    found = {
        method: {
            name: status_of(client, method, path_of(route, company), body(method)) for name, client in personas.items()
        }
        for method in methods
    }
    assert found == {
        method: dict(zip(PERSONAS, map(int, EXPECTED[route, method].split()), strict=True)) for method in methods
    }


def a_refresh_token_of(user: User) -> Callable[[], str]:
    """Each time of another session: who revokes one leaves the others as they are."""
    return lambda: make.tokens.issue(make.a_client(user).signed_in)["refresh"]


def status_of(client: APIClient, method: str, path: str, body: dict) -> int:
    """The status; a refusal of the API is a problem whoever asks."""
    raw = "" if method in {"GET", "HEAD"} else json.dumps(body)
    answer = client.generic(method, path, raw, content_type="application/json" if raw else "")
    if path.startswith("/api/") and answer.status_code >= 400 and method != "HEAD":
        is_a_problem(answer)
    if answer.status_code == 401 and "token" not in path:
        assert answer["WWW-Authenticate"] == 'Bearer realm="api"'
    return answer.status_code


@pytest.mark.parametrize("route", dict.fromkeys(route for route, _ in EXPECTED if route.startswith("api/")))
def test_an_address_says_which_methods_it_allows_when_it_refuses_one(route, admin, signed_in):
    allowed = {method for method in METHODS if set(EXPECTED[route, method].split()) - {"401", "405"}}
    answer = signed_in(admin).options("/" + route.replace("<id>", "1").replace("<reading>", "1"))
    assert (answer.status_code, set(answer["Allow"].split(", "))) == (405, allowed)
    assert all(method in answer.json()["detail"] for method in allowed)


# --- A row of another depot -------------------------------------------------------------------------------------------


def test_a_supervisor_does_not_find_a_customer_of_another_depot_and_changes_nothing(
    admin, union, supervisor, signed_in
):
    client = signed_in(supervisor)
    theirs = make.a_customer(admin, union)
    path = f"/api/v1/customers/{theirs.pk}/"
    whole = {"customer_code": "X", "name": "X", "payment_type": "CASH", "depot": union.pk}
    rate = {"equipment": None, "rate": "1", "effective_from": "2026-01-01"}
    for answer in (
        client.get(path),
        client.patch(path, {"name": "X"}, format="json"),
        client.put(path, whole, format="json"),
        client.get(f"{path}rates/"),
        client.post(f"{path}rates/", rate, format="json"),
    ):
        unknown = client.get("/api/v1/customers/987654321/")
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    theirs.refresh_from_db()
    assert (theirs.name, theirs.rates.count()) != ("X", 1)
    assert theirs.name != "X"


def test_a_supervisor_makes_no_customer_at_another_depot_that_can_be_seen(union, supervisor, signed_in):
    body = {"customer_code": "N-1", "name": "N", "payment_type": "CASH", "depot": union.pk}
    answer = signed_in(supervisor).post("/api/v1/customers/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Customer.objects.exists()


def test_an_unknown_depot_in_a_body_is_400_on_that_field(supervisor, signed_in):
    body = {"customer_code": "N-1", "name": "N", "payment_type": "CASH", "depot": 987654321}
    answer = signed_in(supervisor).post("/api/v1/customers/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["depot"])


def test_moving_a_customer_needs_the_right_at_both_depots(admin, singgas, union, supervisor, signed_in):
    customer = make.a_customer(admin, singgas)
    client, path = signed_in(supervisor), f"/api/v1/customers/{customer.pk}/"
    assert client.patch(path, {"depot": union.pk}, format="json").status_code == 403
    customer.refresh_from_db()
    assert customer.depot_id == singgas.pk

    supervisor.depots.add(union)
    moved = client.patch(path, {"depot": union.pk}, format="json")
    assert (moved.status_code, moved.json()["depot"]) == (200, union.pk)
    back = client.patch(path, {"depot": singgas.pk}, format="json")
    assert (back.status_code, back.json()["depot"]) == (200, singgas.pk)


def test_a_retired_depot_takes_no_customers_but_keeps_those_it_has(admin, singgas, union, signed_in):
    customer = make.a_customer(admin, singgas)
    client = signed_in(admin)
    for depot in (singgas, union):
        client.patch(f"/api/v1/depots/{depot.pk}/", {"is_active": False}, format="json")
    path = f"/api/v1/customers/{customer.pk}/"
    moved = client.patch(path, {"depot": union.pk}, format="json")
    assert (moved.status_code, moved.json()["code"]) == (409, "inactive")
    assert client.patch(path, {"depot": singgas.pk, "name": "Kept"}, format="json").json()["name"] == "Kept"


@pytest.mark.parametrize("person", ["supervisor", "driver"])
def test_further_depots_are_own_depots(person, admin, union, signed_in, request):
    user = request.getfixturevalue(person)
    theirs = make.a_customer(admin, union)
    client, path = signed_in(user), f"/api/v1/customers/{theirs.pk}/"
    assert client.get(path).status_code == 404
    user.depots.add(union)
    assert client.get(path).status_code == 200
    assert [row["id"] for row in client.get("/api/v1/customers/").json()["results"]] == [theirs.pk]


def test_lists_of_customers_hold_only_those_of_own_depots(admin, singgas, union, supervisor, driver, signed_in):
    mine, theirs = make.a_customer(admin, singgas), make.a_customer(admin, union)
    for user, seen in ((admin, [mine.pk, theirs.pk]), (supervisor, [mine.pk]), (driver, [mine.pk])):
        rows = signed_in(user).get("/api/v1/customers/").json()["results"]
        assert [row["id"] for row in rows] == seen
    asked = signed_in(supervisor).get(f"/api/v1/customers/?depot={union.pk}").json()
    assert asked["results"] == []


# --- The catalogue ----------------------------------------------------------------------------------------------------


def test_drivers_see_what_is_in_use_and_nothing_retired(admin, singgas, supervisor, driver, signed_in):
    retired = {
        "depots": make.a_depot(admin),
        "vehicles": make.a_vehicle(admin, singgas),
        "equipment": make.some_equipment(admin),
    }
    make.some_equipment(admin)
    for resource, row in retired.items():
        path = f"/api/v1/{resource}/{row.pk}/"
        assert signed_in(driver).get(path).status_code == 200
        assert signed_in(admin).patch(path, {"is_active": False}, format="json").status_code == 200
        assert signed_in(driver).get(path).status_code == 404
        assert signed_in(driver).get(f"/api/v1/{resource}/?is_active=false").json()["results"] == []
        shown = [entry["id"] for entry in signed_in(driver).get(f"/api/v1/{resource}/").json()["results"]]
        assert shown
        assert row.pk not in shown
        for user in (supervisor, admin):
            assert signed_in(user).get(path).json()["is_active"] is False
    assert signed_in(driver).get(f"/api/v1/equipment/{retired['equipment'].pk}/rates/").status_code == 404
