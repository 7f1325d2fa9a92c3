"""The same request twice, one effect: the record of a key and the effect it guards are one database transaction."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from django.db import DatabaseError
from django.utils import timezone
from django.utils.crypto import salted_hmac

from lpg import sql, work
from lpg.errors import Refused
from lpg.idempotency.models import Answer

KEPT = timedelta(days=396)  # 13 months
NOT_CONTENT = {"client_temp_id", "occurred_at", "received_at"}
PURGE_BATCH = 1_000
PLAIN = {str, int, bool, type(None)}  # what has one spelling only


class IdempotencyMismatch(Refused):
    """The key was used before, for something else."""

    status = 422
    code = "idempotency_mismatch"
    title = "This key belongs to another request"


class InProgress(Refused):
    """The first request with this key is still running."""

    code = "in_progress"
    title = "Still working on it"


class Given(NamedTuple):
    status: int
    body: str
    replayed: bool


def fingerprint(method: str, route: str, content: Mapping[str, Any]) -> str:
    """What makes two requests the same: method, canonical route and validated body, however it was spelled.

    Keyed with the secret key, because a body may hold a password."""
    meant = {name: value for name, value in content.items() if name not in NOT_CONTENT}
    text = json.dumps([method, route, _canonical(meant)], ensure_ascii=False, separators=(",", ":"))
    return salted_hmac("lpg.idempotency", text, algorithm="sha256").hexdigest()


def once(*, user_id: int, key: str, content: str, effect: Callable[[], tuple[int, str]]) -> Given:
    """Do `effect` unless this user's `key` has been answered before; then give that answer again.

    Must be called within the unit of work. A second caller waits at the insert until the first has committed or rolled
    back. Raises IdempotencyMismatch when the key was used with other content, InProgress when the wait was too long.
    """
    if _claim(user_id, key, content):
        status, body = effect()
        sql.run(
            "UPDATE idempotency_answer SET status = %s, body = %s WHERE user_id = %s AND `key` = %s",
            [status, body, user_id, key],
        )
        return Given(status, body, replayed=False)
    first = Answer.objects.get(user_id=user_id, key=key)
    if first.fingerprint != content:
        raise IdempotencyMismatch(
            "This key was used before for something else. Nothing was changed; send this request with a new key."
        )
    return Given(first.status, first.body, replayed=True)


def purge(now: datetime) -> int:
    """Forget the answers that nobody may ask for any more; in small bites, so that nothing waits for it."""
    old = Answer.objects.filter(created_at__lt=now - KEPT).order_by("created_at").values_list("pk", flat=True)
    deleted, _ = Answer.objects.filter(pk__in=list(old[:PURGE_BATCH])).delete()
    return deleted


def _claim(user_id: int, key: str, content: str) -> bool:
    """Insert the record if the key is new. One statement, so that racers meet at the unique key and nowhere else."""
    columns = ("user_id", "key", "fingerprint", "status", "body", "created_at")
    record = (user_id, key, content, 0, "", sql.moment(timezone.now()))
    try:
        return sql.insert("idempotency_answer", columns, [record], missing=True) == 1
    except DatabaseError as error:
        if work.is_lock_timeout(error):
            raise InProgress(
                "The same request is still being worked on. Nothing was done twice; ask again in a few seconds.",
                retry_after=2,
            ) from error
        raise


def _canonical(value: Any) -> Any:
    """One spelling for each meaning: 12.5 is 12.50, a field left out is a null one, +08:00 is UTC."""
    if type(value) in PLAIN:
        return value
    if isinstance(value, Mapping):
        return {name: _canonical(item) for name, item in sorted(value.items()) if item is not None}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return "0" if value == 0 else format(value.normalize(), "f")
    if isinstance(value, datetime):
        return value.astimezone(timezone.get_fixed_timezone(0)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value
