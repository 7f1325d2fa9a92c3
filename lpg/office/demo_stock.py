"""The demo's stock: a delivery of the supplier to each depot, and a week of distributions, through the services."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from lpg.accounts.models import User
from lpg.depots.models import Depot, Vehicle
from lpg.distribution import services as distributions
from lpg.equipment.models import Equipment
from lpg.inventory import services as stock
from lpg.inventory.models import Condition
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.roles import Role

OPENING = {"CYLINDER": 120, "METER": 12, "REGULATOR": 30}
OLDEST = 6  # days ago
COLLECTED, RETURNED = (8, 6, 10, 3, 2), (5, 4, 7, 2, 1)


def load(admin: User, catalogue: Sequence[Equipment]) -> None:
    """A week that ends today, with one distribution still waiting and one that was cancelled."""
    now = timezone.now()
    week_ago = now - timedelta(days=7)
    for depot in Depot.objects.order_by("pk"):
        _deliver(admin, depot, catalogue, week_ago)
    cylinders = [item for item in catalogue if item.equipment_type == Equipment.Type.CYLINDER]
    crews = _crews(admin)
    for days_ago in range(OLDEST, -1, -1):
        for number, (who, vehicle, depot) in enumerate(crews):
            at = min(now, (now - timedelta(days=days_ago)).replace(hour=0, minute=10 + number))
            made = _a_morning(who, vehicle, depot, cylinders, days_ago, at)
            if days_ago == 0 and number == 0:
                continue  # still waiting
            distributions.confirm(actor=who, distribution_id=made, now=min(now, at + timedelta(minutes=20)))
    who, vehicle, depot = crews[0]
    mistaken = _a_morning(who, vehicle, depot, cylinders, OLDEST, now)
    distributions.cancel(actor=who, distribution_id=mistaken, now=now)


def _deliver(admin: User, depot: Depot, catalogue: Sequence[Equipment], at: datetime) -> None:
    stock.transfer(
        actor=admin,
        origin=place_of(SUPPLIER),
        destination=place_of(Owner("depot", depot.pk)),
        items=[stock.Item(item.pk, OPENING[item.equipment_type]) for item in catalogue],
        remarks="Opening stock",
        now=at,
    )


def _crews(admin: User) -> list[tuple[User, Vehicle, Depot]]:
    """Who goes out with which truck from where; the truck without a driver goes on the administrator's word."""
    crews = []
    for vehicle in Vehicle.objects.select_related("depot").order_by("pk"):
        who = User.objects.filter(vehicle=vehicle, role=Role.DRIVER).first() or admin
        crews.append((who, vehicle, vehicle.depot))
    return crews


def _a_morning(
    who: User, vehicle: Vehicle, depot: Depot, cylinders: Sequence[Equipment], days_ago: int, at: datetime
) -> int:
    """Collect full cylinders and, but on the first day, bring some of the full ones back; empties come with sales."""
    items = [
        distributions.Item(item.pk, collected + days_ago % 3, "OUT", Condition.FULL)
        for item, collected in zip(cylinders, COLLECTED, strict=True)
    ]
    if days_ago < OLDEST:
        items += [
            distributions.Item(item.pk, returned, "IN", Condition.FULL)
            for item, returned in zip(cylinders, RETURNED, strict=True)
        ]
    made = distributions.create(
        actor=who,
        depot_id=depot.pk,
        items=items,
        other_side=distributions.OtherSide(vehicle_id=vehicle.pk),
        remarks="Morning round",
        now=at,
    )
    return made.pk
