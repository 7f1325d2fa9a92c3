from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from lpg.append_only import AppendOnly, Kept
from lpg.fields import AsciiField, MoneyField, RateField, ReadingField
from lpg.invoices.models import Invoice


class Transaction(Kept):
    """A sale at a customer's site: what was delivered, what came back, what the meter says, what it costs."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "Waiting for approval"
        CONFIRMED = "CONFIRMED", "Confirmed"
        VOIDED = "VOIDED", "Voided"

    class Hold(models.TextChoices):
        RATE_OVERRIDE = "rate_override", "Rate differs from the price list"
        CREDIT_LIMIT = "credit_limit", "Over the credit limit"

    may_change = frozenset({"status", "confirmed_at", "approved_at", "voided_at", "void_reason"})

    transaction_number = AsciiField("number", max_length=25, unique=True)
    status = AsciiField(max_length=9, choices=Status.choices)
    held_for = AsciiField(max_length=60, blank=True)  # the holds, separated by commas
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="transactions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="transactions")
    vehicle = models.ForeignKey("depots.Vehicle", models.PROTECT, null=True, related_name="+")
    from_depot = models.ForeignKey("depots.Depot", models.PROTECT, null=True, related_name="+")  # a sale at the counter
    meter = models.ForeignKey("meters.Meter", models.PROTECT, null=True, related_name="+")
    last_meter_reading = ReadingField(null=True)  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    current_meter_reading = ReadingField(null=True)  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    meter_usage = ReadingField(null=True)  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    meter_rate = RateField(null=True)  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    usage_amount = MoneyField(null=True)  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    total_amount = MoneyField()
    remarks = models.TextField(max_length=500, blank=True)
    client_temp_id = AsciiField(max_length=64, blank=True)
    send_email = models.BooleanField(default=False)  # once there is a document, to the customer's address
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    approved_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True)

    in_order: list["TransactionItem"]  # these two by `with_items`, `whole` and the services
    issued: list[Invoice]

    class Meta:
        verbose_name = "sale"  # the API's name is the contract's; people say sale
        constraints: ClassVar = [
            models.CheckConstraint(
                name="transaction_status_has_its_time",
                condition=Q(status="PENDING", confirmed_at=None, approved_at=None, voided_at=None)
                | Q(status="CONFIRMED", confirmed_at__isnull=False, voided_at=None)
                | Q(status="VOIDED", voided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="transaction_waits_for_a_reason", condition=~Q(status="PENDING") | ~Q(held_for="")
            ),
            models.CheckConstraint(
                name="transaction_reads_a_whole_meter",
                condition=Q(
                    meter=None,
                    last_meter_reading=None,
                    current_meter_reading=None,
                    meter_usage=None,
                    meter_rate=None,
                    usage_amount=None,
                )
                | Q(
                    meter__isnull=False,
                    last_meter_reading__isnull=False,
                    current_meter_reading__isnull=False,
                    meter_usage__gte=0,
                    meter_rate__gte=0,
                    usage_amount__gte=0,
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "id"], name="transaction_by_status"),
            models.Index(fields=["customer", "status"], name="transaction_of_customer"),
            models.Index(fields=["occurred_at"], name="transaction_of_time"),
        ]

    def __str__(self) -> str:
        return self.transaction_number

    @property
    def depot_id(self) -> int:
        """A sale belongs to the depot of its customer."""
        return self.customer.depot_id

    @property
    def holds(self) -> list[str]:
        return [hold for hold in self.held_for.split(",") if hold]

    @property
    def payment_status(self) -> str | None:
        """By what is allocated to its document; none when it is voided."""
        if self.status == Transaction.Status.VOIDED:
            return None
        if not self.issued:
            return "UNPAID"
        if self.issued[0].balance_due <= 0:
            return "PAID"
        return "PARTIAL" if self.issued[0].balance_due < self.issued[0].total_amount else "UNPAID"


class TransactionItem(AppendOnly):
    """One line of a sale."""

    class Type(models.TextChoices):
        DELIVERY = "DELIVERY", "Delivered"
        EMPTY_RETURN = "EMPTY_RETURN", "Empty returned"
        FULL_RETURN = "FULL_RETURN", "Full returned"
        SERVICE = "SERVICE", "Service"

    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="items")
    item_type = AsciiField(max_length=12, choices=Type.choices)
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, null=True, related_name="+")
    condition = AsciiField(max_length=7, blank=True)
    description = models.CharField(max_length=200, blank=True)
    quantity = models.PositiveIntegerField()
    rate = RateField()
    amount = MoneyField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="transaction_item_of_something"),
            models.CheckConstraint(condition=Q(rate__gte=0), name="transaction_item_rate_not_negative"),
            models.CheckConstraint(
                name="transaction_item_is_whole",
                condition=Q(item_type="SERVICE", equipment=None, amount__gte=0) & ~Q(description="")
                | Q(item_type="DELIVERY", equipment__isnull=False, amount__gte=0)
                | Q(item_type="EMPTY_RETURN", equipment__isnull=False, rate=0, amount=0)
                | Q(item_type="FULL_RETURN", equipment__isnull=False, amount__lte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.equipment_id or self.description}"
