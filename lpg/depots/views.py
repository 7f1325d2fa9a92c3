from typing import Any

from django.db.models import QuerySet

from lpg.api.door import MasterData, needs
from lpg.api.guard import actor_of
from lpg.depots import services
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depots_seen_by, vehicles_seen_by
from lpg.depots.serializers import DepotInput, DepotQuery, DepotRow, VehicleInput, VehicleQuery, VehicleRow
from lpg.roles import Actor


class DepotDoor(MasterData):
    """The depots of HSH. Drivers see those in use."""

    tag = "Depots & trucks"
    nouns = ("depot", "depots")
    needs = needs("depots")
    body, output = DepotInput, DepotRow
    queries = {"list": DepotQuery}  # noqa: RUF012  # typed as a class variable by the base
    searched = ("code", "name")

    def rows(self) -> QuerySet[Depot]:
        return depots_seen_by(actor_of(self.request))

    def make(self, actor: Actor, values: Any) -> Depot:
        return services.create_depot(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Depot:
        return services.change_depot(actor=actor, depot_id=id, values=values)


class VehicleDoor(MasterData):
    """The trucks, each with the depot it belongs to. Drivers see those in use."""

    tag = "Depots & trucks"
    nouns = ("truck", "trucks")
    needs = needs("vehicles")
    body, output = VehicleInput, VehicleRow
    queries = {"list": VehicleQuery}  # noqa: RUF012
    searched = ("plate_no",)

    def rows(self) -> QuerySet[Vehicle]:
        return vehicles_seen_by(actor_of(self.request))

    def make(self, actor: Actor, values: Any) -> Vehicle:
        return services.create_vehicle(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Vehicle:
        return services.change_vehicle(actor=actor, vehicle_id=id, values=values)
