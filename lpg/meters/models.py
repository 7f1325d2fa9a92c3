from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from lpg.append_only import Kept
from lpg.fields import AsciiField, ReadingField

LEAST_DIGITS, MOST_DIGITS = 3, 12


class Meter(Kept):
    """A gas meter at a customer's site, from the day it was installed to the day it was replaced."""

    may_change = frozenset({"removed_on", "serial_in_use", "current_reading"})

    customer = models.ForeignKey("customers.Customer", models.PROTECT, related_name="meters")
    serial_no = AsciiField("serial number", max_length=40)
    serial_in_use = AsciiField(  # type: ignore[misc]  # null=True is beyond the stubs for own fields; the same, until the meter is taken away
        max_length=40,
        null=True,
        unique=True,
        error_messages={"unique": "A meter with this serial number is installed. Check the number on the meter."},
    )
    digits = models.PositiveSmallIntegerField(
        validators=[MinValueValidator(LEAST_DIGITS), MaxValueValidator(MOST_DIGITS)]
    )
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, null=True, related_name="+")
    came_from = models.ForeignKey("inventory.Place", models.PROTECT, null=True, related_name="+")
    first = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")  # of this chain; null: it is itself
    installed_on = models.DateField()
    removed_on = models.DateField(null=True)
    current_reading = ReadingField()  # the last of its readings: the meter is the row that is locked for the next one

    last_billed: Decimal | None = None  # by `installed_at`: the last of its readings, if a sale has billed that
    last_billed_reading: Decimal | None  # of its chain; these two by `with_unbilled`, null once it was taken away
    unbilled_usage: Decimal | None

    class Meta:
        indexes: ClassVar = [models.Index(fields=["serial_no"], name="meter_serial")]
        constraints: ClassVar = [
            models.CheckConstraint(
                name="meter_serial_in_use",
                condition=Q(removed_on=None, serial_in_use=F("serial_no"))
                | Q(removed_on__isnull=False, serial_in_use=None),
            ),
            models.CheckConstraint(
                name="meter_removed_after_installed",
                condition=Q(removed_on=None) | Q(removed_on__gte=F("installed_on")),
            ),
        ]

    def __str__(self) -> str:
        return f"Meter {self.serial_no}"

    @property
    def depot_id(self) -> int:
        return self.customer.depot_id

    @property
    def chain_id(self) -> int:
        """The first meter of this chain: what was replaced and what replaced it measure one supply."""
        return self.first_id or self.pk


class MeterReading(Kept):
    """What a meter showed, how much gas that means, and which sale has billed it."""

    class Kind(models.TextChoices):
        INITIAL = "INITIAL", "At installation"
        PLAIN = "PLAIN", "Read"
        FINAL = "FINAL", "At removal"
        OUTSIDE = "OUTSIDE", "Does not fit, not billed"  # a fact that cannot join the chain: no usage, never billed

    may_change = frozenset({"transaction_id", "voided_at", "void_reason"})

    meter = models.ForeignKey(Meter, models.PROTECT, related_name="readings")
    kind = AsciiField(max_length=7, choices=Kind.choices)
    reading = ReadingField()
    previous = ReadingField()
    usage = ReadingField()
    is_rollover = models.BooleanField(default=False)
    read_at = models.DateTimeField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    transaction = models.ForeignKey(
        "transactions.Transaction", models.PROTECT, null=True, related_name="meter_readings"
    )
    created_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(usage__gte=0), name="meter_reading_never_falls"),
            models.CheckConstraint(
                name="meter_reading_usage_is_the_difference",
                condition=Q(is_rollover=True) | Q(reading=F("previous") + F("usage")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reading} on {self.meter}"

    @property
    def depot_id(self) -> int:
        return self.meter.depot_id
