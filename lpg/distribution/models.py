from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from lpg.fields import AsciiField
from lpg.inventory.models import Condition


class Distribution(models.Model):
    """Cylinders between depots and one other side, in two steps: the intent, and the moment they move."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "Pending"
        CONFIRMED = "CONFIRMED", "Confirmed"
        CANCELLED = "CANCELLED", "Cancelled"

    distribution_number = AsciiField("number", max_length=25, unique=True)
    status = AsciiField(max_length=9, choices=Status.choices, default=Status.PENDING)
    depot = models.ForeignKey("depots.Depot", models.PROTECT, related_name="distributions")
    vehicle = models.ForeignKey("depots.Vehicle", models.PROTECT, null=True, related_name="distributions")
    to_depot = models.ForeignKey("depots.Depot", models.PROTECT, null=True, related_name="distributions_received")
    customer = models.ForeignKey("customers.Customer", models.PROTECT, null=True, related_name="distributions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="distributions")
    remarks = models.TextField(max_length=500, blank=True)
    client_temp_id = AsciiField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="distribution_has_one_other_side",
                condition=Q(vehicle__isnull=False, to_depot=None, customer=None)
                | Q(vehicle=None, to_depot__isnull=False, customer=None)
                | Q(vehicle=None, to_depot=None, customer__isnull=False),
            ),
            models.CheckConstraint(
                name="distribution_status_has_its_time",
                condition=Q(status="PENDING", confirmed_at=None, cancelled_at=None)
                | Q(status="CONFIRMED", confirmed_at__isnull=False, cancelled_at=None)
                | Q(status="CANCELLED", confirmed_at=None, cancelled_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.distribution_number


class DistributionItem(models.Model):
    """One line: so many of one thing, out of a depot or back into it."""

    class Direction(models.TextChoices):
        OUT = "OUT", "Out of the depot"
        IN = "IN", "Into the depot"

    distribution = models.ForeignKey(Distribution, models.PROTECT, related_name="items")
    depot = models.ForeignKey("depots.Depot", models.PROTECT, related_name="+")
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    direction = AsciiField(max_length=3, choices=Direction.choices)
    condition = AsciiField(max_length=7, choices=[(value, label) for value, label in Condition.choices if value])

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="distribution_item_moves_something")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.equipment_id} {self.direction} {self.condition}"

    @property
    def movement_type(self) -> str | None:
        """The owner's second spelling, where there is one."""
        return MOVEMENT_TYPES.get((self.direction, self.condition))


MOVEMENT_TYPES = {("OUT", "FULL"): "COLLECTION", ("IN", "EMPTY"): "EMPTY_RETURN"}
SPELLINGS = {name: pair for pair, name in MOVEMENT_TYPES.items()}
