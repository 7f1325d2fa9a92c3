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
from lpg.fields import MoneyField, RateField, ReadingField

VERBS = {
    "CREATE": "Added",
    "UPDATE": "Changed",
    "CHANGE": "Changed",
    "REVOKE": "Ended",
    "CONFIRM": "Confirmed",
    "CANCEL": "Cancelled",
    "APPROVE": "Approved",
    "VOID": "Voided",
    "REMOVE": "Removed",
}
PHRASES = {
    "CREATE_SESSION": "Signed in",
    "REVOKE_SESSION": "Ended a sign-in",
    "CHANGE_PASSWORD": "Changed the password",
    "CREATE_TRANSACTION": "Recorded sale",
    "APPROVE_TRANSACTION": "Approved sale",
    "VOID_TRANSACTION": "Voided sale",
    "CREATE_INVOICE": "Issued invoice",
    "CREATE_CREDIT_NOTE": "Issued credit note",
    "UPDATE_INVOICE": "Changed what is due on invoice",
    "CREATE_PAYMENT": "Received payment",
    "UPDATE_PAYMENT": "Changed what is left of payment",
    "REVERSE_PAYMENT": "Reversed payment",
    "PRINT_INVOICE": "Printed",
    "EMAIL_INVOICE": "Emailed for the first time",
    "CREATE_DELIVERY": "Queued email",
    "SEND_DELIVERY": "Sent email",
    "FAIL_DELIVERY": "Gave up email",
    "RETRY_DELIVERY": "Asked to try again email",
    "CREATE_INVOICE_PDF": "Made PDF",
    "UPDATE_INVOICE_PDF": "Made PDF anew",
    "CREATE_RECEIPT_PDF": "Made receipt",
    "UPDATE_RECEIPT_PDF": "Made receipt anew",
    "CREATE_DAY_CLOSE": "Closed the day",
    "APPROVE_DAY_CLOSE": "Approved day close",
    "CREATE_DEVICE": "Registered phone",
    "UPDATE_DEVICE": "Renamed phone",
    "SWITCH_OFF_DEVICE": "Switched off phone",
    "RETRY_SYNC_EXCEPTION": "Tried again what a phone has sent",
    "RESOLVE_SYNC_EXCEPTION": "Settled what a phone has sent",
    "DISMISS_SYNC_EXCEPTION": "Dismissed what a phone has sent",
    "CREATE_METER": "Installed meter",
    "CREATE_METER_READING": "Read meter",
    "UPDATE_METER_READING": "Changed who bills a reading of meter",
    "VOID_METER_READING": "Voided a reading of meter",
}
LABELS = {  # of columns whose name alone says too little
    "held_for": "Waits because",
    "user": "Who",
    "vehicle": "Truck",
    "from_depot": "Sold from depot",
    "last_meter_reading": "Meter before",
    "current_meter_reading": "Meter now",
    "meter_usage": "Gas used",
    "usage_amount": "Gas used comes to",
    "total_amount": "Comes to",
    "client_temp_id": "Number given by the phone",
    "transaction": "Sale",
    "corrects": "Takes back",
    "is_correction": "Takes another back",
    "issued_on": "Issued",
    "prices_include_gst": "Prices include GST",
    "gst_rate": "GST (%)",
    "tax_amount": "GST",
    "subtotal": "Before GST",
    "balance_due": "Still due",
    "unallocated": "Left as credit",
    "serial_in_use": "Serial number in use",
    "first": "Goes on from",
    "is_rollover": "Began again at zero",
    "kind": "Read when",
}
NAMES = (  # by which people know it
    "customer_code",
    "sku",
    "plate_no",
    "code",
    "username",
    "distribution_number",
    "transaction_number",
    "invoice_number",
    "payment_number",
    "serial_no",
)
CODES = {  # kept as a program says it, where the column lists no words for it
    "rate_override": "Rate differs from the price list",
    "credit_limit": "Over the credit limit",
}
ITSELF = {"id", "created_at"}  # what the row says anyway
# Whose or where it is, without own name.
OWNERS = ("invoice", "payment", "meter", "customer", "equipment", "place", "destination", "user")

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
    words = column.verbose_name if column is not None else _words(name)
    plain = words == _words(name)  # nobody has given it a better one
    return str(capfirst(LABELS.get(name, words) if plain else words))


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
        return "; ".join(_line(_lines(model, name), line, names) for line in value)
    if isinstance(value, dict):
        return _told(value)
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line(relation: Any, line: Columns, names: Names) -> str:
    """One line of a document: how many of what, out, full; what it costs."""
    words = [
        _part(relation, name, line, names)
        for name, value in line.items()
        if value not in (None, "", False) and name not in _beside(relation)
    ]
    quantity = str(line.get("quantity", ""))
    whole = quantity.rstrip("0").rstrip(".") if "." in quantity else quantity
    return f"{whole} × {', '.join(words)}"


def _part(relation: Any, name: str, line: Columns, names: Names) -> str:
    """One column of a line. What is one of a few is written small, as within a sentence."""
    model = relation.related_model if relation else None
    referred, column = _referred(relation, name), _column(model, name)
    if referred:
        return names.get(referred, {}).get(line[name], f"#{line[name]}")
    words = _value(model, name, line, names)
    is_code = column is None or column.choices or str(line[name]).isupper()
    return words.lower() if is_code else words


def _told(value: Any) -> str:
    """What a document froze, in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{_words(name)} {_told(part)}" for name, part in value.items() if part not in (None, "", []))
    return "; ".join(map(_told, value)) if isinstance(value, list) else str(value)


def _lines(model: type[models.Model] | None, name: str) -> Any:
    """By what relation an entity has lines of this name, such as the items of a sale."""
    try:
        column: Any = model._meta.get_field(name) if model else None
    except FieldDoesNotExist:
        return None
    return column if column is not None and column.one_to_many else None


def _beside(relation: Any) -> set[str]:
    """What need not be said of a line: its id, which document it stands on; and how many, which is said first."""
    return {*ITSELF, "quantity", *([relation.field.name] if relation else [])}


def _referred(relation: Any, name: str) -> type[models.Model] | None:
    """What a line refers to: equipment_id to Equipment."""
    if relation and (column := _column(relation.related_model, name)) is not None:
        referred: type[models.Model] | None = column.related_model
        return referred
    return _models().get(name.removesuffix("_id").capitalize()) if name.endswith("_id") else None


def _referred_in(relation: Any, value: Any) -> Iterator[tuple[type[models.Model], Any]]:
    lines = [line for line in value if isinstance(line, dict)] if isinstance(value, list) else []
    for name, id in (pair for line in lines for pair in line.items()):
        referred = _referred(relation, name)
        if referred and id is not None and name not in _beside(relation):
            yield referred, id


def _typed(column: Any, value: str) -> str:
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if column.name == "held_for":
        return "; ".join(CODES.get(code, code) for code in value.split(","))
    try:
        if isinstance(column, MoneyField):
            return shown.money(Decimal(value))
        if column.name == "gst_rate":
            return format(Decimal(value).normalize(), "f")
        if isinstance(column, RateField):
            return shown.rate(Decimal(value))
        if isinstance(column, ReadingField):
            return shown.reading(Decimal(value))
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
        if model and not any(side.get(name) for side in (before, after) for name in (*NAMES, *OWNERS)):
            wanted.setdefault(model, set()).add(row.entity_id)
        for side in (before, after):
            for name, value in side.items():
                column = _column(model, name)
                for referred, id in _referred_in(_lines(model, name), value):
                    wanted.setdefault(referred, set()).add(id)
                if value is not None and column is not None and column.related_model:
                    wanted.setdefault(column.related_model, set()).update(value if isinstance(value, list) else [value])
    return {
        model: {key: _name(found) for key, found in _with_owners(model).in_bulk(keys).items()}
        for model, keys in wanted.items()
        if keys
    }


def _with_owners(model: type[models.Model]) -> models.QuerySet[models.Model]:
    """With all that their names take: what the model says in `named_with`, else whose they are."""
    rows, joined = model._default_manager.all(), getattr(model, "named_with", _owners(model))
    return rows.select_related(*joined) if joined else rows


def _owners(model: type[models.Model]) -> list[str]:
    return [name for name in OWNERS if _column(model, name) is not None]


def _name(entity: models.Model) -> str:
    """Its own name, or whose it is."""
    own = hasattr(entity, "named_with") or any(_column(type(entity), name) is not None for name in NAMES)
    owners = [] if own else [getattr(entity, name) for name in _owners(type(entity))]
    return str(next((owner for owner in owners if owner), entity))


def _words(name: str) -> str:
    return name.replace("_", " ").lower()


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
