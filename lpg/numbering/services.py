"""Document numbers without gaps and without duplicates.

The counter is a row, taken inside the transaction of its document: a rolled-back document gives its number back, and
nobody can take the next one until this one is decided. So take a number last: it is the lock everybody waits for.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import Enum

from lpg import sql
from lpg.clock import local
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
    """The next number of each of these series, begun where it is the first. Locked in the order of their names."""
    wanted = {_period(what, local(at)): what for what in whats}
    taken = _advance(sorted(wanted))
    return {what: f"{series}-{period}-{taken[series, period]:06d}" for (series, period), what in wanted.items()}


def prepare(now: datetime) -> None:
    """Make the rows of today and tomorrow ahead, so that the first documents of a period need not race for them."""
    today = local(now)
    keys = {_period(what, day) for what in Numbered for day in (today, today + timedelta(days=1))}
    there = set(Series.objects.filter(period__in={period for _, period in keys}).values_list("series", "period"))
    if missing := sorted(keys - there):
        _upsert(missing, first=0, more=0)


def _advance(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """How far each series is after one more."""
    if not sql.returns_rows():
        _upsert(keys, first=1, more=1)
        these = f"(series, period) IN ({sql.groups(2, len(keys))})"
        values = [value for key in keys for value in key]
        found = sql.rows(f"SELECT series, period, last FROM numbering_series WHERE {these}", values)  # noqa: S608
    else:
        found = _upsert(keys, first=1, more=1, returning=" RETURNING series, period, last")
    return {(series, period): last for series, period, last in found}


def _upsert(keys: Sequence[tuple[str, str]], *, first: int, more: int, returning: str = "") -> list[sql.Row]:
    """Begin each series at `first`, or take it `more` further, in one statement.

    An upsert also for those that are there: on MariaDB a plain insert would leave each who waits for the first number
    with a shared lock that none can then turn into a lock for writing, and all but one would be broken off.
    """
    target = "ON CONFLICT (series, period) DO UPDATE SET" if sql.is_sqlite() else "ON DUPLICATE KEY UPDATE"
    last = "numbering_series.last" if sql.is_sqlite() else "last"
    return sql.rows(
        f"INSERT INTO numbering_series (series, period, last) VALUES {sql.groups(3, len(keys))}"  # noqa: S608
        f" {target} last = {last} + {more}{returning}",
        [value for key in keys for value in (*key, first)],
    )


def _period(what: Numbered, at: datetime) -> tuple[str, str]:
    series, form = what.value
    return series, at.strftime(form)
