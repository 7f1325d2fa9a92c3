"""What meters have measured, month by month, and what they showed last: for a chart and a table, in few queries.

A chain is a meter with those that it has replaced: together they measure one supply.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import dropwhile

from django.db.models import F, Sum, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from lpg.meters.models import Meter, MeterReading

MONTHS = 12
TALLEST = 100
NOTHING = Decimal("0.000")


@dataclass(frozen=True)
class Month:
    """One bar: how much was used, and how tall that is."""

    first_day: date
    usage: Decimal
    height: int


@dataclass
class Chain:
    """A meter at work, or the last of its chain, with what went before it."""

    meter: Meter
    former: list[Meter] = field(default_factory=list)
    months: list[Month] = field(default_factory=list)
    readings: list[MeterReading] = field(default_factory=list)  # the last ones, newest first
    unbilled: Decimal = NOTHING


def chains(meters: Sequence[Meter], today: date, *, readings: int) -> list[Chain]:
    """The chains of these meters, each given whole, those at work first. A constant number of queries."""
    found = _together(meters)
    if not found:
        return []
    chain_of = {meter.pk: meter.chain_id for meter in meters}
    used = _used(chain_of, _months(today))
    for row in _last(chain_of, readings):
        found[chain_of[row.meter_id]].readings.append(row)
    unbilled = MeterReading.objects.filter(meter__in=chain_of, voided_at=None, transaction=None)
    for meter_id, total in unbilled.values_list("meter").annotate(Sum("usage")).order_by():
        found[chain_of[meter_id]].unbilled += total
    for id, chain in found.items():
        chain.months = _bars(used[id])
        chain.readings = chain.readings[:readings]
    return sorted(found.values(), key=lambda chain: (chain.meter.removed_on is not None, chain.meter.pk))


def _together(meters: Sequence[Meter]) -> dict[int, Chain]:
    found: dict[int, Chain] = {}
    for meter in sorted(meters, key=lambda one: one.pk):
        chain = found.get(meter.chain_id)
        if chain is None:
            found[meter.chain_id] = Chain(meter)
        else:
            chain.former.insert(0, chain.meter)
            chain.meter = meter
    return found


def _months(today: date) -> list[date]:
    """The first days of the last twelve months, this one included."""
    counted = [today.year * 12 + today.month - 1 - ago for ago in range(MONTHS - 1, -1, -1)]
    return [date(month // 12, month % 12 + 1, 1) for month in counted]


def _used(chain_of: dict[int, int], months: list[date]) -> dict[int, dict[date, Decimal]]:
    """By chain and month: what was read in it. Readings are summed here, each database counts months in its own way."""
    used: dict[int, dict[date, Decimal]] = defaultdict(lambda: dict.fromkeys(months, NOTHING))
    since = timezone.make_aware(datetime.combine(months[0], time.min))
    rows = MeterReading.objects.filter(meter__in=chain_of, voided_at=None, read_at__gte=since)
    for meter_id, read_at, usage in rows.values_list("meter", "read_at", "usage"):
        month = timezone.localdate(read_at).replace(day=1)
        if month in used[chain_of[meter_id]]:
            used[chain_of[meter_id]][month] += usage
    return used


def _last(chain_of: dict[int, int], how_many: int) -> list[MeterReading]:
    """Of each meter so many, voided ones too, newest first."""
    place = Window(RowNumber(), partition_by="meter", order_by="-id")
    rows = MeterReading.objects.filter(meter__in=chain_of).annotate(place=place).filter(place__lte=how_many)
    return list(rows.select_related("meter", "user", "transaction").order_by(F("id").desc()))


def _bars(used: dict[date, Decimal]) -> list[Month]:
    """From the first month on in which anything was used."""
    most = max(used.values(), default=NOTHING)
    begun = dropwhile(lambda month: not used[month], sorted(used))
    return [Month(month, used[month], round(TALLEST * used[month] / most)) for month in begun]
