"""Doing what is due, once, whoever dies: a chore is a row, claimed by a guarded UPDATE for as long as its lease lasts.

What the surroundings do wrong (database, disk, network) is noted on the row. A mistake of ours ends the worker: the
lease lets the next one do the other chores first.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, close_old_connections
from django.db.models import Q
from django.utils import timezone

from lpg.accounts.sign_in import forget_old_failures
from lpg.errors import Refused
from lpg.idempotency.services import purge
from lpg.numbering.services import prepare
from lpg.worker.models import Chore

log = logging.getLogger("lpg.worker")
LEASE = timedelta(seconds=60)  # a chore whose worker died is taken up after this


@dataclass(frozen=True)
class Duty:
    """What is done, and how long after it is due again."""

    do: Callable[[datetime], object]
    every: timedelta


DUTIES: dict[str, Duty] = {
    "idempotency.purge": Duty(purge, every=timedelta(minutes=10)),
    "numbering.prepare": Duty(prepare, every=timedelta(hours=1)),
    "accounts.forget_old_failures": Duty(forget_old_failures, every=timedelta(hours=1)),
}


def sweep(now: datetime, duties: dict[str, Duty] | None = None) -> int:
    """Do everything that is due at `now` and nobody else is at; return how many chores that were."""
    duties = DUTIES if duties is None else duties
    new = [Chore(name=name, due_at=now) for name in duties]
    Chore.objects.bulk_create(new, ignore_conflicts=True)
    due = Chore.objects.filter(name__in=list(duties), due_at__lte=now).order_by("due_at", "pk")
    began = time.monotonic()
    return sum(_do(chore, duties[chore.name], now + timedelta(seconds=time.monotonic() - began)) for chore in due)


def _do(chore: Chore, duty: Duty, now: datetime) -> bool:
    """`now` is when it is this chore's turn, not when the sweep began: a lease must not be half over when it starts."""
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    mine = Chore.objects.filter(pk=chore.pk, due_at=chore.due_at)
    if not mine.filter(free).update(leased_until=now + LEASE):
        return False
    error = ""
    try:
        duty.do(now)
    except (DatabaseError, OSError, Refused) as trouble:
        log.warning("chore %s failed: %s", chore.name, type(trouble).__name__)
        close_old_connections()
        error = type(trouble).__name__
    done_at = chore.last_done_at if error else timezone.now()
    mine.update(leased_until=None, due_at=now + duty.every, last_done_at=done_at, last_error=error)
    return True
