"""What a device says of the time: its clock may be a little before ours, and no more. And days, as people name them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from django.utils import timezone

from lpg.errors import Invalid

AHEAD = timedelta(minutes=5)
BACK = timedelta(days=7)
FIRST = date(2000, 1, 1)  # nothing here is older


def local(at: datetime) -> datetime:
    """A time in the company's time zone: as Django's, which first asks which zone somebody may have put in force."""
    return at.astimezone(timezone.get_default_timezone())


def refuse_ahead(field: str, at: datetime, now: datetime) -> None:
    """Raises Invalid for a time that has not come yet."""
    if at > now + AHEAD:
        raise Invalid({field: ["This time has not come yet. Check the clock of the device."]})


class Days(NamedTuple):
    """From a day to another, both of them included."""

    since: date
    until: date

    @property
    def begins(self) -> datetime:
        return _midnight(self.since)

    @property
    def ends(self) -> datetime:
        """The moment at which the next day begins."""
        return _midnight(self.until + timedelta(days=1))

    @property
    def each(self) -> list[date]:
        return [self.since + timedelta(days=n) for n in range((self.until - self.since).days + 1)]

    @property
    def midnights(self) -> list[datetime]:
        """The moments at which each of them begins."""
        return [_midnight(day) for day in self.each]


def days_between(since: date | None, until: date | None, *, today: date, longest: int = 0) -> Days:
    """Left out: to today, from the first of the month.

    Raises Invalid for days to come, long ago or the wrong way round, and for more of them than `longest`.
    """
    until = today if until is None else until
    since = until.replace(day=1) if since is None else since
    for name, day in (("until", until), ("since", since)):
        if day > today:
            raise Invalid({name: ["This day has not come yet."]})
        if day < FIRST:
            raise Invalid({name: [f"There is nothing from before {FIRST}."]})
    if since > until:
        raise Invalid({"since": ["This is after the last day. Change the two round."]})
    if longest and (until - since).days >= longest:
        raise Invalid({"since": [f"Ask for {longest} days at most."]})
    return Days(since, until)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min)).astimezone(UTC)
