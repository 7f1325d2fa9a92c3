"""Rows that are written once: guarded in the model, in the query set and by triggers in the database."""

from collections.abc import Iterable
from typing import Any, NoReturn

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
    def tables(cls) -> list[str]:
        """The tables of all models built on this one."""
        return sorted(model._meta.db_table for model in cls.__subclasses__())


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
