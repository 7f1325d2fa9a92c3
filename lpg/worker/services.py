"""Doing what is due, once, whoever dies: it is a row, claimed by a guarded UPDATE for as long as its lease lasts.

What the surroundings do wrong (database, disk, network) is noted on the row. A mistake of ours ends the worker: the
lease lets the next one do the others first.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, close_old_connections
from django.db.models import Q
from django.utils import timezone

from lpg.accounts.sign_in import forget_old_failures
from lpg.errors import Refused
from lpg.idempotency.services import purge
from lpg.invoices.pdfs import render_due
from lpg.numbering.services import prepare
from lpg.sync import exceptions, feed
from lpg.work import Busy
from lpg.worker.models import Chore
from lpg.worker.sending import Sender

log = logging.getLogger("lpg.worker")
LEASE = timedelta(seconds=60)  # a chore whose worker died is taken up after this
PDFS_AT_ONE_LOOK = 1  # so that a worker notices after each whether others want the CPU


@dataclass(frozen=True)
class Duty:
    """What is done, and how long after it is due again."""

    do: Callable[[datetime], object]
    every: timedelta


DUTIES: dict[str, Duty] = {
    "idempotency.purge": Duty(purge, every=timedelta(minutes=10)),
    "numbering.prepare": Duty(prepare, every=timedelta(hours=1)),
    "sync.try_again": Duty(exceptions.try_again, every=timedelta(minutes=1)),
    "sync.purge": Duty(feed.purge, every=timedelta(minutes=10)),
    "accounts.forget_old_failures": Duty(forget_old_failures, every=timedelta(hours=1)),
}


def look(sender: Sender) -> int:
    """Do what is due: PDFs first, since mail may have to wait for a server, then mail, then chores; how much that was.

    What goes wrong with one part keeps none of the others.
    """
    done = 0

    def do(part: Callable[[datetime], int]) -> None:
        nonlocal done
        done += part(timezone.now())

    with ExitStack() as last_to_first:
        last_to_first.callback(do, sweep)
        last_to_first.callback(do, sender.send_due)
        last_to_first.callback(do, partial(render_due, limit=PDFS_AT_ONE_LOOK))
        last_to_first.callback(_keep_up, timezone.now())
    return done


def _keep_up(now: datetime) -> None:
    """The feed of the phones, once a look: whoever pulls brings it up to date too, so that it can wait when it must."""
    try:
        feed.keep_up(now)
    except Busy:
        log.warning("the feed was busy")


def sweep(now: datetime, duties: dict[str, Duty] | None = None) -> int:
    """Do every chore that is due at `now` and nobody else is at; return how many that were."""
    duties = DUTIES if duties is None else duties
    known = Chore.objects.filter(name__in=list(duties)).order_by("due_at", "pk")
    there = {chore.name for chore in known}
    if new := [Chore(name=name, due_at=now) for name in duties if name not in there]:
        Chore.objects.bulk_create(new, ignore_conflicts=True)
        known = known.all()
    due = [chore for chore in known if chore.due_at <= now]
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
