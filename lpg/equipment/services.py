"""The one door for every change of equipment and of its default rates."""

from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from django.db import transaction
from django.utils import timezone

from lpg import work
from lpg.audit import services as audit
from lpg.equipment.models import DefaultRate, Equipment
from lpg.equipment.selectors import equipment_seen_by, with_default_rate
from lpg.roles import Actor, require


class EquipmentValues(TypedDict, total=False):
    sku: str
    name: str
    equipment_type: str
    weight_kg: Decimal | None
    default_rate: Decimal | None
    is_active: bool


@transaction.atomic
def create_equipment(*, actor: Actor, values: EquipmentValues) -> Equipment:
    """A `default_rate` given adds a rate from today on."""
    require(actor, "equipment.write")
    columns: dict[str, Any] = dict(values)
    rate = columns.pop("default_rate", None)
    equipment = audit.create(Equipment(**columns), actor=actor)
    if rate is not None:
        _add_rate(actor, equipment, rate, timezone.localdate())
    return _as_seen(equipment)


@transaction.atomic
def change_equipment(*, actor: Actor, equipment_id: int, values: EquipmentValues) -> Equipment:
    """A `default_rate` that differs from today's adds a rate from today on; null leaves it as it is."""
    require(actor, "equipment.write")
    columns: dict[str, Any] = dict(values)
    rate = columns.pop("default_rate", None)
    equipment = audit.change(work.lock(equipment_seen_by(actor), equipment_id), columns, actor=actor)
    if rate is not None and rate != _as_seen(equipment).default_rate:
        _add_rate(actor, equipment, rate, timezone.localdate())
    return _as_seen(equipment)


@transaction.atomic
def add_default_rate(*, actor: Actor, equipment_id: int, rate: Decimal, effective_from: date) -> DefaultRate:
    require(actor, "equipment.write")
    return _add_rate(actor, work.lock(equipment_seen_by(actor), equipment_id), rate, effective_from)


def _add_rate(actor: Actor, equipment: Equipment, rate: Decimal, effective_from: date) -> DefaultRate:
    return audit.create(DefaultRate(equipment=equipment, rate=rate, effective_from=effective_from), actor=actor)


def _as_seen(equipment: Equipment) -> Equipment:
    return with_default_rate(Equipment.objects.filter(pk=equipment.pk)).get()
