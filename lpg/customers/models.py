from decimal import Decimal
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from stdnum.exceptions import ValidationError as NotAUen
from stdnum.sg import uen as sg_uen

from lpg.append_only import AppendOnly
from lpg.fields import AsciiField, MoneyField, RateField
from lpg.search import StartIndex


def is_a_uen(value: str) -> None:
    try:
        sg_uen.validate(value)
    except NotAUen as error:
        raise ValidationError("This is not a UEN: its form or its check letter is wrong.") from error


class Customer(models.Model):
    """Who buys gas, at one site, from one depot."""

    class Payment(models.TextChoices):
        CASH = "CASH", "Cash"
        CREDIT = "CREDIT", "Credit"
        MONTHLY = "MONTHLY", "Monthly"

    customer_code = AsciiField(
        "code", max_length=30, unique=True, error_messages={"unique": "Another customer has this code."}
    )
    name = models.CharField(max_length=200, db_index=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=30, blank=True, db_index=True)
    address = models.TextField(max_length=500, blank=True)
    postal_code = models.CharField(max_length=10, blank=True)
    uen = models.CharField("UEN", max_length=10, blank=True, validators=[is_a_uen])
    payment_type = models.CharField("pays", max_length=7, choices=Payment.choices)
    payment_terms_days = models.PositiveSmallIntegerField("payment terms (days)", default=30)
    credit_limit = MoneyField("credit limit (S$)", null=True, blank=True, validators=[MinValueValidator(0)])  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    depot = models.ForeignKey("depots.Depot", models.PROTECT, related_name="customers")
    is_active = models.BooleanField("in use", default=True)

    meter_rate: Decimal | None  # in force today; set by `with_meter_rate`

    class Meta:
        indexes: ClassVar = [
            StartIndex(fields=["customer_code"], name="customer_code_start"),
            StartIndex(fields=["name"], name="customer_name_start"),
            StartIndex(fields=["phone"], name="customer_phone_start"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(payment_type__in=["CASH", "CREDIT", "MONTHLY"]), name="customer_payment_known"
            ),
            models.CheckConstraint(condition=models.Q(credit_limit__gte=0), name="customer_limit_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_code} {self.name}"

    @property
    def is_meter_installed(self) -> bool:
        return any(meter.removed_on is None for meter in self.meters.all())

    @property
    def last_meter_reading(self) -> Decimal | None:
        """What the meter showed last; none without a meter, and none when there are several."""
        shown = [meter.current_reading for meter in self.meters.all() if meter.removed_on is None]
        return shown[0] if len(shown) == 1 else None


class Rate(AppendOnly):
    """What a customer pays from a day on: for equipment, or (no equipment) for one unit of metered gas."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="rates")
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, null=True, related_name="+")
    rate = RateField(validators=[MinValueValidator(0)])
    effective_from = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["customer", "equipment", "effective_from"], name="customer_rate_in_force")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(rate__gte=0), name="customer_rate_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.rate} from {self.effective_from}"

    @property
    def depot_id(self) -> int:
        """A rate belongs to the depot of its customer."""
        return self.customer.depot_id
