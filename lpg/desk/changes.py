"""Audit rows in words: what was done to what, and which fields changed from what to what."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.urls import reverse
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import capfirst

from lpg.audit.models import AuditLog
from lpg.desk import shown
from lpg.fields import MoneyField, RateField

VERBS = {
    "CREATE": "Added",
    "UPDATE": "Changed",
    "CHANGE": "Changed",
    "REVOKE": "Ended",
    "CONFIRM": "Confirmed",
    "CANCEL": "Cancelled",
    "APPROVE": "Approved",
}
PHRASES = {
    "CREATE_SESSION": "Signed in",
    "REVOKE_SESSION": "Ended a sign-in",
    "CHANGE_PASSWORD": "Changed the password",
}
NAMES = (  # by which people know it
    "customer_code",
    "sku",
    "plate_no",
    "code",
    "username",
    "distribution_number",
    "number",
    "serial_number",
)
ITSELF = {"id", "created_at"}  # what the row says anyway
OWNERS = ("customer", "equipment", "user")  # whose it is, when it has no name of its own

type Columns = dict[str, Any]
type Names = dict[type[models.Model], dict[Any, str]]


@dataclass(frozen=True)
class Change:
    """One field, before and after, as people read it."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Entry:
    """One audit row, ready to be shown."""

    row: AuditLog
    action: str
    entity: str
    link: str
    changes: list[Change] = field(default_factory=list)
    is_new: bool = False

    @property
    def fields(self) -> str:
        return ", ".join(change.label for change in self.changes)


def read(rows: Iterable[AuditLog]) -> list[Entry]:
    """The rows in words. Names of what they refer to are looked up once for all of them."""
    rows = list(rows)
    names = _names(rows)
    return [_entry(row, names) for row in rows]


def action_words(row: AuditLog) -> str:
    """CREATE_CUSTOMER_RATE → Added customer rate."""
    if row.action in PHRASES:
        return PHRASES[row.action]
    verb, _, rest = row.action.partition("_")
    model = _models().get(row.entity_type)
    noun = str(model._meta.verbose_name) if model and _plain(rest) == row.entity_type.lower() else _words(rest)
    return f"{VERBS.get(verb, verb.capitalize())} {noun}".strip()


def entity_options() -> list[tuple[str, str]]:
    """Every kind of entity that may stand in the log, for a filter."""
    kinds = ((name, capfirst(str(model._meta.verbose_name))) for name, model in _models().items())
    return sorted(kinds, key=lambda kind: kind[1])


def _entry(row: AuditLog, names: Names) -> Entry:
    model = _models().get(row.entity_type)
    before, after = _sides(row)
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name) and name not in ITSELF]
    changes = [
        Change(_label(model, name), _value(model, name, before, names), _value(model, name, after, names))
        for name in changed
    ]
    return Entry(
        row=row,
        action=action_words(row),
        entity=_title(row, model, after or before, names),
        link=_link(row, model),
        changes=[change for change in changes if change.before != change.after],
        is_new=not before and bool(after),
    )


def _sides(row: AuditLog) -> tuple[Columns, Columns]:
    payload = row.payload if isinstance(row.payload, dict) else {}
    return payload.get("before") or {}, payload.get("after") or {}


@cache
def _models() -> dict[str, type[models.Model]]:
    """Our own models by the name that the log keeps."""
    return {model.__name__: model for model in apps.get_models() if model.__module__.startswith("lpg.")}


def _column(model: type[models.Model] | None, name: str) -> Any:
    """The model's own column; what other models point at it with is none."""
    try:
        column: Any = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
    return None if column is None or (column.auto_created and not column.concrete) else column


def _label(model: type[models.Model] | None, name: str) -> str:
    column = _column(model, name)
    return str(capfirst(column.verbose_name if column is not None else _words(name)))


def _value(model: type[models.Model] | None, name: str, columns: Columns, names: Names) -> str:
    value, column = columns.get(name), _column(model, name)
    if value in (None, "", []):
        return shown.NOTHING
    if column is not None and column.related_model:
        known = names.get(column.related_model, {})
        return ", ".join(known.get(key, f"#{key}") for key in (value if isinstance(value, list) else [value]))
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if column is not None and isinstance(value, str):
        return _typed(column, value)
    if isinstance(value, list) and all(isinstance(line, dict) for line in value):
        return "; ".join(_line(line, names) for line in value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(line: Columns, names: Names) -> str:
    """One line of a document: how many of what, out, full."""
    words = []
    for name, value in line.items():
        model = _referred(name)
        if value in (None, "") or name == "quantity":
            continue
        words.append(names.get(model, {}).get(value, f"#{value}") if model else str(value).lower())
    return f"{line.get('quantity', '')} × {', '.join(words)}"


def _referred(name: str) -> type[models.Model] | None:
    """What a line refers to: equipment_id to Equipment."""
    return _models().get(name.removesuffix("_id").capitalize()) if name.endswith("_id") else None


def _referred_in(value: Any) -> Iterator[tuple[type[models.Model], Any]]:
    lines = [line for line in value if isinstance(line, dict)] if isinstance(value, list) else []
    for name, id in (pair for line in lines for pair in line.items()):
        model = _referred(name)
        if model and id is not None:
            yield model, id


def _typed(column: Any, value: str) -> str:
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    try:
        if isinstance(column, MoneyField):
            return shown.money(Decimal(value))
        if isinstance(column, RateField):
            return shown.rate(Decimal(value))
        if isinstance(column, models.DateTimeField):
            at = parse_datetime(value)
            return shown.moment(at) if isinstance(at, datetime) else value
        if isinstance(column, models.DateField):
            on = parse_date(value)
            return shown.day(on) if on else value
    except (InvalidOperation, ValueError):
        pass
    return value


def _title(row: AuditLog, model: type[models.Model] | None, columns: Columns, names: Names) -> str:
    """What people call it: its own code and name, else whose it is, else its number."""
    for name in NAMES:
        if own := columns.get(name):
            return f"{own} {columns.get('name', '')}".strip()
    for name in OWNERS:
        if columns.get(name):
            return _value(model, name, columns, names)
    known = names.get(model, {}).get(row.entity_id) if model else None
    return known or f"{row.entity_type} {row.entity_id}"


def _link(row: AuditLog, model: type[models.Model] | None) -> str:
    if model is None or not admin.site.is_registered(model):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.entity_id])


def _names(rows: list[AuditLog]) -> Names:
    """What the ids in these rows are called: one query for each kind of thing."""
    wanted: dict[type[models.Model], set[Any]] = {}
    for row in rows:
        model = _models().get(row.entity_type)
        before, after = _sides(row)
        if model and not before and not after:
            wanted.setdefault(model, set()).add(row.entity_id)
        for side in (before, after):
            for name, value in side.items():
                column = _column(model, name)
                for referred, id in _referred_in(value):
                    wanted.setdefault(referred, set()).add(id)
                if value is not None and column is not None and column.related_model:
                    wanted.setdefault(column.related_model, set()).update(value if isinstance(value, list) else [value])
    return {
        model: {key: str(found) for key, found in model._default_manager.in_bulk(keys).items()}
        for model, keys in wanted.items()
        if keys
    }


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
