"""What has happened already and can no longer be refused: a service notes what does not fit, and goes on.

Services take `fact: Fact | None`. Without one they refuse as ever; with one they note, by the rules of docs/sync.md.
What cannot be done at all (nothing has a price, an id that nobody knows) is refused either way.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import TextChoices
from django.utils import timezone

from lpg.clock import AHEAD, BACK


class Kind(TextChoices):
    """What does not fit. The codes are stable, for programs; the words are for whoever looks into it."""

    SHORT_STOCK = "short_stock", "More was taken than the books held"
    SURPLUS_RETURN = "surplus_return", "More came back than the site held"
    READING_REGRESSED = "reading_regressed", "Reading lower than the last"
    READING_OUTSIDE = "reading_outside", "Reading that does not fit the meter"
    INACTIVE_CUSTOMER = "inactive_customer", "Customer no longer in use"
    INACTIVE_EQUIPMENT = "inactive_equipment", "Equipment no longer in use"
    INACTIVE_VEHICLE = "inactive_vehicle", "Truck no longer in use"
    INACTIVE_DEPOT = "inactive_depot", "Depot no longer in use"
    UNKNOWN_INVOICE = "unknown_invoice", "Paid for an invoice that the customer does not have"
    NO_ADDRESS = "no_address", "No address to send it to"
    FIRST_WINS = "first_wins", "Decided otherwise before"
    LATE = "late", "More than 7 days old"
    EARLY = "early", "From the future"
    CLOSED_DAY = "closed_day", "From a day that is closed"


class Noted(NamedTuple):
    """Something that a supervisor has to look at."""

    kind: Kind
    words: str
    facts: dict[str, Any]


def none_closed(day: date) -> bool:
    """No day is."""
    return False


@dataclass
class Fact:
    """When it happened by a clock that was put right, and what the services noted of it.

    `replayed`: it had been done before, just so, and nothing was left to do.
    """

    captured_at: datetime
    noted: list[Noted] = field(default_factory=list)
    replayed: bool = False
    is_unmoved: bool = False  # whoever did it still works where they did then: nobody need look that up

    def note(self, kind: Kind, words: str, **facts: Any) -> None:
        """`facts` is what a program, or a page, may show of it: plain JSON."""
        self.noted.append(Noted(kind, words, facts))

    def counts_at(
        self, named: datetime | None, now: datetime, closed: Callable[[date], bool] = none_closed
    ) -> datetime:
        """The moment that counts for what happened at the `named` time, left out: when it was captured.

        That is now, and noted with the original, for what is too old, to come, or of a day that is `closed`.
        """
        at = named or self.captured_at
        day = timezone.localdate(at)
        if at < now - BACK:
            kind, words = Kind.LATE, "more than 7 days before it arrived"
        elif at > now + AHEAD:
            kind, words = Kind.EARLY, "later than it arrived: the clock of the device is wrong"
        elif closed(day):
            kind, words = Kind.CLOSED_DAY, "a day that was closed when it arrived"
        else:
            return at
        local = timezone.localtime(at)
        said = f"It is said to have happened on {local:%d %b %Y at %H:%M}, {words}. It counts as of today."
        self.note(kind, said, original=local.isoformat())
        return now


def told(fact: Fact | None) -> dict[str, Any]:
    """What the audit keeps of it beside the change; nothing, where nothing was noted."""
    if fact is None or not fact.noted:
        return {}
    return {"noted": [{"kind": kind.value, "words": words, **facts} for kind, words, facts in fact.noted]}
