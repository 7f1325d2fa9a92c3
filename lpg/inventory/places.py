"""The place that a depot, a truck, a customer or an outside is: made when it is first needed, one for each."""

from collections.abc import Iterable
from typing import NamedTuple

from lpg import sql
from lpg.inventory.models import Place


class Owner(NamedTuple):
    """What a place belongs to, such as ("depot", 3); the outsides belong to nobody (0)."""

    kind: str
    id: int = 0

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else self.kind


SUPPLIER = Owner(Place.Kind.SUPPLIER)
ADJUSTMENT = Owner(Place.Kind.ADJUSTMENT)
SCRAP = Owner(Place.Kind.SCRAP)

OWNED = (Place.Kind.DEPOT, Place.Kind.TRUCK, Place.Kind.CUSTOMER)
COLUMNS = ("key", "kind", "depot_id", "vehicle_id", "customer_id")  # the last three as they are owned


def places_of(owners: Iterable[Owner]) -> dict[Owner, Place]:
    """Their places, made where they are missing. A constant number of statements. The owners must exist."""
    wanted = {owner.key: owner for owner in owners}
    found = _found(wanted)
    if missing := [owner for owner in wanted.values() if owner not in found]:
        sql.insert("inventory_place", COLUMNS, [_new(owner) for owner in sorted(missing)], missing=True)
        found = _found(wanted)
    return found


def place_of(owner: Owner) -> Place:
    return places_of([owner])[owner]


def _found(wanted: dict[str, Owner]) -> dict[Owner, Place]:
    found = sql.entities(Place, f"WHERE `key` IN {sql.groups(len(wanted), 1)}", list(wanted))
    return {wanted[place.key]: place for place in found}


def _new(owner: Owner) -> sql.Row:
    return owner.key, str(owner.kind), *(owner.id if owner.kind == kind else None for kind in OWNED)
