"""How the desk writes things: money, rates, dates, and whether something is still in use."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from django.utils import formats, timezone
from unfold import decorators

NOTHING = "—"


def display[F: Callable[..., Any]](**options: Any) -> Callable[[F], F]:
    """The theme's own decorator for a column, which has no types of its own."""
    return cast(Callable[[F], F], decorators.display(**options))


def money(amount: Decimal | None) -> str:
    """S$1,234.50"""
    return NOTHING if amount is None else f"S${amount:,.2f}"


def amount(amount: Decimal | None) -> str:
    """1,234.50 for a table whose head names the currency; below zero with a true minus."""
    return NOTHING if amount is None else f"{amount:,.2f}".replace("-", "−")


def rate(amount: Decimal | None) -> str:
    """S$38.00 or S$2.1050: four places, of which the last two are written only when they say something."""
    if amount is None:
        return NOTHING
    return f"S${amount:,.2f}" if amount == amount.quantize(Decimal("0.01")) else f"S${amount:,.4f}"


def plain_rate(amount: Decimal | None) -> str:
    """The same for a table whose head names the currency."""
    return rate(amount).removeprefix("S$")


def reading(value: Decimal | None) -> str:
    """1,532.400: what a meter shows, or how much gas went through it."""
    return NOTHING if value is None else f"{value:,.3f}"


def number(quantity: int) -> str:
    """1,234, and below zero with a true minus, which is not a hyphen."""
    return f"{quantity:,}".replace("-", "−")


def change(quantity: int) -> str:
    """+20, with its sign."""
    return f"{quantity:+,}".replace("-", "−")


def day(value: date) -> str:
    """20 Nov 2026"""
    return str(formats.date_format(value, "DATE_FORMAT"))


def moment(value: datetime) -> str:
    """20 Nov 2026, 14:05, in Singapore"""
    return str(formats.date_format(timezone.localtime(value), "DATETIME_FORMAT"))


@display(description="In use", ordering="is_active", label={True: "success", False: "danger"})
def in_use(row: Any) -> tuple[bool, str]:
    """The column that says whether an entry is still in use."""
    return row.is_active, "In use" if row.is_active else "Retired"


def device(user_agent: str) -> str:
    """Chrome on Windows; what is no browser, by the first word it says of itself."""
    browsers = {"Edg": "Edge", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "Mac"}
    systems["Linux"] = "Linux"
    browser = next((words for sign, words in browsers.items() if f"{sign}/" in user_agent), "")
    system = next((words for sign, words in systems.items() if sign in user_agent), "")
    if browser:
        return f"{browser} on {system}" if system else browser
    return user_agent.replace("/", " ").partition(" ")[0][:40] or "Unknown device"
