"""Rows that are never deleted, and of which only some columns ever change, whoever tries, by whatever means."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.state import ProjectState
from django.utils import timezone

from lpg.append_only import Kept, WrittenOnce, freeze
from lpg.day_close.models import DayClose
from lpg.invoices.models import Delivery, Invoice
from lpg.meters.models import Meter, MeterReading
from lpg.payments import services as payments
from lpg.payments.models import Allocation, Payment
from lpg.sync.models import Operation, SyncException
from lpg.transactions import services as sales
from lpg.transactions.models import Transaction
from tests.audited_sales import Billed
from tests.day_closes import a_day_close, approved
from tests.guards import execute, steps, triggers
from tests.post import emailed
from tests.pushing import an_exception
from tests.sales import a_sale, delivered

MODELS = sorted(Kept.__subclasses__(), key=lambda model: model.__name__)
FROZEN = [(model, column) for model in MODELS for column in ["id", *model.frozen()]]
CHANGED: dict[type[Kept], dict[str, Any]] = {  # all that may change, to what the constraints allow
    Allocation: {"released_at": "2026-11-20 01:30:00"},
    DayClose: {"status": "PENDING", "approved_by_id": None, "approved_at": None, "reason": "", "recorded_since": True},
    Delivery: {
        "state": "sent",
        "attempts": 7,
        "next_try_at": None,
        "gives_up_at": None,
        "last_error": "It took a while",
        "sent_at": "2026-11-20 01:30:00",
    },
    Invoice: {
        "balance_due": 0,
        "paid_at": "2026-11-20 01:30:00",
        "credited_at": "2026-11-20 01:31:00",
        "printed_at": "2026-11-20 01:32:00",
        "emailed_at": "2026-11-20 01:33:00",
        "pdf_due_at": None,
        "pdf_error": "The disk is full",
    },
    Meter: {"removed_on": "2999-12-31", "serial_in_use": None, "current_reading": 123_456},
    MeterReading: {"transaction_id": None, "voided_at": "2026-11-20 01:30:00", "void_reason": "Read badly"},
    Operation: {
        "state": "applied",
        "error": "",
        "entity": "transaction",
        "entity_id": 7,
        "document_id": 8,
        "number": "TRX-20261120-000007",
        "settled_at": "2026-11-20 01:30:00",
    },
    Payment: {"unallocated": 0, "reversed_at": "2026-11-20 01:30:00", "reverse_reason": "Cheque bounced"},
    SyncException: {
        "kind": "no_rate",
        "words": "There was no rate",
        "facts": '{"equipment": 3}',
        "state": "resolved",
        "decided_by_id": None,
        "decided_at": "2026-11-20 01:30:00",
        "note": "Seen to",
    },
    Transaction: {
        "status": "VOIDED",
        "confirmed_at": "2026-11-20 01:29:00",
        "approved_at": "2026-11-20 01:30:00",
        "voided_at": "2026-11-20 01:31:00",
        "void_reason": "Wrong shop",
    },
}
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
SIGNALLED = 1644


class Books(Billed):
    """Rows of each kind that between them have something in every column."""

    def __init__(self) -> None:
        super().__init__()
        noted = {"remarks": "A note", "client_temp_id": "phone-1"}
        sale = a_sale(self.admin, self.customer, delivered(self.equipment, 1), seller=self.counter, **noted)
        void = {"transaction_id": sale.transaction.pk, "reason": "Wrong shop", "now": timezone.now()}
        sales.void(actor=self.admin, **void)
        cheque = payments.Money("CHEQUE", Decimal("50.00"), "Cheque 000123")
        money = {"money": cheque, "client_temp_id": "phone-2", "invoice_ids": [], "now": timezone.now()}
        self.rows: dict[type[Kept], list[Any]] = {
            Allocation: [Allocation.objects.earliest("pk"), Allocation.objects.latest("pk")],
            DayClose: [approved(self.admin, a_day_close(self.second, self.vehicle.pk, client_temp_id="phone-3"))],
            Delivery: [emailed(self.admin, self.opened[0])],
            Invoice: [self.opened[0], Invoice.objects.get(is_correction=True)],
            Meter: [self.meter],
            MeterReading: [self.sold.meter_readings.latest("pk")],
            Operation: [an_exception(self.second).operation],
            SyncException: [decided(an_exception(self.second))],
            Payment: [payments.record(actor=self.admin, customer_id=self.customer.pk, **money), self.paid[0]],
            Transaction: [self.sold, sale.transaction, self.waiting],
        }


def decided(exception: SyncException) -> SyncException:
    """By whoever recorded it: so that there is somebody to take out."""
    SyncException.objects.filter(pk=exception.pk).update(decided_by=exception.operation.user)
    return exception


@pytest.fixture
def rows(model, db) -> list[Any]:
    return Books().rows[model]


@pytest.fixture
def row(rows) -> Any:
    return rows[0]


def kept(row: models.Model) -> dict[str, Any]:
    """The row as the database has it, column by column."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {row._meta.db_table} WHERE id = %s", [row.pk])
        (values,) = cursor.fetchall()
        return dict(zip([column[0] for column in cursor.description], values, strict=True))


def change(row: models.Model, **values: Any) -> None:
    """By the database's own means, past every model."""
    columns = ", ".join(f"`{column}` = %s" for column in values)
    execute(f"UPDATE {row._meta.db_table} SET {columns} WHERE id = %s", [*values.values(), row.pk])


def refused(row: models.Model, attempt: Callable[[], object]) -> None:
    """The database itself refuses, by the words of our trigger, and the row is as it was."""
    before = kept(row)
    with pytest.raises(DatabaseError, match="rows keep what was written") as caught, transaction.atomic():
        attempt()
    if connection.vendor == "mysql":
        assert caught.value.args[0] == SIGNALLED
    assert kept(row) == before


def others(field: Any, value: Any) -> list[Any]:
    """Values that are not the one that is kept, however small the difference."""
    nothing = [None] if field.null and value is not None else []
    if value is None:
        return [datetime(2026, 11, 20, 1, 30) if isinstance(field, models.DateField) else 1]  # noqa: DTZ001  # as kept
    if isinstance(value, str) and not isinstance(field, (models.DateField, models.JSONField)):
        changed = [value.swapcase(), f"{value[:-1]} ", value[:-1], value[::-1]] if value else ["x", " "]
        return [other for other in changed if other != value]
    match field:
        case models.DateTimeField():
            moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return [moment + timedelta(microseconds=1), *nothing]
        case models.DateField():
            day = value if isinstance(value, date) else date.fromisoformat(value)
            return [day + timedelta(days=1), *nothing]
        case models.JSONField():
            return ["{}", '{"name": "Somebody else"}', value.upper()]
        case models.BooleanField():
            return [1 - value]
    return [value + 1, *nothing]


def test_the_rows_that_are_kept_are_these():
    assert [
        Allocation,
        DayClose,
        Delivery,
        Invoice,
        Meter,
        MeterReading,
        Operation,
        Payment,
        SyncException,
        Transaction,
    ] == MODELS


@every_model
def test_each_column_either_may_change_or_is_frozen(model):
    columns = {field.column for field in model._meta.concrete_fields}
    assert model.may_change < columns
    assert set(model.frozen()) == columns - model.may_change - {"id"}
    assert set(CHANGED[model]) == model.may_change


def test_the_migrations_freeze_exactly_what_the_models_say():
    """A column that is missing in the step of a migration could be changed in a database that exists already."""
    assert {table: sorted(columns) for table, columns in steps(freeze).items()} == {
        model._meta.db_table: sorted(model.frozen()) for model in MODELS
    }


@every_model
def test_the_orm_refuses_to_delete_them(model, row):
    before, rows = kept(row), model.objects.all()
    related = row.customer._meta.model.objects.get(pk=row.customer_id) if hasattr(row, "customer_id") else None
    for attempt in (
        row.delete,
        rows.delete,
        rows.filter(pk=row.pk).delete,
        model._base_manager.all().delete,
        model._default_manager.filter(pk=row.pk).delete,
        async_to_sync(rows.adelete),
        async_to_sync(row.adelete),
    ):
        with pytest.raises(WrittenOnce, match="never deleted"), transaction.atomic():
            attempt()
    if related is not None:
        with pytest.raises(models.ProtectedError), transaction.atomic():
            related.delete()
    assert kept(row) == before


@every_model
def test_the_database_refuses_to_delete_them(model, row):
    table, plain = row._meta.db_table, models.QuerySet(model).filter(pk=row.pk)
    refused(row, lambda: plain._raw_delete(plain.db))
    refused(row, lambda: execute(f"DELETE FROM {table} WHERE id = {row.pk}"))
    refused(row, lambda: execute(f"DELETE FROM {table}"))
    names = ", ".join(f"`{field.column}`" for field in row._meta.concrete_fields)
    same = f"SELECT {names} FROM (SELECT * FROM {table} WHERE id = {row.pk}) AS copy"
    replace = "INSERT OR REPLACE" if connection.vendor == "sqlite" else "REPLACE"
    refused(row, lambda: execute(f"{replace} INTO {table} ({names}) {same}"))


@pytest.mark.parametrize(("model", "column"), FROZEN, ids=lambda part: getattr(part, "__name__", part))
def test_the_database_refuses_to_change_a_frozen_column(model, column, rows):
    field = next(one for one in model._meta.concrete_fields if one.column == column)
    for row in rows:
        tried = others(field, kept(row)[column])
        for other in tried:
            refused(row, lambda other=other, row=row: change(row, **{column: other}))
        beside = {**CHANGED[model], column: tried[0]}
        refused(row, lambda row=row, beside=beside: change(row, **beside))


@every_model
def test_the_database_refuses_what_an_entity_or_a_query_set_would_save(model, row):
    column = model.frozen()[0]
    name = model._meta.get_field(column.removesuffix("_id")).attname
    value = getattr(row, name)
    setattr(row, name, value + 1 if isinstance(value, int) else "X")
    refused(row, row.save)
    refused(row, lambda: row.save(update_fields=[name]))
    refused(row, lambda: model.objects.bulk_update([row], [name]))
    refused(row, lambda: model.objects.filter(pk=row.pk).update(**{name: getattr(row, name)}))


@every_model
def test_all_that_may_change_does(model, row):
    before = kept(row)
    change(row, **CHANGED[model])
    after = kept(row)
    assert {column for column in after if after[column] != before[column]} == model.may_change
    for column, value in CHANGED[model].items():
        shown = after[column]
        assert (shown if shown is None or isinstance(shown, int) else str(shown)[:19]) == value
    same = ", ".join(f"`{column}` = `{column}`" for column in after)
    execute(f"UPDATE {row._meta.db_table} SET {same}")  # an entity that is saved whole writes what is there already
    assert kept(row) == after


@every_model
@pytest.mark.django_db
def test_every_such_table_has_its_two_triggers_and_they_name_every_frozen_column(model):
    table, found = model._meta.db_table, triggers()
    assert f"{table}_no_delete" in found
    for column in ["id", *model.frozen()]:
        assert f"OLD.`{column}`" in found[f"{table}_no_update"]
    for column in model.may_change:
        assert f"OLD.`{column}`" not in found[f"{table}_no_update"]


@pytest.mark.django_db(transaction=True)
def test_after_the_flush_of_a_test_the_triggers_are_back_just_as_they_were():
    before = triggers()
    Books()
    call_command("flush", interactive=False, verbosity=0)
    assert not Transaction.objects.exists()
    assert triggers() == before
    for row, *_ in Books().rows.values():
        refused(row, lambda row=row: execute(f"DELETE FROM {row._meta.db_table}"))
        refused(row, lambda row=row: change(row, **{row.frozen()[0]: 987654321}))


@every_model
@pytest.mark.django_db(transaction=True)
def test_the_migration_goes_both_ways_and_may_be_run_again(model):
    table, state = model._meta.db_table, ProjectState()
    before, step = triggers(), freeze(table, *steps(freeze)[table])
    with connection.schema_editor(atomic=False) as editor:
        step.database_forwards("any", editor, state, state)  # broken off half-way, MariaDB keeps what was done
    assert triggers() == before
    with connection.schema_editor(atomic=False) as editor:
        step.database_backwards("any", editor, state, state)
    try:
        assert set(before) - set(triggers()) == {f"{table}_no_update", f"{table}_no_delete"}
    finally:
        with connection.schema_editor(atomic=False) as editor:
            step.database_forwards("any", editor, state, state)
    assert triggers() == before
