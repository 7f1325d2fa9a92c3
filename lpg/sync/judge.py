"""Judging one operation: done as its endpoint would, with what does not fit noted; or waiting; or kept for a person.

Each operation is one unit of work: its effect, the record of its key, what became of it and what a supervisor has to
look at are committed together, or nothing is.
"""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, IntegrityError, InterfaceError
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer

from lpg import sql, work
from lpg.api.answers import shown
from lpg.api.door import built
from lpg.api.inputs import EARLIEST, Ref
from lpg.audit.selectors import before_changes
from lpg.day_close.services import EMPTY, Queue
from lpg.depots.models import Depot
from lpg.errors import Invalid, Missing, NotAllowed, Refused
from lpg.facts import Fact
from lpg.idempotency import services as idempotency
from lpg.problems import flat
from lpg.roles import Actor
from lpg.sync.lease import LostLease
from lpg.sync.models import Operation, SyncException
from lpg.sync.others import Others, Waits, keys_in
from lpg.sync.outcomes import CLONED, RETRY, Error, Result, facts_of, note, problem, told
from lpg.sync.said import Clock, Said, put_right
from lpg.sync.served import as_served
from lpg.sync.types import CLOCKS, KINDS, VERSION, Doing, Kind, Made, Task

LATER = (work.Busy, idempotency.InProgress, LostLease)
log = logging.getLogger("lpg.sync")
State = Operation.State


class UnknownType(Refused):
    """A newer phone records what this server does not know."""

    code = "unknown_type"
    title = "Not known here"


class UnknownVersion(Refused):
    """A newer phone records it in another form."""

    code = "unknown_version"
    title = "Not known here in this form"


class OurMistake(Refused):
    """Something broke. It must not hold up the others, nor be lost."""

    code = "server_error"
    title = "Our mistake"


@dataclass
class Judge:
    """One person's operations of one device. `renew` is called at the end of each unit of work, and may refuse it."""

    actor: Actor
    device_pk: int
    ahead: timedelta = timedelta(0)  # of the phone's clock
    renew: Callable[[], None] = lambda: None
    awaited: Callable[[Said], Queue] = lambda said: EMPTY  # what the end of a day waits for
    others: Others = field(init=False)
    quiet_since: datetime | None = None  # nobody has moved this person since
    asked_about: int | None = None  # the exception that a supervisor tries again: it is closed by them
    _depots: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.others = Others(self.actor.pk)

    def settle(self, said: Said, row: Operation | None = None, also: tuple[SyncException, ...] = ()) -> Result:
        """Do it, let it wait, or keep it. `row`: what has become of it so far. `also`: what was noted before."""
        try:
            return self._settle(said, row, also)
        except LATER as later:
            return Result(RETRY, error=problem(later))
        except IntegrityError:
            if self.others.of_key(said.key or "") is None:
                raise
            return Result(RETRY)  # another phone of the same person was first with this key: then it is known

    def keep(
        self,
        said: Said,
        refused: Refused,
        row: Operation | None = None,
        also: tuple[SyncException, ...] = (),
        **facts: Any,
    ) -> Result:
        """Not done; a person must decide. With facts that they need for it."""
        error = problem(refused)

        def unit() -> Result:
            taken = isinstance(refused, idempotency.IdempotencyMismatch)
            kept = self._write(said, row, State.QUARANTINED, key=None if taken else said.key, error=error)
            if row is None or row.state == State.BLOCKED:
                self.raise_(kept, [*also, note(refused.code, refused.detail, {**facts_of(error), **facts})])
            self.renew()
            return Result("mismatch" if taken else State.QUARANTINED, error=error, row=kept)

        return work.run(unit)

    def _settle(self, said: Said, row: Operation | None, also: tuple[SyncException, ...]) -> Result:
        try:
            return self._done(said, self._task(said), row, also)
        except Waits as waits:
            return self._wait(said, waits, row, also)
        except LATER:
            raise
        except Refused as refused:
            return self.keep(said, refused, row, also)
        except Exception as error:  # one bad operation must not hold up all that are behind it, for ever
            if isinstance(error, DatabaseError) and self._may_work_later(said, error, row):
                return Result(RETRY)
            log.exception("operation %s", said.key)
            words = "Something went wrong on our side, and nothing was changed. Tell us; then it can be tried again."
            return self.keep(said, OurMistake(words), row, also)

    def _may_work_later(self, said: Said, error: DatabaseError, row: Operation | None) -> bool:
        """The database was busy or away, or another phone of the same person was first with this key."""
        if work.is_contention(error) or work.is_away(error) or isinstance(error, InterfaceError):
            return True
        first = said.key is not None and isinstance(error, IntegrityError) and row is None
        return first and self.others.of_key(said.key or "") is not None

    def _task(self, said: Said) -> Task:
        """What it asks for, with what it names looked up. Raises Refused, Waits."""
        if said.trouble:
            raise said.trouble
        kind = KINDS.get(said.type)
        if kind is None:
            raise UnknownType("This type of operation is not known here. Update the server, then try it again.")
        if said.version != VERSION:
            raise UnknownVersion("This version of the operation is not known here. Update the server, then try again.")
        payload = dict(said.payload)
        named = keys_in(payload, kind.refers)
        self.others.need([*said.depends_on, *named])
        if any(left := self.awaited(said)):
            raise Waits(
                f"It waits until everything before it has come and is settled: {_told(left)}.", [], **left._asdict()
            )
        for name, entity in kind.refers.items():
            if name in payload:
                payload[name] = self.others.resolved(payload[name], entity)
        _leave_out_stopped_clocks(payload)
        return self._validated(said, kind, payload)

    @staticmethod
    def _validated(said: Said, kind: Kind, payload: dict[str, Any]) -> Task:
        """Raises Invalid."""
        errors: dict[str, Any] = {}
        if payload.get("client_temp_id") not in {None, said.key}:
            errors["client_temp_id"] = ["It differs from that of the operation. Send the same, or leave it out."]
        id = 0
        if kind.names:
            try:
                id = _REF.run_validation(payload.pop(kind.names, None))
            except ValidationError as error:
                errors[kind.names] = error.detail
        try:
            values = built(kind.body).run_validation(payload)
        except ValidationError as error:
            raise Invalid(
                flat({**error.detail, **errors} if isinstance(error.detail, dict) else error.detail)
            ) from None
        if errors:
            raise Invalid(flat(errors))
        return Task(kind, id, values, f"{kind.route} id={id}" if kind.names else kind.route)

    def _done(self, said: Said, task: Task, row: Operation | None, also: tuple[SyncException, ...]) -> Result:
        """In one unit of work, as who recorded it: also at a customer whom somebody has moved elsewhere since."""
        at = row.captured_at if row and row.captured_at else self.captured(said)
        try:
            return work.run(lambda: self._do(said, task, row, also, self.actor, at))
        except (Invalid, NotAllowed, Missing):
            then = as_served(self.actor, task, at)
            if then is None:
                raise
            return work.run(lambda: self._do(said, task, row, also, then, at))

    def _do(
        self,
        said: Said,
        task: Task,
        row: Operation | None,
        also: tuple[SyncException, ...],
        actor: Actor,
        at: datetime,
    ) -> Result:
        key = said.key or ""
        fact = Fact(at, is_unmoved=self.quiet_since is not None and at >= self.quiet_since)
        made: Made | None = None
        now = timezone.now()
        values = dict(task.values)
        if "client_temp_id" in built(task.kind.body).fields:
            values["client_temp_id"] = key
        for name in CLOCKS:
            if values.get(name):
                values[name] = put_right(values[name], (said.captured_at or at) - at)

        def effect() -> tuple[int, str]:
            nonlocal made
            result = task.kind.do(Doing(actor, values, task.id, fact, now))
            answer = shown(task.kind.shape_of(result), result)
            made = task.kind.made(answer)
            return task.kind.status, JSONRenderer().render(answer).decode()

        content = idempotency.fingerprint("POST", task.route, task.values)
        given = idempotency.once(user_id=self.actor.pk, key=key, content=content, effect=effect)
        if made is None:
            made = task.kind.made(json.loads(given.body))
        notes = [*also, *(note(one.kind.value, one.words, one.facts) for one in fact.noted)]
        all_notes = [*(self._still_open(row) if row else ()), *notes]
        state = State.WITH_EXCEPTION if all_notes else State.APPLIED
        error = told(all_notes)
        done = self._write(said, row, state, key=key, error=error, made=made)
        if row is not None:
            self._close_open(row, now)
        self.raise_(done, notes)
        self.renew()
        status: str = "replayed" if given.replayed or (fact.replayed and not notes) else state
        return Result(status, made.id, made.number or None, given.body, error, done)

    def _wait(self, said: Said, waits: Waits, row: Operation | None, also: tuple[SyncException, ...]) -> Result:
        error = {"code": "blocked", "detail": str(waits), "waits_for": waits.keys, **waits.facts}
        if row is not None and row.state == State.BLOCKED:
            return Result(State.BLOCKED, error=error, row=row)

        def unit() -> Result:
            kept = self._write(said, row, State.BLOCKED, key=said.key, error=error)
            if row is None:
                self.raise_(kept, list(also))
            self.renew()
            return Result(State.BLOCKED, error=error, row=kept)

        return work.run(unit)

    def look_back(self, sayings: Iterable[Said]) -> None:
        """Ask once for all of them whether this person was moved since."""
        earliest = min((self.captured(said) for said in sayings if said.captured_at), default=None)
        if earliest and before_changes("User", self.actor.pk, "UPDATE_USER", earliest) is None:
            self.quiet_since = earliest

    def captured(self, said: Said) -> datetime:
        """When it happened, by our clock."""
        return put_right(said.captured_at or timezone.now(), self.ahead)

    def _write(
        self,
        said: Said,
        row: Operation | None,
        state: Operation.State,
        *,
        key: str | None,
        error: Error | None,
        made: Made | None = None,
    ) -> Operation:
        """What has become of it. Raises Busy when somebody else has just settled it."""
        entity, id, number, document_id = made or Made("", 0)
        now = timezone.now()
        settled = None if state == State.BLOCKED else now
        values = {
            "state": state.value,
            "error": json.dumps(error) if error else "",
            "entity": entity,
            "entity_id": id or None,
            "document_id": document_id,
            "number": number,
            "settled_at": settled,
        }
        if row is not None:
            mine = Operation.objects.filter(pk=row.pk, state=row.state)
            if not mine.update(**values):
                raise work.Busy("Somebody else is working on this operation. Look again in a moment.")
            new = Operation.objects.select_related("raw").get(pk=row.pk)
        else:
            new = sql.new(
                Operation,
                raw_id=said.raw_id,
                user_id=self.actor.pk,
                device_id=self.device_pk,
                client_temp_id=key,
                seq=said.seq,
                type=said.type,
                content=said.content,
                captured_at=self.captured(said) if said.captured_at else None,
                received_at=now,
                depot_id=self._depot_of(said),
                **values,
            )
            sql.add([new])
        return new

    def raise_(self, row: Operation, notes: list[SyncException]) -> None:
        """A supervisor has to look at these. Within a unit of work."""
        for one in notes:
            one.operation, one.depot_id, one.raised_at = row, row.depot_id, timezone.now()
        sql.add(notes)

    def _open(self, row: Operation) -> QuerySet[SyncException]:
        there = SyncException.objects.filter(operation=row.pk, state=SyncException.State.OPEN)
        return there.exclude(pk=self.asked_about) if self.asked_about else there

    def _still_open(self, row: Operation) -> QuerySet[SyncException]:
        """What is to be looked at although it was done after all."""
        return self._open(row).filter(kind=CLONED).order_by("pk")

    def _close_open(self, row: Operation, now: datetime) -> None:
        """It was done after all: nobody need look at why it was not."""
        self._open(row).exclude(kind=CLONED).update(
            state=SyncException.State.RESOLVED, note="It was done by itself.", decided_at=now
        )

    def _depot_of(self, said: Said) -> int | None:
        """The depot that it names, else the home depot."""
        named = said.payload.get("depot")
        if isinstance(named, int) and not isinstance(named, bool) and 0 < named < 2**63:
            if named not in self._depots:
                self._depots[named] = Depot.objects.filter(pk=named).exists()
            if self._depots[named]:
                return named
        return self.actor.depot_id


_REF, _CLOCK = Ref(), Clock()


def _leave_out_stopped_clocks(payload: dict[str, Any]) -> None:
    """A clock that stood still says nothing of the time: `captured_at` stands for it, and is noted."""
    for name in CLOCKS:
        try:
            if payload.get(name) and _CLOCK.run_validation(payload[name]) < EARLIEST:
                del payload[name]
        except ValidationError:
            continue  # the endpoint's own validation says it


def _told(left: Queue) -> str:
    words = {"not come": left.missing, "blocked": left.blocked, "for a supervisor to decide": left.quarantined}
    return ", ".join(f"{count} {what}" for what, count in words.items() if count)
