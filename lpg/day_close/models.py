"""The end of a truck's day: what somebody counted on it, beside what the books held at that moment."""

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from lpg.append_only import AppendOnly, Kept
from lpg.day_close.causes import Stock, Taken, Variance, variances
from lpg.fields import AsciiField, MoneyField
from lpg.inventory.models import Condition
from lpg.payments.models import Payment


class DayClose(Kept):
    """A truck's day that is over. Who counted was not told what should be there; a supervisor approves."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "Waiting for approval"
        APPROVED = "APPROVED", "Approved"

    may_change = frozenset({"status", "approved_by_id", "approved_at", "reason", "recorded_since"})

    vehicle = models.ForeignKey("depots.Vehicle", models.PROTECT, related_name="day_closes", verbose_name="truck")
    date = models.DateField()
    depot = models.ForeignKey("depots.Depot", models.PROTECT, related_name="+")  # the truck's, when it was counted
    status = AsciiField(max_length=8, choices=Status.choices, default=Status.PENDING)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    client_temp_id = AsciiField(max_length=64, blank=True)
    counted_at = models.DateTimeField()
    created_at = models.DateTimeField()
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    recorded_since = models.BooleanField(null=True)  # the same has been recorded since: only the rest was posted

    named_with: ClassVar = ("vehicle",)  # what its name is made of, to be read with it

    class Meta:
        verbose_name = "day close"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["vehicle", "date"], name="day_closed_once"),
            models.CheckConstraint(
                name="day_close_status_has_its_time",
                condition=Q(status="PENDING", approved_by=None, approved_at=None, reason="")
                | Q(status="APPROVED", approved_by__isnull=False, approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle}, {self.date:%d %b %Y}"

    @property
    def variances(self) -> list[Variance]:
        """The likely causes of what differs. Read it with its lines and their equipment."""
        stock = [Stock(one.equipment_id, one.equipment.name, one.condition, one.difference) for one in self.stock.all()]
        return variances(stock, [Taken(one.method, one.difference) for one in self.money.all()])


class CountedStock(AppendOnly):
    """How much of one thing in one condition was on the truck, and how much the books held then."""

    close = models.ForeignKey(DayClose, models.PROTECT, related_name="stock")
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, related_name="+")
    condition = AsciiField(max_length=7, choices=[(value, label) for value, label in Condition.choices if value])
    quantity = models.PositiveIntegerField()
    expected = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["close", "equipment", "condition"], name="counted_stock_once_per_close")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.equipment_id} {self.condition}"

    @property
    def difference(self) -> int:
        return self.quantity - self.expected


class CountedMoney(AppendOnly):
    """How much was handed over in one way, and how much the payments of the day come to."""

    close = models.ForeignKey(DayClose, models.PROTECT, related_name="money")
    method = AsciiField(max_length=13, choices=Payment.Method.choices)
    amount = MoneyField()
    expected = MoneyField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["close", "method"], name="counted_money_once_per_close"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="counted_money_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.method}"

    @property
    def difference(self) -> Decimal:
        return self.amount - self.expected
