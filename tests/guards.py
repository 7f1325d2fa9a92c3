"""The triggers that guard rows, as the database has them and as the migrations make them."""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython


def execute(statement: str, values: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def triggers() -> dict[str, str]:
    """The name of each, and what it does."""
    statement = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "mysql":
        statement = (
            "SELECT trigger_name, action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return dict(cursor.fetchall())


def steps(kind: Callable[..., RunPython]) -> dict[str, list[str]]:
    """The tables that migrations guard by this kind of step, and the columns that the step names."""
    found = {}
    for migration in MigrationLoader(None).disk_migrations.values():
        for operation in migration.operations:
            if isinstance(operation, RunPython) and operation.code.__qualname__.startswith(f"{kind.__name__}."):
                named = dict(zip(operation.code.__code__.co_freevars, operation.code.__closure__, strict=True))
                columns = named["columns"].cell_contents if "columns" in named else ()
                assert not migration.atomic, "MariaDB commits DDL by itself"
                found[named["table"].cell_contents] = list(columns)
    return found
