from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lpg.append_only import Kept
from lpg.fields import AsciiField, MoneyField
from lpg.paper.models import StoredPdf


class Payment(Kept):
    """Money received from a customer. What is not allocated to an invoice is the customer's credit."""

    class Method(models.TextChoices):
        CASH = "CASH", "Cash"
        PAYNOW = "PAYNOW", "PayNow"
        CARD = "CARD", "Card"
        BANK_TRANSFER = "BANK_TRANSFER", "Bank transfer"
        CHEQUE = "CHEQUE", "Cheque"

    may_change = frozenset({"unallocated", "reversed_at", "reverse_reason"})

    payment_number = AsciiField("number", max_length=25, unique=True)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="payments")
    amount = MoneyField()
    unallocated = MoneyField()  # the customer's credit
    method = AsciiField(max_length=13, choices=Method.choices)
    reference = models.CharField(max_length=100, blank=True)
    transaction = models.ForeignKey("transactions.Transaction", models.PROTECT, null=True, related_name="payments")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    client_temp_id = AsciiField(max_length=64, blank=True)
    received_at = models.DateTimeField()
    created_at = models.DateTimeField()
    reversed_at = models.DateTimeField(null=True)  # a cheque that came back, a number mistyped: it counts no more
    reverse_reason = models.CharField(max_length=200, blank=True)

    live: list["Allocation"]  # by `with_allocations` and the services

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payment_of_something"),
            models.CheckConstraint(
                condition=Q(unallocated__gte=0, unallocated__lte=F("amount")), name="payment_credit_within_its_amount"
            ),
            models.CheckConstraint(
                name="payment_reversed_is_worth_nothing",
                condition=Q(reversed_at=None, reverse_reason="")
                | Q(reversed_at__isnull=False, unallocated=0) & ~Q(reverse_reason=""),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["customer", "unallocated"], name="payment_credit_of_customer"),
            models.Index(fields=["received_at"], name="payment_of_time"),
        ]

    def __str__(self) -> str:
        return self.payment_number

    @property
    def depot_id(self) -> int:
        return self.customer.depot_id


class Allocation(Kept):
    """So much of a payment, or of a credit note, settles so much of an invoice, until it is released."""

    may_change = frozenset({"released_at"})

    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="allocations")
    credit_note = models.ForeignKey("invoices.Invoice", models.PROTECT, null=True, related_name="used_for")
    invoice = models.ForeignKey("invoices.Invoice", models.PROTECT, related_name="allocations")
    amount = MoneyField()
    created_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_of_something"),
            models.CheckConstraint(
                name="allocation_from_one",
                condition=Q(payment__isnull=False, credit_note=None) | Q(payment=None, credit_note__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.invoice_id}"


class ReceiptPdf(StoredPdf):
    """A receipt's PDF. A reversed payment gets a second version that says so."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="pdfs")

    class Meta(StoredPdf.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["payment", "version"], name="receipt_pdf_version_once")
        ]

    @property
    def depot_id(self) -> int:
        return self.payment.depot_id
