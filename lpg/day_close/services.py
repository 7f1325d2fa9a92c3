"""Closing a truck's day: a blind count beside what the books hold, and the difference once a supervisor approves it."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from lpg import work
from lpg.accounts.selectors import acting
from lpg.audit import services as audit
from lpg.clock import BACK
from lpg.day_close.models import CountedMoney, CountedStock, DayClose
from lpg.day_close.selectors import day_closes_seen_by, held_on, moved_since, taken_on
from lpg.depots.models import Vehicle
from lpg.depots.selectors import vehicle_named
from lpg.errors import Invalid, NotAllowed, NotPending, Refused
from lpg.facts import Fact, Kind, told
from lpg.inventory.models import Condition, Movement
from lpg.inventory.places import Owner, place_of
from lpg.inventory.resolve import equipment_in_use, may_use_truck
from lpg.inventory.services import Cause, corrections, move, quantities
from lpg.roles import Actor, require, require_at

NOTHING = Decimal("0.00")


class Counted(NamedTuple):
    """So many of one thing in one condition are on the truck."""

    equipment_id: int
    condition: str
    quantity: int


class Carried(NamedTuple):
    """So much is handed over in one way."""

    method: str
    amount: Decimal


class Queue(NamedTuple):
    """What a phone has recorded and the server has not done yet."""

    missing: int = 0
    blocked: int = 0
    quarantined: int = 0


EMPTY = Queue()


class QueueNotEmpty(Refused):
    """The books do not hold yet all that was recorded on this phone, so the count would differ for no reason."""

    code = "queue_not_empty"
    title = "The phone has not sent everything"


class ClosedAlready(Refused):
    """A truck's day is closed once."""

    code = "already_closed"
    title = "Closed already"


@transaction.atomic
def close(
    *,
    actor: Actor,
    date: date,
    vehicle_id: int | None = None,
    counts: Sequence[Counted],
    money: Sequence[Carried],
    client_temp_id: str = "",
    now: datetime,
    queue: Queue = EMPTY,
    fact: Fact | None = None,
) -> DayClose:
    """Keep what was counted beside what the books hold at this moment; what is not named was not there.

    Without a vehicle it is the own truck. `queue` is what the phone has still to send. Of a fact, a day that is closed
    stays as it is, which is noted.
    Raises QueueNotEmpty, Invalid (unknown ids, a thing counted twice, a day to come or long ago), Inactive, NotAllowed,
    ClosedAlready.
    """
    require(actor, "day_closes.write")
    if any(queue):
        raise QueueNotEmpty(_waits(queue), **queue._asdict())
    _refuse_twice(counts, money)
    day = _day(date, now, fact)
    actor = acting(actor, fact)
    vehicle_id = vehicle_id or actor.vehicle_id
    if vehicle_id is None:
        raise Invalid({"vehicle": ["You have no truck. Say which one was counted."]})
    truck = vehicle_named(actor, vehicle_id, fact=fact)
    may_use_truck(actor, vehicle_id, "day_closes.write")
    work.lock(Vehicle.objects.all(), vehicle_id)  # so that two do not close it at once
    closed = DayClose.objects.filter(vehicle=vehicle_id, date=day).select_related("vehicle").first()
    if closed:
        if fact is None:
            raise ClosedAlready(f"{closed} is closed already. Ask a supervisor to look at it; close another day.")
        fact.note(Kind.FIRST_WINS, f"{closed} was closed before. That count stays.", day_close=closed.pk)
        return closed
    place = place_of(Owner("truck", vehicle_id))
    there, named = held_on(place), {(one.equipment_id, one.condition): one.quantity for one in counts}
    on_board = {equipment for equipment, _ in there}  # in use or not, it can be counted
    unsure = [None if one.equipment_id in on_board else one.equipment_id for one in counts]
    equipment_in_use(actor, unsure, field="counts", fact=fact)
    held = quantities(place, there | named.keys()) if there | named.keys() else {}
    taken, given = taken_on(actor, vehicle_id, day), {one.method: one.amount for one in money}
    row = DayClose(
        date=day,
        vehicle=truck,
        depot_id=truck.depot_id,
        user_id=actor.pk,
        client_temp_id=client_temp_id,
        counted_at=fact.captured_at if fact else now,
        created_at=now,
    )
    row.save(force_insert=True)
    CountedStock.objects.bulk_create(
        CountedStock(close=row, equipment_id=key[0], condition=key[1], quantity=named.get(key, 0), expected=held[key])
        for key in sorted(held, key=lambda key: (key[0], Condition.values.index(key[1])))
    )
    CountedMoney.objects.bulk_create(
        CountedMoney(close=row, method=method, amount=given.get(method, NOTHING), expected=taken.get(method, NOTHING))
        for method in sorted({*given, *taken})
    )
    lines: list[dict[str, Any]] = [one._asdict() for one in counts]
    lines += [{**one._asdict(), "amount": str(one.amount)} for one in money]
    after = {**audit.snapshot(row), "lines": lines, **told(fact)}
    audit.record(actor=actor, action="CREATE_DAY_CLOSE", entity=row, before=None, after=after)
    return row


@transaction.atomic
def approve(*, actor: Actor, close_id: int, reason: str, recorded_since: bool = False, now: datetime) -> DayClose:
    """Post what the truck holds more or less than the books, with the reason; what has moved since stays moved.

    `recorded_since`: what differs was entered after the count, such as a delivery that was forgotten. Then what has
    moved the same way since is taken off, so that it does not count twice.
    Money that differs stays as it was counted, beside the reason: no payment is made up. Raises Missing, NotAllowed
    (also for who counted), NotPending, Invalid for a difference without a reason, InsufficientStock.
    """
    row = work.lock(day_closes_seen_by(actor), close_id)
    require_at(actor, "day_closes.approve", row.depot_id)
    if row.user_id == actor.pk:
        raise NotAllowed("You counted this yourself. Somebody else must approve it.")
    if row.status != DayClose.Status.PENDING:
        raise NotPending("This day close is approved already. Nothing is left to do.")
    differences = {(one.equipment_id, one.condition): one.difference for one in row.stock.order_by("pk")}
    differs = [*filter(None, differences.values()), *(one for one in row.money.all() if one.difference)]
    if differs and not reason:
        raise Invalid({"reason": ["The count and the books differ. Say why, or what is done about it."]})
    values = {"status": DayClose.Status.APPROVED, "approved_by_id": actor.pk, "approved_at": now, "reason": reason}
    if recorded_since:
        values["recorded_since"] = True
        since = moved_since(row)
        differences = {thing: since[thing].rest_of(more) for thing, more in differences.items()}
    audit.change(row, values, actor=actor, action="APPROVE_DAY_CLOSE")
    posted = [(*thing, more) for thing, more in differences.items()]
    if lines := corrections(place_of(Owner("truck", row.vehicle_id)), posted):
        move(lines, cause=Cause(Movement.Cause.DAY_CLOSE, row.pk), reason=reason, actor=actor, now=now)
    return row


def _day(named: date, now: datetime, fact: Fact | None) -> date:
    """The day that is closed. A phone whose clock is wrong names a wrong one: then it is the day of the count."""
    latest = timezone.localdate(now)
    if fact is None:
        if named > latest:
            raise Invalid({"date": ["This day has not come yet."]})
        if named < latest - BACK:
            raise Invalid({"date": ["This is more than 7 days ago. Close today; what is missing shows there too."]})
        return named
    counted = min(timezone.localdate(fact.captured_at), latest)
    if counted - BACK <= named <= counted:
        return named
    kind = Kind.EARLY if named > counted else Kind.LATE
    words = f"By a clock that is wrong it was to close {named:%d %b %Y}. It closes {counted:%d %b %Y}: counted then."
    fact.note(kind, words, original=named.isoformat())
    return counted


def _waits(queue: Queue) -> str:
    words = {
        "have not arrived": queue.missing,
        "wait for others": queue.blocked,
        "wait for a supervisor's decision": queue.quarantined,
    }
    said = ", ".join(f"{count} {what}" for what, count in words.items() if count)
    return f"Of what was recorded on this phone, {said}. Send it, or have it decided, and close the day again."


def _refuse_twice(counts: Sequence[Counted], money: Sequence[Carried]) -> None:
    things = [(one.equipment_id, one.condition) for one in counts]
    methods = [one.method for one in money]
    again = ["This was counted in an earlier line. Add the two up."]
    errors = {f"counts.{n}.equipment": again for n, key in enumerate(things) if key in things[:n]}
    errors |= {f"money.{n}.method": again for n, method in enumerate(methods) if method in methods[:n]}
    if errors:
        raise Invalid(errors)
