from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.door import MasterData, needs
from lpg.api.guard import actor_of
from lpg.equipment import services
from lpg.equipment.models import DefaultRate, Equipment
from lpg.equipment.selectors import equipment_seen_by, with_default_rate
from lpg.equipment.serializers import (
    DefaultRateInput,
    DefaultRateRow,
    EquipmentInput,
    EquipmentQuery,
    EquipmentRow,
    RateQuery,
)
from lpg.roles import Actor


class EquipmentDoor(MasterData):
    """What is carried: cylinders, meters, regulators. Drivers see what is in use."""

    tag = "Equipment"
    nouns = ("kind of equipment", "equipment")
    needs = needs("equipment", rates="equipment.read", add_rate="equipment.write")
    body, output = EquipmentInput, EquipmentRow
    bodies = {"add_rate": DefaultRateInput}  # noqa: RUF012
    queries = {"list": EquipmentQuery, "rates": RateQuery}  # noqa: RUF012
    answers = {"rates": (200, DefaultRateRow), "add_rate": (201, DefaultRateRow)}  # noqa: RUF012
    searched = ("sku", "name")

    def rows(self) -> QuerySet[Equipment]:
        return with_default_rate(equipment_seen_by(actor_of(self.request)))

    def make(self, actor: Actor, values: Any) -> Equipment:
        return services.create_equipment(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Equipment:
        return services.change_equipment(actor=actor, equipment_id=id, values=values)

    @action(detail=True, methods=["get"])
    def rates(self, request: Request, id: str) -> Response:
        """The default rates of one equipment, each in force from its day on."""
        return self.page(DefaultRate.objects.filter(equipment=self.found(self.rows(), id)))

    @rates.mapping.post
    def add_rate(self, request: Request, id: str) -> HttpResponse:
        """Add a default rate. Nothing is overwritten: of two rates from one day the later entry counts."""
        return self.write(
            request,
            lambda values: services.add_default_rate(actor=actor_of(request), equipment_id=int(id), **values),
        )
