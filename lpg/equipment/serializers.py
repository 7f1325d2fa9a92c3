from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Amount, Choice, Code, Day, Flag, Input, ListQuery, Text
from lpg.equipment.models import DefaultRate, Equipment

EQUIPMENT = {
    "sku": "CYL-14",
    "name": "14 kg cylinder",
    "equipment_type": "CYLINDER",
    "weight_kg": "14.00",
    "default_rate": "38.0000",
    "is_active": True,
}
RATE = {"rate": "38.5000", "effective_from": "2026-12-01"}


class EquipmentRow(serializers.ModelSerializer[Equipment]):
    example: ClassVar[dict[str, Any]] = {"id": 3, **EQUIPMENT}

    weight_kg = serializers.DecimalField(max_digits=18, decimal_places=2, allow_null=True)
    default_rate = serializers.DecimalField(
        max_digits=18, decimal_places=4, allow_null=True, help_text="In force today; null: none."
    )

    class Meta:
        model = Equipment
        fields = ("id", "sku", "name", "equipment_type", "weight_kg", "default_rate", "is_active")


class EquipmentInput(Input):
    echoes = EquipmentRow
    renamed: ClassVar[dict[str, str]] = {"category": "equipment_type"}
    example: ClassVar[dict[str, Any]] = EQUIPMENT

    sku = Code(max_length=40)
    name = Text(max_length=100)
    equipment_type = Choice(Equipment.Type.choices)
    weight_kg = Amount(decimal_places=2, allow_null=True, required=False)
    default_rate = Amount(
        decimal_places=4, allow_null=True, required=False, help_text="Another value adds a rate from today on."
    )
    is_active = Flag(required=False)


class EquipmentQuery(ListQuery):
    ordering = Choice(["id", "-id", "sku", "-sku", "name", "-name"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a SKU or a name.")
    equipment_type = Choice(Equipment.Type.choices, required=False)
    is_active = Flag(required=False)


class DefaultRateRow(serializers.ModelSerializer[DefaultRate]):
    example: ClassVar[dict[str, Any]] = {"id": 8, "equipment": 3, **RATE, "created_at": "2026-11-20T09:30:00+08:00"}

    rate = serializers.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        model = DefaultRate
        fields = ("id", "equipment", "rate", "effective_from", "created_at")


class DefaultRateInput(Input):
    echoes = DefaultRateRow
    example: ClassVar[dict[str, Any]] = RATE

    rate = Amount(decimal_places=4)
    effective_from = Day()


class RateQuery(ListQuery):
    ordering = Choice(["id", "-id", "effective_from", "-effective_from"], required=False)
