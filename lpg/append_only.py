"""Rows that are written once, and rows of which some columns are: guarded by triggers in the database.

Append-only models are guarded in the model and in the query set too.
"""

from collections.abc import Collection, Iterable
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunPython
from django.db.migrations.state import StateApps


class WrittenOnce(TypeError):
    """A programming error: code tried to change or delete a row that is written once."""


class AppendOnlyQuerySet[M: models.Model](models.QuerySet[M]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise WrittenOnce(f"{self.model.__name__} rows are never changed")

    def delete(self) -> NoReturn:
        raise WrittenOnce(f"{self.model.__name__} rows are never deleted")

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], batch_size: int | None = None) -> NoReturn:
        raise WrittenOnce(f"{self.model.__name__} rows are never changed")


class AppendOnly(models.Model):
    """Base of models whose rows may only be added. Use `append_only_triggers` in the migration that creates one."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise WrittenOnce(f"{type(self).__name__} rows are never changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise WrittenOnce(f"{type(self).__name__} rows are never deleted")

    @classmethod
    def kinds(cls) -> list[type["AppendOnly"]]:
        """All models built on this one that have a table, by name."""
        built = [[model] if not model._meta.abstract else model.kinds() for model in cls.__subclasses__()]
        return sorted((model for some in built for model in some), key=lambda model: model.__name__)

    @classmethod
    def tables(cls) -> list[str]:
        """Their tables."""
        return sorted(model._meta.db_table for model in cls.kinds())


class KeptQuerySet[M: models.Model](models.QuerySet[M]):
    def delete(self) -> NoReturn:
        raise WrittenOnce(f"{self.model.__name__} rows are never deleted")


class Kept(models.Model):
    """Base of models whose rows are never deleted and of which only `may_change` ever changes.

    Use `freeze` with all other columns in the migration that creates one.
    """

    may_change: ClassVar[frozenset[str]]  # columns

    objects = KeptQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise WrittenOnce(f"{type(self).__name__} rows are never deleted")

    @classmethod
    def frozen(cls) -> list[str]:
        """The columns that keep what was written."""
        columns = [field.get_attname_column()[1] or "" for field in cls._meta.concrete_fields]
        return [column for column in columns if column not in {"id", *cls.may_change}]


def create_triggers(vendor: str, table: str) -> list[str]:
    """The statements that make the database refuse UPDATE and DELETE on `table`."""
    statements = []
    for event in ("UPDATE", "DELETE"):
        name, words = _trigger(table, event), f"{table} rows are written once"
        if vendor == "sqlite":
            body = f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
            statements.append(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {body}")
        else:
            body = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{words}'"
            statements.append(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {body}")
    return statements


def drop_triggers(table: str) -> list[str]:
    """The statements that take the triggers away again: for the reverse of the migration and the tests' flush."""
    return [f"DROP TRIGGER IF EXISTS {_trigger(table, event)}" for event in ("UPDATE", "DELETE")]


def create_freeze(vendor: str, table: str, columns: Collection[str]) -> list[str]:
    """The statements that make the database refuse DELETE on `table`, and UPDATE of these columns and the id.

    MariaDB compares bytes: its text would else be the same in other letters, and with spaces at the end.
    """
    columns = ["id", *columns]
    words = f"{table} rows keep what was written"
    name, refused = _trigger(table, "DELETE"), _trigger(table, "UPDATE")
    if vendor == "sqlite":
        same = " AND ".join(f"NEW.`{column}` IS OLD.`{column}`" for column in columns)
        body = f"BEGIN SELECT RAISE(ABORT, '{words}'); END"
        return [
            f"CREATE TRIGGER {name} BEFORE DELETE ON {table} {body}",
            f"CREATE TRIGGER {refused} BEFORE UPDATE ON {table} WHEN NOT ({same}) {body}",
        ]
    same = " AND ".join(f"CAST(NEW.`{column}` AS BINARY) <=> CAST(OLD.`{column}` AS BINARY)" for column in columns)
    body = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{words}'"
    return [
        f"CREATE TRIGGER {name} BEFORE DELETE ON {table} FOR EACH ROW {body}",
        f"CREATE TRIGGER {refused} BEFORE UPDATE ON {table} FOR EACH ROW IF NOT ({same}) THEN {body}; END IF",
    ]


def freeze(table: str, *columns: str) -> RunPython:
    """A migration step: rows are never deleted, and these columns never change. `atomic = False`, as below."""

    def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_triggers(table) + create_freeze(editor.connection.vendor, table, columns):
            editor.execute(statement)

    def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_triggers(table):
            editor.execute(statement)

    return RunPython(forwards, backwards)


def append_only_triggers(table: str) -> RunPython:
    """A migration step for `table`. Its migration must be `atomic = False`: MariaDB commits DDL by itself."""

    def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_triggers(table) + create_triggers(editor.connection.vendor, table):
            editor.execute(statement)

    def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_triggers(table):
            editor.execute(statement)

    return RunPython(forwards, backwards)


def _trigger(table: str, event: str) -> str:
    return f"{table}_no_{event.lower()}"
