"""Which customers somebody sees, and what they pay today."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from lpg.customers.models import Customer, Rate
from lpg.roles import Actor, sees


def customers_seen_by(actor: Actor) -> QuerySet[Customer]:
    return Customer.objects.filter(sees(actor, "customers.read"))


def with_meter_rate(customers: QuerySet[Customer], on: date | None = None) -> QuerySet[Customer]:
    """Each with its own `meter_rate` in force on that day (today), null when there is none."""
    in_force = _meter_rates(on).filter(customer=OuterRef("pk"))
    rate: dict[str, Any] = {"meter_rate": Subquery(in_force.values("rate")[:1])}
    return customers.annotate(**rate)


def meter_rate_of(customer: Customer, on: date | None = None) -> Decimal | None:
    """The customer's own meter rate in force on that day (today)."""
    return _meter_rates(on).filter(customer=customer).values_list("rate", flat=True).first()


def _meter_rates(on: date | None) -> QuerySet[Rate]:
    """Those begun by that day, the one that counts first."""
    begun = Rate.objects.filter(equipment=None, effective_from__lte=on or timezone.localdate())
    return begun.order_by("-effective_from", "-id")


def rates_of(customer: Customer) -> QuerySet[Rate]:
    return Rate.objects.filter(customer=customer)


def rates_in_force(customer: Customer, on: date) -> QuerySet[Rate]:
    """What the customer pays on that day: for each equipment, and for metered gas, the row that counts."""
    counts = Window(RowNumber(), partition_by="equipment", order_by=["-effective_from", "-id"])
    rows = rates_of(customer).filter(effective_from__lte=on).annotate(place=counts)
    return rows.filter(place=1).select_related("equipment").order_by("equipment__name", "id")


def rates_to_come(customer: Customer, on: date) -> QuerySet[Rate]:
    """What was agreed for later days, the next first."""
    return rates_of(customer).filter(effective_from__gt=on).select_related("equipment").order_by("effective_from", "id")
