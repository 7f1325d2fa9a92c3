"""What a document is and says: its type, its tax, when it is due, and that it stays as it was issued."""

import pytest

from lpg.customers.services import change_customer
from lpg.invoices.models import Invoice
from tests.sales import a_meter, a_rate, answer, delivered, full_back, returned, served, singapore, site
from tests.stock import disagreements, fill

pytestmark = pytest.mark.django_db
UEN = "200012345W"


@pytest.fixture
def registered(settings):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}


def about(document: dict) -> tuple[str, ...]:
    return tuple(document[name] for name in ("document_type", "subtotal", "tax_amount", "total_amount"))


# --- type and tax -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", ["0", "1000.00", "1000.01", "54321.09"])
def test_who_is_not_registered_issues_invoices_without_tax(shop, rate):
    _, invoice = answer(shop.sell(served(rate)))
    total = invoice["total_amount"]
    assert about(invoice) == ("invoice", total, "0.00", total)
    assert (invoice["gst_rate"], invoice["lines"][0]["net_amount"]) == ("0", total)


@pytest.mark.parametrize(
    ("rate", "customer", "expected"),
    [
        ("1000.00", {}, ("simplified_tax_invoice", "917.43", "82.57", "1000.00")),
        ("1000.0049", {}, ("simplified_tax_invoice", "917.43", "82.57", "1000.00")),
        ("1000.01", {}, ("tax_invoice", "917.44", "82.57", "1000.01")),
        ("1000.0050", {}, ("tax_invoice", "917.44", "82.57", "1000.01")),
        ("10.00", {"address": "1 Tuas Road"}, ("tax_invoice", "9.17", "0.83", "10.00")),
        ("10.00", {"uen": UEN}, ("tax_invoice", "9.17", "0.83", "10.00")),
        ("10.00", {"postal_code": "637360", "phone": "61234567"}, ("simplified_tax_invoice", "9.17", "0.83", "10.00")),
        ("0", {}, ("simplified_tax_invoice", "0.00", "0.00", "0.00")),
        ("0.06", {}, ("simplified_tax_invoice", "0.06", "0.00", "0.06")),
    ],
)
def test_up_to_a_thousand_to_a_nameless_customer_the_tax_invoice_is_simplified(
    shop, registered, rate, customer, expected
):
    sold, invoice = answer(shop.sell(served(rate), customer=shop.another(**customer)))
    assert about(invoice) == expected
    assert sold["total_amount"] == invoice["total_amount"]
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("917.43", ("simplified_tax_invoice", "917.43", "82.57", "1000.00")),
        ("917.44", ("tax_invoice", "917.44", "82.57", "1000.01")),
        ("0.50", ("simplified_tax_invoice", "0.50", "0.05", "0.55")),  # 0.045
        ("0.05", ("simplified_tax_invoice", "0.05", "0.00", "0.05")),
    ],
)
def test_prices_before_gst_have_it_on_top_and_the_limit_counts_it(shop, settings, registered, rate, expected):
    settings.PRICES_INCLUDE_GST = False
    sold, invoice = answer(shop.sell(served(rate)))
    assert about(invoice) == expected
    assert sold["total_amount"] == expected[1]
    assert invoice["balance_due"] == expected[3]
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("included", "nets", "expected"),
    [
        (True, ["-50.00", "150.00"], ("credit_note", "100.00", "9.00", "109.00")),
        (False, ["-54.50", "163.50"], ("credit_note", "109.00", "9.81", "118.81")),
    ],
)
def test_below_zero_it_is_a_credit_note_with_its_tax(shop, settings, registered, included, nets, expected):
    settings.PRICES_INCLUDE_GST = included
    cylinder = shop.thing("54.5000")
    _, note = answer(shop.sell(delivered(cylinder), full_back(cylinder, 3)))
    assert about(note) == expected
    assert [line["net_amount"] for line in note["lines"]] == nets
    assert [line["amount"] for line in note["lines"]] == ["-54.50", "163.50"]
    assert note["balance_due"] == f"-{expected[3]}"
    assert disagreements() == {}


def test_the_residual_cent_is_on_the_largest_line_of_the_document_gas_too(shop, registered):
    a_rate(shop.admin, shop.customer, "2.0000")
    a_meter(shop.admin, shop.customer, "0")
    _, invoice = answer(shop.sell(served("10.00"), served("20.00"), reading="15"))
    assert [(line["amount"], line["net_amount"]) for line in invoice["lines"]] == [
        ("10.00", "9.17"),
        ("20.00", "18.35"),
        ("30.00", "27.53"),  # 27.5229…, and a cent
    ]
    assert about(invoice) == ("simplified_tax_invoice", "55.05", "4.95", "60.00")
    assert disagreements() == {}


def test_a_voided_document_is_taken_back_with_the_tax_it_had(shop, settings, registered):
    sold = singapore("2023-12-31T12:00:00")
    sale = shop.sell(served("100.00"), now=sold)
    assert about(answer(sale)[1]) == ("simplified_tax_invoice", "92.59", "7.41", "100.00")
    settings.PRICES_INCLUDE_GST = False
    shop.void(sale, now=singapore("2026-11-20T12:00:00"))
    note = Invoice.objects.get(is_correction=True)
    assert (str(note.gst_rate), str(note.subtotal), str(note.tax_amount)) == ("8.0000", "92.59", "7.41")
    assert (note.prices_include_gst, str(note.issued_on), note.invoice_number) == (
        True,
        "2026-11-20",
        "CN-2026-000001",
    )
    assert disagreements() == {}


# --- when it is due -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pays", "terms", "issued", "due"),
    [
        ("CASH", 30, "2026-11-20", "2026-11-20"),
        ("CASH", 0, "2026-12-31", "2026-12-31"),
        ("CREDIT", 30, "2026-11-20", "2026-12-20"),
        ("CREDIT", 30, "2027-01-31", "2027-03-02"),
        ("CREDIT", 30, "2028-02-01", "2028-03-02"),  # a leap year
        ("CREDIT", 14, "2026-12-25", "2027-01-08"),
        ("CREDIT", 0, "2026-11-20", "2026-11-20"),
        ("MONTHLY", 30, "2026-10-31", "2026-11-30"),
        ("MONTHLY", 30, "2026-11-01", "2026-12-31"),
        ("MONTHLY", 30, "2026-11-30", "2026-12-31"),
        ("MONTHLY", 30, "2026-12-01", "2027-01-31"),
        ("MONTHLY", 30, "2026-12-31", "2027-01-31"),
        ("MONTHLY", 30, "2027-01-01", "2027-02-28"),
        ("MONTHLY", 30, "2028-01-31", "2028-02-29"),
    ],
)
def test_it_is_due_as_the_customer_pays(shop, pays, terms, issued, due):
    customer = shop.another(payment_type=pays, payment_terms_days=terms)
    _, invoice = answer(shop.sell(served("5"), customer=customer, now=singapore(f"{issued}T23:59:59")))
    assert (invoice["issued_on"], invoice["due_date"]) == (issued, due)


def test_a_month_ends_at_midnight_in_singapore(shop):
    customer = shop.another(payment_type="MONTHLY")
    _, invoice = answer(shop.sell(served("5"), customer=customer, now=singapore("2027-01-01T00:00:00")))
    assert (invoice["invoice_number"], invoice["due_date"]) == ("INV-2027-000001", "2027-02-28")


# --- what it keeps ------------------------------------------------------------------------------------------------


def test_it_freezes_seller_customer_lines_and_the_whole_sale(shop, settings):
    settings.COMPANY = {**settings.COMPANY, "name": "HSH LPG", "uen": "201712345K", "address": "9 Kranji Way"}
    customer = shop.another(name="Ah Hock", address="2 Jalan Besar", uen=UEN, postal_code="208787")
    cylinder = shop.thing("54.5000", shop.customer)
    fill(shop.admin, site(customer), cylinder, 5, "")
    a_rate(shop.admin, customer, "2.3500")
    a_meter(shop.admin, customer, "1500", "G4-1")
    now = singapore("2031-11-20T09:30:04")
    sold = singapore("2031-11-20T09:30:00")
    items = [delivered(cylinder, 2), returned(cylinder, 3, "DAMAGED"), served("15.0000")]
    sale = shop.sell(*items, customer=customer, reading="1532.400", now=now, occurred_at=sold)
    before = answer(sale)
    change_customer(actor=shop.admin, customer_id=customer.pk, values={"name": "Ah Seng", "address": "", "uen": ""})
    settings.COMPANY = {**settings.COMPANY, "name": "Another Pte Ltd"}
    invoice = Invoice.objects.get()
    assert answer(sale) == before
    assert (invoice.seller["name"], invoice.seller["uen"], invoice.seller["address"]) == (
        "HSH LPG",
        "201712345K",
        "9 Kranji Way",
    )
    assert {name: invoice.buyer[name] for name in ("name", "address", "uen", "postal_code")} == {
        "name": "Ah Hock",
        "address": "2 Jalan Besar",
        "uen": UEN,
        "postal_code": "208787",
    }
    number = sale.transaction.transaction_number
    assert invoice.summary == {
        "id": sale.transaction.pk,
        "transaction_number": number,
        "customer": customer.pk,
        "user": shop.admin.pk,
        "total_amount": "200.14",
        "created_at": "2031-11-20T09:30:04+08:00",
        "occurred_at": "2031-11-20T09:30:00+08:00",
        "returned": [{"equipment": cylinder.pk, "name": cylinder.name, "condition": "DAMAGED", "quantity": 3}],
        "held": [{"equipment": cylinder.pk, "name": cylinder.name, "condition": None, "quantity": 4}],
        "meter": {
            "serial_no": "G4-1",
            "previous": "1500.000",
            "current": "1532.400",
            "usage": "32.400",
            "rate": "2.3500",
            "amount": "76.14",
        },
    }
    assert [(line["description"], line["quantity"], line["rate"]) for line in before[1]["lines"]] == [
        (cylinder.name, "2", "54.5000"),
        ("Hose changed", "1", "15.0000"),
        ("Metered gas, meter G4-1", "32.4", "2.3500"),
    ]
    assert number == "TRX-20311120-000001"
    assert disagreements() == {}
