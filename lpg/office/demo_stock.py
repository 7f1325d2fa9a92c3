"""The demo's stock: a delivery of the supplier to each depot, and a fortnight of distributions, by the services."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from lpg.accounts.models import User
from lpg.depots.models import Depot, Vehicle
from lpg.distribution import services as distributions
from lpg.equipment.models import Equipment
from lpg.inventory import services as stock
from lpg.inventory.models import Balance, Condition
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.roles import Role

OPENING = {"CYLINDER": 120, "METER": 12, "REGULATOR": 30}
OLDEST = 13  # days ago
OPENS = 8  # o'clock
COLLECTED = (8, 6, 10, 5, 4)  # of each size of cylinder


class Crew(NamedTuple):
    """Who goes out with which truck from where."""

    who: User
    vehicle: Vehicle
    depot: Depot


def load(admin: User, catalogue: Sequence[Equipment], rounds: Callable[[list[Crew], int, datetime], None]) -> None:
    """A fortnight that ends today, with one distribution still waiting and one that was cancelled.

    Each morning the trucks are loaded; then `rounds` is told who is out, how many days ago that was, and since when.
    """
    now = timezone.now()
    today = timezone.localtime(now).replace(hour=OPENS, minute=0)
    before = now - timedelta(days=OLDEST + 1)
    for depot in Depot.objects.order_by("pk"):
        _deliver(admin, depot, catalogue, before)
    cylinders = [item for item in catalogue if item.equipment_type == Equipment.Type.CYLINDER]
    crews = _crews(admin)
    for days_ago in range(OLDEST, -1, -1):
        day = today - timedelta(days=days_ago)
        for number, crew in enumerate(crews):
            at = min(now, day + timedelta(minutes=10 + number))
            made = _a_round(crew, cylinders, days_ago, at, "Morning round")
            distributions.confirm(actor=crew.who, distribution_id=made, now=min(now, at + timedelta(minutes=20)))
        rounds(crews, days_ago, min(now, day + timedelta(minutes=40)))
    _a_round(crews[0], cylinders, 1, now, "Afternoon round")  # still waiting
    mistaken = _a_round(crews[0], cylinders, OLDEST, now, "Afternoon round")
    distributions.cancel(actor=crews[0].who, distribution_id=mistaken, now=now)


def _deliver(admin: User, depot: Depot, catalogue: Sequence[Equipment], at: datetime) -> None:
    stock.transfer(
        actor=admin,
        origin=place_of(SUPPLIER),
        destination=place_of(Owner("depot", depot.pk)),
        items=[stock.Item(item.pk, OPENING[item.equipment_type]) for item in catalogue],
        remarks="Opening stock",
        now=at,
    )


def _crews(admin: User) -> list[Crew]:
    """The truck without a driver goes on the administrator's word."""
    crews = []
    for vehicle in Vehicle.objects.select_related("depot").order_by("pk"):
        who = User.objects.filter(vehicle=vehicle, role=Role.DRIVER).first() or admin
        crews.append(Crew(who, vehicle, vehicle.depot))
    return crews


def _a_round(crew: Crew, cylinders: Sequence[Equipment], days_ago: int, at: datetime, remarks: str) -> int:
    """Collect full cylinders; bring back the empties, and half of the full ones that were left."""
    items = [
        distributions.Item(item.pk, collected + days_ago % 3, "OUT", Condition.FULL)
        for item, collected in zip(cylinders, COLLECTED, strict=True)
    ]
    left = Balance.objects.filter(place=place_of(Owner("truck", crew.vehicle.pk))).order_by("equipment", "condition")
    for row in left:
        back = row.quantity // 2 if row.condition == Condition.FULL else row.quantity
        if back:
            items.append(distributions.Item(row.equipment_id, back, "IN", row.condition))
    made = distributions.create(
        actor=crew.who,
        depot_id=crew.depot.pk,
        items=items,
        other_side=distributions.OtherSide(vehicle_id=crew.vehicle.pk),
        remarks=remarks,
        now=at,
    )
    return made.pk
