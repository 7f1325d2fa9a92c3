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

_COLUMN = {Place.Kind.DEPOT: "depot_id", Place.Kind.TRUCK: "vehicle_id", Place.Kind.CUSTOMER: "customer_id"}


def places_of(owners: Iterable[Owner]) -> dict[Owner, Place]:
    """Their places, made where they are missing. A constant number of statements. The owners must exist."""
    wanted = {owner.key: owner for owner in owners}
    found = _found(wanted)
    if missing := [owner for owner in wanted.values() if owner not in found]:
        Place.objects.bulk_create([_new(owner) for owner in sorted(missing)], ignore_conflicts=True)
        found = _found(wanted)
    return found


def place_of(owner: Owner) -> Place:
    return places_of([owner])[owner]


def _found(wanted: dict[str, Owner]) -> dict[Owner, Place]:
    found = sql.entities(Place, f"WHERE `key` IN {sql.groups(len(wanted), 1)}", list(wanted))
    return {wanted[place.key]: place for place in found}


def _new(owner: Owner) -> Place:
    column = _COLUMN.get(Place.Kind(owner.kind))
    return Place(key=owner.key, kind=owner.kind, **({column: owner.id} if column else {}))
