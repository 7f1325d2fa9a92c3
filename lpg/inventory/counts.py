"""Blind counts: what somebody counted, what the books held then, and the difference once somebody else approves it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from lpg import work
from lpg.audit import services as audit
from lpg.errors import Invalid, NotAllowed, NotPending
from lpg.inventory.models import Count, CountLine, Movement, Place
from lpg.inventory.selectors import counts_seen_by
from lpg.inventory.services import Cause, corrections, move, quantities
from lpg.roles import Actor, require_at


class Counted(NamedTuple):
    equipment_id: int
    condition: str
    quantity: int


@transaction.atomic
def record(*, actor: Actor, place: Place, lines: Sequence[Counted], remarks: str, now: datetime) -> Count:
    """Keep what was counted beside what the books hold at this moment. Nothing moves.

    Raises NotAllowed, and Invalid for a thing counted in two lines.
    """
    require_at(actor, "stock.write", place.home_depot_id)
    _refuse_twice(lines)
    held = quantities(place, {(line.equipment_id, line.condition) for line in lines})
    count = Count(place=place, remarks=remarks, user_id=actor.pk, created_at=now)
    audit.save(count)
    rows = [
        CountLine(
            count=count,
            equipment_id=line.equipment_id,
            condition=line.condition,
            quantity=line.quantity,
            expected=held[line.equipment_id, line.condition],
        )
        for line in lines
    ]
    CountLine.objects.bulk_create(rows)
    after = {**audit.snapshot(count), "lines": [line._asdict() for line in lines]}
    audit.record(actor=actor, action="CREATE_COUNT", entity=count, before=None, after=after)
    return count


@transaction.atomic
def approve(*, actor: Actor, count_id: int, reason: str, now: datetime) -> Count:
    """Post the differences: what has moved since the count stays moved.

    Raises Missing, NotAllowed (also for who counted), NotPending, InsufficientStock.
    """
    count = _decide(actor, count_id, Count.Status.APPROVED, reason, now)
    differences = [(line.equipment_id, line.condition, line.difference) for line in count.lines.order_by("pk")]
    if lines := corrections(count.place, differences):
        move(lines, cause=Cause(Movement.Cause.COUNT, count.pk), reason=reason, actor=actor, now=now)
    return count


@transaction.atomic
def cancel(*, actor: Actor, count_id: int, reason: str, now: datetime) -> Count:
    """Put a count aside: nothing moves. Raises Missing, NotAllowed, NotPending."""
    return _decide(actor, count_id, Count.Status.CANCELLED, reason, now)


def _refuse_twice(lines: Sequence[Counted]) -> None:
    keys = [(line.equipment_id, line.condition) for line in lines]
    errors = {
        f"lines.{number}.equipment": ["This was counted in an earlier line. Add the two up."]
        for number, key in enumerate(keys)
        if key in keys[:number]
    }
    if errors:
        raise Invalid(errors)


def _decide(actor: Actor, count_id: int, status: Count.Status, reason: str, now: datetime) -> Count:
    rows = counts_seen_by(actor).select_related(None).prefetch_related(None)
    count = work.lock(rows, count_id)
    require_at(actor, "stock.write", count.place.home_depot_id)
    if status == Count.Status.APPROVED and count.user_id == actor.pk:
        raise NotAllowed("You counted this yourself. Somebody else must approve it.")
    if count.status != Count.Status.PENDING:
        raise NotPending(f"This count is {Count.Status(count.status).label.lower()} already.")
    values = {"status": status, "decided_by_id": actor.pk, "decided_at": now, "reason": reason}
    verb = "APPROVE" if status == Count.Status.APPROVED else "CANCEL"
    return audit.change(count, values, actor=actor, action=f"{verb}_COUNT")
