"""An operation as a phone has said it: whatever can be understood of it, and what is wrong with the rest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import BIGGEST_ID, Input, Text, Whole
from lpg.errors import Invalid, Refused
from lpg.problems import flat
from lpg.sync.serializers import UUID

MOST_NEEDED = 100  # operations that one may depend on
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC)  # every database holds what is between
LONGEST_TYPE = 40


class Malformed(Refused):
    """It is not what the protocol calls an operation."""

    code = "malformed"
    title = "Not an operation"


class Key(serializers.CharField):
    """A UUID as the phone spells it: with hyphens, in either case."""

    default_error_messages: ClassVar = {"uuid": "Send a UUID."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or not UUID.fullmatch(data):
            self.fail("uuid")
        return data


class Clock(serializers.DateTimeField):
    """A time by a clock that may be years wrong: a fact is not refused for that."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not value.isascii():
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+08:00")
        try:
            return within_bounds(super().to_internal_value(value).astimezone(UTC))
        except OverflowError:
            return LAST if value > "2" else FIRST


class Body(serializers.Field[Any, Any, Any, Any]):
    """A JSON object, whatever is in it."""

    default_error_messages: ClassVar = {"invalid": "Send an object."}

    def to_internal_value(self, data: Any) -> Mapping[str, Any]:
        if not isinstance(data, Mapping):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class OperationInput(Input):
    """Something that happened on the truck. It is never refused, only judged."""

    example: ClassVar[dict[str, Any]] = {
        "client_temp_id": "c1a4f4f0-6b0e-4c3e-9a55-3f0f8b9b7f10",
        "seq": 418,
        "type": "transaction.create",
        "version": 1,
        "captured_at": "2026-11-20T09:30:00+08:00",
        "depends_on": [],
        "payload": {"customer": 1, "items": [{"item_type": "DELIVERY", "equipment": 3, "quantity": 2}]},
    }

    client_temp_id = Key(help_text="Made once by the phone. The same as an Idempotency-Key of the plain endpoint.")
    seq = Whole(min_value=1, max_value=BIGGEST_ID, help_text="Counts per device and user from 1, without holes.")
    type = Text(max_length=LONGEST_TYPE)
    version = Whole(min_value=1)
    captured_at = Clock(help_text="By the clock of the phone, however wrong it is.")
    depends_on = serializers.ListField(child=Key(), required=False, default=list, max_length=MOST_NEEDED)
    payload = Body(help_text="The body of the matching endpoint, and what its address names.")


_OPERATION = OperationInput()


@dataclass(frozen=True)
class Said:
    """One operation. With `trouble` the rest is only what could be read."""

    raw_id: int
    key: str | None
    seq: int | None
    type: str
    content: str  # what makes it the same operation
    version: int = 0
    captured_at: datetime | None = None
    depends_on: list[str] = field(default_factory=list)
    payload: Mapping[str, Any] = field(default_factory=dict)
    trouble: Refused | None = None


def text_of(body: Any) -> str:
    """Plain ASCII, the same for the same meaning. Raises RecursionError for what is nested thousands deep."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), default=str)


def digest_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def key_of(body: Any) -> str | None:
    """Its client_temp_id, if that is one."""
    key = body.get("client_temp_id") if isinstance(body, Mapping) else None
    return key if isinstance(key, str) and UUID.fullmatch(key) else None


def seq_of(body: Any) -> int | None:
    """Its place in the queue, if that is one."""
    seq = body.get("seq") if isinstance(body, Mapping) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 < seq <= BIGGEST_ID else None


def understood(raw_id: int, body: Any) -> Said:
    """What can be made of it."""
    key, seq = key_of(body), seq_of(body)
    meant = [body.get(name) for name in ("type", "version", "payload")] if isinstance(body, Mapping) else body
    content = digest_of(text_of(meant))
    if not isinstance(body, Mapping):
        trouble = Malformed("An operation is an object. This is something else; it was kept as it came.")
        return Said(raw_id, None, None, "", content, trouble=trouble)
    try:
        values = _OPERATION.run_validation(body)
    except serializers.ValidationError as error:
        errors = flat(error.detail)
        trouble = Malformed(f"It was kept, but cannot be read. {Invalid(errors).detail}", errors=errors)
        return Said(raw_id, key, seq, _type_of(body), content, trouble=trouble)
    return Said(
        raw_id,
        key,
        seq,
        _type_of(body),
        content,
        values["version"],
        values["captured_at"],
        values["depends_on"],
        values["payload"],
    )


def within_bounds(at: datetime) -> datetime:
    return min(max(at, FIRST), LAST)


def put_right(at: datetime, ahead: timedelta) -> datetime:
    """When it was by our clock, of a clock that is so far ahead."""
    try:
        return within_bounds(at - ahead)
    except OverflowError:
        return LAST if ahead < timedelta(0) else FIRST


def _type_of(body: Mapping[str, Any]) -> str:
    """As a column can hold it."""
    type = body.get("type")
    fits = isinstance(type, str) and len(type) <= LONGEST_TYPE and type.isascii() and type.isprintable()
    return type.strip() if fits and isinstance(type, str) else ""
