"""Rows that are written once stay as they were written, whoever tries, by whatever means."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.db.migrations.state import ProjectState
from django.db.models import F, ProtectedError
from django.db.utils import IntegrityError
from django.utils import timezone

from lpg.append_only import AppendOnly, WrittenOnce, append_only_triggers
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.customers.models import Rate
from lpg.day_close.models import CountedMoney, CountedStock
from lpg.equipment.models import DefaultRate
from lpg.inventory import services
from lpg.inventory.models import Movement, Transfer
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.invoices import pdfs
from lpg.invoices.models import InvoiceLine, InvoicePdf
from lpg.payments import receipts
from lpg.payments.models import Payment, ReceiptPdf
from lpg.sync.models import RawOperation
from lpg.transactions.models import TransactionItem
from tests import make
from tests.day_closes import a_day_close
from tests.guards import execute, steps, triggers
from tests.pushing import an_exception
from tests.running import ROOT
from tests.sales import a_sale, served

MODELS = AppendOnly.kinds()
COLUMN = {
    "AuditLog": "user_name",
    "Rate": "rate",
    "DefaultRate": "rate",
    "Movement": "quantity",
    "RawOperation": "body",
    "Transfer": "remarks",
    "TransactionItem": "quantity",
    "InvoiceLine": "quantity",
    "InvoicePdf": "size",
    "ReceiptPdf": "size",
    "CountedMoney": "amount",
    "CountedStock": "quantity",
}
SIGNALLED = 1644


@pytest.fixture(params=MODELS, ids=lambda model: model.__name__)
def row(request, admin, singgas) -> AppendOnly:
    """A row of each such model."""
    if request.param is Rate:
        customer = make.a_customer(admin, singgas)
        customers.add_rate(
            actor=admin, customer_id=customer.pk, equipment_id=None, rate=Decimal(1), effective_from=date(2026, 1, 1)
        )
    item = make.some_equipment(admin)
    services.transfer(
        actor=admin,
        origin=place_of(SUPPLIER),
        destination=place_of(Owner("depot", singgas.pk)),
        items=[services.Item(item.pk, 5)],
        remarks="A note",
        now=timezone.now(),
    )
    if request.param is RawOperation:
        an_exception(admin)
    if request.param in {CountedMoney, CountedStock}:
        a_day_close(admin, make.a_vehicle(admin, singgas).pk, (item, "FULL", 3), money={"CASH": "5.00"})
    if request.param in {TransactionItem, InvoiceLine, InvoicePdf, ReceiptPdf}:
        sale = a_sale(admin, make.a_customer(admin, singgas), served("15.0000"), paid="15.00")
        if request.param is InvoicePdf:
            pdfs.ensure(sale.invoice.pk, now=timezone.now())
        if request.param is ReceiptPdf:
            receipts.ensure(Payment.objects.get().pk, now=timezone.now())
    return request.param.objects.latest("pk")


def columns(row: models.Model) -> dict[str, object]:
    return type(row)._base_manager.filter(pk=row.pk).values().get()


def refused(attempt: Callable[[], object]) -> None:
    """The database itself refuses, by the words of our trigger."""
    with pytest.raises(DatabaseError, match="rows are written once") as caught, transaction.atomic():
        attempt()
    if connection.vendor == "mysql":
        assert caught.value.args[0] == SIGNALLED


def test_the_models_that_are_written_once_are_these():
    money = [InvoiceLine, InvoicePdf, ReceiptPdf, TransactionItem]
    stock = [CountedMoney, CountedStock, Movement, Transfer]
    assert {AuditLog, DefaultRate, Rate, RawOperation, *money, *stock} == set(MODELS)


@pytest.mark.django_db
def test_every_such_table_has_its_two_triggers():
    assert set(triggers()) >= {f"{table}_no_{event}" for table in AppendOnly.tables() for event in ("update", "delete")}


@pytest.mark.django_db
def test_the_orm_refuses_to_change_or_delete_them(row):
    kept, rows, column = columns(row), type(row).objects.all(), COLUMN[type(row).__name__]
    copy = type(row)(**kept)
    for attempt in (
        row.save,
        lambda: row.save(update_fields=[column]),
        lambda: row.save(force_update=True),
        copy.save,
        row.delete,
        lambda: rows.update(**{column: F(column)}),
        lambda: rows.filter(pk=row.pk).delete(),
        lambda: rows.bulk_update([row], [column]),
        lambda: type(row)._base_manager.update(**{column: F(column)}),
        lambda: type(row)._base_manager.all().delete(),
        lambda: rows.update_or_create(pk=row.pk, defaults={column: getattr(row, column)}),
    ):
        with pytest.raises(WrittenOnce, match="never"), transaction.atomic():
            attempt()
    assert columns(row) == kept


@pytest.mark.django_db
def test_the_asynchronous_ways_are_closed_too(row):
    rows, column = type(row).objects.all(), COLUMN[type(row).__name__]
    for attempt in (
        lambda: rows.aupdate(**{column: F(column)}),
        rows.adelete,
        lambda: rows.abulk_update([row], [column]),
        row.asave,
        row.adelete,
    ):

        async def asked(attempt: Callable[[], Awaitable[object]] = attempt) -> None:
            await attempt()

        with pytest.raises(WrittenOnce, match="never"):
            async_to_sync(asked)()


@pytest.mark.django_db
def test_the_database_refuses_what_gets_past_the_orm(row):
    kept, table, column = columns(row), row._meta.db_table, COLUMN[type(row).__name__]
    plain = models.QuerySet(type(row)).filter(pk=row.pk)
    refused(lambda: plain.update(**{column: kept[column]}))
    refused(lambda: plain._raw_delete(plain.db))
    refused(lambda: models.Model.save_base(row, force_update=True))
    refused(lambda: execute(f"UPDATE {table} SET {column} = {column}"))
    refused(lambda: execute(f"UPDATE {table} SET id = id + 1000000 WHERE id = {row.pk}"))
    refused(lambda: execute(f"DELETE FROM {table}"))
    refused(lambda: execute(f"DELETE FROM {table} WHERE id = {row.pk}"))
    assert columns(row) == kept


@pytest.mark.django_db
def test_no_insert_replaces_or_updates_one(row):
    kept, table = columns(row), row._meta.db_table
    names = ", ".join(f"`{field.column}`" for field in row._meta.concrete_fields)
    same = f"SELECT {names} FROM (SELECT * FROM {table} WHERE id = {row.pk}) AS copy"
    column = COLUMN[type(row).__name__]
    if connection.vendor == "sqlite":
        refused(lambda: execute(f"INSERT OR REPLACE INTO {table} ({names}) {same}"))
        refused(
            lambda: execute(
                f"INSERT INTO {table} ({names}) {same} WHERE true ON CONFLICT (id) DO UPDATE SET {column} = 0"
            )
        )
    else:
        refused(lambda: execute(f"REPLACE INTO {table} ({names}) {same}"))
        refused(
            lambda: execute(f"INSERT INTO {table} ({names}) {same} ON DUPLICATE KEY UPDATE {column} = {table}.{column}")
        )
    refused(
        lambda: type(row).objects.bulk_create(
            [type(row)(**kept)],
            update_conflicts=True,
            update_fields=[column],
            unique_fields=["pk"] if connection.vendor == "sqlite" else None,
        )
    )
    assert columns(row) == kept


@pytest.mark.django_db
def test_what_they_point_at_cannot_be_taken_away_from_under_them(admin, singgas):
    customer = make.a_customer(admin, singgas, meter_rate=Decimal(2))
    for entity in (customer, singgas, admin):
        with pytest.raises(ProtectedError):
            entity.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        execute(f"DELETE FROM customers_customer WHERE id = {customer.pk}")
        connection.check_constraints()
    assert Rate.objects.get().customer == customer


@pytest.mark.django_db(transaction=True)
def test_after_the_flush_of_a_test_the_triggers_are_back(admin):
    before = triggers()
    assert AuditLog.objects.exists()
    call_command("flush", interactive=False, verbosity=0)
    assert not AuditLog.objects.exists()
    assert triggers() == before
    make.a_user("ADMIN")
    refused(lambda: execute("DELETE FROM audit_auditlog"))


@pytest.mark.django_db(transaction=True)
def test_the_migration_of_the_triggers_goes_both_ways_and_may_be_run_again(admin):
    before, step, state = set(triggers()), append_only_triggers("audit_auditlog"), ProjectState()
    with connection.schema_editor(atomic=False) as editor:
        step.database_forwards("audit", editor, state, state)  # broken off half-way, MariaDB keeps what was done
    assert set(triggers()) == before
    refused(lambda: execute("DELETE FROM audit_auditlog"))
    with connection.schema_editor(atomic=False) as editor:
        step.database_backwards("audit", editor, state, state)
    try:
        assert before - set(triggers()) == {"audit_auditlog_no_update", "audit_auditlog_no_delete"}
    finally:
        with connection.schema_editor(atomic=False) as editor:
            step.database_forwards("audit", editor, state, state)
    assert set(triggers()) == before


def test_the_migrations_of_the_triggers_are_those_of_the_tables():
    """A model without the step in a migration would have no triggers in a database that exists already."""
    assert sorted(steps(append_only_triggers)) == AppendOnly.tables()


def test_the_grants_of_the_operations_page_are_for_all_of_them():
    page = (ROOT / "docs" / "operations.md").read_text()
    assert sorted(re.findall(r"GRANT SELECT, INSERT ON hsh_lpg\.(\w+)", page)) == AppendOnly.tables()
