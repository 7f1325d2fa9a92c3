"""One person's phone: record at once, send when there is a signal, keep a copy of what may be seen."""

import json
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lpg_client.api import Api, NotReached, Refused
from lpg_client.queue import DONE, PARKED, WAITING, Operation, Store

PROTOCOL = 1
MOST_OPERATIONS, MOST_BYTES = 100, 256 * 1024
ENVELOPE = 1024  # bytes kept free for what stands around the operations
TERMINAL = {"applied", "replayed", "applied_with_exception", "quarantined", "blocked"}
TOO_LARGE = 413
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


@dataclass
class Pushed:
    """What became of one round of sending."""

    settled: list[Operation] = field(default_factory=list)
    alarms: list[Operation] = field(default_factory=list)  # a person must look: mismatch, too large
    again_in: float | None = None  # seconds, when something is left to be sent


class Phone:
    """The queue and the copy in one file, and the server they are kept in step with."""

    def __init__(self, path: str | Path, url: str, *, now: Callable[[], datetime] | None = None, timeout: float = 30.0):
        self.store = Store(path)
        self.api = Api(url, timeout, self.store.fact("access"), self.store.fact("refresh"))
        self.now = now or (lambda: datetime.now(UTC))
        self.failures = 0
        if not self.store.fact("device_id"):
            self.store.note(device_id=str(uuid.uuid4()))

    @property
    def device_id(self) -> str:
        return self.store.fact("device_id")

    def close(self) -> None:
        self.store.close()

    # --- signing in

    def sign_in(self, username: str, password: str, *, name: str = "", platform: str = "python") -> None:
        """Sign in and register this device for the session. Raises NotReached, Refused."""
        self.api.sign_in(username, password)
        self.store.note(access=self.api.access, refresh=self.api.refresh)
        self.api.call("POST", "sync/devices/", {"device_id": self.device_id, "name": name, "platform": platform})

    # --- recording

    def capture(self, type: str, payload: dict[str, Any], *, depends_on: Sequence[str] = ()) -> str:
        """Record what happened; it is on the disk when this returns. Its key, which later operations may name."""
        key = str(uuid.uuid4())
        at = self.now().isoformat()
        self.store.append(client_temp_id=key, type=type, captured_at=at, payload=payload, depends_on=depends_on)
        return key

    def close_day(self, *, date: str, vehicle: int, counts: list[Any], money: list[Any]) -> str:
        """Record the evening's blind count. The server judges it when nothing before it is missing."""
        return self.capture("day.close", {"date": date, "vehicle": vehicle, "counts": counts, "money": money})

    # --- sending

    def push(self) -> Pushed:
        """Send what waits, the oldest first, until all is judged or the server asks to come again.

        Never raises for a lost signal: what was not answered stays queued, and is sent again. Raises SignInNeeded,
        Refused (the whole envelope; nothing is dropped).
        """
        done = Pushed()
        while batch := self._batch(done):
            try:
                answer = self.api.call("POST", "sync/push/", self._envelope(batch))
            except NotReached as lost:
                return self._later(done, lost.retry_after)
            except Refused as refused:
                if refused.status != TOO_LARGE or len(batch) == 1:
                    raise
                raise RuntimeError("a batch within the limits was too large") from refused
            finally:
                self._keep_tokens()
            self.failures = 0
            again = self._settle(batch, answer["results"], done)
            self._fill(answer.get("missing", []))
            if again:
                return self._later(done)
        return done

    def push_until_done(self, seconds: float, *, sleep: Callable[[float], None] = time.sleep) -> Pushed:
        """Keep sending, with its pauses, for so long at most."""
        until, whole = time.monotonic() + seconds, Pushed()
        while True:
            part = self.push()
            whole.settled += part.settled
            whole.alarms += part.alarms
            whole.again_in = part.again_in
            if part.again_in is None or time.monotonic() + part.again_in > until:
                return whole
            sleep(part.again_in)

    def outbox(self) -> list[Operation]:
        """What is not judged yet, and what a person must look at."""
        return [operation for operation in self.store.all() if operation.state != DONE]

    # --- the copy

    def pull(self) -> int:
        """Bring the copy up to date; how many rows came. Raises NotReached, SignInNeeded, Refused."""
        count = 0
        while True:
            cursor = self.store.fact("cursor")
            try:
                page = self.api.call("GET", f"sync/pull/?cursor={cursor}" if cursor else "sync/pull/")
            finally:
                self._keep_tokens()
            self.store.take(
                changes=page["changes"],
                removed=page["removed"],
                cursor=page["cursor"],
                afresh=page["reset_required"],
            )
            count += sum(len(rows) for rows in page["changes"].values())
            if not page["has_more"]:
                return count

    def rows(self, collection: str) -> dict[int, dict[str, Any]]:
        """The copy of one collection, by id."""
        return self.store.rows(collection)

    # --- inside

    def _envelope(self, batch: list[Operation]) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "device_id": self.device_id,
            "device_now": self.now().isoformat(),
            "operations": [operation.sent() for operation in batch],
        }

    def _batch(self, done: Pushed) -> list[Operation]:
        """As many of the oldest as one call may carry. One that alone is too large is parked, and told."""
        batch: list[Operation] = []
        room = MOST_BYTES - ENVELOPE
        for operation in self.store.waiting(MOST_OPERATIONS):
            size = len(json.dumps(operation.sent()).encode()) + 2
            if size > MOST_BYTES - ENVELOPE:
                self.store.settle([(operation.seq, PARKED, {"status": "too_large"})])
                done.alarms += self.store.between(operation.seq, operation.seq)
                continue
            if size > room:
                break
            room -= size
            batch.append(operation)
        return batch

    def _settle(self, batch: list[Operation], results: list[dict[str, Any]], done: Pushed) -> bool:
        """Keep each answer before its operation leaves the queue. Whether something has to be sent again."""
        numbers = {operation.client_temp_id: operation.seq for operation in batch}
        judged = []
        for said in results:
            seq = numbers.pop(str(said.get("client_temp_id")), None)
            if seq is None or said["status"] == "retry":
                continue
            judged.append((seq, DONE if said["status"] in TERMINAL else PARKED, said))
        self.store.settle(judged)
        for seq, state, _ in judged:
            (done.settled if state == DONE else done.alarms).extend(self.store.between(seq, seq))
        return len(judged) < len(batch)

    def _fill(self, missing: list[list[int]]) -> None:
        """The server lacks these numbers: what was judged before it lost its memory is sent once more."""
        for first, last in missing:
            lost = [one for one in self.store.between(first, last) if one.state == DONE]
            self.store.settle((one.seq, WAITING, one.result or {}) for one in lost)

    def _later(self, done: Pushed, at_least: float = 0.0) -> Pushed:
        self.failures += 1
        pause = min(FIRST_PAUSE * 2 ** (self.failures - 1), LONGEST_PAUSE) * random.uniform(0.5, 1.5)
        done.again_in = max(pause, at_least)
        return done

    def _keep_tokens(self) -> None:
        if self.api.access != self.store.fact("access"):
            self.store.note(access=self.api.access)
