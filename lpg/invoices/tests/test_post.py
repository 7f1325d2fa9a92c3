"""What the mail with a document says, as text and as HTML, and that nothing slips into its headers."""

import re
from email import message_from_bytes
from email.policy import SMTP, default
from html import unescape

import pytest

from lpg.invoices.models import Invoice
from lpg.invoices.post import mail_for
from tests.post import emailed
from tests.sales import Shop, full_back, served, singapore

pytestmark = pytest.mark.django_db
NOW = singapore("2026-11-20T09:30:00")
COMPANY = {
    "name": "HSH LPG 液化气 Pte Ltd",
    "uen": "201712345K",
    "gst_reg_no": "M2-1234567-8",
    "address": "9 Kranji Way",
    "postal_code": "739432",
    "phone": "6123 4567",
    "email": "accounts@hsh.example",
}


@pytest.fixture
def shop(admin, driver, settings):
    settings.COMPANY = COMPANY
    return Shop(admin, driver)


@pytest.fixture
def customer(shop):
    values = {"name": "陈记 & <Sons>", "email": "chen@example.com", "address": "2 Jalan Besar"}
    return shop.another(payment_type="CREDIT", payment_terms_days=14, **values)


def written(shop, invoice):
    """The mail as it goes out, and read again by a stranger."""
    delivery = emailed(shop.admin, invoice)
    fresh = Invoice.objects.select_related("corrects", "correction").get(pk=invoice.pk)
    raw = mail_for(delivery, fresh, b"%PDF-1.7 ...", now=NOW).message(policy=SMTP).as_bytes()
    return delivery, message_from_bytes(raw, policy=default), raw


def said(shop, invoice):
    """Text and HTML say the same; the text."""
    _, mail, _ = written(shop, invoice)
    text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    html = mail.get_body(("html",)).get_content()
    body = unescape(html.partition("<body")[2])
    for part in re.split(r"\n|: ", text):
        assert part.strip() in body, part
    return text


def test_a_mail_has_its_parts_and_its_headers(shop, customer):
    delivery, mail, raw = written(shop, shop.sell(served("109.00"), customer=customer, now=NOW).invoice)
    number = delivery.invoice.invoice_number
    assert mail["Subject"] == f"Tax invoice {number} from HSH LPG 液化气 Pte Ltd"
    assert (mail["From"], mail["To"]) == ("HSH LPG <noreply@hshlpg.com.sg>", "shop@example.com")
    assert mail["Reply-To"] == "accounts@hsh.example"
    assert mail["Message-ID"] == delivery.message_id
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    (pdf,) = mail.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content()) == (f"{number}.pdf", b"%PDF-1.7 ...")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


def test_an_open_invoice_says_what_is_to_be_paid_by_when_and_how(shop, customer):
    text = said(shop, shop.sell(served("1234.50"), customer=customer, now=NOW).invoice)
    assert "Dear 陈记 & <Sons>," in text
    assert "attached is your tax invoice INV-2026-000001 of 20 Nov 2026." in text
    assert "Total: S$1,234.50\nTo be paid: S$1,234.50\nPlease pay by: 4 Dec 2026\n" in text
    assert "Scan the PayNow code on the attached PDF" in text
    assert "PayNow to UEN 201712345K with INV-2026-000001 as reference" in text
    for fact in COMPANY.values():
        assert fact in text or fact == COMPANY["gst_reg_no"]


def test_who_paid_a_part_is_told_the_rest_and_not_sent_to_the_code_with_the_whole(shop, customer):
    sale = shop.sell(served("100.00"), customer=customer, now=NOW)
    shop.pay("40.00", customer)
    text = said(shop, sale.invoice)
    assert "To be paid: S$60.00" in text
    assert "Scan" not in text
    assert "Pay S$60.00 by PayNow to UEN 201712345K" in text


def test_a_cash_customer_has_no_term_and_a_company_without_a_uen_no_paynow(shop, settings):
    settings.COMPANY = {**COMPANY, "uen": ""}
    text = said(shop, shop.sell(served("5")).invoice)
    assert "Please pay by" not in text
    assert "PayNow" not in text
    assert "UEN" not in text


@pytest.mark.parametrize(("rate", "words"), [("5", "It is paid. Thank you."), ("0", "There is nothing to pay.")])
def test_what_is_paid_asks_for_nothing(rate, words, shop):
    text = said(shop, shop.sell(served(rate), paid="5.00").invoice)
    assert words in text
    assert "To be paid" not in text
    assert "PayNow" not in text


def test_an_invoice_that_was_taken_back_says_so_and_its_credit_note_what_it_takes_back(shop, customer):
    sale = shop.sell(served("100.00"), customer=customer, now=NOW)
    shop.void(sale, reason="Wrong shop", now=NOW)
    note = Invoice.objects.get(is_correction=True)
    text = said(shop, sale.invoice)
    assert f"It has been taken back by credit note {note}: there is nothing to pay." in text
    assert "PayNow" not in text
    text = said(shop, note)
    assert f"attached is your credit note {note} of 20 Nov 2026." in text
    assert "Credit: S$100.00" in text
    assert f"It takes back {sale.invoice} of 20 Nov 2026 in full. Reason: Wrong shop" in text


def test_a_sale_below_zero_gives_credit(shop, customer):
    thing = shop.thing("40.00", customer)
    text = said(shop, shop.sell(full_back(thing), customer=customer).invoice)
    assert "Credit: S$40.00" in text
    assert "This amount is your credit with us." in text


@pytest.mark.parametrize("name", ["HSH\r\nBcc: x@y.co", "HSH\nLPG", "HSH\tLPG  Ltd"])
def test_nothing_slips_into_the_headers(name, shop, settings):
    settings.COMPANY = {**COMPANY, "name": name, "email": "a@b.co\r\nBcc: x@y.co"}
    delivery, mail, _ = written(shop, shop.sell(served("5")).invoice)
    assert (mail["Bcc"], mail["Reply-To"]) == (None, None)
    assert mail["Subject"] == f"Simplified tax invoice {delivery.invoice} from {' '.join(name.split())}"
