"""GST: which rate on which day, and how a total and its lines are split, in whole cents, half-cents away from zero."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.conf import settings

CENT = Decimal("0.01")


class Taxed(NamedTuple):
    """What stands on the document: lines without tax, and the totals."""

    rate: Decimal  # percent; 0 when the company is not registered
    net_lines: list[Decimal]
    subtotal: Decimal
    tax: Decimal
    total: Decimal


def cents(amount: Decimal) -> Decimal:
    """Rounded half-up to the cent, away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def gst_rate(day: date) -> Decimal:
    """Percent on that day; 0 for a company that is not registered for GST."""
    if not settings.COMPANY["gst_reg_no"]:
        return Decimal(0)
    return max(((begun, rate) for begun, rate in settings.GST_RATES if begun <= day), default=(day, Decimal(0)))[1]


def taxed(amounts: Sequence[Decimal], day: date) -> Taxed:
    """Split the lines' amounts as the prices were agreed: with GST in them, or before it."""
    rate, together = gst_rate(day), sum(amounts, Decimal("0.00"))
    if not settings.PRICES_INCLUDE_GST:
        tax = cents(together * rate / 100)
        return Taxed(rate, list(amounts), together, tax, together + tax)
    tax = cents(together * rate / (100 + rate))
    net = [cents(amount * 100 / (100 + rate)) for amount in amounts]
    if net:
        largest = max(range(len(net)), key=lambda at: abs(amounts[at]))
        net[largest] += together - tax - sum(net)  # what rounding each line left over
    return Taxed(rate, net, together - tax, tax, together)
