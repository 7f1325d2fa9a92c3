"""Document numbers without gaps and without duplicates.

The counter is a row, taken inside the transaction of its document: a rolled-back document gives its number back, and
nobody can take the next one until this one is decided. So take a number last: it is the lock everybody waits for.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from enum import Enum

from django.db import connection
from django.utils import timezone

from lpg import sql
from lpg.numbering.models import Series


class Numbered(Enum):
    """The series, each with the part of its date after which it starts again at 1."""

    DISTRIBUTION = ("DST", "%Y%m%d")
    TRANSACTION = ("TRX", "%Y%m%d")
    RECEIPT = ("RCP", "%Y")
    CREDIT_NOTE = ("CN", "%Y")
    INVOICE = ("INV", "%Y")


def take(what: Numbered, at: datetime) -> str:
    """The next number of a series, such as `TRX-20261120-000123`, dated in the company's time zone."""
    return take_all([what], at)[what]


def take_all(whats: Collection[Numbered], at: datetime) -> dict[Numbered, str]:
    """The next number of each of these series, in two statements. They are locked in the order of their names."""
    wanted = {_period(what, at): what for what in whats}
    taken = _advance(wanted)
    if missing := wanted.keys() - taken.keys():
        for series, period in sorted(missing):
            _begin(series, period)
        taken |= _advance(missing)
    return {what: f"{series}-{period}-{taken[series, period]:06d}" for (series, period), what in wanted.items()}


def _advance(keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Each series that is there, one further."""
    values = [value for key in keys for value in key]
    these = " OR ".join(["(series = %s AND period = %s)"] * len(keys))
    hint = "" if connection.vendor == "sqlite" else " FORCE INDEX (series_once_per_period)"
    if not sql.run(f"UPDATE numbering_series{hint} SET last = last + 1 WHERE {these}", values):  # noqa: S608
        return {}
    found = sql.rows(f"SELECT series, period, last FROM numbering_series WHERE {these}", values)  # noqa: S608
    return {(series, period): last for series, period, last in found}


def prepare(now: datetime) -> None:
    """Make the rows of today and tomorrow ahead, so that the first documents of a period need not race for them."""
    for at in (now, now + timedelta(days=1)):
        for series, period in (_period(what, at) for what in Numbered):
            if not Series.objects.filter(series=series, period=period).exists():
                _begin(series, period)


def _period(what: Numbered, at: datetime) -> tuple[str, str]:
    series, form = what.value
    return series, timezone.localtime(at).strftime(form)


def _begin(series: str, period: str) -> None:
    """Make the row of a new period, or wait for whoever makes it.

    On MariaDB an upsert: a plain insert would leave each who waits with a shared lock that none can then turn into a
    lock for writing, and all but one would be broken off.
    """
    target = connection.features.supports_update_conflicts_with_target
    Series.objects.bulk_create(
        [Series(series=series, period=period)],
        update_conflicts=True,
        update_fields=["period"],
        unique_fields=["series", "period"] if target else None,
    )
