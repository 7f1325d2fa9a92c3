"""The hottest statements by hand, the same on both engines: the ORM took longer to build them than they took to run.

Names of tables and columns are always ours; values always go as parameters.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Model

type Row = tuple[Any, ...]


def rows(statement: str, values: Sequence[Any] = ()) -> list[Row]:
    """What a SELECT finds."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def run(statement: str, values: Sequence[Any] = ()) -> int:
    """How many rows an INSERT or UPDATE touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def insert(table: str, columns: Sequence[str], values: Iterable[Row]) -> None:
    """All rows in one statement."""
    flat: list[Any] = []
    count = 0
    for row in values:
        flat.extend(row)
        count += 1
    names = ", ".join(f"`{column}`" for column in columns)
    run(f"INSERT INTO {table} ({names}) VALUES {groups(len(columns), count)}", flat)  # noqa: S608


def entities[M: Model](model: type[M], rest: str, values: Sequence[Any] = ()) -> list[M]:
    """The rows of a model's table that `rest` (WHERE …) leaves."""
    columns, names, converters = _read(model)
    found = []
    for row in rows(f"SELECT {columns} FROM {model._meta.db_table} {rest}", values):  # noqa: S608
        kept = list(row)
        for place, convert, expression in converters:
            kept[place] = convert(kept[place], expression, connection)
        found.append(model.from_db(connection.alias, names, kept))
    return found


def add(new: Sequence[Model]) -> None:
    """Insert entities of one model in one statement; each gets its id. What they hold must be clean."""
    if not new:
        return
    fields, columns = _written(type(new[0]))
    flat = [field.get_db_prep_save(field.pre_save(one, True), connection) for one in new for field in fields]
    returning = " RETURNING id" if connection.features.can_return_rows_from_bulk_insert else ""
    table = new[0]._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) VALUES {groups(len(fields), len(new))}{returning}",  # noqa: S608
            flat,
        )
        if returning:
            ids: Iterable[int] = [row[0] for row in cursor.fetchall()]
        else:  # MySQL numbers the rows of one plain insert without a gap
            ids = range(cursor.lastrowid or 0, (cursor.lastrowid or 0) + len(new))
    for one, id in zip(new, ids, strict=True):
        one.pk = id
        one._state.adding = False
        one._state.db = connection.alias


@cache
def _read(model: type[Model]) -> tuple[str, list[str], list[tuple[int, Callable[..., Any], Any]]]:
    """How a model is read: its columns, their names in Python, and what turns a column into its value."""
    fields = model._meta.concrete_fields
    converters = [
        (place, convert, column)
        for place, column in enumerate(field.get_col(model._meta.db_table) for field in fields)
        for convert in [*connection.ops.get_db_converters(column), *column.target.get_db_converters(connection)]
    ]
    return ", ".join(f"`{field.column}`" for field in fields), [field.attname for field in fields], converters


@cache
def _written(model: type[Model]) -> tuple[list[Any], str]:
    """The columns an insert gives: all but the id."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    return fields, ", ".join(f"`{field.column}`" for field in fields)


def groups(width: int, count: int) -> str:
    """Placeholders for `count` rows of `width` values: (%s, %s), (%s, %s)."""
    one = f"({', '.join(['%s'] * width)})"
    return ", ".join([one] * count)


def moment(at: datetime) -> Any:
    """A time as the database keeps it."""
    return connection.ops.adapt_datetimefield_value(at)


def locking() -> str:
    """How a SELECT says that it locks; SQLite's transactions hold the one lock there is."""
    return "" if connection.vendor == "sqlite" else " FOR UPDATE"
