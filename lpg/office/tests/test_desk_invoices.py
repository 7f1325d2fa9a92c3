"""Documents at the desk: found, and read as they were issued, whatever has changed since."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg.customers import services as customers
from lpg.invoices.models import Invoice
from lpg.office.tests.desk import list_of, page_of, said, sign_in
from lpg.roles import Role
from tests import make
from tests.sales import a_meter, a_rate, books, delivered, full_back, returned

pytestmark = pytest.mark.django_db
INVOICES = list_of("invoices_invoice")


@pytest.fixture
def registered(settings):
    settings.COMPANY = {**settings.COMPANY, "name": "HSH Gas", "uen": "202012345H", "gst_reg_no": "M2-0012345-6"}
    settings.PRICES_INCLUDE_GST = True


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


def address(invoice) -> str:
    return page_of("invoices_invoice", invoice.pk)


def test_an_invoice_is_read_as_it_was_issued(own, registered, shop, cylinder, settings):
    customer = shop.another(
        name="Kopi & Toast",
        address="58 New Upper Changi Rd",
        postal_code="461058",
        uen="53271234W",
        payment_type="CREDIT",
        payment_terms_days=14,
    )
    a_rate(shop.admin, customer, "2.1000")
    a_meter(shop.admin, customer, "100", "G4-1")
    shop.sell(delivered(cylinder, 3), customer=customer)
    sale = shop.sell(delivered(cylinder, 2), returned(cylinder, 3), customer=customer, reading="110")
    customers.change_customer(actor=shop.admin, customer_id=customer.pk, values={"name": "Renamed", "address": ""})
    settings.COMPANY = {**settings.COMPANY, "name": "Another name"}
    page = said(own.get(address(sale.invoice)))
    due = timezone.localdate() + timedelta(days=14)
    for words in (
        f"Tax invoice {sale.invoice} To be paid",
        "From HSH Gas",
        "UEN 202012345H GST Reg No. M2-0012345-6",
        "To Kopi &amp; Toast 58 New Upper Changi Rd, 461058 UEN 53271234W",
        f"Due {due.day} {due:%b %Y} Sale {sale.transaction}",
        f"{cylinder.name} 2 54.50 100.00 109.00",
        "Metered gas, meter G4-1 10 2.10 19.27 21.00",
        "Meter G4-1 Previous Current Used 100.000 110.000 10.000",
        f"Empties returned 3 × {cylinder.name}",
        f"At the customer’s site after this sale 2 × {cylinder.name}",
        "The prices include GST.",
        "Before GST 119.27 GST 9 % 10.73 Total S$130.00 Still due S$130.00",
        "Nothing yet. Record payment",
        "Issued invoice",
    ):
        assert words in page
    assert "Renamed" not in page
    assert "Another name" not in page


def test_without_gst_no_tax_is_shown(own, shop, cylinder):
    invoice = shop.sell(delivered(cylinder, 1), paid="20").invoice
    page = said(own.get(address(invoice)))
    assert "GST" not in page
    assert "Total S$54.50 Still due S$34.50" in page
    assert f"Invoice {invoice} Part paid" in page
    assert "What settled it" in page
    assert "RCP-" in page


def test_an_invoice_and_the_credit_note_that_took_it_back_lead_to_each_other(own, shop, cylinder):
    sale = shop.sell(delivered(cylinder, 1), paid="54.50")
    shop.void(sale)
    note = Invoice.objects.get(is_correction=True)
    page = said(own.get(address(sale.invoice)))
    assert f"Taken back by {note}" in page
    assert f"{sale.invoice} Taken back" in page
    assert "Given back" in page
    assert "Issued credit note" in page
    page = said(own.get(address(note)))
    assert f"Credit note {note} Used" in page
    assert f"Takes back {sale.invoice} Reason Wrong shop" in page
    assert f"What it was used for Invoice When Amount (S$) {sale.invoice}" in page


def test_a_sale_below_zero_leaves_credit(own, shop, cylinder):
    note = shop.sell(full_back(cylinder, 2)).invoice
    page = said(own.get(address(note)))
    assert f"Credit note {note} Credit left" in page
    assert "Total S$109.00 Credit left S$109.00" in page
    assert "Not used yet: it stands as credit of the customer." in page


def test_a_sale_that_costs_nothing_has_nothing_to_settle(own, shop):
    free = shop.thing("0.0000")
    invoice = shop.sell(delivered(free, 1)).invoice
    assert "There was nothing to pay." in said(own.get(address(invoice)))


def test_documents_are_only_read(desk, shop, cylinder):
    invoice = shop.sell(delivered(cylinder, 1)).invoice
    before = books()
    for sent in ({}, {"do": "approve"}, {"balance_due": "0"}):
        assert desk.post(address(invoice), sent).status_code == 403
    assert desk.get(f"{INVOICES}add/").status_code == 403
    assert desk.post(f"{INVOICES}add/", {"total_amount": "1"}).status_code == 403
    assert "Add invoice" not in said(desk.get(INVOICES))
    assert books() == before


def test_another_depots_document_is_not_there(admin, union, shop, cylinder):
    invoice = shop.sell(delivered(cylinder, 1)).invoice
    other = sign_in(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))
    assert other.get(address(invoice)).status_code == 404
    assert other.get(page_of("invoices_invoice", invoice.pk, "history")).status_code == 404
    assert str(invoice) not in said(other.get(INVOICES))


def test_documents_are_found_by_number_state_depot_customer_and_day(desk, own, shop, cylinder, admin, union):
    late = timezone.now() - timedelta(days=3)
    old = shop.thing(None)
    a_rate(admin, shop.customer, "10", old, timezone.localdate(late))
    overdue = shop.sell(delivered(old, 1), now=late).invoice
    elsewhere = make.a_customer(admin, union, payment_type="CREDIT")
    unpaid = shop.sell(delivered(cylinder, 1), customer=elsewhere).invoice
    paid = shop.sell(delivered(cylinder, 1), paid="54.50").invoice
    back = shop.sell(delivered(cylinder, 1))
    shop.void(back)
    note = Invoice.objects.get(is_correction=True)
    credit = shop.sell(full_back(cylinder, 1)).invoice

    def found(client, **asked):
        return [row.pk for row in client.get(INVOICES, asked).context["cl"].result_list]

    def these(*invoices):
        return [one.pk for one in invoices]

    assert found(desk) == these(credit, note, back.invoice, paid, unpaid, overdue)
    assert found(own, state="open") == these(overdue)
    assert found(desk, state="open") == these(unpaid, overdue)
    assert found(desk, state="overdue") == these(overdue)
    assert found(desk, state="paid") == these(paid)
    assert found(desk, state="credited") == these(back.invoice)
    assert found(desk, state="notes") == these(credit, note)
    assert found(desk, state="credit") == these(credit)
    assert found(desk, state="nonsense") == []
    assert found(desk, depot=union.pk) == these(unpaid)
    assert found(desk, customer=elsewhere.pk) == these(unpaid)
    assert found(desk, q=str(note)) == these(note)
    assert found(desk, until=timezone.localdate(late).isoformat()) == these(overdue)
    page = said(desk.get(INVOICES))
    assert "Overdue 10.00 10.00" in page
    assert "Credit left −54.50 −54.50" in page
    assert "Taken back 54.50 0.00" in page
