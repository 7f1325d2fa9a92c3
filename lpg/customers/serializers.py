from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Amount, Choice, Code, Day, Email, Flag, Input, ListQuery, Ref, Text, Whole
from lpg.customers.models import Customer, Rate, is_a_uen
from lpg.equipment.serializers import RateQuery

CUSTOMER = {
    "customer_code": "C-0001",
    "name": "Kopi & Toast, Ang Mo Kio",
    "email": "accounts@kopitoast.example",
    "phone": "+65 6452 1188",
    "address": "Blk 226 Ang Mo Kio Ave 1 #01-601",
    "postal_code": "560226",
    "uen": "202012345H",
    "payment_type": "CREDIT",
    "payment_terms_days": 30,
    "credit_limit": "2000.00",
    "depot": 1,
    "is_active": True,
    "meter_rate": "2.3500",
}
METERED = {"is_meter_installed": True, "last_meter_reading": "1532.400"}
RATE = {"equipment": 3, "rate": "36.5000", "effective_from": "2026-12-01"}


class CustomerRow(serializers.ModelSerializer[Customer]):
    example: ClassVar[dict[str, Any]] = {"id": 1, **CUSTOMER, **METERED}

    credit_limit = serializers.DecimalField(
        max_digits=18, decimal_places=2, allow_null=True, help_text="null: no limit."
    )
    meter_rate = serializers.DecimalField(
        max_digits=18, decimal_places=4, allow_null=True, help_text="In force today; null: none."
    )
    is_meter_installed = serializers.BooleanField()
    last_meter_reading = serializers.DecimalField(
        max_digits=18, decimal_places=3, allow_null=True, help_text="null: no meter, or several."
    )

    class Meta:
        model = Customer
        fields = ("id", *CUSTOMER, *METERED)


class CustomerInput(Input):
    echoes = CustomerRow
    renamed: ClassVar[dict[str, str]] = {"customer_id": "customer_code", "code": "customer_code", "depot_id": "depot"}
    example: ClassVar[dict[str, Any]] = CUSTOMER

    customer_code = Code(max_length=30)
    name = Text(max_length=200)
    email = Email(allow_blank=True, required=False)
    phone = Text(max_length=30, allow_blank=True, required=False)
    address = Text(max_length=500, multiline=True, allow_blank=True, required=False)
    postal_code = Text(max_length=10, allow_blank=True, required=False)
    uen = Code(max_length=10, allow_blank=True, required=False, validators=[is_a_uen])
    payment_type = Choice(Customer.Payment.choices)
    payment_terms_days = Whole(min_value=0, max_value=365, required=False)
    credit_limit = Amount(decimal_places=2, allow_null=True, required=False)
    depot = Ref()
    is_active = Flag(required=False)
    meter_rate = Amount(
        decimal_places=4, allow_null=True, required=False, help_text="Another value adds a rate from today on."
    )


class CustomerQuery(ListQuery):
    ordering = Choice(["id", "-id", "customer_code", "-customer_code", "name", "-name"], required=False)
    search = serializers.CharField(required=False, max_length=100, help_text="Start of a code, name or phone number.")
    depot = Ref(required=False)
    payment_type = Choice(Customer.Payment.choices, required=False)
    is_active = Flag(required=False)


class CustomerRateRow(serializers.ModelSerializer[Rate]):
    example: ClassVar[dict[str, Any]] = {"id": 8, "customer": 1, **RATE, "created_at": "2026-11-20T09:30:00+08:00"}

    rate = serializers.DecimalField(max_digits=18, decimal_places=4)

    class Meta:
        model = Rate
        fields = ("id", "customer", "equipment", "rate", "effective_from", "created_at")


class CustomerRateInput(Input):
    echoes = CustomerRateRow
    renamed: ClassVar[dict[str, str]] = {"equipment_id": "equipment"}
    example: ClassVar[dict[str, Any]] = RATE

    equipment = Ref(allow_null=True, help_text="null: the rate of one unit of metered gas.")
    rate = Amount(decimal_places=4)
    effective_from = Day()


class CustomerRateQuery(RateQuery):
    equipment = Ref(required=False)
