"""Every operation, as each role, with whatever a machine can think of: no 5xx, no answer off the schema."""

import json
from itertools import islice
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lpg.accounts.models import Session, SignInFailures, User
from lpg.audit.models import AuditLog
from lpg.equipment import services as equipment
from lpg.integrity.models import Run
from lpg.integrity.services import keep
from lpg.inventory.places import Owner
from lpg.invoices.models import Delivery
from lpg.meters.models import MeterReading
from lpg.roles import MAY, Role
from lpg.wsgi import application
from tests import make
from tests.bad import a_payment
from tests.day_closes import an_early_close
from tests.phones import a_device
from tests.post import failed
from tests.pushing import an_exception
from tests.routes import operations
from tests.sales import a_meter, a_reading, a_sale, delivered
from tests.stock import a_count, a_distribution, disagreements, fill

EXAMPLES = 30
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def _schema() -> Any:
    """As it is served, but for who may come in: each call brings its own token."""
    generated = json.loads(OpenApiJsonRenderer().render(SchemaGenerator().get_schema(request=None, public=True)))
    for methods in generated["paths"].values():
        for operation in methods.values():
            operation.pop("security", None)
    schema = schemathesis.openapi.from_dict(generated)
    schema.app = application
    return schema


SALES = {"POST /api/v1/transactions/", "POST /api/v1/transactions/create_transaction/"}
SECOND_NAMES = {
    "POST /api/v1/transactions/create_transaction/",
    "POST /api/v1/distributions/create_distribution/",
    "POST /api/v1/inventories/update_inventory/",
}
OPERATIONS = {result.ok().label: result.ok() for result in _schema().get_all_operations()}


@pytest.fixture
def one_connection():
    """The calls share the test's connection and its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def company(admin, singgas, union, supervisor, driver, other_driver, one_transaction, settings):
    """Something for ids to hit, seen and unseen."""
    settings.COMPANY = {**settings.COMPANY, "uen": "200012345W"}
    item = make.some_equipment(admin)
    depots = [Owner("depot", depot.pk) for depot in (singgas, union)]
    for place in (*depots, Owner("truck", driver.vehicle_id)):
        fill(admin, place, item, 50_000)
    mine = make.a_customer(admin, singgas, meter_rate="2.5", uen="201912345R")
    other = make.a_customer(admin, union, meter_rate="2.5")
    gauge = equipment.create_equipment(
        actor=admin, values={"sku": "G4", "name": "Gas meter", "equipment_type": "METER"}
    )
    for place in (*depots, Owner("truck", driver.vehicle_id)):
        fill(admin, place, gauge, 1_000)
    for customer in (mine, other):
        fill(admin, Owner("customer", customer.pk), item, 50_000, "")
    sessions = [make.a_client(user).signed_in for user in (admin, supervisor, driver)]
    keep(Run(at=timezone.now(), ok=True, checks=[]))
    company = {
        "customers": [mine.pk, other.pk],
        "equipment": [item.pk, gauge.pk],
        "depots": [singgas.pk, union.pk],
        "vehicles": [driver.vehicle_id, other_driver.vehicle_id],
        "users": [other_driver.pk, driver.pk],
        "distributions": [
            a_distribution(user, user.depot_id, (item, 1)).pk for user in (driver, other_driver, driver, driver)
        ],
        "inventories": [a_count(make.a_user(Role.ADMIN), depot, item, 49_999).pk for depot in [*depots, *depots]],
        "exceptions": [an_exception(driver).pk for _ in range(4)],
        "day-closes": [an_early_close(driver).pk for _ in range(4)],
        "sessions": [session.pk for session in sessions],
        "sync": [a_device(user).pk for user in (driver, other_driver, driver)],
    }
    company |= trade(admin, driver, mine, item)
    return {**company, "audit": list(AuditLog.objects.values_list("pk", flat=True)[:5])}


def trade(admin, driver, customer, item):
    """Meters with readings to void, sales to decide, documents to be paid, and money to pay them."""
    fill(admin, Owner("truck", driver.vehicle_id), item, 50_000)
    meters = [a_meter(admin, customer, "10", digits=12) for _ in range(3)]
    for reading in ("20", "30"):
        for meter in meters:
            a_reading(driver, meter, reading)
    documents = [a_sale(driver, customer, delivered(item, 1)).invoice.pk for _ in range(4)]
    for pk in documents * 2:
        failed(admin, pk)
    return {
        "meters": [meter.pk for meter in meters],
        "transactions": [
            a_sale(driver, customer, delivered(item, 1, rate="1")).transaction.pk for _ in range(4)
        ],  # they wait
        "invoices": documents,
        "payments": [a_payment(driver, customer, "50.00").pk for _ in range(4)],
    }


REFERENCES = {
    "depot": "depots",
    "to_depot": "depots",
    "equipment": "equipment",
    "equipment_id": "equipment",
    "vehicle": "vehicles",
    "customer": "customers",
    "meter": "meters",
    "invoices": "invoices",
}
OF_A_KIND = {"depot": "depots", "truck": "vehicles", "customer": "customers"}


def _needs() -> dict[str, str | None]:
    """Operation → the capability it needs."""
    return {
        f"{one.method} /api/v1/{one.route.replace('<', '{').replace('>', '}')}": getattr(one.door, "needs", {}).get(
            one.action
        )
        for one in operations()
    }


NEEDS = _needs()


def has_part(label: str, role: Role) -> bool:
    """Who has none in an operation is refused before anything is read: every eighth try shows that."""
    capability = NEEDS[label]
    return capability is None or role in MAY[capability]


@pytest.fixture
def people(driver, supervisor, admin):
    """Who changes least comes first."""
    return {Role(user.role): make.a_client(user) for user in (driver, supervisor, admin)}


def test_every_operation_is_tried():
    assert set(OPERATIONS) == set(NEEDS)


@pytest.mark.filterwarnings("ignore:Do not use the `random` module:hypothesis.errors.HypothesisDeprecationWarning")
@pytest.mark.parametrize("label", OPERATIONS)  # above: schemathesis does so, in a few of its strategies
def test_no_input_of_any_role_gets_a_mistake_or_an_answer_off_the_schema(label, company, people, one_connection):
    operation = OPERATIONS[label]
    seen: set[int] = set()
    modes = [operation.as_strategy(generation_mode=GenerationMode.POSITIVE)]
    if operation.path_parameters or operation.query or operation.body:
        modes.append(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(modes), hit=st.integers(0, 7))
    def fuzz(case: Any, hit: int) -> None:
        aim(case, company, label, hit)
        for role, client in people.items():
            if hit == 0 or has_part(label, role):
                seen.add(called(case, role, client))

    fuzz()
    reached = seen & {200, 201, 202} or not (label.startswith("GET") or label in SALES)
    assert reached, "nothing was ever found: the calls do not reach the test's rows"
    assert disagreements() == {}


@pytest.mark.parametrize("label", OPERATIONS)
def test_no_edge_of_any_field_gets_a_mistake_or_an_answer_off_the_schema(label, company, people, one_connection):
    """Each parameter and each field at, just within and just beyond what the schema says, and of every other kind;
    of PUT and PATCH, whose fields are those of POST, every second case; of an owner's second name every fourth."""
    operation = OPERATIONS[label]
    cases = operation.schema.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=operation.schema.config.generation_for(operation=operation),
    )
    number, step = 0, 4 if label in SECOND_NAMES else 2 if operation.method in {"put", "patch"} else 1
    for number, case in enumerate(islice(cases, 0, None, step), start=1):
        aim(case, company, label, number % 8)
        called(case, Role.ADMIN, people[Role.ADMIN])
    takes_nothing = not (operation.path_parameters or operation.query or operation.body)
    assert number > (1 if takes_nothing else 5)
    assert disagreements() == {}


def called(case: Any, role: Role, client: APIClient) -> int:
    """The status of the call by this client, who may have been thrown out by the one before."""
    if case.method != "GET":
        User.objects.filter(pk=client.signed_in.user_id).update(is_active=True, role=role)
        Session.objects.filter(pk=client.signed_in.pk).update(revoked_at=None)
        SignInFailures.objects.all().delete()
    headers = {"Authorization": client._credentials["HTTP_AUTHORIZATION"]}
    headers["Accept-Encoding"] = "identity"  # in one process nothing unpacks it
    status: int = case.call_and_validate(base_url="http://testserver", checks=CHECKS, headers=headers).status_code
    return status


def aim(case, company, label, hit):
    """Three in four well-formed calls name rows that exist: what is never found is never tried."""
    resource = label.split("/")[4 if "/sync/" in label else 3]
    if hit < 6 and case.meta.generation.mode is GenerationMode.POSITIVE:
        if isinstance(case.path_parameters.get("id"), int) and resource in company:
            case.path_parameters["id"] = company[resource][hit % len(company[resource])]
            if "reading" in case.path_parameters:
                newest = MeterReading.objects.filter(meter=case.path_parameters["id"], voided_at=None).latest("pk")
                case.path_parameters["reading"] = newest.pk
            if "delivery" in case.path_parameters:
                those = Delivery.objects.filter(invoice=case.path_parameters["id"], state="failed")
                case.path_parameters["delivery"] = those.values_list("pk", flat=True).first() or 1
        aim_body(case.body, company, hit)
        if label in SALES and isinstance(case.body, dict):
            aim_sale(case.body, company, hit)


def aim_sale(body, company, hit):
    """What each part may be, the whole sale may not: a time long ago, two sellers, a service with equipment."""
    for name in ("occurred_at", "client_temp_id", "is_rollover", "meter", "depot" if hit % 2 else "vehicle"):
        body.pop(name, None)
    if body.get("current_meter_reading") is not None:
        body |= {"customer": company["customers"][0], "meter": company["meters"][hit % 3]}
    if not isinstance(body.get("items"), list) or not body["items"]:
        body["items"] = [{"item_type": "DELIVERY", "equipment": company["equipment"][0], "quantity": 1}]
    for item in body["items"]:
        if isinstance(item, dict) and isinstance(item.get("quantity"), int):
            item.pop("condition", None)
            item["quantity"] = item["quantity"] % 100 + 1
            if item.get("item_type") == "SERVICE":
                item.pop("equipment", None)
                item |= {"rate": item.get("rate") or "1.5", "description": item.get("description") or "Hose changed"}
            elif item.get("item_type") == "EMPTY_RETURN":
                item.pop("rate", None)


def aim_body(body, company, hit):
    for part in body if isinstance(body, list) else []:
        aim_body(part, company, hit)
    if isinstance(body, dict):
        places = {"id": body.get("type"), "entity_id": body.get("entity")}
        kinds = REFERENCES | {name: OF_A_KIND[kind] for name, kind in places.items() if kind in OF_A_KIND}
        for name, value in body.items():
            if name in kinds and isinstance(value, int) and not isinstance(value, bool):
                body[name] = company[kinds[name]][hit % len(company[kinds[name]])]
            elif name in kinds and isinstance(value, list):
                body[name] = [company[kinds[name]][(hit + place) % 4] for place in range(len(value))]
            else:
                aim_body(value, company, hit)
