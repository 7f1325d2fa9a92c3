"""Which meters somebody sees, and what a chain of readings still owes."""

from collections.abc import Collection, Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, QuerySet

from lpg import sql
from lpg.fields import ReadingField
from lpg.meters.models import Meter, MeterReading
from lpg.roles import Actor, sees


def meters_seen_by(actor: Actor) -> QuerySet[Meter]:
    seen = sees(actor, "meters.read", depots=lambda: Q(customer__depot__in=actor.own_depot_ids))
    return Meter.objects.filter(seen).select_related("customer")


def readings_of(meter: Meter) -> QuerySet[MeterReading]:
    return MeterReading.objects.filter(meter=meter)


IN_CHAIN = "voided_at IS NULL AND kind <> 'OUTSIDE'"  # of readings
LAST_BILLED = f"""(
    SELECT CASE WHEN transaction_id IS NOT NULL THEN reading END FROM meters_meterreading
    WHERE meter_id = meters_meter.id AND {IN_CHAIN} ORDER BY id DESC LIMIT 1
)"""  # noqa: S608


def installed_at(customer_id: int) -> list[Meter]:
    """The meters in use at a customer's site, locked, each with its `last_billed`. The customer must be locked."""
    where = f"WHERE customer_id = %s AND removed_on IS NULL ORDER BY id{sql.locking()}"
    found = sql.entities(Meter, where, [customer_id], last_billed=LAST_BILLED)
    for meter in found:
        if meter.last_billed is not None:
            meter.last_billed = Decimal(meter.last_billed).scaleb(-ReadingField.decimal_places)
    return found


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
        where = f"WHERE {chain} AND {IN_CHAIN} ORDER BY id DESC LIMIT {few}"
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


def unbilled_of(meter_ids: Collection[int]) -> dict[int, Unbilled]:
    """As `unbilled`, for those of these meters that are in use, in at most two statements."""
    if not meter_ids:
        return {}
    found = sql.rows(
        f"SELECT id, COALESCE(first_id, id), {LAST_BILLED} FROM meters_meter"  # noqa: S608
        f" WHERE id IN {sql.groups(len(meter_ids), 1)} AND removed_on IS NULL",
        list(meter_ids),
    )
    known = {id: Unbilled(_as_read(last), {}) for id, _, last in found if last is not None}
    chains = _unbilled_by_chain([id for id, _, last in found if last is None])
    return known | {id: chains[chain] for id, chain, last in found if last is None and chain in chains}


def _unbilled_by_chain(meter_ids: Collection[int]) -> dict[int, Unbilled]:
    """Of meters that do not stand at their last bill, in one statement."""
    if not meter_ids:
        return {}
    found = sql.rows(
        f"""
        SELECT m.chain, r.id, r.reading, r.usage, r.transaction_id FROM (
            SELECT id, COALESCE(first_id, id) AS chain, COALESCE((
                SELECT id FROM meters_meterreading WHERE meter_id = meters_meter.id AND {IN_CHAIN}
                AND transaction_id IS NOT NULL ORDER BY id DESC LIMIT 1
            ), 0) AS billed FROM meters_meter
            WHERE customer_id IN (SELECT customer_id FROM meters_meter WHERE id IN {sql.groups(len(meter_ids), 1)})
        ) m JOIN meters_meterreading r ON r.meter_id = m.id AND r.id >= m.billed WHERE {IN_CHAIN} ORDER BY r.id
        """,  # noqa: S608
        list(meter_ids),
    )
    chains: dict[int, Unbilled] = {}
    for chain, id, reading, usage, billed_by in found:
        if billed_by or chain not in chains:
            chains[chain] = Unbilled(_as_read(reading), {})
        else:
            chains[chain].usages[id] = _as_read(usage)
    return chains


def _as_read(kept: int) -> Decimal:
    """What a column of readings holds."""
    return Decimal(kept).scaleb(-ReadingField.decimal_places)


def with_unbilled(meters: Iterable[Meter]) -> list[Meter]:
    """Each with its `last_billed_reading` and `unbilled_usage`."""
    rows = list(meters)
    known = unbilled_of([row.pk for row in rows])
    for row in rows:
        due = known.get(row.pk)
        row.last_billed_reading, row.unbilled_usage = (due.last_billed, due.total) if due else (None, None)
    return rows
