"""What the tests of the audit share: the rows that a change must leave, and what services need around them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.utils import timezone

from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.depots.models import Depot
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.roles import Role
from tests import make
from tests.stock import a_count, a_distribution, fill

NEW_PASSWORD = "seven-green-ladders"
DAY = date(2026, 11, 20)


@dataclass
class Row:
    """One expected audit row: what was done to what, and every column that differs between before and after."""

    action: str
    entity: models.Model | None
    changed: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    lines: list[dict[str, Any]] | None = None  # a document's lines stand beside its columns
    depot: Depot | None = None
    told: set[str] | None = None  # only these columns; None: all of them
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


class Case(NamedTuple):
    """A call of a service within such a world; it returns the audit rows that it must leave, in order."""

    service: Callable[..., Any]
    call: Callable[[Any], list[Row]]
    world: type[World]


CASES: list[Case] = []


def case[C: Callable[[Any], list[Row]]](service: Callable[..., Any], world: type[World] = World) -> Callable[[C], C]:
    """Marks such a call."""

    def marked(call: C) -> C:
        CASES.append(Case(service, call, world))
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
        plain = value is None or isinstance(value, (bool, int, str, dict, list))
        found[column.name] = value if plain else value.isoformat() if isinstance(value, date) else str(value)
    if isinstance(row, User):
        found["depots"] = sorted(depot.pk for depot in row.depots.all())
        del found["password"]
    return found
