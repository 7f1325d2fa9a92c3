"""What the tests of stock share: filling places, asking what they hold, and whether the books agree."""

from typing import Any

from django.utils import timezone

from lpg.accounts.models import User
from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.equipment.models import Equipment
from lpg.integrity.services import CHECKS
from lpg.inventory import counts
from lpg.inventory.models import Balance, Count
from lpg.inventory.places import Owner, place_of
from lpg.inventory.services import change_quantity


def fill(by: User, owner: Owner, equipment: Equipment, quantity: int, condition: str = "FULL") -> None:
    change_quantity(
        actor=by,
        place=place_of(owner),
        equipment_id=equipment.pk,
        condition=condition,
        quantity=quantity,
        reason="test",
        now=timezone.now(),
    )


def held(owner: Owner, equipment: Equipment, condition: str = "FULL") -> int:
    row = Balance.objects.filter(place__key=owner.key, equipment=equipment, condition=condition).first()
    return row.quantity if row else 0


def a_distribution(by: User, depot_id: int, *items: tuple[Equipment, int], **other: Any) -> Distribution:
    """Pending, OUT and FULL."""
    return distributions.create(
        actor=by,
        depot_id=depot_id,
        items=[distributions.Item(equipment.pk, quantity, "OUT", "FULL") for equipment, quantity in items],
        other_side=distributions.OtherSide(**other),
        now=timezone.now(),
    )


def a_count(by: User, owner: Owner, equipment: Equipment, quantity: int, condition: str = "FULL") -> Count:
    line = counts.Counted(equipment.pk, condition, quantity)
    return counts.record(actor=by, place=place_of(owner), lines=[line], remarks="", now=timezone.now())


def disagreements() -> dict[str, list[str]]:
    """What verify would find, asked within the test's own transaction; nothing is what should be."""
    found = {name: check() for name, check in CHECKS.items()}
    return {name: rows for name, rows in found.items() if rows}
