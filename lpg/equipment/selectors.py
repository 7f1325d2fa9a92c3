"""Which equipment somebody sees, which one an id names, and what it costs by default."""

from datetime import date
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from lpg.equipment.models import DefaultRate, Equipment
from lpg.errors import Inactive, Invalid
from lpg.roles import Actor, sees


def equipment_seen_by(actor: Actor) -> QuerySet[Equipment]:
    return Equipment.objects.filter(sees(actor, "equipment.read"))


def equipment_in_use(actor: Actor) -> QuerySet[Equipment]:
    """What a form offers, in the order of the list that people know."""
    return equipment_seen_by(actor).filter(is_active=True).order_by("equipment_type", "pk")


def with_default_rate(equipment: QuerySet[Equipment], on: date | None = None) -> QuerySet[Equipment]:
    """Each with its `default_rate` in force on that day (today), null when there is none."""
    in_force = DefaultRate.objects.filter(
        equipment=OuterRef("pk"), effective_from__lte=on or timezone.localdate()
    ).order_by("-effective_from", "-id")
    rate: dict[str, Any] = {"default_rate": Subquery(in_force.values("rate")[:1])}
    return equipment.annotate(**rate)


def equipment_named(actor: Actor, equipment_id: int, *, field: str = "equipment") -> Equipment:
    """The equipment in use that a body's `field` names. Raises Invalid (unknown), Inactive (retired)."""
    equipment = equipment_seen_by(actor).filter(pk=equipment_id).first()
    if equipment is None:
        raise Invalid.unknown(field)
    if not equipment.is_active:
        raise Inactive(f"{equipment.name} is no longer in use. Choose other equipment.")
    return equipment


def default_rates_to_come(equipment: Equipment, on: date) -> QuerySet[DefaultRate]:
    """What was set for later days, the next first."""
    return DefaultRate.objects.filter(equipment=equipment, effective_from__gt=on).order_by("effective_from", "id")


def default_rate_row(equipment: Equipment, on: date) -> DefaultRate | None:
    """The row that counts on that day."""
    rows = DefaultRate.objects.filter(equipment=equipment, effective_from__lte=on)
    return rows.order_by("-effective_from", "-id").first()
