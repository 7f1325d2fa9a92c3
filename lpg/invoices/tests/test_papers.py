"""A document on paper: every particular the law asks for, the code a phone pays by, and the same bytes for ever."""

from datetime import date
from decimal import Decimal

import pytest

from lpg.customers.models import Customer
from lpg.invoices.models import Invoice
from lpg.invoices.papers import facts_of, print_document
from lpg.invoices.paynow import paynow_code
from lpg.paper.tests.reading import codes_on, text_of
from tests.sales import Shop, a_default_rate, a_meter, a_rate, delivered, full_back, returned, served, singapore

pytestmark = pytest.mark.django_db
SELLER = {
    "name": "HSH LPG Pte Ltd",
    "uen": "200012345W",
    "gst_reg_no": "M2-1234567-8",
    "address": "21 Tuas View Crescent",
    "postal_code": "637700",
    "phone": "61234567",
    "email": "accounts@hshlpg.com.sg",
}
BUYER = {"name": "Golden Wok 金锅餐馆", "address": "10 Anson Road #12-34", "postal_code": "079903", "uen": "201512345C"}
NOW = singapore("2026-11-20 14:05")
LONG_AGO = date(2026, 1, 1)


@pytest.fixture
def shop(admin, driver, settings):
    settings.COMPANY = dict(SELLER)
    return Shop(admin, driver)


def priced(shop: Shop, rate: str, *customers: Customer):
    """Cylinders that have had this rate for long."""
    made = shop.thing(None, *customers)
    a_default_rate(shop.admin, made, rate, LONG_AGO)
    return made


def paper_of(invoice: Invoice) -> tuple[str, bytes]:
    pdf = print_document(invoice).content
    return text_of(pdf), pdf


def holds(text: str, *wanted: str) -> None:
    assert [words for words in wanted if words not in text] == [], text


def test_a_tax_invoice_holds_every_particular(shop):
    customer = shop.another(**BUYER, payment_type=Customer.Payment.CREDIT)
    gas, small = priced(shop, "165.00", customer), priced(shop, "32.50", customer)
    meter = a_meter(shop.admin, customer, "1204.5")
    a_rate(shop.admin, customer, "2.5000", since=LONG_AGO)
    items = [delivered(gas, 6), full_back(small, 1), served("48.00", description="Regulator changed"), returned(gas, 4)]
    sale = shop.sell(*items, customer=customer, meter=meter, reading="1255.416", paid="100.00", now=NOW)
    invoice = sale.invoice
    text, pdf = paper_of(invoice)

    holds(text, "Tax Invoice", invoice.invoice_number, "Date 20 Nov 2026", "Due 20 Dec 2026")
    holds(text, *(SELLER[name] for name in ("name", "address", "phone", "email")))
    holds(text, "Singapore 637700", "UEN 200012345W", "GST Reg. No. M2-1234567-8")
    holds(text, *BUYER.values(), customer.customer_code, sale.transaction.transaction_number, "20 Nov 2026, 14:05")
    holds(text, f"{gas.name} 6 165.00 908.26 990.00", f"{small.name} returned full 1 32.50 −29.82 −32.50")
    holds(text, "Regulator changed service 1 48.00 44.04 48.00", "50.916 2.50 116.78 127.29")
    holds(text, "Total without GST 1,039.26", "GST 9 % 93.53", "Total with GST 1,132.79", "Paid at issue 100.00")
    holds(text, "To pay S$1,032.79", "Scan to pay S$1,032.79", "Page 1 of 1")
    holds(text, "Standard-rated: S$1,039.26 without GST, S$93.53 of GST at 9 %.", "Type of supply: sale of gas")
    holds(text, "No zero-rated, exempt or out-of-scope supplies.", "No discount.", "Prices include GST.")
    holds(text, f"Meter {meter.serial_no}", "1,204.5", "1,255.416", "50.916", "Empties returned", "Cylinders held")
    assert codes_on(pdf) == [
        paynow_code("200012345W", Decimal("1032.79"), invoice.invoice_number, "HSH LPG Pte Ltd"),
    ]


def test_a_simplified_tax_invoice_says_that_its_total_includes_gst(shop):
    invoice = shop.sell(delivered(priced(shop, "45.00"), 5), paid="225.00", now=NOW).invoice
    text, pdf = paper_of(invoice)
    holds(text, "Simplified Tax Invoice", invoice.invoice_number, "Date 20 Nov 2026")
    holds(text, SELLER["name"], SELLER["address"], SELLER["gst_reg_no"], "5 45.00 206.42 225.00")
    holds(text, "Total with GST 225.00", "The total of S$225.00 includes GST at 9 %.", "Nothing to pay S$0.00")
    assert "Scan" not in text
    assert codes_on(pdf) == []


def test_a_credit_note_names_what_it_corrects_why_and_the_tax(shop):
    customer = shop.another(**BUYER, payment_type=Customer.Payment.CREDIT)
    gas = priced(shop, "165.00", customer)
    sale = shop.sell(delivered(gas, 2), returned(gas, 1), customer=customer, now=singapore("2026-11-18 09:00"))
    shop.void(sale, reason="Delivered next door", now=NOW)
    note = Invoice.objects.get(corrects=sale.invoice)
    text, pdf = paper_of(note)
    holds(text, "Credit Note", note.invoice_number, "Date 20 Nov 2026", *BUYER.values(), *SELLER.values())
    holds(text, f"Original document {sale.invoice.invoice_number}", "Original date 18 Nov 2026")
    holds(text, "Reason Delivered next door", f"{gas.name} 2 165.00 302.75 330.00")
    holds(text, "Total without GST 302.75", "GST 9 % 27.25", "Credited S$330.00")
    holds(text, f"takes back {sale.invoice.invoice_number} of 18 Nov 2026: S$302.75 without GST, and S$27.25 of GST")
    for words in ("Due", "Scan", "Empties returned", "Cylinders held"):
        assert words not in text
    assert codes_on(pdf) == []


def test_a_sale_below_zero_prints_as_a_credit_note_of_its_own(shop):
    note = shop.sell(full_back(priced(shop, "45.00"), 2), now=NOW).invoice
    text, _ = paper_of(note)
    holds(text, "Credit Note", "returned full 2 45.00 82.57 90.00", "Credited S$90.00", "Cylinders held")
    holds(text, "More came back than was supplied", "S$82.57 without GST, and S$7.43 of GST at 9 %")
    assert "Original" not in text


def test_without_a_gst_number_there_is_no_word_of_tax_but_that(shop, settings):
    settings.COMPANY = {**SELLER, "gst_reg_no": ""}
    text, _ = paper_of(shop.sell(served("10.00"), now=NOW).invoice)
    holds(text, "Invoice", "Unit price Amount S$", "Total 10.00", "HSH LPG Pte Ltd is not registered for GST.")
    for words in ("Tax Invoice", "GST Reg", "without GST", "9 %"):
        assert words not in text


def test_prices_before_gst_say_so(shop, settings):
    settings.PRICES_INCLUDE_GST = False
    text, _ = paper_of(shop.sell(served("100.00"), customer=shop.another(**BUYER), now=NOW).invoice)
    holds(
        text, "Hose changed service 1 100.00 100.00", "GST 9 % 9.00", "Total with GST 109.00", "Prices are without GST"
    )
    assert "S$109.00" in text


def test_there_is_no_code_without_a_uen_and_none_for_nothing(shop, settings):
    free = shop.sell(served("0.00"), now=NOW).invoice
    assert facts_of(free)["paynow"] == ""
    holds(paper_of(free)[0], "Nothing to pay S$0.00", "Total with GST 0.00")
    settings.COMPANY = {**SELLER, "uen": ""}
    unnamed = shop.sell(served("10.00"), now=NOW).invoice
    assert facts_of(unnamed)["paynow"] == ""
    assert "Scan" not in paper_of(unnamed)[0]


def test_what_happens_later_does_not_change_a_document(shop, settings):
    customer = shop.another(**BUYER, payment_type=Customer.Payment.CREDIT)
    sale = shop.sell(delivered(priced(shop, "45.00", customer), 5), customer=customer, now=NOW)
    first = print_document(sale.invoice)
    shop.pay("50.00", customer)
    settings.COMPANY = {**SELLER, "name": "Another Gas", "uen": "201599999K"}
    Customer.objects.filter(pk=customer.pk).update(name="Renamed")
    shop.void(sale)
    assert print_document(Invoice.objects.get(pk=sale.invoice.pk)) == first


def test_lines_are_printed_in_the_order_of_the_sale(shop):
    words = [f"Job {letter}" for letter in "CABED"]
    invoice = shop.sell(*(served("1.00", description=word) for word in words), now=NOW).invoice
    assert [line["description"] for line in facts_of(Invoice.objects.get(pk=invoice.pk))["lines"]] == words
