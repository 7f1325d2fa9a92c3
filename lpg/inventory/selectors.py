"""Which places, balances and movements somebody sees, and what a place held at a past moment."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet, Sum

from lpg import sql
from lpg.inventory.models import Balance, Count, Movement, Place
from lpg.roles import Actor, Role, sees

type Key = tuple[int, int, str]  # place, equipment, condition


def places_seen_by(actor: Actor) -> QuerySet[Place]:
    """Supervisors: their depots with their trucks and customers. Drivers: their own truck, not the others."""

    def own() -> Q:
        mine = actor.own_depot_ids
        at_own = Q(depot__in=mine) | Q(customer__depot__in=mine)
        if actor.role == Role.DRIVER:
            return at_own | Q(vehicle=actor.vehicle_id, vehicle__isnull=False)
        return at_own | Q(vehicle__depot__in=mine)

    return Place.objects.filter(sees(actor, "stock.read", depots=own))


def with_owners(places: QuerySet[Place]) -> QuerySet[Place]:
    return places.select_related("depot", "vehicle", "customer")


def balances_seen_by(actor: Actor) -> QuerySet[Balance]:
    """Of physical places; the outsides are the books' own affair."""
    rows = Balance.objects.filter(place__in=places_seen_by(actor), physical=True)
    return rows.select_related("place__depot", "place__vehicle", "place__customer", "equipment")


def movements_seen_by(actor: Actor) -> QuerySet[Movement]:
    seen = places_seen_by(actor).values("pk")
    rows = Movement.objects.filter(Q(origin__in=seen) | Q(destination__in=seen))
    return with_places(rows)


def with_places(rows: QuerySet[Movement]) -> QuerySet[Movement]:
    owners = [f"{end}__{owner}" for end in ("origin", "destination") for owner in ("depot", "vehicle", "customer")]
    return rows.select_related(*owners, "equipment", "user")


def movements_of(place: Place) -> tuple[QuerySet[Movement], QuerySet[Movement]]:
    """What left a place and what came to it: two lists, each read along its own index, to be merged page by page."""
    return with_places(Movement.objects.filter(origin=place)), with_places(Movement.objects.filter(destination=place))


def counts_seen_by(actor: Actor) -> QuerySet[Count]:
    """`blind`: not decided, and counted by the reader, who must not learn from it what the books hold."""
    blind: Any = Q(status=Count.Status.PENDING, user=actor.pk)
    rows = Count.objects.filter(place__in=places_seen_by(actor)).annotate(blind=blind)
    return rows.select_related("place__depot", "place__vehicle", "place__customer").prefetch_related("lines__equipment")


def quantities_after(moment: datetime, place_ids: Sequence[int]) -> Counter[Key]:
    """How much came to (and, negative, left) each key of these places after a moment.

    A balance minus this is what it was at that moment; read both in one `work.snapshot()`.
    """
    net: Counter[Key] = Counter()
    later = Movement.objects.filter(created_at__gt=moment).order_by()
    for end, sign in (("destination", 1), ("origin", -1)):
        keys = (end, "equipment", f"{end}_condition")
        moved = later.filter(**{f"{end}__in": place_ids}).values(*keys).annotate(total=Sum("quantity"))
        for place, equipment, condition, total in moved.values_list(*keys, "total"):
            net[place, equipment, condition] += sign * total
    return net


def held_at(place: Place) -> list[dict[str, Any]]:
    """What a place holds, as a document shows it."""
    rows = sql.rows(
        "SELECT b.equipment_id, e.name, b.`condition`, b.quantity FROM inventory_balance b"
        " JOIN equipment_equipment e ON e.id = b.equipment_id"
        " WHERE b.place_id = %s AND b.quantity > 0",
        [place.pk],
    )
    return [
        {"equipment": equipment, "name": name, "condition": condition or None, "quantity": quantity}
        for equipment, name, condition, quantity in sorted(rows, key=lambda row: row[1:3])
    ]
