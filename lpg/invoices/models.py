from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lpg.append_only import AppendOnly, Kept
from lpg.fields import AsciiField, MoneyField, RateField, ReadingField


class Invoice(Kept):
    """A document as it was issued: an invoice, or a credit note. Corrections are credit notes; nothing is deleted.

    An invoice adds its total to what the customer owes, a credit note takes its total away.
    """

    class Type(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        TAX_INVOICE = "tax_invoice", "Tax invoice"
        SIMPLIFIED = "simplified_tax_invoice", "Simplified tax invoice"
        CREDIT_NOTE = "credit_note", "Credit note"

    class Status(models.TextChoices):
        GENERATED = "generated", "Generated"
        PAID = "paid", "Paid"

    may_change = frozenset({"balance_due", "paid_at", "credited_at"})

    invoice_number = AsciiField("number", max_length=25, unique=True)
    document_type = AsciiField("type", max_length=22, choices=Type.choices)
    transaction = models.ForeignKey("transactions.Transaction", models.PROTECT, related_name="documents")
    corrects = models.OneToOneField("self", models.PROTECT, null=True, related_name="correction")
    is_correction = models.BooleanField(default=False)
    reason = models.CharField(max_length=200, blank=True)
    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="invoices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")  # who sold
    issued_on = models.DateField()
    due_date = models.DateField()
    seller = models.JSONField()
    buyer = models.JSONField()
    summary = models.JSONField()
    gst_rate = RateField()  # percent
    prices_include_gst = models.BooleanField()
    subtotal = MoneyField()
    tax_amount = MoneyField()
    total_amount = MoneyField()
    due_at_issue = MoneyField()
    balance_due = MoneyField()  # of a credit note: below zero, while there is credit left
    generated_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True)
    credited_at = models.DateTimeField(null=True)

    in_order: list["InvoiceLine"]  # by `with_lines` and the services

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["transaction", "is_correction"], name="one_document_and_one_correction"),
            models.CheckConstraint(
                name="correction_names_what_it_corrects",
                condition=Q(is_correction=True, corrects__isnull=False, document_type="credit_note")
                | Q(is_correction=False, corrects=None),
            ),
            models.CheckConstraint(name="document_adds_up", condition=Q(total_amount=F("subtotal") + F("tax_amount"))),
            models.CheckConstraint(
                name="balance_due_within_the_total",
                condition=Q(document_type="credit_note", balance_due__lte=0, balance_due__gte=-F("total_amount"))
                | Q(document_type="credit_note", total_amount__lte=0, balance_due=0)
                | (~Q(document_type="credit_note") & Q(balance_due__gte=0, balance_due__lte=F("total_amount"))),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["customer", "balance_due"], name="invoice_open_of_customer")]

    def __str__(self) -> str:
        return self.invoice_number

    @property
    def depot_id(self) -> int:
        return self.customer.depot_id

    @property
    def is_credit_note(self) -> bool:
        return self.document_type == Invoice.Type.CREDIT_NOTE

    @property
    def sign(self) -> int:
        """What one dollar of this document is to what the customer owes."""
        return -1 if self.is_credit_note else 1

    @property
    def corrected_by(self) -> "Invoice | None":
        """The credit note that took this document back."""
        return getattr(self, "correction", None)

    @property
    def status(self) -> str:
        return Invoice.Status.PAID if self.paid_at and not self.balance_due else Invoice.Status.GENERATED


class InvoiceLine(AppendOnly):
    """One line of a document, as it was issued."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="lines")
    item_type = AsciiField(max_length=12)
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, null=True, related_name="+")
    description = models.CharField(max_length=200)
    quantity = ReadingField()
    rate = RateField()
    net_amount = MoneyField()
    amount = MoneyField()

    def __str__(self) -> str:
        return f"{self.quantity} × {self.description}"
