"""How values look on paper: by rules of our own, not by the locale of whoever prints it."""

import re
from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

register = template.Library()
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DARK = re.compile(rb"\x01+")
MINUS = "\N{MINUS SIGN}"


@register.filter
def money(amount: Decimal) -> str:
    """1,234.50, without the currency."""
    return f"{amount:,.2f}".replace("-", MINUS)


@register.filter
def dollars(amount: Decimal) -> str:
    """S$1,234.50"""
    return f"{MINUS if amount < 0 else ''}S${abs(amount):,.2f}"


@register.filter
def rate(amount: Decimal) -> str:
    """A price with as many decimals as it has, two at least."""
    whole, _, places = f"{amount:,.4f}".partition(".")
    return f"{whole}.{places[:2]}{places[2:].rstrip('0')}".replace("-", MINUS)


@register.filter
def plain(quantity: Decimal | int) -> str:
    """1,250 or 12.345: no decimals that say nothing."""
    text = f"{quantity:,f}" if isinstance(quantity, Decimal) else f"{quantity:,}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


@register.filter
def moved(quantity: int) -> str:
    """+5 or -2, with a true minus."""
    return f"{quantity:+,}".replace("-", MINUS)


@register.filter
def day(when: date) -> str:
    """20 Nov 2026"""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"


@register.filter
def localday(when: datetime) -> str:
    """The day it was in Singapore."""
    return day(timezone.localtime(when))


@register.filter
def moment(when: datetime) -> str:
    """20 Nov 2026, 14:05 in Singapore."""
    local = timezone.localtime(when)
    return f"{day(local)}, {local:%H:%M}"


@register.filter
def qr(text: str) -> SafeString:
    """A QR code of this text, as a drawing of which each module is one unit."""
    import segno  # noqa: PLC0415  # never at the start of the web process

    # The mask is given: trying all eight for the prettiest costs more than all the rest, and readers take any.
    rows = segno.make(text, error="m", mask=2, micro=False).matrix
    dark = "".join(
        f"M{run.start()} {number}.5h{run.end() - run.start()}"
        for number, row in enumerate(rows)
        for run in DARK.finditer(row)
    )
    size = len(rows)
    return mark_safe(  # noqa: S308  # made of numbers
        f'<svg class="qr" viewBox="0 0 {size} {size}"><path stroke="#000" d="{dark}"/></svg>'
    )
