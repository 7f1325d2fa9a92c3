"""Which customers somebody sees, and what they pay today."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from lpg import sql
from lpg.clock import Days
from lpg.customers.models import Customer, Rate
from lpg.equipment.models import DefaultRate, Equipment
from lpg.fields import RateField
from lpg.roles import Actor, sees


def customers_seen_by(actor: Actor) -> QuerySet[Customer]:
    return Customer.objects.filter(sees(actor, "customers.read"))


def locked_customer(customer_id: int) -> Customer | None:
    """The row of a customer, locked: whoever changes what a customer owes, holds or shows on a meter begins with it."""
    found = sql.entities(Customer, f"WHERE id = %s{sql.locking()}", [customer_id])
    return found[0] if found else None


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


def priced_on(
    customer_id: int, equipment_ids: Collection[int], day: date
) -> tuple[list[Equipment], dict[int | None, Decimal]]:
    """Those of this equipment that exist, and what this customer pays on that day for each, in one statement.

    Their own rate in force, else the default rate of the equipment; what has neither is left out. Under None what
    they pay for one unit of metered gas.
    """
    ids, until = list(equipment_ids) or [0], day.isoformat()
    these = f"IN {sql.groups(len(ids), 1)}"
    found = sql.rows(
        f"""
        SELECT 0 AS own, e.id, d.rate, d.effective_from, d.id, e.name, e.is_active FROM equipment_equipment e
        LEFT JOIN equipment_defaultrate d ON d.equipment_id = e.id AND d.effective_from <= %s WHERE e.id {these}
        UNION ALL SELECT 1, equipment_id, rate, effective_from, id, NULL, NULL FROM customers_rate
        WHERE customer_id = %s AND (equipment_id IS NULL OR equipment_id {these}) AND effective_from <= %s
        """,  # noqa: S608
        [until, *ids, customer_id, *ids, until],
    )
    named = {id: (id, name, bool(is_active)) for own, id, *_, name, is_active in found if not own}
    equipment = [sql.entity(Equipment, ("id", "name", "is_active"), columns) for columns in named.values()]
    rated = sorted((row for row in found if row[2] is not None), key=lambda row: (row[0], str(row[3]), row[4]))
    places = RateField.decimal_places
    return equipment, {id: Decimal(rate).scaleb(-places) for _, id, rate, *_ in rated}  # of several the last counts


def rates_shown(
    customer_id: int, equipment_ids: Collection[int], since: datetime, until: datetime
) -> dict[int, set[Decimal]]:
    """All that this customer was to pay for each of these at some time between: what a phone may have shown.

    By what was entered by then, as it counted then; and by what has been entered since for those days.
    """
    columns = ("equipment", "effective_from", "id", "created_at", "rate")
    own = Rate.objects.filter(customer=customer_id, equipment__in=equipment_ids).values_list(*columns)
    default = DefaultRate.objects.filter(equipment__in=equipment_ids).values_list(*columns)
    rows = [*default.order_by("effective_from", "id"), *own.order_by("effective_from", "id")]  # the last counts
    entered = [at for *_, at, _ in rows if since < at <= until]
    midnights = Days(timezone.localdate(since), timezone.localdate(until)).midnights[1:]
    shown: dict[int, set[Decimal]] = defaultdict(set)
    for at in [since, until, *entered, *midnights]:
        begun = [row for row in rows if row[1] <= timezone.localdate(at)]
        for known in ([row for row in begun if row[3] <= at], begun):
            for equipment, rate in {row[0]: row[4] for row in known}.items():
                shown[equipment].add(rate)
    return shown


def rate_for(customer: Customer, equipment: Equipment | None, day: date) -> Decimal | None:
    """What the customer pays on that day for this equipment, or (None) for one unit of metered gas."""
    key = equipment.pk if equipment else None
    return priced_on(customer.pk, [equipment.pk] if equipment else [], day)[1].get(key)


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
