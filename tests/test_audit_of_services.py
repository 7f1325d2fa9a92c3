"""Every change that any service makes leaves exactly one audit row for each entity it changed."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from types import FunctionType, ModuleType
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

import lpg
from lpg import trace, work
from lpg.accounts import services as accounts
from lpg.accounts.models import Session, User
from lpg.audit import services as audit
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.customers.models import Customer, Rate
from lpg.depots import services as depots
from lpg.depots.models import Depot, Vehicle
from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.equipment import services as equipment
from lpg.equipment.models import DefaultRate, Equipment
from lpg.errors import Invalid, Missing, NotAllowed, Refused
from lpg.idempotency import services as idempotency
from lpg.integrity import services as integrity
from lpg.inventory import counts
from lpg.inventory import services as stock
from lpg.inventory.models import Balance, Count, Movement, Place, Transfer
from lpg.inventory.places import SCRAP, SUPPLIER, Owner, place_of
from lpg.numbering import services as numbering
from lpg.numbering.models import Series
from lpg.roles import Role
from lpg.worker import services as worker
from tests import make
from tests.stock import a_count, a_distribution, fill

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "seven-green-ladders"
DAY = date(2026, 11, 20)

NOT_AUDITED: dict[Callable[..., Any], str] = {
    audit.record: "writes the audit itself",
    audit.snapshot: "reads",
    audit.create: "the part of services that saves and records",
    audit.change: "the part of services that saves and records",
    audit.clean: "judges values",
    audit.save: "the part of services that saves",
    accounts.touch_session: "when a session was last used is no change of state",
    idempotency.fingerprint: "computes",
    idempotency.once: "its effect is a service",
    idempotency.purge: "forgets answers, changes no entity",
    numbering.take: "the document that takes the number is the record",
    numbering.prepare: "an empty counter is no document",
    stock.move: "the ledger is its own record; the service that moves records why",
    stock.corrections: "computes",
    stock.quantities: "reads, under a lock",
    integrity.verify: "reads",
    integrity.keep: "a look at the books is no change of them",
    worker.sweep: "does chores; what they change is theirs to record",
}


@dataclass
class Row:
    """One expected audit row: what was done to what, and every column that differs between before and after."""

    action: str
    entity: models.Model | None
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    lines: list[dict[str, Any]] | None = None  # a document's lines stand beside its columns
    depot: Depot | None = None
    partial: bool = False  # only what changed, and the reason: the ledger knows the rest
    silent: bool = False  # neither before nor after: the change is a secret


class World:
    """What the services need around them."""

    def __init__(self) -> None:
        self.admin = make.a_user(Role.ADMIN, username="admin", first_name="Ah Kow")
        self.depot = make.a_depot(self.admin, "SINGGAS")
        self.union = make.a_depot(self.admin, "UNION")
        self.vehicle = make.a_vehicle(self.admin, self.depot)
        self.driver = make.a_user(Role.DRIVER, by=self.admin, username="driver", depot=self.depot.pk)
        self.equipment = make.some_equipment(self.admin, rate="38.0000")
        self.customer = make.a_customer(self.admin, self.depot, credit_limit=Decimal("100.00"))
        self.metered = make.a_customer(self.admin, self.depot, meter_rate=Decimal("2.0000"))
        self.second = make.a_user(Role.SUPERVISOR, by=self.admin, depot=self.depot.pk)
        self.store, self.other_store = (place_of(Owner("depot", depot.pk)) for depot in (self.depot, self.union))
        self.truck, self.supplier = place_of(Owner("truck", self.vehicle.pk)), place_of(SUPPLIER)
        fill(self.admin, Owner("depot", self.depot.pk), self.equipment, 100)
        self.distribution = a_distribution(
            self.admin, self.depot.pk, (self.equipment, 4), (self.equipment, 1), vehicle_id=self.vehicle.pk
        )
        self.count = a_count(self.second, Owner("depot", self.depot.pk), self.equipment, 97)
        self.session = accounts.open_session(user=self.driver, user_agent="phone", now=timezone.now())


type Case = Callable[[World], list[Row]]
CASES: list[tuple[Callable[..., Any], Case]] = []


def case(service: Callable[..., Any]) -> Callable[[Case], Case]:
    """Marks a call of `service`; it returns the audit rows that the call must leave, in order."""

    def marked(call: Case) -> Case:
        CASES.append((service, call))
        return call

    return marked


def new(entity: models.Model) -> dict[str, tuple[Any, Any]]:
    """Everything about a new entity, read from its row in the database."""
    return {name: (None, value) for name, value in in_the_row(entity).items()}


def in_the_row(entity: models.Model) -> dict[str, Any]:
    row = type(entity)._base_manager.get(pk=entity.pk)
    found = {}
    for column in row._meta.concrete_fields:
        value = getattr(row, column.attname)
        plain = value is None or isinstance(value, (bool, int, str))
        found[column.name] = value if plain else value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(row, User):
        found["depots"] = sorted(depot.pk for depot in row.depots.all())
        del found["password"]
    return found


@case(depots.create_depot)
def a_new_depot(world: World) -> list[Row]:
    made = depots.create_depot(actor=world.admin, values={"code": "HSH-KB", "name": "Kranji"})
    return [Row("CREATE_DEPOT", made, new(made), depot=made)]


@case(depots.change_depot)
def a_changed_depot(world: World) -> list[Row]:
    values: depots.DepotValues = {"name": "New name", "code": "SINGGAS", "phone": "6452 1188", "is_active": False}
    old = world.depot.name
    made = depots.change_depot(actor=world.admin, depot_id=world.depot.pk, values=values)
    changed = {"name": (old, "New name"), "phone": ("", "6452 1188"), "is_active": (True, False)}
    return [Row("UPDATE_DEPOT", made, changed, depot=made)]


@case(depots.create_vehicle)
def a_new_vehicle(world: World) -> list[Row]:
    made = depots.create_vehicle(actor=world.admin, values={"plate_no": "SBX 1 A", "depot": world.union.pk})
    return [Row("CREATE_VEHICLE", made, new(made), depot=world.union)]


@case(depots.change_vehicle)
def a_vehicle_that_moves(world: World) -> list[Row]:
    made = depots.change_vehicle(actor=world.admin, vehicle_id=world.vehicle.pk, values={"depot": world.union.pk})
    return [Row("UPDATE_VEHICLE", made, {"depot": (world.depot.pk, world.union.pk)}, depot=world.union)]


@case(equipment.create_equipment)
def new_equipment_without_a_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {"sku": "M-1", "name": "Meter", "equipment_type": "METER"}
    made = equipment.create_equipment(actor=world.admin, values=values)
    return [Row("CREATE_EQUIPMENT", made, new(made))]


@case(equipment.create_equipment)
def new_equipment_with_a_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {
        "sku": "M-1",
        "name": "Meter",
        "equipment_type": "METER",
        "weight_kg": Decimal("1.50"),
        "default_rate": Decimal(0),
    }
    made = equipment.create_equipment(actor=world.admin, values=values)
    rate = DefaultRate.objects.latest("pk")
    return [Row("CREATE_EQUIPMENT", made, new(made)), Row("CREATE_DEFAULT_RATE", rate, new(rate))]


@case(equipment.change_equipment)
def equipment_with_a_new_name_and_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {"name": "Big", "default_rate": Decimal("39.5000"), "weight_kg": Decimal(12)}
    old = world.equipment.name
    made = equipment.change_equipment(actor=world.admin, equipment_id=world.equipment.pk, values=values)
    rate = DefaultRate.objects.latest("pk")
    return [
        Row("UPDATE_EQUIPMENT", made, {"name": (old, "Big"), "weight_kg": (None, "12.00")}),
        Row("CREATE_DEFAULT_RATE", rate, new(rate)),
    ]


@case(equipment.change_equipment)
def equipment_with_only_a_new_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {"default_rate": Decimal("39.5000")}
    equipment.change_equipment(actor=world.admin, equipment_id=world.equipment.pk, values=values)
    rate = DefaultRate.objects.latest("pk")
    return [Row("CREATE_DEFAULT_RATE", rate, new(rate))]


@case(equipment.add_default_rate)
def one_more_default_rate(world: World) -> list[Row]:
    rate = equipment.add_default_rate(
        actor=world.admin, equipment_id=world.equipment.pk, rate=Decimal(38), effective_from=DAY
    )
    return [Row("CREATE_DEFAULT_RATE", rate, new(rate))]


@case(customers.create_customer)
def a_new_customer(world: World) -> list[Row]:
    values: customers.CustomerValues = {
        "customer_code": "C-0",
        "name": "José 金龙",
        "payment_type": Customer.Payment.CASH,
        "depot": world.union.pk,
        "meter_rate": Decimal("2.35"),
    }
    made = customers.create_customer(actor=world.admin, values=values)
    rate = Rate.objects.latest("pk")
    return [
        Row("CREATE_CUSTOMER", made, new(made), depot=world.union),
        Row("CREATE_RATE", rate, new(rate), depot=world.union),
    ]


@case(customers.change_customer)
def a_customer_that_moves_and_gets_a_limit(world: World) -> list[Row]:
    values: customers.CustomerValues = {"depot": world.union.pk, "credit_limit": Decimal("100.5")}
    made = customers.change_customer(actor=world.admin, customer_id=world.customer.pk, values=values)
    changed = {"depot": (world.depot.pk, world.union.pk), "credit_limit": ("100.00", "100.50")}
    return [Row("UPDATE_CUSTOMER", made, changed, depot=world.union)]


@case(customers.change_customer)
def a_customer_with_a_new_meter_rate(world: World) -> list[Row]:
    values: customers.CustomerValues = {"meter_rate": Decimal("2.01"), "name": world.metered.name}
    customers.change_customer(actor=world.admin, customer_id=world.metered.pk, values=values)
    rate = Rate.objects.latest("pk")
    return [Row("CREATE_RATE", rate, new(rate), depot=world.depot)]


@case(customers.add_rate)
def a_rate_for_equipment(world: World) -> list[Row]:
    rate = customers.add_rate(
        actor=world.admin,
        customer_id=world.customer.pk,
        equipment_id=world.equipment.pk,
        rate=Decimal("36.5"),
        effective_from=DAY,
    )
    return [Row("CREATE_RATE", rate, new(rate), depot=world.depot)]


@case(accounts.create_user)
def a_new_user(world: World) -> list[Row]:
    values: accounts.UserValues = {
        "username": "New.One",
        "employee_id": "E-9000",
        "password": NEW_PASSWORD,
        "role": Role.SUPERVISOR,
        "depot": world.union.pk,
        "depots": [world.depot.pk],
    }
    made = accounts.create_user(actor=world.admin, values=values)
    return [Row("CREATE_USER", made, new(made), depot=world.union)]


@case(accounts.create_user)
def the_first_administrator(world: World) -> list[Row]:
    values: accounts.UserValues = {
        "username": "root",
        "employee_id": "E-0",
        "password": NEW_PASSWORD,
        "role": Role.ADMIN,
    }
    world.admin = None  # type: ignore[assignment]  # nobody: the system itself
    made = accounts.create_user(actor=None, values=values)
    return [Row("CREATE_USER", made, new(made))]


@case(accounts.change_user)
def a_user_with_further_depots(world: World) -> list[Row]:
    values: accounts.UserValues = {"depots": [world.union.pk], "first_name": "Ali", "vehicle": world.vehicle.pk}
    made = accounts.change_user(actor=world.admin, user_id=world.driver.pk, values=values)
    changed = {"depots": ([], [world.union.pk]), "first_name": ("", "Ali"), "vehicle": (None, world.vehicle.pk)}
    return [Row("UPDATE_USER", made, changed, depot=world.depot)]


@case(accounts.change_user)
def a_user_who_is_given_a_new_password(world: World) -> list[Row]:
    made = accounts.change_user(actor=world.admin, user_id=world.driver.pk, values={"password": NEW_PASSWORD})
    return [Row("CHANGE_PASSWORD", made, depot=world.depot, silent=True), out(world)]


@case(accounts.change_user)
def a_user_who_leaves(world: World) -> list[Row]:
    made = accounts.change_user(actor=world.admin, user_id=world.driver.pk, values={"is_active": False})
    return [Row("UPDATE_USER", made, {"is_active": (True, False)}, depot=world.depot), out(world)]


@case(accounts.change_own_password)
def somebody_who_changes_the_password(world: World) -> list[Row]:
    kept = accounts.open_session(user=world.admin, user_agent="desk", now=timezone.now())
    world.session = accounts.open_session(user=world.admin, user_agent="lost phone", now=timezone.now())
    opened = [Row("CREATE_SESSION", session, new(session)) for session in (kept, world.session)]
    made = accounts.change_own_password(actor=world.admin, new_password=NEW_PASSWORD, session_id=kept.pk)
    return [*opened, Row("CHANGE_PASSWORD", made, silent=True), out(world, depot=None)]


@case(accounts.open_session)
def a_sign_in(world: World) -> list[Row]:
    world.admin = world.driver
    made = accounts.open_session(user=world.driver, user_agent="phone", now=timezone.now())
    return [Row("CREATE_SESSION", made, new(made), depot=world.depot)]


@case(accounts.revoke_session)
def a_sign_out(world: World) -> list[Row]:
    accounts.revoke_session(actor=world.admin, session_id=world.session.pk)
    return [out(world)]


@case(stock.change_quantity)
def stock_that_is_set_right(world: World) -> list[Row]:
    balance = change_stock(world, quantity=97)
    return [Row("UPDATE_INVENTORY", balance, {"quantity": (100, 97)}, depot=world.depot, partial=True)]


@case(stock.change_quantity)
def stock_that_comes_to_a_truck(world: World) -> list[Row]:
    balance = change_stock(world, place=world.truck, condition="DAMAGED", delta=2)
    return [Row("UPDATE_INVENTORY", balance, {"quantity": (0, 2)}, depot=world.depot, partial=True)]


def change_stock(world: World, **given: Any) -> Balance:
    usual = {"actor": world.admin, "place": world.store, "condition": "FULL", "reason": "Counted again"}
    return stock.change_quantity(
        **{**usual, "equipment_id": world.equipment.pk, "now": timezone.now(), **given}  # type: ignore[arg-type]
    )


@case(stock.transfer)
def a_delivery_of_the_supplier(world: World) -> list[Row]:
    items = [stock.Item(world.equipment.pk, 5), stock.Item(world.equipment.pk, 6, "EMPTY")]
    return [transferred(world, world.supplier, world.store, items, depot=world.depot)]


@case(stock.transfer)
def stock_that_goes_to_another_depot(world: World) -> list[Row]:
    items = [stock.Item(world.equipment.pk, 5, "FULL", "DAMAGED")]
    return [transferred(world, world.store, world.other_store, items, depot=world.union)]


@case(stock.transfer)
def stock_that_is_scrapped(world: World) -> list[Row]:
    return [transferred(world, world.store, place_of(SCRAP), [stock.Item(world.equipment.pk, 1)], depot=world.depot)]


def transferred(world: World, origin: Place, goal: Place, items: list[stock.Item], depot: Depot) -> Row:
    made = stock.transfer(
        actor=world.admin, origin=origin, destination=goal, items=items, remarks="A note", now=timezone.now()
    )
    return Row("CREATE_TRANSFER", made, new(made), depot=depot, lines=[item._asdict() for item in items])


@case(counts.record)
def a_count_of_a_depot(world: World) -> list[Row]:
    lines = [counts.Counted(world.equipment.pk, condition, 98) for condition in ("FULL", "EMPTY")]
    made = counts.record(actor=world.admin, place=world.store, lines=lines, remarks="", now=timezone.now())
    return [Row("CREATE_COUNT", made, new(made), depot=world.depot, lines=[line._asdict() for line in lines])]


@case(counts.approve)
def a_count_that_is_approved(world: World) -> list[Row]:
    made = counts.approve(actor=world.admin, count_id=world.count.pk, reason="Lent", now=timezone.now())
    return [Row("APPROVE_COUNT", made, decided(world, made, "APPROVED"), depot=world.depot)]


@case(counts.cancel)
def a_count_that_is_put_aside(world: World) -> list[Row]:
    made = counts.cancel(actor=world.admin, count_id=world.count.pk, reason="Lent", now=timezone.now())
    return [Row("CANCEL_COUNT", made, decided(world, made, "CANCELLED"), depot=world.depot)]


def decided(world: World, count: Count, status: str) -> dict[str, tuple[Any, Any]]:
    when = in_the_row(count)["decided_at"]
    return {
        "status": ("PENDING", status),
        "decided_by": (None, world.admin.pk),
        "decided_at": (None, when),
        "reason": ("", "Lent"),
    }


@case(distributions.create)
def a_new_distribution(world: World) -> list[Row]:
    items = [
        distributions.Item(world.equipment.pk, 5, "OUT", "FULL"),
        distributions.Item(world.equipment.pk, 3, "IN", "EMPTY", world.union.pk),
    ]
    made = distributions.create(
        actor=world.admin,
        depot_id=world.depot.pk,
        items=items,
        other_side=distributions.OtherSide(vehicle_id=world.vehicle.pk),
        remarks="Morning",
        client_temp_id="phone-1",
        now=timezone.now(),
    )
    lines = [item._asdict() for item in items]
    return [Row("CREATE_DISTRIBUTION", made, new(made), depot=world.depot, lines=lines)]


@case(distributions.confirm)
def a_distribution_that_is_confirmed(world: World) -> list[Row]:
    made = distributions.confirm(actor=world.admin, distribution_id=world.distribution.pk, now=timezone.now())
    changed = {"status": ("PENDING", "CONFIRMED"), "confirmed_at": (None, in_the_row(made)["confirmed_at"])}
    return [Row("CONFIRM_DISTRIBUTION", made, changed, depot=world.depot)]


@case(distributions.cancel)
def a_distribution_that_is_cancelled(world: World) -> list[Row]:
    made = distributions.cancel(actor=world.admin, distribution_id=world.distribution.pk, now=timezone.now())
    changed = {"status": ("PENDING", "CANCELLED"), "cancelled_at": (None, in_the_row(made)["cancelled_at"])}
    return [Row("CANCEL_DISTRIBUTION", made, changed, depot=world.depot)]


def out(world: World, **given: Any) -> Row:
    world.session.refresh_from_db()
    changed = {"revoked_at": (None, in_the_row(world.session)["revoked_at"])}
    return Row("REVOKE_SESSION", world.session, changed, **{"depot": world.depot, **given})


def as_expected(row: AuditLog, expected: Row) -> None:
    before, after = row.payload["before"], row.payload["after"]
    assert expected.entity is not None
    assert (row.action, row.entity_type, row.entity_id) == (
        expected.action,
        type(expected.entity).__name__,
        expected.entity.pk,
    )
    assert row.depot_id == (expected.depot and expected.depot.pk)
    if expected.silent:
        assert (before, after) == (None, None)
        return
    kept = in_the_row(expected.entity)
    assert after.pop("items", after.pop("lines", None)) == expected.lines
    if expected.partial:
        assert after.pop("reason")
        assert set(before) == set(after) == set(expected.changed)
        assert {name: kept[name] for name in after} == after
    else:
        assert set(after) == set(kept), "a column is missing in the audit"
    differing = {
        name: ((before or {}).get(name), after[name]) for name in after if before is None or before[name] != after[name]
    }
    assert differing == expected.changed
    assert before is None or set(before) == set(after)


IDS = [call.__name__ for _, call in CASES]
CALLS = [call for _, call in CASES]


def public_functions(module: ModuleType) -> set[Callable[..., Any]]:
    functions = inspect.getmembers(
        module, lambda thing: isinstance(inspect.unwrap(thing), FunctionType) if callable(thing) else False
    )
    return {
        function for name, function in functions if not name.startswith("_") and function.__module__ == module.__name__
    }


def public_services() -> set[Callable[..., Any]]:
    found: set[Callable[..., Any]] = set()
    for app in pkgutil.iter_modules(lpg.__path__, "lpg."):
        if app.ispkg:
            for name in ("services", "counts"):
                try:
                    module = importlib.import_module(f"{app.name}.{name}")
                except ModuleNotFoundError:
                    continue
                found |= public_functions(module)
    return found


def test_every_public_service_stands_in_a_table_here():
    tested = {service for service, _ in CASES}
    assert not tested & set(NOT_AUDITED)
    assert public_services() == tested | set(NOT_AUDITED)


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_each_change_leaves_exactly_one_row_for_each_entity(call):
    world = World()
    before = AuditLog.objects.latest("pk").pk
    token = trace.request_id.set("request-7")
    started = timezone.now()
    try:
        expected = work.run(lambda: call(world))
    finally:
        trace.request_id.reset(token)
    rows = list(AuditLog.objects.filter(pk__gt=before).order_by("pk"))
    assert [row.action for row in rows] == [row.action for row in expected]
    who = (world.admin.pk, world.admin.username) if world.admin else (None, "system")
    for row, wanted in zip(rows, expected, strict=True):
        as_expected(row, wanted)
        assert (row.user_id, row.user_name, row.request_id) == (*who, "request-7")
        assert started <= row.created_at <= timezone.now()


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_what_is_rolled_back_leaves_no_row(call):
    world = World()
    before = AuditLog.objects.count()

    def broken_off() -> None:
        call(world)
        assert AuditLog.objects.count() > before
        raise Refused("not today")

    with pytest.raises(Refused):
        work.run(broken_off)
    assert AuditLog.objects.count() == before


@pytest.mark.parametrize("call", CALLS, ids=IDS)
def test_no_secret_is_ever_written_into_the_audit(call):
    world = World()
    hashes = set(User.objects.values_list("password", flat=True))
    work.run(lambda: call(world))
    hashes |= set(User.objects.values_list("password", flat=True))
    text = json.dumps(list(AuditLog.objects.values_list("payload", flat=True)))
    assert len(hashes) >= 2
    for secret in (make.PASSWORD, NEW_PASSWORD, *hashes, *(piece for each in hashes for piece in each.split("$")[1:])):
        assert secret not in text
    assert '"password"' not in text


@pytest.mark.parametrize(
    "nothing",
    [
        lambda world: depots.change_depot(
            actor=world.admin, depot_id=world.depot.pk, values={"code": "SINGGAS", "name": world.depot.name}
        ),
        lambda world: depots.change_depot(actor=world.admin, depot_id=world.depot.pk, values={}),
        lambda world: depots.change_vehicle(
            actor=world.admin, vehicle_id=world.vehicle.pk, values={"depot": world.depot.pk, "is_active": True}
        ),
        lambda world: equipment.change_equipment(
            actor=world.admin, equipment_id=world.equipment.pk, values={"default_rate": Decimal(38), "weight_kg": None}
        ),
        lambda world: customers.change_customer(
            actor=world.admin,
            customer_id=world.metered.pk,
            values={"meter_rate": Decimal(2), "depot": world.depot.pk, "payment_terms_days": 30},
        ),
        lambda world: customers.change_customer(
            actor=world.admin,
            customer_id=world.customer.pk,
            values={"credit_limit": Decimal(100), "meter_rate": None},
        ),
        lambda world: accounts.change_user(
            actor=world.admin, user_id=world.driver.pk, values={"username": "Driver", "depots": [], "role": Role.DRIVER}
        ),
        lambda world: change_stock(world, quantity=100),
        lambda world: accounts.touch_session(world.session, timezone.now() + timedelta(hours=1)),
    ],
)
def test_what_changes_nothing_leaves_nothing(nothing):
    world = World()
    before = AuditLog.objects.count()
    work.run(lambda: nothing(world))
    assert AuditLog.objects.count() == before
    assert not Session.objects.exclude(revoked_at=None).exists()


def test_a_session_that_is_out_is_not_thrown_out_again():
    world = World()
    first = accounts.revoke_session(actor=world.admin, session_id=world.session.pk)
    before = AuditLog.objects.count()
    assert accounts.revoke_session(actor=world.admin, session_id=world.session.pk).revoked_at == first.revoked_at
    assert AuditLog.objects.count() == before


@pytest.mark.parametrize(
    ("refusal", "attempt"),
    [
        (NotAllowed, lambda world: depots.create_depot(actor=world.driver, values={"code": "X", "name": "X"})),
        (NotAllowed, lambda world: depots.change_depot(actor=world.driver, depot_id=world.depot.pk, values={})),
        (Invalid, lambda world: depots.create_depot(actor=world.admin, values={"code": "SINGGAS", "name": "Twice"})),
        (Invalid, lambda world: depots.create_depot(actor=world.admin, values={"code": " x", "name": "Spaces"})),
        (Missing, lambda world: depots.change_depot(actor=world.admin, depot_id=10**9, values={"name": "Nowhere"})),
        (Invalid, lambda world: depots.create_vehicle(actor=world.admin, values={"plate_no": "A 1", "depot": 10**9})),
        (
            Invalid,
            lambda world: equipment.add_default_rate(
                actor=world.admin, equipment_id=world.equipment.pk, rate=Decimal("-0.01"), effective_from=DAY
            ),
        ),
        (
            Invalid,  # the rate comes after the equipment was changed
            lambda world: equipment.change_equipment(
                actor=world.admin,
                equipment_id=world.equipment.pk,
                values={"name": "Changed", "default_rate": Decimal("0.00001")},
            ),
        ),
        (NotAllowed, lambda world: change_stock(world, actor=world.driver, delta=1)),
        (stock.InsufficientStock, lambda world: change_stock(world, delta=-101)),
        (
            stock.InsufficientStock,  # the document is written before the stock is found to be short
            lambda world: transferred(
                world,
                world.store,
                world.truck,
                [stock.Item(world.equipment.pk, 1), stock.Item(world.equipment.pk, 1, "DAMAGED")],
                depot=world.depot,
            ),
        ),
        (
            Invalid,
            lambda world: transferred(
                world, world.supplier, world.supplier, [stock.Item(world.equipment.pk, 1)], depot=world.depot
            ),
        ),
        (
            NotAllowed,
            lambda world: counts.approve(
                actor=world.second, count_id=world.count.pk, reason="Mine", now=timezone.now()
            ),
        ),
        (
            Missing,
            lambda world: distributions.confirm(
                actor=world.driver, distribution_id=world.distribution.pk, now=timezone.now()
            ),
        ),
        (
            Invalid,  # the second depot of the two
            lambda world: distributions.create(
                actor=world.admin,
                depot_id=world.depot.pk,
                items=[
                    distributions.Item(world.equipment.pk, 1, "OUT", "FULL"),
                    distributions.Item(world.equipment.pk, 1, "OUT", "FULL", 10**9),
                ],
                other_side=distributions.OtherSide(vehicle_id=world.vehicle.pk),
                now=timezone.now(),
            ),
        ),
        (
            Invalid,
            lambda world: accounts.change_user(actor=world.admin, user_id=world.driver.pk, values={"password": "weak"}),
        ),
        (
            Invalid,
            lambda world: accounts.create_user(actor=world.admin, values={"username": "x", "employee_id": "x"}),
        ),
        (
            accounts.LastAdmin,
            lambda world: accounts.change_user(
                actor=world.admin, user_id=world.admin.pk, values={"is_active": False, "password": NEW_PASSWORD}
            ),
        ),
    ],
)
def test_what_is_refused_leaves_nothing(refusal, attempt):
    world = World()
    entities = (
        *(AuditLog, Depot, Vehicle, Equipment, DefaultRate, Customer, Rate, User, Session),
        *(Place, Balance, Movement, Transfer, Count, Distribution, Series),
    )

    def state() -> list[Any]:
        return [list(entity._base_manager.order_by("pk").values()) for entity in entities]

    before = state()
    with pytest.raises(refusal):
        work.run(lambda: attempt(world))
    assert state() == before


def test_a_row_without_a_depot_stays_with_the_administrators():
    world = World()
    row = AuditLog.objects.filter(entity_type="Equipment").get()
    assert row.depot_id is None
    assert str(row) == f"CREATE_EQUIPMENT Equipment {world.equipment.pk}"


def test_a_constraint_that_nobody_foresaw_is_no_refusal(monkeypatch):
    world = World()
    monkeypatch.setattr(audit, "clean", lambda entity: None)
    world.equipment.weight_kg = Decimal(-1)
    with pytest.raises(audit.IntegrityError):
        audit.save(world.equipment)
