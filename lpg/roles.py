"""What each role sees and may do: the one table of permissions, for the API, the desk and every service."""

from collections.abc import Callable, Collection
from enum import Enum
from typing import Protocol

from django.db.models import Q, TextChoices

from lpg.errors import NotAllowed


class Role(TextChoices):
    ADMIN = "ADMIN", "Admin"
    SUPERVISOR = "SUPERVISOR", "Supervisor"
    DRIVER = "DRIVER", "Driver"


class Scope(Enum):
    ALL = "everything"
    ACTIVE = "everything in use"
    OWN = "own depots"
    SELF = "oneself"


class Actor(Protocol):
    """Who acts: what the rules need to know of a user."""

    @property
    def pk(self) -> int: ...
    @property
    def role(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def own_depot_ids(self) -> Collection[int]: ...
    @property
    def depot_id(self) -> int | None: ...
    @property
    def vehicle_id(self) -> int | None: ...
    @property
    def truck_in_use(self) -> bool: ...


type Reach = dict[Role, Scope]

EVERYONE: Reach = dict.fromkeys(Role, Scope.SELF)
ADMIN_ONLY: Reach = {Role.ADMIN: Scope.ALL}
ADMIN_AND_OWN: Reach = {Role.ADMIN: Scope.ALL, Role.SUPERVISOR: Scope.OWN}
READ_CATALOGUE: Reach = {Role.ADMIN: Scope.ALL, Role.SUPERVISOR: Scope.ALL, Role.DRIVER: Scope.ACTIVE}

MAY: dict[str, Reach] = {
    "me": EVERYONE,
    "desk.open": ADMIN_AND_OWN,
    "users.read": ADMIN_AND_OWN,
    "users.write": ADMIN_ONLY,
    "depots.read": READ_CATALOGUE,
    "depots.write": ADMIN_ONLY,
    "vehicles.read": READ_CATALOGUE,
    "vehicles.write": ADMIN_ONLY,
    "equipment.read": READ_CATALOGUE,
    "equipment.write": ADMIN_ONLY,
    "customers.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "customers.write": ADMIN_AND_OWN,
    "sessions.read": {**EVERYONE, Role.ADMIN: Scope.ALL},
    "sessions.revoke": {**EVERYONE, Role.ADMIN: Scope.ALL},
    "stock.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "stock.write": ADMIN_AND_OWN,
    "distributions.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "distributions.write": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "meters.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "meters.write": ADMIN_AND_OWN,
    "readings.write": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "transactions.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "transactions.write": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "transactions.decide": ADMIN_AND_OWN,
    "invoices.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "invoices.open": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "payments.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "payments.write": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "payments.reverse": ADMIN_AND_OWN,
    "statements.read": ADMIN_AND_OWN,
    "reports.read": ADMIN_AND_OWN,
    "day_closes.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "day_closes.write": {**ADMIN_AND_OWN, Role.DRIVER: Scope.OWN},
    "day_closes.approve": ADMIN_AND_OWN,
    "integrity": ADMIN_ONLY,
    "audit.read": ADMIN_AND_OWN,
    "devices.register": EVERYONE,
    "devices.read": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "devices.switch_off": {**ADMIN_AND_OWN, Role.DRIVER: Scope.SELF},
    "sync.pull": EVERYONE,
    "sync.push": EVERYONE,
    "exceptions.read": ADMIN_AND_OWN,
    "exceptions.decide": ADMIN_AND_OWN,
    "lists.import": ADMIN_ONLY,
    "lists.export": ADMIN_ONLY,
}


def may(actor: Actor, capability: str) -> bool:
    return actor.role in MAY[capability]


def require(actor: Actor, capability: str) -> None:
    """Raises NotAllowed unless the actor's role has a part in this at all."""
    if not may(actor, capability):
        raise NotAllowed("Your role does not allow this. Ask a supervisor or an administrator to do it.")


def require_at(actor: Actor, capability: str, *depot_ids: int | None) -> None:
    """Raises NotAllowed unless the actor may do this at every one of these depots."""
    require(actor, capability)
    if MAY[capability][Role(actor.role)] is Scope.OWN and not set(depot_ids) <= set(actor.own_depot_ids):
        raise NotAllowed("You may do this only for your own depots. Choose one of them, or ask an administrator.")


def within(actor: Actor, capability: str, *, depot_id: int | None = None, is_active: bool = False) -> bool:
    """Whether the actor's part in this reaches what belongs to this depot, or is in use: `sees` for a row in hand."""
    scope = MAY[capability].get(Role(actor.role))
    own = scope is Scope.OWN and depot_id in actor.own_depot_ids
    return scope is Scope.ALL or own or (scope is Scope.ACTIVE and is_active)


def sees(actor: Actor, capability: str, *, depots: Callable[[], Q] | None = None, self_: Q | None = None) -> Q:
    """The condition on rows that this actor may see.

    `depots` says which rows belong to the own depots (default: by their `depot`), `self_` which to the actor.
    """
    scope = MAY[capability].get(Role(actor.role))
    if scope is Scope.ALL:
        return Q()
    if scope is Scope.ACTIVE:
        return Q(is_active=True)
    if scope is Scope.OWN:
        return Q(depot__in=actor.own_depot_ids) if depots is None else depots()
    if scope is Scope.SELF and self_ is not None:
        return self_
    return Q(pk__in=())
