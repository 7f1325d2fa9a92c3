"""How the desk shows a chain of meters: what it measured month by month, and its last readings."""

from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils import formats, timezone

from lpg.desk import shown
from lpg.meters.models import MeterReading
from lpg.meters.usage import Chain, Month

MEASURED = {MeterReading.Kind.PLAIN, MeterReading.Kind.FINAL}


def chain_shown(chain: Chain, *, may_write: bool) -> dict[str, Any]:
    """For the chart and the table. `may_write`: offers to void the last reading, where that can be."""
    at_work = chain.meter.removed_on is None
    voidable = _voidable(chain) if may_write and at_work else None
    this_month = timezone.localdate().replace(day=1)
    return {
        "meter": chain.meter,
        "at_work": at_work,
        "shows": shown.reading(chain.meter.current_reading),
        "former": chain.former,
        "unbilled": shown.reading(chain.unbilled) if chain.unbilled else "",
        "months": [_month(month, is_now=month.first_day == this_month) for month in chain.months],
        "measured": any(month.usage for month in chain.months),
        "several": bool(chain.former),
        "readings": [
            _reading(row, can_void=row is voidable or (may_write and _outside(row))) for row in chain.readings
        ],
    }


def _outside(row: MeterReading) -> bool:
    """It may be taken back whatever was read since, also of a meter that was removed."""
    return row.kind == MeterReading.Kind.OUTSIDE and row.voided_at is None


def _voidable(chain: Chain) -> MeterReading | None:
    """The last reading of the meter at work, unless a sale has billed it or it belongs to the installation."""
    live = (row for row in chain.readings if row.voided_at is None and row.kind != MeterReading.Kind.OUTSIDE)
    own = (row for row in live if row.meter_id == chain.meter.pk)
    last = next(own, None)
    plain = last is not None and last.kind == MeterReading.Kind.PLAIN and last.transaction_id is None
    return last if plain else None


def _month(month: Month, *, is_now: bool) -> dict[str, Any]:
    return {
        "name": str(formats.date_format(month.first_day, "M")),
        "year": str(formats.date_format(month.first_day, "y")),
        "whole": str(formats.date_format(month.first_day, "F Y")),
        "usage": shown.reading(month.usage),
        "short": _short(month.usage),
        "height": month.height,
        "top": 100 - month.height,
        "is_now": is_now,
    }


def _short(usage: Decimal) -> str:
    """As much of a number as fits over a bar."""
    if not usage:
        return "0"
    return f"{usage:,.1f}" if usage < 10 else f"{usage:,.0f}"  # noqa: PLR2004


def _reading(row: MeterReading, *, can_void: bool) -> dict[str, Any]:
    words = str(MeterReading.Kind(row.kind).label)
    return {
        "row": row,
        "reading": shown.reading(row.reading),
        "usage": shown.reading(row.usage) if row.kind in MEASURED else shown.NOTHING,
        "kind": f"{words}, began again at zero" if row.is_rollover else words,
        "billed_by": row.transaction,
        "to_be_billed": row.kind in MEASURED and row.transaction_id is None and not row.voided_at,
        "void": reverse("admin:meters_meter_void", args=[row.meter_id, row.pk]) if can_void else "",
    }
