from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lpg.append_only import AppendOnly, Kept
from lpg.fields import AsciiField, MoneyField, RateField, ReadingField
from lpg.paper.models import StoredPdf


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
        PRINTED = "printed", "Printed"
        EMAILED = "emailed", "Emailed"
        PAID = "paid", "Paid"

    may_change = frozenset(
        {"balance_due", "paid_at", "credited_at", "printed_at", "emailed_at", "pdf_due_at", "pdf_error"}
    )

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
    printed_at = models.DateTimeField(null=True)  # these two: the first time
    emailed_at = models.DateTimeField(null=True)
    pdf_due_at = models.DateTimeField(null=True)  # when a worker may make the PDF, or try again; none when it is there
    pdf_error = models.CharField(max_length=200, null=True)

    in_order: list["InvoiceLine"]  # these two by `with_lines` and the services
    posted: list["Delivery"]

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
        indexes: ClassVar = [
            models.Index(fields=["customer", "balance_due"], name="invoice_open_of_customer"),
            models.Index(fields=["pdf_due_at"], name="invoice_pdf_due"),
            models.Index(fields=["issued_on"], name="invoice_of_day"),
        ]

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
        if self.paid_at and not self.balance_due:
            return Invoice.Status.PAID
        if self.emailed_at:
            return Invoice.Status.EMAILED
        return Invoice.Status.PRINTED if self.printed_at else Invoice.Status.GENERATED


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


class InvoicePdf(StoredPdf):
    """A document's PDF. The highest version is the one in force; there is a second only if the first was lost."""

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="pdfs")

    class Meta(StoredPdf.Meta):
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["invoice", "version"], name="invoice_pdf_version_once")
        ]

    @property
    def depot_id(self) -> int:
        return self.invoice.depot_id


class Delivery(Kept):
    """A document on its way to an address: what is due, how often it was tried, and how it ended."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        FAILED = "failed", "Failed"

    may_change = frozenset({"state", "attempts", "next_try_at", "gives_up_at", "last_error", "sent_at"})

    invoice = models.ForeignKey(Invoice, models.PROTECT, related_name="deliveries")
    to = models.CharField(max_length=254, blank=True)  # blank: there was no address, and it failed at once
    state = AsciiField(max_length=7, choices=State.choices)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # while sending: when another worker may take it up
    gives_up_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    message_id = AsciiField(max_length=100, unique=True)  # the same at every try
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")  # who asked for it
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "email"  # the API's name is the contract's; a delivery is of cylinders, people say
        constraints: ClassVar = [
            models.CheckConstraint(
                name="delivery_has_its_times",
                condition=Q(state__in=["queued", "sending"], next_try_at__isnull=False, sent_at=None) & ~Q(to="")
                | Q(state="sent", next_try_at=None, sent_at__isnull=False) & ~Q(to="")
                | Q(state="failed", next_try_at=None, sent_at=None) & ~Q(last_error=""),
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_try_at"], name="delivery_due"),
            models.Index(fields=["state", "id"], name="delivery_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice} to {self.to or 'nobody'}"

    @property
    def depot_id(self) -> int:
        """A delivery belongs to the depot of the document's customer."""
        return self.invoice.depot_id
