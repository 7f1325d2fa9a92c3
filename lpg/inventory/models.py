from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lpg.append_only import AppendOnly
from lpg.fields import AsciiField


class Condition(models.TextChoices):
    """How stock is kept at a depot and on a truck. A customer's site and the outside hold a plain count: NONE."""

    FULL = "FULL", "Full"
    EMPTY = "EMPTY", "Empty"
    DAMAGED = "DAMAGED", "Damaged"

    NONE = "", "—"


class Place(models.Model):
    """Something that holds equipment: a depot, a truck, a customer's site, or one of the three outsides."""

    class Kind(models.TextChoices):
        DEPOT = "depot", "Depot"
        TRUCK = "truck", "Truck"
        CUSTOMER = "customer", "Customer"
        SUPPLIER = "supplier", "Supplier"
        ADJUSTMENT = "adjustment", "Adjustment"
        SCRAP = "scrap", "Scrap"

    key = AsciiField(max_length=32, unique=True)
    kind = AsciiField(max_length=10, choices=Kind.choices)
    depot = models.OneToOneField("depots.Depot", models.PROTECT, null=True, related_name="place")
    vehicle = models.OneToOneField("depots.Vehicle", models.PROTECT, null=True, related_name="place")
    customer = models.OneToOneField("customers.Customer", models.PROTECT, null=True, related_name="place")

    named_with: ClassVar = ("depot", "vehicle", "customer")  # what its name is made of, to be read with it

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="place_is_one_thing",
                condition=Q(kind="depot", depot__isnull=False, vehicle=None, customer=None)
                | Q(kind="truck", depot=None, vehicle__isnull=False, customer=None)
                | Q(kind="customer", depot=None, vehicle=None, customer__isnull=False)
                | Q(kind__in=["supplier", "adjustment", "scrap"], depot=None, vehicle=None, customer=None),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        if self.kind == Place.Kind.DEPOT and self.depot:
            return f"Depot {self.depot.code}"
        if self.kind == Place.Kind.TRUCK and self.vehicle:
            return f"Truck {self.vehicle.plate_no}"
        if self.kind == Place.Kind.CUSTOMER and self.customer:
            return f"{self.customer.customer_code} {self.customer.name}"
        return Place.Kind(self.kind).label

    @property
    def is_physical(self) -> bool:
        """Physical places never hold less than nothing; the outsides may, they are where things come from."""
        return self.kind in PHYSICAL

    @property
    def has_conditions(self) -> bool:
        return self.kind in WITH_CONDITIONS

    @property
    def owner_id(self) -> int | None:
        """The id of the depot, vehicle or customer that this place is."""
        return self.depot_id or self.vehicle_id or self.customer_id

    @property
    def home_depot_id(self) -> int | None:
        """The depot whose supervisors answer for this place."""
        if self.vehicle:
            return self.vehicle.depot_id
        return self.customer.depot_id if self.customer else self.depot_id


PHYSICAL = {Place.Kind.DEPOT, Place.Kind.TRUCK, Place.Kind.CUSTOMER}
WITH_CONDITIONS = {Place.Kind.DEPOT, Place.Kind.TRUCK}


class Balance(models.Model):
    """How much of one thing in one condition a place holds: the row that is locked. The movements explain it."""

    place = models.ForeignKey(Place, models.PROTECT, related_name="balances")
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, related_name="+")
    condition = AsciiField(max_length=7, choices=Condition.choices, blank=True)
    physical = models.BooleanField()
    quantity = models.BigIntegerField(default=0)

    named_with: ClassVar = ("equipment", *(f"place__{owner}" for owner in Place.named_with))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["place", "equipment", "condition"], name="balance_once_per_key"),
            models.CheckConstraint(condition=Q(quantity__gte=0) | Q(physical=False), name="balance_not_negative"),
        ]

    def __str__(self) -> str:
        kept = f", {Condition(self.condition).label.lower()}" if self.condition else ""
        return f"{self.equipment}{kept}, {self.place}"

    @property
    def depot_id(self) -> int | None:
        return self.place.home_depot_id


class Movement(AppendOnly):
    """Equipment went from one place to another, or from one condition to another. Written once."""

    class Cause(models.TextChoices):
        DISTRIBUTION = "DISTRIBUTION", "Distribution"
        TRANSFER = "TRANSFER", "Transfer"
        UPDATE = "UPDATE", "Update"
        COUNT = "COUNT", "Count"
        METER = "METER", "Meter"
        TRANSACTION = "TRANSACTION", "Sale"
        SHORTFALL = "SHORTFALL", "Not in the books"
        DAY_CLOSE = "DAY_CLOSE", "Day close"

    origin = models.ForeignKey(Place, models.PROTECT, related_name="+")
    origin_condition = AsciiField(max_length=7, blank=True)
    origin_after = models.BigIntegerField()
    destination = models.ForeignKey(Place, models.PROTECT, related_name="+")
    destination_condition = AsciiField(max_length=7, blank=True)
    destination_after = models.BigIntegerField()
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField()
    cause = AsciiField(max_length=12, choices=Cause.choices)
    cause_id = models.BigIntegerField()
    cause_number = AsciiField(max_length=25, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="movement_moves_something"),
            models.CheckConstraint(
                condition=~Q(origin=F("destination")) | ~Q(origin_condition=F("destination_condition")),
                name="movement_goes_somewhere",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["cause", "cause_id"], name="movement_of_cause"),
            models.Index(fields=["created_at"], name="movement_of_time"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.equipment_id}: {self.origin_id} → {self.destination_id}"


class Transfer(AppendOnly):
    """Stock moved between two places by decision of the office: deliveries of the supplier, scrap, re-labels."""

    origin = models.ForeignKey(Place, models.PROTECT, related_name="+")
    destination = models.ForeignKey(Place, models.PROTECT, related_name="+")
    remarks = models.CharField(max_length=500, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"Transfer {self.pk}"

    @property
    def depot_id(self) -> int | None:
        """The depot that answers for it: where the stock arrives, else where it comes from."""
        return self.destination.home_depot_id or self.origin.home_depot_id


class Count(models.Model):
    """What somebody counted at a place, without being told what should be there. The difference waits for approval."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "Waiting for approval"
        APPROVED = "APPROVED", "Approved"
        CANCELLED = "CANCELLED", "Cancelled"

    place = models.ForeignKey(Place, models.PROTECT, related_name="counts")
    status = AsciiField(max_length=9, choices=Status.choices, default=Status.PENDING)
    remarks = models.CharField(max_length=500, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"Count {self.pk}"

    @property
    def depot_id(self) -> int | None:
        return self.place.home_depot_id


class CountLine(models.Model):
    """One thing counted, beside what the books held at that moment."""

    count = models.ForeignKey(Count, models.PROTECT, related_name="lines")
    equipment = models.ForeignKey("equipment.Equipment", models.PROTECT, related_name="+")
    condition = AsciiField(max_length=7, blank=True)
    quantity = models.PositiveIntegerField()
    expected = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["count", "equipment", "condition"], name="counted_once_per_count")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.equipment_id} {self.condition}"

    @property
    def difference(self) -> int:
        return self.quantity - self.expected
