"""What one operation says of others: what must be done before it, and what was made offline and has no id yet."""

import json
from collections.abc import Mapping
from typing import Any

from lpg import sql
from lpg.errors import Invalid, Refused
from lpg.idempotency.models import Answer
from lpg.sync.models import Operation
from lpg.sync.types import KINDS, Made

State = Operation.State


class DependencyDismissed(Refused):
    """What it depends on will never be done."""

    code = "dependency_dismissed"
    title = "What it depends on was dismissed"


class NoDocument(Refused):
    """The sale that is named has no document yet."""

    code = "no_document"
    title = "There is no document yet"


class Waits(Exception):
    """It depends on what is not done yet."""

    def __init__(self, words: str, keys: list[str], **facts: int):
        super().__init__(words)
        self.keys, self.facts = keys, facts


class Others:
    """The operations of one person, by their keys."""

    def __init__(self, user_id: int):
        self.user_id = user_id
        self.known: dict[str, Operation] = {}

    def need(self, keys: list[str]) -> None:
        """Raises Waits unless all of these are done, DependencyDismissed when one will never be."""
        missing, what = [], "it depends on"
        for key in dict.fromkeys(keys):
            row = self.of_key(key)
            if row and row.state in {State.DISMISSED, State.RESOLVED}:
                raise DependencyDismissed(
                    "What it depends on was set aside by a supervisor, and will not be done. Decide on this one too."
                )
            if not (row.is_done if row else self._posted(key)):
                missing.append(key)
                if row and row.state == State.QUARANTINED:
                    what = "that a supervisor has to decide on"
        if missing:
            raise Waits(f"It waits for an operation {what}, and is done by itself after it.", missing)

    def of_key(self, key: str) -> Operation | None:
        """What has become of another operation of the same person."""
        row = self.known.get(key)
        if row is None or not row.is_done:
            row = Operation.objects.filter(user=self.user_id, client_temp_id=key).first()
            if row:
                self.known[key] = row
        return row

    def _posted(self, key: str) -> Answer | None:
        """It was posted to a plain endpoint, and never pushed."""
        return Answer.objects.filter(user=self.user_id, key=key, status__range=(200, 299)).first()

    def resolved(self, value: Any, entity: str) -> Any:
        """The payload's value with ids in the place of keys."""
        if isinstance(value, list):
            return [self.resolved(one, entity) for one in value]
        key = key_named(value)
        return value if key is None else self._id_of(key, entity)

    def _id_of(self, key: str, entity: str) -> int:
        row = self.of_key(key)
        if row is not None:
            made = Made(row.entity, row.entity_id or 0, row.number, row.document_id)
        else:
            made = _made_online(self._posted(key))
        if entity == "invoice":
            if made.entity == "transaction" and made.document_id is None:
                made = self._document_now(made)
            if made.document_id is None:
                raise NoDocument("The sale that is named has no document yet: approve it first, then try this again.")
            return made.document_id
        if made.entity != entity:
            raise Invalid({entity: ["The operation that is named here has made something else."]})
        return made.id

    def _document_now(self, made: Made) -> Made:
        """A sale that waited for approval has its document later."""
        found = sql.rows("SELECT id FROM invoices_invoice WHERE transaction_id = %s ORDER BY id LIMIT 1", [made.id])
        return made._replace(document_id=found[0][0]) if found else made


def key_named(value: Any) -> str | None:
    """The client_temp_id that stands for an id."""
    if isinstance(value, Mapping) and set(value) == {"client_temp_id"} and isinstance(value["client_temp_id"], str):
        key: str = value["client_temp_id"]
        return key
    return None


def keys_in(payload: Mapping[str, Any], refers: Mapping[str, str]) -> list[str]:
    """The keys that a payload names in the place of ids."""
    values = [payload.get(name) for name in refers]
    flat_values = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [key for key in map(key_named, flat_values) if key]


def _made_online(answer: Answer | None) -> Made:
    """What a plain endpoint has made under a key."""
    body = json.loads(answer.body) if answer else {}
    for kind in KINDS.values():
        try:
            return kind.made(body)
        except (KeyError, TypeError):
            continue
    raise Invalid({"client_temp_id": ["What was made under this key cannot be named here."]})
