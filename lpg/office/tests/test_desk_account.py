"""The page of a customer: what they owe, their meters, invoices and sales, and what the audit log says of it all."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from lpg.inventory.places import Owner
from lpg.invoices.models import Invoice
from lpg.meters import services as meters
from lpg.office.tests.desk import list_of, page_of, queries, said, sign_in
from lpg.payments.models import Payment
from lpg.roles import Role
from tests import make
from tests.sales import a_meter, a_rate, a_reading, delivered, returned

pytestmark = pytest.mark.django_db


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


@pytest.fixture
def customer(shop):
    return shop.another(payment_type="CREDIT", credit_limit=Decimal(200))


def page(client, customer) -> str:
    return said(client.get(page_of("customers_customer", customer.pk)))


def test_what_they_owe_stands_first(own, shop, cylinder, customer):
    assert "Owes S$0.00 Credit limit S$200.00 Left of it S$200.00" in page(own, customer)
    shop.sell(delivered(cylinder, 3), customer=customer)
    assert "Owes S$163.50 Credit limit S$200.00 Left of it S$36.50" in page(own, customer)
    shop.sell(delivered(cylinder, 2), customer=customer)
    told = "Owes S$163.50 Waits for approval S$109.00 Credit limit S$200.00 Over it by S$72.50"
    assert told in page(own, customer)
    shop.pay("200", customer)
    assert "Owes S$0.00 Has a credit of S$36.50 Waits for approval S$109.00" in page(own, customer)
    assert "Record payment" in page(own, customer)


def test_a_cash_customer_has_no_limit(own, shop, cylinder):
    shop.sell(delivered(cylinder, 1))
    told = page(own, shop.customer)
    assert "Owes S$54.50" in told
    assert "Left of it" not in told


def test_invoices_stand_with_what_is_open_first_and_the_last_sales(own, shop, cylinder, customer):
    first = shop.sell(delivered(cylinder, 1), customer=customer, paid="54.50")
    second = shop.sell(delivered(cylinder, 2), returned(cylinder, 1), customer=customer)
    third = shop.sell(delivered(cylinder, 1), customer=customer)
    waits = shop.sell(delivered(cylinder, 2), customer=customer)
    told = page(own, customer)
    numbers = [told.index(str(one.invoice)) for one in (second, third, first)]
    assert numbers == sorted(numbers)
    assert "What is to be paid stands first, the oldest on top." in told
    assert "To be paid 109.00 109.00" in told
    assert f"{waits.transaction}" in told
    assert "Waiting — 109.00" in told
    assert "Confirmed Paid Paid 54.50" in told
    for name in ("invoices_invoice", "payments_payment", "transactions_transaction"):
        answer = own.get(f"{list_of(name)}?customer={customer.pk}")
        assert answer.status_code == 200
        assert all(row.customer_id == customer.pk for row in answer.context["cl"].result_list)
        assert str(customer) in said(answer)


def test_an_old_invoice_is_called_overdue(own, shop, cylinder, customer):
    sold = shop.sell(delivered(cylinder, 1), customer=customer)
    assert "Some is overdue" not in page(own, customer)
    assert sold.invoice
    late = shop.another(payment_type="CREDIT", payment_terms_days=0)
    long_ago = timezone.now() - timedelta(days=3)
    a_rate(shop.admin, late, "10", cylinder, timezone.localdate(long_ago))
    shop.sell(delivered(cylinder, 1), customer=late, now=long_ago)
    assert "Some is overdue" in page(own, late)
    assert "Overdue" in page(own, late)


def test_a_customer_without_anything_is_told_what_belongs_there(own, shop):
    told = page(own, shop.another())
    for words in (
        "No meter is installed here. Install one",
        "None yet. Every sale that goes ahead leaves its invoice here.",
        "None yet. What is sold to this customer will stand here.",
        "None yet. What is delivered to this customer and not taken back will stand here.",
    ):
        assert words in told


def test_a_form_that_was_refused_stands_alone_with_what_is_wrong(own, customer):
    address = page_of("customers_customer", customer.pk)
    told = said(own.post(address, {"customer_code": ""}))
    assert "Fill this in." in told
    assert "Record payment" not in told


def test_the_page_costs_the_same_however_much_was_sold(own, shop, cylinder):
    customer = shop.customer
    a_rate(shop.admin, customer, "2")
    a_meter(shop.admin, customer, "10")

    def some(reading: int) -> None:
        shop.sell(delivered(cylinder, 1), customer=customer, reading=str(reading), paid="20")
        shop.sell(delivered(cylinder, 9, "1"), by=shop.driver)

    some(11)
    few = queries(own, page_of("customers_customer", customer.pk))
    for reading in range(12, 26):
        some(reading)
    assert queries(own, page_of("customers_customer", customer.pk)) == few
    assert few <= 26
    assert "there is more of it" in page(own, customer)


def test_the_ledger_leads_to_the_sale_and_to_the_meter(own, shop, cylinder, customer):
    sale = shop.sell(delivered(cylinder, 1), customer=customer).transaction
    address = reverse("admin:stock_ledger", args=[Owner("customer", customer.pk).key])
    html = own.get(address).content.decode()
    assert f'href="{page_of("transactions_transaction", sale.pk)}"' in html


# --- what the audit log says


def history(client, name, pk) -> str:
    return said(client.get(page_of(name, pk, "history")))


def test_a_sale_and_all_it_did_in_words(own, shop, cylinder, customer):
    a_rate(shop.admin, customer, "2.1050")
    meter = a_meter(shop.admin, customer, "100", "G4-1")
    a_reading(shop.admin, meter, "105")
    sale = shop.sell(delivered(cylinder, 2), returned(cylinder, 1), customer=customer, reading="110", paid="30")
    shop.void(sale)
    told = history(own, "transactions_transaction", sale.transaction.pk)
    for words in (
        "Recorded sale admin",
        f"Items 2 × delivered, {cylinder.name}, full, S$54.50, S$109.00; 1 × empty returned, {cylinder.name}, empty",
        f"Truck {shop.driver.vehicle}",
        "Who admin",
        "Meter before 100.000",
        "Meter now 110.000",
        "Gas used 10.000",
        "Comes to S$130.05",
        "Issued invoice",
        f"Lines 2 × delivery, {cylinder.name}",
        "Received payment",
        "Left as credit S$0.00",
        "Read meter",
        "Voided sale",
        "Status Confirmed Voided",
        "Issued credit note",
        "Changed what is left of payment",
        "Voided a reading of meter",
    ):
        assert words in told
    listed = said(own.get(list_of("audit_auditlog")))
    for words in (
        f"Voided sale {sale.transaction}",
        f"Changed what is due on invoice {Invoice.objects.get(is_correction=False)}",
        f"Changed what is left of payment {Payment.objects.get()}",
        "Changed who bills a reading of meter Meter G4-1",
        "Voided a reading of meter Meter G4-1",
        "Installed meter G4-1",
    ):
        assert words in listed


def test_actions_are_narrowed_by_what_was_done(own, shop, cylinder, admin):
    sale = shop.sell(delivered(cylinder, 1))
    shop.void(sale)
    meter = a_meter(admin, shop.customer, "1", "G4-1")
    new = meters.NewMeter("G4-2", 5, Decimal(0))
    meters.replace(actor=admin, meter_id=meter.pk, final_reading=Decimal(2), new=new, now=timezone.now())

    def found(action: str) -> set[str]:
        answer = own.get(list_of("audit_auditlog"), {"action": action})
        return {row.action for row in answer.context["cl"].result_list}

    assert found("VOID") == {"VOID_TRANSACTION"}
    assert found("REMOVE") == {"REMOVE_METER"}
    kinds = said(own.get(list_of("audit_auditlog")))
    assert "Sale" in kinds
    assert "Meter reading" in kinds


def test_a_supervisor_reads_nothing_of_other_depots(admin, union, shop, cylinder, customer):
    sale = shop.sell(delivered(cylinder, 1), customer=customer)
    other = sign_in(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))
    assert other.get(page_of("customers_customer", customer.pk)).status_code == 404
    for name in ("transactions_transaction", "invoices_invoice", "payments_payment"):
        answer = other.get(f"{list_of(name)}?customer={customer.pk}")
        assert list(answer.context["cl"].result_list) == []
        assert str(customer) not in said(answer)
    assert str(sale.transaction) not in said(other.get("/admin/search/", {"s": "TRX-"}))
