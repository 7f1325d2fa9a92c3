"""Writing what happened, in the same database transaction as what happened."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from lpg import sql, trace
from lpg.audit.models import AuditLog
from lpg.errors import Invalid
from lpg.roles import Actor

type Snapshot = dict[str, Any]

COLUMNS = (
    "user_id",
    "user_name",
    "action",
    "entity_type",
    "entity_id",
    "depot_id",
    "payload",
    "request_id",
    "created_at",
)
SECRETS = {"password"}  # never copied into the audit
PLAIN = {str, int, bool, type(None)}  # what JSON keeps just as it is


class Happened(NamedTuple):
    """One change of one entity."""

    action: str
    entity: models.Model
    before: Snapshot | None
    after: Snapshot | None


def record(
    *, actor: Actor | None, action: str, entity: models.Model, before: Snapshot | None, after: Snapshot | None
) -> None:
    """Write the one audit row of one change. `actor` is None for what the system does by itself.

    The row belongs to the depot that the entity belongs to, its `depot_id`; without one only administrators see it.
    """
    record_all(actor, [Happened(action, entity, before, after)])


def record_all(actor: Actor | None, happened: Iterable[Happened]) -> None:
    """Write an audit row for each entity that was changed together with others, in one statement."""
    at, user_id, username = sql.moment(timezone.now()), None, "system"
    if actor:
        user_id, username = actor.pk, actor.username
    sql.insert(
        AuditLog._meta.db_table,
        COLUMNS,
        [
            (
                user_id,
                username,
                action,
                type(entity).__name__,
                entity.pk,
                getattr(entity, "depot_id", None),
                json.dumps({"before": before, "after": after}, ensure_ascii=False),
                trace.request_id.get(),
                at,
            )
            for action, entity, before, after in _folded(happened)
        ],
    )


def _folded(happened: Iterable[Happened]) -> Iterable[Happened]:
    """An entity that was changed twice, or made and changed, is told of once: as it was first, and as it is now."""
    told: dict[tuple[Any, ...], Happened] = {}
    made: dict[tuple[Any, ...], str] = {}
    for one in happened:
        entity = type(one.entity), one.entity.pk
        if one.before is None:
            made[entity] = one.action
        key = (*entity, made.get(entity, one.action) if one.action.startswith("UPDATE_") else one.action)
        first = told.get(key)
        told[key] = one if first is None else first._replace(after={**(first.after or {}), **(one.after or {})})
    return told.values()


def snapshot(entity: models.Model) -> Snapshot:
    """All columns of `entity` as plain JSON, without secrets; decimals with all the places that their column keeps."""
    kept = vars(entity)
    return {
        name: value
        if type(value := kept[at] if at in kept else getattr(entity, at)) in PLAIN
        else _plain(value, places)
        for name, at, places in _columns(type(entity))
    }


def create[M: models.Model](entity: M, *, actor: Actor | None) -> M:
    """Save a new entity and its CREATE_… row. Raises Invalid when a value does not fit or is already taken."""
    save(entity)
    record(actor=actor, action=f"CREATE_{_name(entity)}", entity=entity, before=None, after=snapshot(entity))
    return entity


def change[M: models.Model](entity: M, values: Mapping[str, Any], *, actor: Actor | None, action: str = "") -> M:
    """Set `values` on a locked entity and write its UPDATE_… row; what changes nothing leaves nothing.

    Raises Invalid when a value does not fit or is already taken.
    """
    before = snapshot(entity)
    for name, value in values.items():
        setattr(entity, name, value)
    clean(entity)
    after = snapshot(entity)
    if before != after:
        save(entity, update_fields=list(values))
        action = action or f"UPDATE_{_name(entity)}"
        record(actor=actor, action=action, entity=entity, before=before, after=after)
    return entity


def clean(entity: models.Model) -> None:
    """Bring every column to its kept form. Raises Invalid for what does not fit; what is unique the database judges."""
    columns = entity._meta.concrete_fields
    references = {field.name for field in columns if field.is_relation}
    nothing = {field.name for field in columns if field.null and field.value_from_object(entity) is None}
    try:
        entity.clean_fields(exclude=references | nothing)
    except ValidationError as error:
        raise Invalid(error.message_dict) from error


def save(entity: models.Model, update_fields: list[str] | None = None) -> None:
    """Save, and say in people's words which value was already taken when the database refuses it."""
    clean(entity)
    try:
        with transaction.atomic():
            entity.save(update_fields=update_fields)
    except IntegrityError as error:
        try:
            entity.validate_unique()
        except ValidationError as taken:
            raise Invalid(taken.message_dict) from error
        raise


@cache
def _columns(model: type[models.Model]) -> list[tuple[str, str, int]]:
    """The name of each column, where an entity has it, and how many places it keeps."""
    fields = (field for field in model._meta.concrete_fields if field.name not in SECRETS)
    return [(field.name, field.attname, getattr(field, "decimal_places", 0)) for field in fields]


def _name(entity: models.Model) -> str:
    """The entity in VERB_ENTITY: CustomerRate → CUSTOMER_RATE."""
    letters = [f"_{letter}" if letter.isupper() else letter for letter in type(entity).__name__]
    return "".join(letters).strip("_").upper()


def _plain(value: Any, places: int) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.{places}f}"
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return value
