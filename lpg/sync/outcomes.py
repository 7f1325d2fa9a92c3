"""What is said of an operation, to the phone and to the supervisor."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lpg import sql
from lpg.errors import Refused
from lpg.sync.models import Operation, SyncException

type Error = dict[str, Any]
RETRY = "retry"
CLONED = "device_cloned_or_restored"  # says nothing of whether it could be done


@dataclass
class Result:
    """What the phone is told."""

    status: str
    id: int | None = None
    number: str | None = None
    entity: str = ""  # JSON, byte for byte as the endpoint answers; empty: none
    error: Error | None = None
    row: Operation | None = None


def problem(refused: Refused) -> Error:
    """What is said of a refusal."""
    said: Error = {"code": refused.code, "detail": refused.detail}
    if refused.errors:
        said["errors"] = refused.errors
    return {**said, **json.loads(json.dumps(refused.facts, default=str))}


def facts_of(error: Error) -> dict[str, Any]:
    return {name: value for name, value in error.items() if name not in {"code", "detail"}}


def note(kind: str, words: str, facts: Mapping[str, Any]) -> SyncException:
    """Something to look at, not yet written."""
    return sql.new(SyncException, kind=kind, words=words, facts=json.dumps(facts, default=str))


def decided(row: Operation) -> Error:
    """What the phone is told of what was not done and never will be: what a supervisor has decided, in their words."""
    closed = SyncException.objects.filter(operation=row.pk, state=row.state).exclude(kind=CLONED)
    words = closed.order_by("-decided_at").values_list("note", flat=True).first()
    what = "settled it in another way" if row.state == Operation.State.RESOLVED else "set it aside"
    return {"code": row.state, "detail": f"A supervisor has {what}: {words}"}


def told(notes: list[SyncException]) -> Error | None:
    """What the phone is told of what was noted."""
    if not notes:
        return None
    first, *more = notes
    error = {"code": first.kind, "detail": first.words}
    return {**error, "more": [{"code": one.kind, "detail": one.words} for one in more]} if more else error
