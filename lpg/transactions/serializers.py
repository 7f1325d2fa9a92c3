from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Amount, Choice, Code, Flag, Input, ListQuery, Moment, Ref, Text
from lpg.customers.models import Customer
from lpg.inventory.serializers import CONDITIONS, MOST_LINES, EmptyAsNull, a_quantity
from lpg.invoices.serializers import InvoiceRow, shown_money, shown_rate
from lpg.meters.serializers import a_reading, shown_reading
from lpg.payments.serializers import MoneyInput
from lpg.transactions.models import Transaction, TransactionItem

KEY = "c1a4f4f0-6b0e-4c3e-9a55-3f0f8b9b7f10"


class SaleItemRow(serializers.ModelSerializer[TransactionItem]):
    condition = EmptyAsNull(allow_null=True)
    rate = shown_rate()
    amount = shown_money()

    class Meta:
        model = TransactionItem
        fields = ("id", "item_type", "equipment", "condition", "description", "quantity", "rate", "amount")


class TransactionRow(serializers.ModelSerializer[Transaction]):
    example: ClassVar[dict[str, Any]] = {
        "id": 12,
        "transaction_number": "TRX-20261120-000012",
        "status": "CONFIRMED",
        "holds": [],
        "payment_status": "UNPAID",
        "customer": 1,
        "user": 3,
        "vehicle": 1,
        "depot": None,
        "meter": None,
        "last_meter_reading": None,
        "current_meter_reading": None,
        "meter_usage": None,
        "meter_rate": None,
        "usage_amount": None,
        "items": [
            {
                "id": 30,
                "item_type": "DELIVERY",
                "equipment": 3,
                "condition": "FULL",
                "description": "",
                "quantity": 2,
                "rate": "54.5000",
                "amount": "109.00",
            }
        ],
        "total_amount": "109.00",
        "remarks": "",
        "client_temp_id": KEY,
        "occurred_at": "2026-11-20T09:30:00+08:00",
        "created_at": "2026-11-20T09:30:04+08:00",
        "confirmed_at": "2026-11-20T09:30:04+08:00",
        "approved_at": None,
        "voided_at": None,
        "void_reason": "",
    }

    holds = serializers.ListField(child=serializers.ChoiceField(Transaction.Hold.choices))
    payment_status = serializers.ChoiceField(["UNPAID", "PARTIAL", "PAID"], allow_null=True)
    depot = serializers.IntegerField(
        source="from_depot_id", allow_null=True, help_text="Where the stock came from, of a sale at the counter."
    )
    last_meter_reading = shown_reading(allow_null=True, help_text="The last billed one.")
    current_meter_reading = shown_reading(allow_null=True)
    meter_usage = shown_reading(allow_null=True, help_text="All that this sale bills.")
    meter_rate = shown_rate(allow_null=True)
    usage_amount = shown_money(allow_null=True)
    items = SaleItemRow(many=True, source="in_order")
    total_amount = shown_money()
    client_temp_id = EmptyAsNull(allow_null=True)

    class Meta:
        model = Transaction
        fields = (
            "id",
            "transaction_number",
            "status",
            "holds",
            "payment_status",
            "customer",
            "user",
            "vehicle",
            "depot",
            "meter",
            "last_meter_reading",
            "current_meter_reading",
            "meter_usage",
            "meter_rate",
            "usage_amount",
            "items",
            "total_amount",
            "remarks",
            "client_temp_id",
            "occurred_at",
            "created_at",
            "confirmed_at",
            "approved_at",
            "voided_at",
            "void_reason",
        )


class SaleRow(serializers.Serializer[Any]):
    """A transaction and its document; null while it waits for approval."""

    example: ClassVar[dict[str, Any]] = {"transaction": TransactionRow.example, "invoice": InvoiceRow.example}

    transaction = TransactionRow()
    invoice = InvoiceRow(allow_null=True)


class SaleItemInput(Input):
    renamed: ClassVar[dict[str, str]] = {"equipment_id": "equipment", "type": "item_type"}

    item_type = Choice(TransactionItem.Type.choices)
    equipment = Ref(required=False, allow_null=True, help_text="Not for a SERVICE.")
    quantity = a_quantity()
    rate = Amount(
        decimal_places=4, required=False, allow_null=True, help_text="Left out: as the price list says on that day."
    )
    condition = Choice(CONDITIONS, required=False, allow_null=True, help_text="DAMAGED for what comes back broken.")
    description = Text(max_length=200, allow_blank=True, required=False, default="")


class SaleInput(Input):
    renamed: ClassVar[dict[str, str]] = {
        "customer_id": "customer",
        "current_meter": "current_meter_reading",
        "vehicle_id": "vehicle",
        "depot_id": "depot",
        "meter_id": "meter",
        "payment_received": "payment",
    }
    echoes = TransactionRow
    example: ClassVar[dict[str, Any]] = {
        "customer": 1,
        "items": [
            {"item_type": "DELIVERY", "equipment": 3, "quantity": 2},
            {"item_type": "EMPTY_RETURN", "equipment": 3, "quantity": 2},
        ],
        "current_meter_reading": "1532.400",
        "payment": {"method": "CASH", "amount": "109.00"},
        "occurred_at": "2026-11-20T09:30:00+08:00",
        "client_temp_id": KEY,
    }

    customer = Ref()
    items = serializers.ListField(child=SaleItemInput(), max_length=MOST_LINES, required=False, default=list)
    current_meter_reading = a_reading(required=False, allow_null=True)
    meter = Ref(required=False, allow_null=True, help_text="Which, when the customer has several.")
    is_rollover = Flag(required=False, default=False, help_text="The meter has begun again at zero.")
    vehicle = Ref(required=False, allow_null=True, help_text="Left out: your own truck, else your home depot.")
    depot = Ref(required=False, allow_null=True, help_text="A sale at the counter.")
    payment = MoneyInput(required=False, allow_null=True)
    send_email = Flag(required=False, default=False, help_text="Email the document to the customer's address.")
    remarks = Text(max_length=500, multiline=True, allow_blank=True, required=False, default="")
    occurred_at = Moment(required=False, help_text="Left out: now. It picks the rates and the GST.")
    client_temp_id = Code(max_length=64, required=False, allow_null=True, help_text="The same as an Idempotency-Key.")

    def validate(self, values: Any) -> Any:
        about_a_meter = values.get("meter") is not None or values["is_rollover"]
        if about_a_meter and values.get("current_meter_reading") is None:  # a reading that was forgotten is not billed
            raise serializers.ValidationError({"current_meter_reading": ["Say what the meter shows."]})
        return values


class TransactionQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a number.")
    status = Choice(Transaction.Status.choices, required=False)
    customer = Ref(required=False)
    user = Ref(required=False)
    vehicle = Ref(required=False)
    since = Moment(required=False, help_text="Happened from this time on.")
    until = Moment(required=False, help_text="Happened before this time.")


class CreditRow(serializers.ModelSerializer[Customer]):
    """With the open invoices and the new sale it decides whether the credit limit holds that sale."""

    example: ClassVar[dict[str, Any]] = {"id": 1, "credit": "11.00", "waits": "185.14"}

    credit = shown_money(help_text="Money not yet allocated, and what is left of credit notes.")
    waits = shown_money(help_text="What the sales that wait for approval will come to.")

    class Meta:
        model = Customer
        fields = ("id", "credit", "waits")
