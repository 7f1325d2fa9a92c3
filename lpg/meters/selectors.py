"""Which meters somebody sees, and what a chain of readings still owes."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, QuerySet

from lpg import sql
from lpg.meters.models import Meter, MeterReading
from lpg.roles import Actor, sees


def meters_seen_by(actor: Actor) -> QuerySet[Meter]:
    seen = sees(actor, "meters.read", depots=lambda: Q(customer__depot__in=actor.own_depot_ids))
    return Meter.objects.filter(seen).select_related("customer")


def readings_of(meter: Meter) -> QuerySet[MeterReading]:
    return MeterReading.objects.filter(meter=meter)


def installed_at(customer_id: int) -> list[Meter]:
    """The meters in use at a customer's site, locked."""
    where = f"WHERE customer_id = %s AND removed_on IS NULL ORDER BY id{sql.locking()}"
    return sql.entities(Meter, where, [customer_id])


class Unbilled(NamedTuple):
    """What a chain of meters has measured and no sale has billed yet."""

    last_billed: Decimal  # what the meter showed at the last bill; before the first one, at installation
    usages: dict[int, Decimal]  # by reading

    @property
    def total(self) -> Decimal:
        return sum(self.usages.values(), Decimal(0))


def unbilled(meter: Meter) -> Unbilled:
    """Of this meter and of those it has replaced."""
    rows = sql.entities(MeterReading, UNBILLED, [meter.chain_id] * 4)
    usages = {row.pk: row.usage for row in rows if row.transaction_id is None and row.kind != MeterReading.Kind.INITIAL}
    billed = [row for row in rows if row.transaction_id is not None]
    return Unbilled(billed[0].reading if billed else rows[0].reading, usages)


CHAIN = "meter_id IN (SELECT id FROM meters_meter WHERE id = %s OR first_id = %s) AND voided_at IS NULL"
UNBILLED = f"""
    WHERE {CHAIN} AND (transaction_id IS NULL
        OR id = (SELECT MAX(id) FROM meters_meterreading WHERE {CHAIN} AND transaction_id IS NOT NULL))
    ORDER BY id
"""  # noqa: S608
