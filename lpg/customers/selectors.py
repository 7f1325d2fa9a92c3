"""Which customers somebody sees, and what they pay today."""

from datetime import date
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from lpg.customers.models import Customer, Rate
from lpg.roles import Actor, sees


def customers_seen_by(actor: Actor) -> QuerySet[Customer]:
    return Customer.objects.filter(sees(actor, "customers.read"))


def with_meter_rate(customers: QuerySet[Customer], on: date | None = None) -> QuerySet[Customer]:
    """Each with its own `meter_rate` in force on that day (today), null when there is none."""
    in_force = Rate.objects.filter(
        customer=OuterRef("pk"), equipment=None, effective_from__lte=on or timezone.localdate()
    ).order_by("-effective_from", "-id")
    rate: dict[str, Any] = {"meter_rate": Subquery(in_force.values("rate")[:1])}
    return customers.annotate(**rate)


def rates_of(customer: Customer) -> QuerySet[Rate]:
    return Rate.objects.filter(customer=customer)
