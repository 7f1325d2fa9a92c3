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
from lpg.integrity import services as integrity
from lpg.inventory.places import Owner
from lpg.meters.models import MeterReading
from lpg.roles import Role
from tests import make
from tests.bad import a_payment, is_a_problem
from tests.bodies import Company
from tests.day_closes import an_early_close
from tests.phones import a_device
from tests.post import failed
from tests.pushing import an_exception
from tests.routes import spelled
from tests.sales import a_meter, a_reading, a_sale, delivered, full_back
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
api/v1/invoices/<id>/pdf/                      GET    401 200 404 404 200 404 200 401 401
api/v1/invoices/<id>/ubl/                      GET    401 409 404 404 409 404 409 401 401
api/v1/invoices/<id>/email/                    POST   401 202 404 404 202 404 202 401 401
api/v1/invoices/<id>/deliveries/<delivery>/retry/ POST 401 200 404 404 200 404 200 401 401
api/v1/invoices/<id>/print/                    POST   401 200 404 404 200 404 200 401 401
api/v1/payments/                               GET    401 200 200 200 200 200 200 401 401
api/v1/payments/                               POST   401 201 201 400 201 400 201 401 401
api/v1/payments/<id>/                          GET    401 200 404 404 200 404 200 401 401
api/v1/payments/<id>/receipt/                  GET    401 200 404 404 200 404 200 401 401
api/v1/payments/<id>/allocate/                 POST   401 200 404 404 200 404 200 401 401
api/v1/payments/<id>/reverse/                  POST   401 403 403 403 200 404 200 401 401
api/v1/invoices/<id>/allocate/                 POST   401 200 404 404 200 404 200 401 401
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
api/v1/day-closes/                             GET    401 200 200 200 200 200 200 401 401
api/v1/day-closes/                             POST   401 201 403 403 201 403 201 401 401
api/v1/day-closes/<id>/                        GET    401 200 404 404 200 404 200 401 401
api/v1/day-closes/<id>/approve/                POST   401 403 403 403 200 404 200 401 401
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
api/v1/customers/<id>/credit/                  GET    401 200 200 404 200 404 200 401 401
api/v1/meters/<id>/                            GET    401 200 200 404 200 404 200 401 401
api/v1/meters/<id>/readings/                   GET    401 200 200 404 200 404 200 401 401
api/v1/meters/<id>/readings/                   POST   401 201 201 404 201 404 201 401 401
api/v1/meters/<id>/readings/<reading>/void/    POST   401 403 403 403 200 404 200 401 401
api/v1/meters/<id>/replace/                    POST   401 403 403 403 201 404 201 401 401
api/v1/customers/<id>/statement/               GET    401 403 403 403 200 404 200 401 401
api/v1/customers/<id>/statement/pdf/           GET    401 403 403 403 200 404 200 401 401
api/v1/reports/ageing/                         GET    401 403 403 403 200 200 200 401 401
api/v1/reports/sales/                          GET    401 403 403 403 200 200 200 401 401
api/v1/reports/takings/                        GET    401 403 403 403 200 200 200 401 401
api/v1/reports/cylinders/                      GET    401 403 403 403 200 200 200 401 401
api/v1/sync/push/                              POST   401 200 200 200 200 200 200 200 401
api/v1/sync/exceptions/                        GET    401 403 403 403 200 200 200 401 401
api/v1/sync/exceptions/<id>/                   GET    401 403 403 403 200 404 200 401 401
api/v1/sync/exceptions/<id>/retry/             POST   401 403 403 403 200 404 200 401 401
api/v1/sync/exceptions/<id>/resolve/           POST   401 403 403 403 200 404 200 401 401
api/v1/sync/exceptions/<id>/dismiss/           POST   401 403 403 403 200 404 200 401 401
api/v1/sync/pull/                              GET    401 200 200 200 200 200 200 401 401
api/v1/sync/devices/                           GET    401 200 200 200 200 200 200 401 401
api/v1/sync/devices/                           POST   401 201 201 201 201 201 201 401 401
api/v1/sync/devices/<id>/switch-off/           POST   401 200 404 404 200 404 200 401 401
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
app/<path>                                     GET    200 200 200 200 200 200 200 200 200
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
def company(admin, singgas, driver, one_transaction, settings, tmp_path):
    """What the addresses name, all of it SINGGAS's; a spare session of the driver's to throw out; a phone app.

    What can be decided once only is made anew for each who asks.
    """
    settings.PHONE_APP = tmp_path
    (tmp_path / "index.html").write_text("<p>The app</p>")
    customer, equipment = make.a_customer(admin, singgas), make.some_equipment(admin)
    for owner in (Owner("depot", singgas.pk), Owner("truck", driver.vehicle_id)):
        fill(admin, owner, equipment, 1_000)
    fill(admin, Owner("customer", customer.pk), equipment, 10, "")
    counter = make.a_user(Role.ADMIN)
    integrity.keep(integrity.verify())

    def a_read_meter() -> int:
        meter = a_meter(admin, customer, "10")
        a_reading(driver, meter, "20")
        return meter.pk

    return {
        "transactions": lambda: a_sale(driver, customer, delivered(equipment, 1, rate="1")).transaction.pk,  # it waits
        "invoices": a_sale(driver, customer, delivered(equipment, 1)).invoice.pk,
        "invoices/<id>/allocate/": a_sale(driver, customer, full_back(equipment)).invoice.pk,
        "payments": lambda: a_payment(driver, customer, "5.00").pk,
        "meters": a_read_meter,
        "distributions": lambda: a_distribution(driver, singgas.pk, (equipment, 1)).pk,
        "inventories/counts": lambda: a_count(counter, Owner("depot", singgas.pk), equipment, 1_001).pk,
        "sync/exceptions": lambda: an_exception(driver).pk,
        "sync/devices": lambda: a_device(driver).pk,
        "day-closes": lambda: an_early_close(driver).pk,
        "customers": customer.pk,
        "equipment": equipment.pk,
        "depots": singgas.pk,
        "vehicles": driver.vehicle_id,
        "users": driver.pk,
        "sessions": make.a_client(driver).signed_in.pk,
        "audit": AuditLog.objects.get(action="CREATE_CUSTOMER", entity_id=customer.pk).pk,
    }


def path_of(route: str, company: dict) -> str:
    bare = route.removeprefix("api/v1/")
    named = company.get(bare, company.get(bare.split("/<id>")[0]))
    id = named() if callable(named) else named
    path = "/" + route.replace("<id>", str(id))
    if "<reading>" in route:
        path = path.replace("<reading>", str(MeterReading.objects.filter(meter=id).latest("pk").pk))
    if "<delivery>" in route:
        path = path.replace("<delivery>", str(failed(User.objects.get(username="admin"), id).pk))
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
    if answer.streaming:
        for close in answer._resource_closers:  # answer.close() would take the test's connection with it
            close()
    return answer.status_code


@pytest.mark.parametrize("route", dict.fromkeys(route for route, _ in EXPECTED if route.startswith("api/")))
def test_an_address_says_which_methods_it_allows_when_it_refuses_one(route, admin, signed_in):
    allowed = {method for method in METHODS if set(EXPECTED[route, method].split()) - {"401", "405"}}
    answer = signed_in(admin).options("/" + re.sub("<[a-z]+>", "1", route))
    assert (answer.status_code, set(answer["Allow"].split(", "))) == (405, allowed)
    assert all(method in answer.json()["detail"] for method in allowed)
