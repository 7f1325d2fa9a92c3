"""Which meters somebody sees, and what a chain of readings still owes."""

from datetime import datetime
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


def hung_at(meter: Meter, at: datetime) -> Meter:
    """The meter of this one's chain that was at the site at a moment; this one, when none was yet."""
    if not meter.first_id:
        return meter
    chain = Q(meter=meter.first_id) | Q(meter__first=meter.first_id)
    begun = MeterReading.objects.filter(chain, kind=MeterReading.Kind.INITIAL, created_at__lte=at)
    last = begun.select_related("meter").order_by("-id").first()
    return last.meter if last else meter


class Unbilled(NamedTuple):
    """What a chain of meters has measured and no sale has billed yet."""

    last_billed: Decimal  # what the meter showed at the last bill; before the first one, at installation
    usages: dict[int, Decimal]  # by reading

    @property
    def total(self) -> Decimal:
        return sum(self.usages.values(), Decimal(0))


def unbilled(meter: Meter) -> Unbilled:
    """Of this meter and of those it has replaced: what was read since the last bill, as a sale bills all before it."""
    chain, ids = "meter_id = %s", [meter.pk]
    if meter.first_id:
        chain, ids = "meter_id IN (SELECT id FROM meters_meter WHERE id = %s OR first_id = %s)", [meter.first_id] * 2
    newest: list[MeterReading] = []
    for few in (2, 200, 1_000_000):  # mostly the newest is the one that was billed last
        where = f"WHERE {chain} AND voided_at IS NULL AND kind <> 'OUTSIDE' ORDER BY id DESC LIMIT {few}"
        newest = sql.entities(MeterReading, where, ids)
        billed = next((at for at, row in enumerate(newest) if row.transaction_id), None)
        if billed is not None:
            return _unbilled(newest[billed], newest[:billed])
        if len(newest) < few:
            break
    return _unbilled(newest[-1], newest)


def _unbilled(last: MeterReading, since: list[MeterReading]) -> Unbilled:
    usages = {row.pk: row.usage for row in reversed(since) if row.kind != MeterReading.Kind.INITIAL}
    return Unbilled(last.reading, usages)
