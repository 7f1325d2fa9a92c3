"""The hottest statements by hand, the same on both engines: the ORM took longer to build them than they took to run.

Names of tables and columns are always ours; values always go as parameters.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

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
