"""The demo: loaded through the services, in order, with something of everything to look at."""

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count
from django.utils import timezone

from lpg.accounts.models import User
from lpg.customers.models import Customer
from lpg.day_close.models import DayClose
from lpg.invoices.models import Delivery, Invoice
from lpg.meters.models import Meter, MeterReading
from lpg.office import demo
from lpg.office.tests.desk import list_of, page_of, said, sign_in
from lpg.payments.models import Payment
from lpg.payments.reports import all_aged
from lpg.transactions.models import Transaction
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
AGES = ("days_0_30", "days_31_60", "days_61_90", "days_over_90")


@pytest.fixture
def loaded(db) -> None:
    demo.load()


def test_there_is_something_of_everything_and_the_books_agree(loaded):
    held = dict(Transaction.objects.values_list("held_for").annotate(Count("pk")).filter(status="PENDING").order_by())
    assert held == {"rate_override": 2, "credit_limit": 2}
    assert Transaction.objects.filter(status="VOIDED").count() == 1
    assert Transaction.objects.exclude(approved_at=None).count() == 1
    assert Transaction.objects.filter(status="CONFIRMED").count() > 100
    assert {"CASH", "CREDIT", "MONTHLY"} == set(Invoice.objects.values_list("customer__payment_type", flat=True))
    assert Invoice.objects.filter(document_type="credit_note").count() == 1
    assert {invoice.status for invoice in Invoice.objects.all()} == {"paid", "generated"}
    assert any(0 < one.balance_due < one.total_amount for one in Invoice.objects.all())
    assert Payment.objects.filter(unallocated__gt=0).exists()
    assert Delivery.objects.filter(state="failed", last_error="no_address").count() == 1
    assert Delivery.objects.filter(state="queued").count() == 6
    assert MeterReading.objects.filter(is_rollover=True).count() == 1
    assert Meter.objects.exclude(removed_on=None).count() == 1
    causes = {one.code for close in DayClose.objects.all() for one in close.variances}
    assert causes == {"delivery_not_recorded", "methods_mixed_up"}
    assert {"PENDING", "APPROVED"} == set(DayClose.objects.values_list("status", flat=True))
    assert disagreements() == {}


def test_documents_are_numbered_in_the_order_of_their_days(loaded):
    invoices = Invoice.objects.exclude(document_type="credit_note").order_by("pk")
    for rows in (
        list(invoices.values_list("invoice_number", "issued_on")),
        list(Transaction.objects.order_by("pk").values_list("transaction_number", "occurred_at")),
        list(Payment.objects.order_by("pk").values_list("payment_number", "pk")),
    ):
        assert rows == sorted(rows)
        assert [day for _, day in rows] == sorted(day for _, day in rows)


def test_the_supervisor_finds_work_waiting_and_every_page_opens(loaded):
    supervisor = sign_in(User.objects.get(username="supervisor"), demo.PASSWORD)
    waiting = supervisor.get("/admin/approvals/")
    reasons = [bool(sale["why"]["credit"]) for sale in waiting.context["sales"]]
    assert set(reasons) == {True, False}
    metered = Meter.objects.filter(customer__depot__code="SINGGAS").first()
    assert "not billed yet" in said(supervisor.get(page_of("customers_customer", metered.customer_id)))
    for name in ("transactions_transaction", "invoices_invoice", "payments_payment", "meters_meter"):
        answer = supervisor.get(list_of(name))
        assert answer.status_code == 200
        for row in answer.context["cl"].result_list:
            assert supervisor.get(page_of(name, row.pk)).status_code == 200


def test_the_first_page_has_a_fortnight_of_sales_todays_takings_and_debts_of_every_age(loaded):
    desk = sign_in(User.objects.get(username="admin"), demo.PASSWORD)
    page = desk.get("/admin/").context
    assert all(amount > 0 for amount in page["sales"]["chart"]["series"][0]["values"])
    assert len(page["taken"]["people"]) > 1
    assert page["overdue"]["customers"] > 2
    ages = {
        name
        for row in all_aged(Customer.objects.all(), timezone.localdate(), None)
        for name in AGES
        if getattr(row, name)
    }
    assert ages == set(AGES)


def test_it_goes_into_an_empty_database_only(loaded, settings, capsys):
    settings.DEBUG = True
    there = Transaction.objects.count()
    call_command("demo", "--if-empty")
    assert "Demo sign-ins: admin, supervisor, driver, driver2" in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is data already"):
        call_command("demo")
    settings.DEBUG = False
    with pytest.raises(CommandError, match="not loaded with DEBUG=false"):
        call_command("demo")
    assert Transaction.objects.count() == there
