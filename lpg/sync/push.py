"""What phones send: kept word for word first, then judged one by one, in the order in which it happened."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from rest_framework.exceptions import ParseError

from lpg import sql, work
from lpg.clock import AHEAD
from lpg.errors import Refused
from lpg.idempotency.models import Answer
from lpg.idempotency.services import IdempotencyMismatch
from lpg.roles import Actor
from lpg.sync import devices, queue
from lpg.sync.judge import Judge
from lpg.sync.lease import Lease
from lpg.sync.models import Device, Operation, SyncException
from lpg.sync.outcomes import CLONED, RETRY, Result, decided, note
from lpg.sync.said import Said, digest_of, key_of, seq_of, text_of, understood

State = Operation.State
RAW = ("user_id", "device_id", "received_at", "client_temp_id", "seq", "digest", "body")
LONGEST_ECHO = 64
MOST_WAITING = 1_000


class SwitchedOff(Refused):
    """What was sent by somebody, or from a device, that is no longer let in."""

    code = "switched_off"
    title = "Switched off"


@dataclass
class Answered:
    """What the phone is told: a line of JSON for each operation, in the order they were sent, and the holes."""

    lines: list[str]
    missing: list[list[int]] = field(default_factory=list)


def push(*, actor: Actor, device_id: str, device_now: datetime, operations: Sequence[Any], now: datetime) -> Answered:
    """Take operations in and judge them, each in a unit of work of its own.

    Of a device that was switched off they are only kept. Raises Busy when not even that could be done.
    """
    device = work.run(lambda: devices.known(actor=actor, device_id=device_id, now=now))
    if device.switched_off_at:
        return keep_safe(
            actor=actor,
            device_id=device_id,
            device_now=device_now,
            operations=operations,
            off_at=device.switched_off_at,
            now=now,
        )
    sayings = _kept(actor, device_id, operations, now)
    lease = Lease(device.pk)
    with lease.held() as taken:
        if not taken:
            return Answered([_line(body, Result(RETRY)) for body in operations], device.gaps)
        device.refresh_from_db(fields=["whole_to"])
        judge = Judge(
            actor,
            device.pk,
            _ahead(device_now, now),
            renew=lease.renew,
            awaited=lambda said: queue.awaited(device.pk, said),
        )
        judge.look_back(sayings)
        results = Batch(actor, device, judge, sayings).judged()
        ahead, at = device_now - now, timezone.now()
        missing = work.run(lambda: queue.note(device.pk, lease.token, device.whole_to, ahead, at))
    return Answered([_line(body, result) for body, result in zip(operations, results, strict=True)], missing)


def keep_safe(
    *,
    actor: Actor,
    device_id: str,
    device_now: datetime,
    operations: Sequence[Any],
    off_at: datetime,
    now: datetime,
) -> Answered:
    """Only keep them, for a person to decide; nothing is given back."""
    device = work.run(lambda: devices.known(actor=actor, device_id=device_id, now=now))
    sayings = _kept(actor, device_id, operations, now)
    lease = Lease(device.pk)
    lines = []
    with lease.held() as taken:
        if not taken:
            return Answered([_line(body, Result(RETRY)) for body in operations])
        judge = Judge(actor, device.pk, _ahead(device_now, now), renew=lease.renew)
        batch = Batch(actor, device, judge, sayings)
        for body, said in zip(operations, sayings, strict=True):
            done = (row := batch.row_of(said)) is not None and row.is_done
            if row is None:
                batch.note(_kept_safe(judge, said, off_at), said)
            lines.append(_line(body, Result("replayed" if done else State.QUARANTINED)))
        lease.give_back()
    return Answered(lines)


def _kept_safe(judge: Judge, said: Said, off_at: datetime) -> Result:
    before = said.captured_at is not None and judge.captured(said) < off_at
    words = "It was captured before the switch-off." if before else "It was captured after the switch-off."
    refused = SwitchedOff(f"It came from somebody or a device that is switched off. {words}")
    return judge.keep(said, refused, captured_before=before, switched_off_at=off_at.isoformat())


class Batch:
    """Operations of one call, and what was known of them and of what waits before it came."""

    def __init__(self, actor: Actor, device: Device, judge: Judge, sayings: list[Said]):
        self.device, self.judge, self.sayings = device, judge, sayings
        keys = [said.key for said in sayings if said.key]
        raw_ids = [said.raw_id for said in sayings]
        mine = Operation.objects.filter(user=actor.pk)
        self.by_key = judge.others.known
        self.by_key.update({row.client_temp_id or "": row for row in mine.filter(client_temp_id__in=keys)})
        self.by_raw = {row.raw_id: row for row in mine.filter(raw__in=raw_ids)}
        done = [key for key, row in self.by_key.items() if row.is_done]
        first = Answer.objects.filter(user=actor.pk, key__in=done) if done else ()
        self.answers = {answer.key: answer.body for answer in first}
        self.seen: dict[int, set[str]] = defaultdict(set)
        seqs = [said.seq for said in sayings if said.seq]
        of_device = Operation.objects.filter(device=device.pk, seq__in=seqs, client_temp_id__isnull=False)
        for seq, key in of_device.values_list("seq", "client_temp_id"):
            self.seen[seq or 0].add(key or "")
        blocked = mine.filter(state=State.BLOCKED).select_related("raw").order_by("seq", "pk")
        self.waiting: dict[int, Operation] = {row.pk: row for row in blocked[:MOST_WAITING]}
        self.later: dict[int, Result] = {}  # of what was blocked at first, and then done

    def judged(self) -> list[Result]:
        """In the order of their numbers, whatever the order they were sent in."""
        results: dict[int, Result] = {}
        order = sorted(range(len(self.sayings)), key=lambda place: (self.sayings[place].seq or 2**63, place))
        stopped = False
        for place in order:
            said = self.sayings[place]
            results[place] = Result(RETRY) if stopped else self._judge(said)
            stopped = stopped or results[place].status == RETRY
        if not stopped:
            self._release(None)
        return [self._latest(results[place]) for place in range(len(self.sayings))]

    def row_of(self, said: Said) -> Operation | None:
        """What has become of it before."""
        return self.by_raw.get(said.raw_id) or (self.by_key.get(said.key) if said.key else None)

    def note(self, result: Result, said: Said) -> None:
        """From now on it is known."""
        row = result.row
        if row is None:
            return
        self.by_raw[said.raw_id] = row
        if row.client_temp_id:
            self.by_key[row.client_temp_id] = row
        if row.is_done and row.client_temp_id:
            self.answers[row.client_temp_id] = result.entity
        if row.state == State.BLOCKED:
            self.waiting[row.pk] = row

    def _judge(self, said: Said) -> Result:
        row = self.row_of(said)
        if row is not None:
            return self._again(said, row)
        result = self.judge.settle(said, also=self._cloned(said))
        self.note(result, said)
        if result.row and result.row.is_done:
            self._release(said.key)
        return result

    def _again(self, said: Said, row: Operation) -> Result:
        """It has come before."""
        if row.content != said.content:
            words = "This id was used before for something else. Nothing was done; ask for help with this phone."
            result = self.judge.settle(_with(said, IdempotencyMismatch(words)))
            self.note(result, said)
            return result
        if row.is_done:
            key = row.client_temp_id or ""
            return Result("replayed", row.entity_id, row.number or None, self.answers.get(key, ""), row.problem, row)
        if row.state == State.BLOCKED:
            result = self.judge.settle(said, row)
            self._settled(row, result, said)
            return result
        if row.state in {State.RESOLVED, State.DISMISSED}:
            return Result(State.QUARANTINED, error=decided(row), row=row)
        is_mismatch = (row.problem or {}).get("code") == IdempotencyMismatch.code
        return Result("mismatch" if is_mismatch else State.QUARANTINED, error=row.problem, row=row)

    def _release(self, key: str | None) -> None:
        """Try what has waited for this one; None: what waits for the whole queue."""
        for row in list(self.waiting.values()):
            waits_for = (row.problem or {}).get("waits_for", [])
            if (key in waits_for) if key else (not waits_for and row.device_id == self.device.pk):
                said = understood(row.raw_id, json.loads(row.raw.body))
                self._settled(row, self.judge.settle(said, row), said)

    def _settled(self, row: Operation, result: Result, said: Said) -> None:
        if result.row is None or result.row.state == State.BLOCKED:
            return
        self.waiting.pop(row.pk, None)
        self.later[row.pk] = result
        self.note(result, said)
        if result.row.is_done and said.key:
            self._release(said.key)

    def _latest(self, result: Result) -> Result:
        was_blocked = result.status == State.BLOCKED and result.row is not None
        return self.later.get(result.row.pk, result) if was_blocked and result.row else result

    def _cloned(self, said: Said) -> tuple[SyncException, ...]:
        """Its number was used for another operation: the phone was restored from a backup, or there are two of it."""
        if said.seq is None or said.key is None:
            return ()
        others = self.seen[said.seq] - {said.key}
        self.seen[said.seq].add(said.key)
        if not others:
            return ()
        words = "Its number was used before for another operation: a phone restored from a backup, or two of one id."
        return (note(CLONED, words, {"seq": said.seq, "others": sorted(others)}),)


def _kept(actor: Actor, device_id: str, operations: Sequence[Any], now: datetime) -> list[Said]:
    """Write down what was sent, all of it in one statement and with a commit of its own; and what it says."""
    try:
        texts = [text_of(body) for body in operations]
    except RecursionError as error:
        raise ParseError from error
    digests = [digest_of(f"{device_id}\n{text}") for text in texts]
    if not digests:
        return []

    def unit() -> dict[str, int]:
        at = sql.moment(now)
        sent = [
            (actor.pk, device_id, at, key_of(body) or "", seq_of(body), digest, text)
            for body, text, digest in zip(operations, texts, digests, strict=True)
        ]
        sql.insert("sync_rawoperation", RAW, sent, missing=True)
        these = f"user_id = %s AND digest IN {sql.groups(len(digests), 1)}"
        return dict(sql.rows(f"SELECT digest, id FROM sync_rawoperation WHERE {these}", [actor.pk, *digests]))  # noqa: S608

    ids = work.run(unit)
    return [understood(ids[digest], body) for digest, body in zip(digests, operations, strict=True)]


def _ahead(device_now: datetime, now: datetime) -> timedelta:
    """How far the phone's clock is ahead; what the way here may have taken is not counted as such."""
    ahead = device_now - now
    return ahead if abs(ahead) > AHEAD else timedelta(0)


def _with(said: Said, trouble: Refused) -> Said:
    return Said(**{**vars(said), "trouble": trouble})


def _line(body: Any, result: Result) -> str:
    """One result. The entity is put in as it was answered, byte for byte."""
    sent = body if isinstance(body, dict) else {}
    key, seq = sent.get("client_temp_id"), sent.get("seq")
    head = {
        "client_temp_id": key if isinstance(key, str) and len(key) <= LONGEST_ECHO else None,
        "seq": seq if isinstance(seq, int) and not isinstance(seq, bool) else None,
        "status": str(result.status),
        "id": result.id,
        "number": result.number,
    }
    error = json.dumps(result.error, default=str)
    return f'{json.dumps(head)[:-1]}, "entity": {result.entity or "null"}, "error": {error}}}'
