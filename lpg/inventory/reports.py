"""Where the cylinders are: what stands at customers' sites."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db.models import Q, QuerySet

from lpg.equipment.models import Equipment
from lpg.inventory.models import Balance, Place
from lpg.inventory.selectors import quantities_after
from lpg.roles import Actor, sees

CHUNK = 1_000


def cylinders_out(actor: Actor, at: datetime | None) -> QuerySet[Balance]:
    """Cylinders at customers' sites now; of a past moment also those that stand there no more."""
    rows = Balance.objects.filter(
        sees(actor, "reports.read", depots=lambda: Q(place__customer__depot__in=actor.own_depot_ids)),
        place__kind=Place.Kind.CUSTOMER,
        equipment__equipment_type=Equipment.Type.CYLINDER,
    ).select_related("place__customer", "equipment")
    return rows if at else rows.filter(quantity__gt=0)


def as_of(rows: Sequence[Balance], at: datetime | None) -> list[Balance]:
    """What each held at that moment, without those that held nothing; asked in the snapshot that `rows` are of."""
    if at is None:
        return list(rows)
    later = quantities_after(at, [row.place_id for row in rows])
    for row in rows:
        row.quantity -= later[row.place_id, row.equipment_id, row.condition]
    return [row for row in rows if row.quantity]


def all_cylinders_out(rows: QuerySet[Balance], at: datetime | None) -> Iterator[Balance]:
    """However many, some at a time."""
    last = 0
    while chunk := list(rows.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield from as_of(chunk, at)
        last = chunk[-1].pk
