"""The triggers that note each change of a row that phones may hold, so that no way of writing can forget it.

They run within the selling transaction, so they only note which row it was (`Touched`); whom it concerns is found out
when it comes into the feed.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import RunPython
from django.db.migrations.state import StateApps


class Touch(NamedTuple):
    """What a changed row of a table is noted as."""

    table: str
    kind: str
    row: str = "id"  # the column that names it
    on: tuple[str, ...] = ()  # an update counts when one of these columns changes; none named: always
    inserted: bool = True  # whether a new row counts
    updated: bool = True  # rows that are written once never are
    was: str = ""  # a column of which the value before the update is noted too


TOUCHES = (
    Touch("customers_customer", "customer"),
    Touch("customers_customer", "moved", on=("depot_id",), inserted=False, was="depot_id"),
    Touch("customers_rate", "rate", updated=False),
    Touch("depots_depot", "depot"),
    Touch("depots_vehicle", "vehicle"),
    Touch("distribution_distribution", "distribution"),
    Touch("equipment_equipment", "equipment"),
    Touch("equipment_equipment", "renamed", on=("name",), inserted=False),
    Touch("equipment_defaultrate", "equipment", row="equipment_id", updated=False),
    Touch("inventory_balance", "balance", on=("quantity",)),
    Touch("invoices_delivery", "delivery"),
    Touch("invoices_invoice", "invoice", on=("balance_due", "paid_at", "credited_at", "printed_at", "emailed_at")),
    Touch("meters_meter", "meter"),
    Touch("payments_payment", "payment", on=("unallocated", "reversed_at", "reverse_reason")),
    Touch("transactions_transaction", "transaction"),
)


def create_touches(vendor: str, touches: Sequence[Touch] = TOUCHES) -> list[str]:
    """The statements that make the triggers: one for each table and event."""
    statements = []
    for table, of_table in groupby(sorted(touches), key=lambda touch: touch.table):
        those = list(of_table)
        events = {
            "INSERT": [(touch, "") for touch in those if touch.inserted],
            "UPDATE": [(touch, _changed(vendor, touch.on)) for touch in those if touch.updated],
        }
        for event, parts in events.items():
            if parts:
                body = " ".join(_note(vendor, touch, condition) for touch, condition in parts)
                name = _trigger(table, event)
                statements.append(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW BEGIN {body} END")
    return statements


def drop_touches(touches: Sequence[Touch] = TOUCHES) -> list[str]:
    tables = sorted({touch.table for touch in touches})
    return [f"DROP TRIGGER IF EXISTS {_trigger(table, event)}" for table in tables for event in ("INSERT", "UPDATE")]


def touching(*touches: Touch) -> RunPython:
    """A migration step. Its migration must be `atomic = False`: MariaDB commits DDL by itself.

    A migration that makes SQLite build a table anew loses its triggers: it needs this step again for that table.
    """

    def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_touches(touches) + create_touches(editor.connection.vendor, touches):
            editor.execute(statement)

    def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
        for statement in drop_touches(touches):
            editor.execute(statement)

    return RunPython(forwards, backwards)


def _note(vendor: str, touch: Touch, condition: str) -> str:
    """`INSERT … SELECT … WHERE` on SQLite, which has no IF; on MariaDB that would be a slower kind of insert."""
    columns, values = "kind, row_id", f"'{touch.kind}', NEW.`{touch.row}`"
    if touch.was:
        columns, values = f"{columns}, was", f"{values}, OLD.`{touch.was}`"
    if not condition:
        return f"INSERT INTO sync_touched ({columns}) VALUES ({values});"  # noqa: S608  # the words are ours
    if vendor == "sqlite":
        return f"INSERT INTO sync_touched ({columns}) SELECT {values} WHERE {condition};"
    return f"IF {condition} THEN INSERT INTO sync_touched ({columns}) VALUES ({values}); END IF;"  # noqa: S608


def _changed(vendor: str, columns: Sequence[str]) -> str:
    """MariaDB compares bytes: its text would else be the same in other letters, and with spaces at the end."""
    if vendor == "sqlite":
        return " OR ".join(f"NEW.`{column}` IS NOT OLD.`{column}`" for column in columns)
    return " OR ".join(f"NOT (BINARY NEW.`{column}` <=> BINARY OLD.`{column}`)" for column in columns)


def _trigger(table: str, event: str) -> str:
    return f"{table}_touched_by_{event.lower()}"
