"""The one door for every change of a depot or a vehicle."""

from typing import Any, TypedDict

from django.db import transaction

from lpg import work
from lpg.audit import services as audit
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depot_named, depots_seen_by, vehicles_seen_by
from lpg.roles import Actor, require


class DepotValues(TypedDict, total=False):
    code: str
    name: str
    address: str
    phone: str
    is_active: bool


class VehicleValues(TypedDict, total=False):
    plate_no: str
    depot: int
    is_active: bool


@transaction.atomic
def create_depot(*, actor: Actor, values: DepotValues) -> Depot:
    require(actor, "depots.write")
    return audit.create(Depot(**values), actor=actor)


@transaction.atomic
def change_depot(*, actor: Actor, depot_id: int, values: DepotValues) -> Depot:
    require(actor, "depots.write")
    return audit.change(work.lock(depots_seen_by(actor), depot_id), values, actor=actor)


@transaction.atomic
def create_vehicle(*, actor: Actor, values: VehicleValues) -> Vehicle:
    """Raises Invalid for an unknown depot, Inactive for a retired one."""
    require(actor, "vehicles.write")
    return audit.create(Vehicle(**_resolved(actor, values)), actor=actor)


@transaction.atomic
def change_vehicle(*, actor: Actor, vehicle_id: int, values: VehicleValues) -> Vehicle:
    require(actor, "vehicles.write")
    vehicle = work.lock(vehicles_seen_by(actor), vehicle_id)
    return audit.change(vehicle, _resolved(actor, values, vehicle), actor=actor)


def _resolved(actor: Actor, values: VehicleValues, kept: Vehicle | None = None) -> dict[str, Any]:
    """The columns to set. The depot a vehicle already has may have been retired since; a new one may not."""
    columns: dict[str, Any] = dict(values)
    if "depot" in values and (kept is None or kept.depot_id != values["depot"]):
        columns["depot"] = depot_named(actor, values["depot"])
    else:
        columns.pop("depot", None)
    return columns
