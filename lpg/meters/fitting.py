"""Whether a reading joins the chain of its meter, and what becomes of one that does not and cannot be refused."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from lpg import sql
from lpg.audit import services as audit
from lpg.errors import Inactive, Invalid, Refused
from lpg.facts import Fact, Kind, told
from lpg.meters.models import Meter, MeterReading
from lpg.roles import Actor


class Outside(NamedTuple):
    """A reading that does not join the chain of its meter."""

    meter: Meter
    reading: Decimal


class MeterReadingRegressed(Refused):
    """A meter does not run backwards."""

    code = "meter_reading_regressed"
    title = "Lower than the last reading"


def usage_of(meter: Meter, reading: Decimal, *, is_rollover: bool, field: str) -> Decimal:
    """How much gas this reading means. Raises Inactive (removed), Invalid, MeterReadingRegressed."""
    if meter.removed_on:
        raise Inactive(f"{meter} was removed on {meter.removed_on}. Read the meter that replaced it.")
    previous, beyond = meter.current_reading, Decimal(10) ** meter.digits
    if reading >= beyond:
        raise Invalid({field: [f"{meter} has {meter.digits} digits. Check the reading."]})
    if reading >= previous:
        if is_rollover:
            raise Invalid(
                {"is_rollover": [f"{reading} is not below the last reading, {previous}. Leave is_rollover out."]}
            )
        return reading - previous
    if not is_rollover:
        raise MeterReadingRegressed(
            f"{meter} showed {previous} last time, {reading} is lower. Read it again; if it has begun again at zero, "
            "say so (is_rollover), and if it is another meter, have it replaced first.",
            meter=meter.pk,
            previous=str(previous),
            reading=str(reading),
        )
    return beyond - previous + reading


def fitting(
    meter: Meter, reading: Decimal, *, is_rollover: bool, field: str, fact: Fact | None = None
) -> Decimal | None:
    """How much gas a reading means, as `usage_of`. None: a fact that cannot join the chain, and is noted."""
    try:
        return usage_of(meter, reading, is_rollover=is_rollover, field=field)
    except (Inactive, Invalid, MeterReadingRegressed) as refused:
        if fact is None:
            raise
        words = f"{meter} shows {meter.current_reading}, and was read as {reading}"
        if isinstance(refused, MeterReadingRegressed):
            kind, words = Kind.READING_REGRESSED, f"{words}, which is lower."
        elif meter.removed_on:
            kind, words = Kind.READING_OUTSIDE, f"{words}; it was removed on {meter.removed_on}."
        else:
            kind, words = Kind.READING_OUTSIDE, f"{words}, which does not fit{', as a rollover' * is_rollover}."
        previous = str(meter.current_reading)
        facts = {"meter": meter.pk, "reading": str(reading), "previous": previous, "is_rollover": is_rollover}
        fact.note(kind, f"{words} The reading is kept, and not billed.", **facts)
        return None


def keep_outside(
    what: Outside, *, read_at: datetime, fact: Fact | None, actor: Actor, now: datetime
) -> tuple[MeterReading, audit.Happened]:
    """A reading outside the chain: it means no usage, and no later one begins with it. The caller writes the audit."""
    row = sql.new(
        MeterReading,
        meter=what.meter,
        kind=MeterReading.Kind.OUTSIDE,
        reading=what.reading,
        previous=what.reading,
        usage=Decimal(0),
        read_at=read_at,
        user_id=actor.pk,
        created_at=now,
    )
    sql.add([row])
    return row, audit.Happened("CREATE_METER_READING", row, None, {**audit.snapshot(row), **told(fact)})
