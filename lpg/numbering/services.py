"""Document numbers without gaps and without duplicates.

The counter is a row, taken inside the transaction of its document: a rolled-back document gives its number back, and
nobody can take the next one until this one is decided. So take a number last: it is the lock everybody waits for.
"""

from datetime import datetime
from enum import Enum

from django.db.models import F
from django.utils import timezone

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
    series, form = what.value
    period = timezone.localtime(at).strftime(form)
    row = Series.objects.filter(series=series, period=period)
    if not row.update(last=F("last") + 1):
        Series.objects.bulk_create([Series(series=series, period=period)], ignore_conflicts=True)
        row.update(last=F("last") + 1)
    return f"{series}-{period}-{row.values_list('last', flat=True).get():06d}"
