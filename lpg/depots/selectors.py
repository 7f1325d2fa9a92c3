"""Which depots and vehicles somebody sees, and which one an id names."""

from django.db.models import Q, QuerySet

from lpg.depots.models import Depot, Vehicle
from lpg.errors import Inactive, Invalid
from lpg.roles import Actor, sees


def depots_seen_by(actor: Actor) -> QuerySet[Depot]:
    return Depot.objects.filter(sees(actor, "depots.read"))


def depots_with(actor: Actor, capability: str) -> QuerySet[Depot]:
    """The depots at which the actor has this capability, all or the own ones, by code."""
    return Depot.objects.filter(sees(actor, capability, depots=lambda: Q(pk__in=actor.own_depot_ids))).order_by("code")


def vehicles_seen_by(actor: Actor) -> QuerySet[Vehicle]:
    return Vehicle.objects.filter(sees(actor, "vehicles.read"))


def depot_named(actor: Actor, depot_id: int, *, field: str = "depot") -> Depot:
    """The depot in use that a body's `field` names.

    Raises Invalid for an unknown or unseen one, Inactive for a retired one.
    """
    depot = depots_seen_by(actor).filter(pk=depot_id).first()
    if depot is None:
        raise Invalid.unknown(field)
    if not depot.is_active:
        raise Inactive(f"Depot {depot.code} is no longer in use. Choose another depot.")
    return depot


def vehicle_named(actor: Actor, vehicle_id: int, *, field: str = "vehicle") -> Vehicle:
    """The vehicle in use that a body's `field` names; refusals as for `depot_named`."""
    vehicle = vehicles_seen_by(actor).filter(pk=vehicle_id).first()
    if vehicle is None:
        raise Invalid.unknown(field)
    if not vehicle.is_active:
        raise Inactive(f"Truck {vehicle.plate_no} is no longer in use. Choose another truck.")
    return vehicle
