from decimal import Decimal
from typing import ClassVar

from django.core.validators import MinValueValidator
from django.db import models

from lpg.append_only import AppendOnly
from lpg.fields import AsciiField, RateField, WeightField


class Equipment(models.Model):
    """Something that is carried: a size of cylinder, a kind of meter, a kind of regulator."""

    class Type(models.TextChoices):
        CYLINDER = "CYLINDER", "Cylinder"
        METER = "METER", "Meter"
        REGULATOR = "REGULATOR", "Regulator"

    sku = AsciiField("SKU", max_length=40, unique=True, error_messages={"unique": "Other equipment has this SKU."})
    name = models.CharField(max_length=100)
    equipment_type = models.CharField("type", max_length=10, choices=Type.choices)
    weight_kg = WeightField("weight (kg)", null=True, blank=True, validators=[MinValueValidator(0)])  # type: ignore[misc]  # null=True is beyond the stubs for own fields
    is_active = models.BooleanField("in use", default=True)

    default_rate: Decimal | None  # in force today; set by `with_default_rate`

    class Meta:
        verbose_name_plural = "equipment"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(equipment_type__in=["CYLINDER", "METER", "REGULATOR"]), name="equipment_type_known"
            ),
            models.CheckConstraint(condition=models.Q(weight_kg__gte=0), name="equipment_weight_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultRate(AppendOnly):
    """The price of equipment from a day on, for customers without a rate of their own. Never overwritten."""

    equipment = models.ForeignKey(Equipment, models.PROTECT, related_name="default_rates")
    rate = RateField(validators=[MinValueValidator(0)])
    effective_from = models.DateField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["equipment", "effective_from"], name="default_rate_in_force")]
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(rate__gte=0), name="default_rate_not_negative")
        ]

    def __str__(self) -> str:
        return f"{self.rate} from {self.effective_from}"
