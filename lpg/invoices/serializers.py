from typing import Any, ClassVar

from rest_framework import serializers

from lpg import trace
from lpg.api.inputs import Choice, Day, Email, Input, ListQuery, Ref
from lpg.invoices.models import Delivery, Invoice, InvoiceLine


def shown_money(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=18, decimal_places=2, **more)


def shown_rate(**more: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=18, decimal_places=4, **more)


class PlainDecimal(serializers.CharField):
    """A decimal without zeros that say nothing: 5 cylinders, 12.345 units, 9 percent."""

    def to_representation(self, value: Any) -> str:
        return format(value.normalize(), "f")


class PdfAddress(serializers.URLField):
    """Where the PDF of a document is."""

    def to_representation(self, value: Any) -> str:
        return f"{trace.origin.get()}/api/v1/invoices/{value}/pdf/"


class LineRow(serializers.ModelSerializer[InvoiceLine]):
    quantity = PlainDecimal(help_text="Cylinders, or units of gas.")
    rate = shown_rate()
    net_amount = shown_money(help_text="Without GST.")
    amount = shown_money(help_text="As the prices were agreed.")

    class Meta:
        model = InvoiceLine
        fields = ("item_type", "equipment", "description", "quantity", "rate", "net_amount", "amount")


class DeliveryRow(serializers.ModelSerializer[Delivery]):
    """One mail with this document: where to, and how it fares."""

    class Meta:
        model = Delivery
        fields = ("id", "to", "state", "attempts", "next_try_at", "last_error", "sent_at")


class EmailInput(Input):
    renamed: ClassVar[dict[str, str]] = {"email": "to"}
    example: ClassVar[dict[str, Any]] = {"to": "accounts@kopitiam.example"}

    to = Email(allow_blank=True, required=False, default="", help_text="Left out: the customer's own address of today.")


class FrozenTransaction(serializers.Serializer[Any]):
    """What the document keeps of the sale."""

    id = serializers.IntegerField()
    transaction_number = serializers.CharField()
    customer = serializers.IntegerField()
    user = serializers.IntegerField()
    total_amount = serializers.CharField()
    created_at = serializers.CharField()


class InvoiceRow(serializers.ModelSerializer[Invoice]):
    example: ClassVar[dict[str, Any]] = {
        "id": 12,
        "invoice_number": "INV-2026-000012",
        "document_type": "tax_invoice",
        "status": "generated",
        "transaction": {
            "id": 12,
            "transaction_number": "TRX-20261120-000012",
            "customer": 1,
            "user": 3,
            "total_amount": "109.00",
            "created_at": "2026-11-20T09:30:04+08:00",
        },
        "customer": 1,
        "lines": [
            {
                "item_type": "DELIVERY",
                "equipment": 3,
                "description": "14 kg cylinder",
                "quantity": "2",
                "rate": "54.5000",
                "net_amount": "100.00",
                "amount": "109.00",
            }
        ],
        "gst_rate": "9",
        "subtotal": "100.00",
        "tax_amount": "9.00",
        "total_amount": "109.00",
        "balance_due": "109.00",
        "issued_on": "2026-11-20",
        "due_date": "2026-12-20",
        "corrects": None,
        "corrected_by": None,
        "reason": "",
        "pdf_url": "http://127.0.0.1:8000/api/v1/invoices/12/pdf/",
        "generated_at": "2026-11-20T09:30:04+08:00",
        "printed_at": None,
        "emailed_at": None,
        "paid_at": None,
        "credited_at": None,
        "deliveries": [
            {
                "id": 4,
                "to": "accounts@kopitiam.example",
                "state": "queued",
                "attempts": 0,
                "next_try_at": "2026-11-20T09:30:04+08:00",
                "last_error": "",
                "sent_at": None,
            }
        ],
    }

    status = serializers.ChoiceField(Invoice.Status.choices)
    transaction = FrozenTransaction(source="summary")
    lines = LineRow(many=True, source="in_order")
    gst_rate = PlainDecimal(help_text="Percent; 0 when the company is not registered for GST.")
    subtotal = shown_money(help_text="Without GST.")
    tax_amount = shown_money()
    total_amount = shown_money()
    balance_due = shown_money(help_text="What is still to be paid; of a credit note, below zero: credit that is left.")
    corrected_by = serializers.IntegerField(
        source="corrected_by.pk", allow_null=True, help_text="The credit note that took this document back."
    )

    pdf_url = PdfAddress(source="pk")
    deliveries = DeliveryRow(many=True, source="posted")

    class Meta:
        model = Invoice
        fields = (
            "id",
            "invoice_number",
            "document_type",
            "status",
            "transaction",
            "customer",
            "lines",
            "gst_rate",
            "subtotal",
            "tax_amount",
            "total_amount",
            "balance_due",
            "issued_on",
            "due_date",
            "corrects",
            "corrected_by",
            "reason",
            "pdf_url",
            "generated_at",
            "printed_at",
            "emailed_at",
            "paid_at",
            "credited_at",
            "deliveries",
        )


class InvoiceQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a number.")
    document_type = Choice(Invoice.Type.choices, required=False)
    customer = Ref(required=False)
    transaction = Ref(required=False)
    since = Day(required=False, help_text="Issued on this day or later.")
    until = Day(required=False, help_text="Issued before this day.")


class OpenInvoiceRow(serializers.ModelSerializer[Invoice]):
    """What a driver needs to take money for any of the customer's invoices."""

    example: ClassVar[dict[str, Any]] = {
        "id": 12,
        "invoice_number": "INV-2026-000012",
        "date": "2026-11-20",
        "balance_due": "109.00",
    }

    date = serializers.DateField(source="issued_on")
    balance_due = shown_money()

    class Meta:
        model = Invoice
        fields = ("id", "invoice_number", "date", "balance_due")


class OpenInvoiceQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
