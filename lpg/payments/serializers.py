from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Amount, Choice, Code, Input, ListQuery, Moment, Ref, Text
from lpg.inventory.serializers import EmptyAsNull
from lpg.invoices.serializers import shown_money
from lpg.payments.models import Allocation, Payment

MOST_INVOICES = 100


class MoneyInput(Input):
    """Money as it is handed over."""

    method = Choice(Payment.Method.choices)
    amount = Amount(decimal_places=2, max_digits=12, min_value=None, help_text="What is kept: change is not counted.")
    reference = Text(max_length=100, allow_blank=True, required=False, default="")

    def validate_amount(self, amount: Any) -> Any:
        if amount <= 0:
            raise serializers.ValidationError("Send an amount above 0.")
        return amount


class AllocationRow(serializers.ModelSerializer[Allocation]):
    amount = shown_money()

    class Meta:
        model = Allocation
        fields = ("invoice", "amount")


class PaymentRow(serializers.ModelSerializer[Payment]):
    example: ClassVar[dict[str, Any]] = {
        "id": 5,
        "payment_number": "RCP-2026-000005",
        "customer": 1,
        "amount": "120.00",
        "method": "CASH",
        "reference": "",
        "transaction": None,
        "user": 3,
        "received_at": "2026-11-20T09:30:00+08:00",
        "created_at": "2026-11-20T09:30:04+08:00",
        "client_temp_id": None,
        "allocations": [{"invoice": 12, "amount": "109.00"}],
        "unallocated": "11.00",
        "reversed_at": None,
        "reverse_reason": "",
    }

    amount = shown_money()
    client_temp_id = EmptyAsNull(allow_null=True)
    allocations = AllocationRow(many=True, source="live")
    unallocated = shown_money(help_text="The customer's credit.")

    class Meta:
        model = Payment
        fields = (
            "id",
            "payment_number",
            "customer",
            "amount",
            "method",
            "reference",
            "transaction",
            "user",
            "received_at",
            "created_at",
            "client_temp_id",
            "allocations",
            "unallocated",
            "reversed_at",
            "reverse_reason",
        )


class PaymentInput(MoneyInput):
    renamed: ClassVar[dict[str, str]] = {
        "customer_id": "customer",
        "payment_method": "method",
        "invoice": "invoices",
        "invoice_id": "invoices",
    }
    echoes = PaymentRow
    example: ClassVar[dict[str, Any]] = {
        "customer": 1,
        "amount": "120.00",
        "method": "CASH",
        "invoices": [12],
        "client_temp_id": "0b6a0f53-8b5c-4d38-9d86-2a5b6bb6d1aa",
    }

    customer = Ref()
    invoices = serializers.ListField(
        child=Ref(), required=False, allow_null=True, max_length=MOST_INVOICES, help_text="Left out: the oldest first."
    )
    received_at = Moment(required=False, help_text="Left out: now.")
    client_temp_id = Code(max_length=64, required=False, allow_null=True, help_text="The same as an Idempotency-Key.")


class AllocateInput(Input):
    example: ClassVar[dict[str, Any]] = {"invoices": [12]}

    invoices = serializers.ListField(
        child=Ref(), required=False, allow_null=True, max_length=MOST_INVOICES, help_text="Left out: the oldest first."
    )


class PaymentQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a number.")
    customer = Ref(required=False)
    user = Ref(required=False)
    method = Choice(Payment.Method.choices, required=False)
    since = Moment(required=False, help_text="Received from this time on.")
    until = Moment(required=False, help_text="Received before this time.")
