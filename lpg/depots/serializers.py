from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Choice, Code, Flag, Input, ListQuery, Ref, Text
from lpg.depots.models import Depot, Vehicle

DEPOT = {
    "code": "SINGGAS",
    "name": "Singgas depot",
    "address": "12 Tuas Avenue 3, Singapore 639412",
    "phone": "+65 6861 2345",
    "is_active": True,
}
VEHICLE = {"plate_no": "SBA 1234 K", "depot": 1, "is_active": True}


class DepotRow(serializers.ModelSerializer[Depot]):
    example: ClassVar[dict[str, Any]] = {"id": 1, **DEPOT}

    class Meta:
        model = Depot
        fields = ("id", "code", "name", "address", "phone", "is_active")


class DepotInput(Input):
    echoes = DepotRow
    renamed: ClassVar[dict[str, str]] = {"location": "address"}
    example: ClassVar[dict[str, Any]] = DEPOT

    code = Code(max_length=20)
    name = Text(max_length=100)
    address = Text(max_length=500, multiline=True, allow_blank=True, required=False)
    phone = Text(max_length=30, allow_blank=True, required=False)
    is_active = Flag(required=False)


class DepotQuery(ListQuery):
    ordering = Choice(["id", "-id", "code", "-code", "name", "-name"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a code or a name.")
    is_active = Flag(required=False)


class VehicleRow(serializers.ModelSerializer[Vehicle]):
    example: ClassVar[dict[str, Any]] = {"id": 1, **VEHICLE}

    class Meta:
        model = Vehicle
        fields = ("id", "plate_no", "depot", "is_active")


class VehicleInput(Input):
    echoes = VehicleRow
    renamed: ClassVar[dict[str, str]] = {"vehicle_no": "plate_no", "depot_id": "depot"}
    example: ClassVar[dict[str, Any]] = VEHICLE

    plate_no = Code(max_length=16)
    depot = Ref()
    is_active = Flag(required=False)


class VehicleQuery(ListQuery):
    ordering = Choice(["id", "-id", "plate_no", "-plate_no"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a plate number.")
    depot = Ref(required=False)
    is_active = Flag(required=False)
