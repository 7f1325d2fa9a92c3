"""What supervisors work through: what did not fit, what could not be done, and what they decide about it."""

import json
from datetime import datetime, timedelta

from django.db.models import QuerySet

from lpg import work
from lpg.accounts.models import User
from lpg.audit import services as audit
from lpg.errors import Missing, NotPending, Refused
from lpg.roles import Actor, require, sees
from lpg.sync import queue
from lpg.sync.judge import Judge
from lpg.sync.models import Operation, SyncException
from lpg.sync.outcomes import CLONED, RETRY, Result, note
from lpg.sync.said import Said, understood

State = Operation.State
ESCALATED_AFTER = timedelta(hours=24)
MOST_AT_ONCE = 200


class Decided(Refused):
    """This exception has been closed."""

    code = "decided_already"
    title = "Decided already"


def exceptions_seen_by(actor: Actor) -> QuerySet[SyncException]:
    """Supervisors: of their depots."""
    seen = SyncException.objects.filter(sees(actor, "exceptions.read"))
    return seen.select_related("operation__raw", "operation__user")


def retry(*, actor: Actor, exception_id: int, now: datetime) -> SyncException:
    """Judge a quarantined operation again as it is, as who recorded it, at the time it was captured.

    Units of work of its own: the operation's, with the row that says who asked for it, and then of what waited for it.
    Raises Missing, NotAllowed, Decided, NotPending (it was done), Busy.
    """
    require(actor, "exceptions.decide")
    row = exceptions_seen_by(actor).filter(pk=exception_id).first()
    if row is None:
        raise Missing
    _refuse_decided(row)
    operation = row.operation
    if operation.state not in {State.QUARANTINED, State.BLOCKED}:
        raise NotPending("This operation was done, so there is nothing to try again. Look into it and resolve this.")
    judge = _judge_of(operation)
    judge.asked_about = row.pk
    told = {"operation_state": operation.state, "recorded_by": operation.user.username}
    before = {**audit.snapshot(row), **told}

    def asked() -> None:
        """Within the operation's unit of work: the audit names both, and so does this row."""
        current = work.lock(SyncException.objects.all(), row.pk)
        _refuse_decided(current)
        settled = Operation.objects.get(pk=operation.pk)
        error = settled.problem
        if settled.is_done:
            current.state, current.note = SyncException.State.RESOLVED, "Tried again, and done."
            current.decided_by_id, current.decided_at = actor.pk, now
        elif error:
            current.kind, current.words = error["code"], error["detail"]
            current.facts = json.dumps({name: value for name, value in error.items() if name not in {"code", "detail"}})
        current.save(update_fields=["state", "note", "decided_by", "decided_at", "kind", "words", "facts"])
        after = {**audit.snapshot(current), **told, "operation_state": settled.state}
        audit.record(actor=actor, action="RETRY_SYNC_EXCEPTION", entity=current, before=before, after=after)

    judge.renew = asked
    result = judge.settle(_said(operation), operation)
    if result.status == RETRY:
        raise work.Busy
    if result.status == State.BLOCKED and operation.state == State.BLOCKED:
        work.run(asked)  # it waits as before, and somebody has asked
    judge.renew = _nothing
    follow(row.pk)
    return exceptions_seen_by(actor).get(pk=row.pk)


def resolve(*, actor: Actor, exception_id: int, note: str, now: datetime) -> SyncException:
    """Say that it was seen to. An operation that was not done then counts as settled in another way.

    Raises Missing, NotAllowed, Decided.
    """
    return _decide(actor, exception_id, SyncException.State.RESOLVED, State.RESOLVED, note, now)


def dismiss(*, actor: Actor, exception_id: int, reason: str, now: datetime) -> SyncException:
    """Say that nothing is to be done. An operation that was not done never will be, nor what depends on it.

    Raises Missing, NotAllowed, Decided.
    """
    return _decide(actor, exception_id, SyncException.State.DISMISSED, State.DISMISSED, reason, now)


def _decide(
    actor: Actor,
    exception_id: int,
    state: SyncException.State,
    becomes: Operation.State,
    words: str,
    now: datetime,
) -> SyncException:
    require(actor, "exceptions.decide")
    row = work.lock(exceptions_seen_by(actor).select_related(None), exception_id)
    _refuse_decided(row)
    values = {"state": state, "note": words, "decided_by_id": actor.pk, "decided_at": now}
    audit.change(
        row,
        values,
        actor=actor,
        action="RESOLVE_SYNC_EXCEPTION" if becomes == State.RESOLVED else "DISMISS_SYNC_EXCEPTION",
    )
    if row.kind != CLONED:
        waits = Operation.objects.filter(pk=row.operation_id, state__in=queue.UNSETTLED)
        waits.update(state=becomes, settled_at=now)
    return exceptions_seen_by(actor).get(pk=row.pk)


def follow(exception_id: int) -> None:
    """Something was decided: let what waited for it go on, each in a unit of work of its own."""
    operation = SyncException.objects.select_related("operation").get(pk=exception_id).operation
    if operation.client_temp_id:
        release(operation.user_id, operation.client_temp_id)
    release(operation.user_id, None)


def try_again(now: datetime) -> int:
    """The worker's part: do what need wait no more, and bring what has waited too long before a supervisor.

    How many operations wait no more.
    """
    blocked = Operation.objects.filter(state=State.BLOCKED)
    count = 0
    for row in blocked.select_related("raw", "user").order_by("user", "seq", "pk")[:MOST_AT_ONCE]:
        result = _judge_of(row).settle(_said(row), row)
        count += bool(result.row and result.row.state != State.BLOCKED)
    overdue = blocked.filter(received_at__lt=now - ESCALATED_AFTER).exclude(exceptions__state=SyncException.State.OPEN)
    for row in overdue.order_by("pk")[:MOST_AT_ONCE]:
        work.run(lambda row=row: _escalate(row))  # type: ignore[misc]  # bound at once
    return count


def release(user_id: int, key: str | None) -> None:
    """Try what has waited for this operation; None: for the whole queue to be settled."""
    mine = Operation.objects.filter(user=user_id, state=State.BLOCKED).select_related("raw", "user")
    for row in mine.order_by("seq", "pk"):
        waits_for = (row.problem or {}).get("waits_for", [])
        if (key in waits_for) if key else not waits_for:
            result: Result = _judge_of(row).settle(_said(row), row)
            if result.row and result.row.is_done:
                release(user_id, row.client_temp_id)


def _escalate(row: Operation) -> None:
    if not Operation.objects.select_for_update().filter(pk=row.pk, state=State.BLOCKED).exists():
        return
    error = row.problem or {}
    words = "It has waited for more than 24 hours for something it depends on. Ask for the phone, or set it aside."
    Judge(row.user, row.device_id).raise_(row, [note("blocked", words, {"waits_for": error.get("waits_for", [])})])


def _judge_of(row: Operation) -> Judge:
    """As who recorded it. Their clock was put right when it came."""
    user = User.objects.select_related("vehicle").get(pk=row.user_id)
    return Judge(user, row.device_id, awaited=lambda said: queue.awaited(row.device_id, said))


def _said(row: Operation) -> Said:
    return understood(row.raw_id, json.loads(row.raw.body))


def _refuse_decided(row: SyncException) -> None:
    if row.state != SyncException.State.OPEN:
        raise Decided("This was decided before, and stays so. Look at the note.")


def _nothing() -> None:
    """No lease, and nobody who asked."""
