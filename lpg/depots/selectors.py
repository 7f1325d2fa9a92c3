"""Which depots and vehicles somebody sees, which one an id names, and which days of a truck are closed."""

from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils import timezone

from lpg import sql
from lpg.depots.models import Depot, Vehicle
from lpg.errors import Inactive, Invalid, Refused
from lpg.facts import Fact, Kind
from lpg.roles import Actor, sees


class DayClosed(Refused):
    """What was counted at the end of a day stays so: nothing is put into it afterwards."""

    code = "day_closed"
    title = "This day is closed"


def depots_seen_by(actor: Actor) -> QuerySet[Depot]:
    return Depot.objects.filter(sees(actor, "depots.read"))


def depots_with(actor: Actor, capability: str) -> QuerySet[Depot]:
    """The depots at which the actor has this capability, all or the own ones, by code."""
    return Depot.objects.filter(sees(actor, capability, depots=lambda: Q(pk__in=actor.own_depot_ids))).order_by("code")


def vehicles_seen_by(actor: Actor) -> QuerySet[Vehicle]:
    return Vehicle.objects.filter(sees(actor, "vehicles.read"))


def depot_named(actor: Actor, depot_id: int, *, field: str = "depot", fact: Fact | None = None) -> Depot:
    """The depot in use that a body's `field` names.

    Raises Invalid for an unknown or unseen one, Inactive for a retired one; of a fact that is noted.
    """
    depot = (depots_seen_by(actor) if fact is None else Depot.objects).filter(pk=depot_id).first()
    if depot is None:
        raise Invalid.unknown(field)
    if not depot.is_active:
        if fact is None:
            raise Inactive(f"Depot {depot.code} is no longer in use. Choose another depot.")
        fact.note(Kind.INACTIVE_DEPOT, f"Depot {depot.code} is no longer in use.", depot=depot.pk)
    return depot


def vehicle_named(actor: Actor, vehicle_id: int, *, field: str = "vehicle", fact: Fact | None = None) -> Vehicle:
    """The vehicle in use that a body's `field` names; refusals as for `depot_named`."""
    vehicle = (vehicles_seen_by(actor) if fact is None else Vehicle.objects).filter(pk=vehicle_id).first()
    if vehicle is None:
        raise Invalid.unknown(field)
    if not vehicle.is_active:
        if fact is None:
            raise Inactive(f"Truck {vehicle.plate_no} is no longer in use. Choose another truck.")
        fact.note(Kind.INACTIVE_VEHICLE, f"Truck {vehicle.plate_no} is no longer in use.", vehicle=vehicle.pk)
    return vehicle


def is_closed(vehicle_id: int | None, day: date) -> bool:
    """Whether a truck's day was counted and closed; without a truck there is none to close."""
    closed = "SELECT 1 FROM day_close_dayclose WHERE vehicle_id = %s AND date = %s"
    return vehicle_id is not None and bool(sql.rows(closed, [vehicle_id, day.isoformat()]))


def refuse_closed(field: str, at: datetime, vehicle_id: int | None) -> None:
    """Raises DayClosed for what is said to have happened on a day that this truck has closed."""
    day = timezone.localdate(at)
    if is_closed(vehicle_id, day):
        raise DayClosed(f"The truck has closed {day:%d %b %Y}. Leave {field} out: then it counts for its next close.")
