"""Papers at the desk: shown in a frame of ours and nowhere else, emailed, printed; statements; e-invoices; credit."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lpg.invoices import pdfs
from lpg.invoices.models import Delivery, Invoice
from lpg.office.tests.desk import SIGN_IN, audited, key_on, list_of, page_of, said, send, sign_in
from lpg.paper.keeping import BeingMade
from lpg.payments.models import Allocation
from lpg.roles import Role
from tests import make
from tests.sales import books, delivered, full_back, served

pytestmark = pytest.mark.django_db
EMAILS = list_of("invoices_delivery")


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


@pytest.fixture
def invoice(shop, cylinder) -> Invoice:
    return shop.sell(delivered(cylinder, 2)).invoice


@pytest.fixture
def far(admin, union) -> Client:
    return sign_in(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))


def pdf(invoice) -> str:
    return f"/admin/papers/{invoice.pk}.pdf"


# --- PDFs


def test_the_page_of_an_invoice_shows_its_pdf_in_a_frame(own, invoice):
    page = own.get(page_of("invoices_invoice", invoice.pk))
    assert f'<iframe class="desk-preview" src="{pdf(invoice)}#' in page.content.decode()
    assert page["X-Frame-Options"] == "DENY"
    answer = own.get(pdf(invoice))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-1.7")
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert "object-src 'self'" in policy
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert own.get(pdf(invoice), headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_a_receipt_is_a_pdf_too(own, shop):
    payment = shop.pay("20")
    there = f"/admin/papers/receipt-{payment.pk}.pdf"
    assert there in own.get(page_of("payments_payment", payment.pk)).content.decode()
    answer = own.get(there)
    assert answer.content.startswith(b"%PDF-1.7")
    assert answer["Content-Disposition"] == f'inline; filename="{payment}.pdf"'


def test_what_cannot_be_drawn_just_now_is_said_in_the_frame(own, invoice, monkeypatch):
    def busy(invoice_id) -> None:
        raise BeingMade

    monkeypatch.setattr(pdfs, "at_once", busy)
    answer = own.get(pdf(invoice))
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer.content.decode() == "This PDF is being made at this moment. Try again in a few seconds."
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_papers_of_other_depots_are_not_there(far, shop, invoice):
    payment = shop.pay("20")
    for address in (
        pdf(invoice),
        f"/admin/papers/receipt-{payment.pk}.pdf",
        f"/admin/papers/statement-{shop.customer.pk}.pdf",
        f"/admin/statements/{shop.customer.pk}/",
        f"/admin/e-invoices/{invoice.pk}.xml",
        f"/admin/credit/{invoice.pk}/use/",
        page_of("invoices_invoice", invoice.pk, "email"),
        page_of("invoices_invoice", invoice.pk, "printed"),
    ):
        assert far.get(address).status_code == 404, address
        assert Client().get(address)["Location"].startswith(SIGN_IN)


# --- to the customer


def test_an_invoice_is_emailed_to_the_customer_or_to_another_address_once_each(own, shop, cylinder):
    customer = shop.another(email="kopi@shop.example", payment_type="CREDIT")
    made = shop.sell(delivered(cylinder, 1), customer=customer).invoice
    page = page_of("invoices_invoice", made.pk)
    assert 'value="kopi@shop.example"' in own.get(page).content.decode()
    there = page_of("invoices_invoice", made.pk, "email")
    whole = {"to": "other@shop.example", **key_on(own.get(page))}
    answers = [own.post(there, whole) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [page] * 2
    assert f"Email invoice {made}: done." in said(own.get(page))
    assert [(one.to, one.state) for one in Delivery.objects.all()] == [("other@shop.example", "queued")]
    assert "other@shop.example Queued" in said(own.get(page))
    assert "Queued email" in said(own.get(page))
    assert send(own, there, {"to": "kopi@shop.example"})["Location"] == page
    assert Delivery.objects.count() == 2


@pytest.mark.parametrize("to", ["", "nobody", "a b@c.example", "x" * 250 + "@c.example"])
def test_what_is_no_address_is_refused_on_the_form(own, invoice, to):
    before = books()
    answer = send(own, page_of("invoices_invoice", invoice.pk, "email"), {"to": to})
    assert answer.status_code == 200
    assert answer.context["form"].errors["to"]
    assert books() == before


def test_printed_is_marked_once_and_keeps_the_first_time(own, invoice):
    page = page_of("invoices_invoice", invoice.pk)
    there = page_of("invoices_invoice", invoice.pk, "printed")
    assert own.get(there)["Location"] == page
    key = key_on(own.get(page))
    assert audited(lambda: [own.post(there, key) for _ in range(2)]) == ["PRINT_INVOICE"]
    first = Invoice.objects.get(pk=invoice.pk).printed_at
    shown = said(own.get(page))
    assert f"{invoice} is marked as printed." in shown
    assert "Mark as printed" not in shown
    send(own, there, {})
    assert Invoice.objects.get(pk=invoice.pk).printed_at == first


def test_a_button_without_a_key_does_nothing_and_says_why(own, invoice):
    page = page_of("invoices_invoice", invoice.pk)
    before = books()
    assert own.post(page_of("invoices_invoice", invoice.pk, "printed"), {})["Location"] == page
    assert "This page was opened too long ago." in said(own.get(page))
    assert books() == before


def test_a_failed_email_is_found_and_tried_again_from_list_page_and_invoice(own, invoice):
    def failed() -> Delivery:
        words = "The mailbox is full."
        made = Delivery.objects.order_by("pk").last()
        Delivery.objects.filter(pk=made.pk).update(state="failed", next_try_at=None, last_error=words, attempts=9)
        return made

    send(own, page_of("invoices_invoice", invoice.pk, "email"), {"to": "a@shop.example"})
    made = failed()
    again, own_page = page_of("invoices_delivery", made.pk, "again"), page_of("invoices_delivery", made.pk)
    places = {
        f"{EMAILS}?state=failed": "list",
        page_of("invoices_invoice", invoice.pk): "invoice",
        own_page: "",
    }
    for place, back in places.items():
        page = own.get(place)
        assert "The mailbox is full." in said(page)
        assert again in page.content.decode()
        answer = own.post(again, {"back": back, **key_on(page)})
        assert answer["Location"] == place
        made.refresh_from_db()
        assert (made.state, made.attempts, made.last_error) == ("queued", 0, "")
        assert f"{invoice} is on its way to a@shop.example again." in said(own.get(place))
        failed()
    page = own.get(own_page)
    Delivery.objects.filter(pk=made.pk).update(state="sent", sent_at=timezone.now(), last_error="")
    own.post(again, key_on(page))
    assert "This mail to a@shop.example has arrived." in said(own.get(own_page))
    assert again not in own.get(own_page).content.decode()
    assert own.get(again)["Location"] == own_page


def test_an_email_without_an_address_asks_for_one(own, shop, cylinder):
    invoice = shop.sell(delivered(cylinder, 1), send_email=True).invoice
    page = own.get(f"{EMAILS}?state=failed")
    assert "The customer has no email address." in said(page)
    assert page_of("invoices_invoice", invoice.pk, "email") in page.content.decode()
    assert "Email to an address" in said(own.get(page_of("invoices_delivery", Delivery.objects.get().pk)))


def test_emails_are_found_by_state_depot_and_number_within_sight(desk, own, far, shop, cylinder, union):
    lost = shop.sell(delivered(cylinder, 1), send_email=True).invoice
    waits = shop.sell(delivered(cylinder, 1), customer=shop.another(email="a@b.example"), send_email=True).invoice

    def found(client, **asked) -> list[str]:
        return [str(row.invoice) for row in client.get(EMAILS, asked).context["cl"].result_list]

    assert found(desk) == found(own) == [str(waits), str(lost)]
    assert found(desk, state="waiting") == [str(waits)]
    assert found(desk, state="sent") == []
    assert found(desk, depot=union.pk) == []
    assert found(desk, q=str(lost)) == [str(lost)]
    assert found(far) == []
    assert far.get(page_of("invoices_delivery", Delivery.objects.first().pk)).status_code == 404
    assert desk.get(f"{EMAILS}add/").status_code == 403


# --- e-invoices


def test_an_e_invoice_is_a_file_or_says_what_is_missing(own, shop, cylinder, settings):
    invoice = shop.sell(delivered(cylinder, 1)).invoice
    page = said(own.get(f"/admin/e-invoices/{invoice.pk}.xml"))
    assert f"There is no e-invoice of {invoice}" in page
    assert "the customer&#x27;s UEN" in page
    settings.COMPANY = {**settings.COMPANY, "name": "HSH Gas", "uen": "202012345H"}
    known = shop.another(name="Kopi", uen="53271234W", address="58 New Upper Changi Rd", postal_code="461058")
    invoice = shop.sell(delivered(cylinder, 1), customer=known).invoice
    answer = own.get(f"/admin/e-invoices/{invoice.pk}.xml")
    assert answer["Content-Type"] == "application/xml"
    assert answer["Content-Disposition"] == f'attachment; filename="{invoice}.xml"'
    assert str(invoice).encode() in answer.content


# --- credit


def test_a_credit_note_is_used_for_the_oldest_open_invoices_once(own, shop, cylinder):
    first, second = (shop.sell(delivered(cylinder, 1)).invoice for _ in range(2))
    note = shop.sell(full_back(cylinder, 3)).invoice
    there, page = f"/admin/credit/{note.pk}/use/", page_of("invoices_invoice", note.pk)
    assert there in own.get(page).content.decode()
    asked = own.get(there)
    assert f"{note} has S$163.50 left; without it, {shop.customer} owes S$109.00." in said(asked)
    answers = [own.post(there, key_on(asked)) for _ in range(2)]
    assert [answer["Location"] for answer in answers] == [page] * 2
    shown = said(own.get(page))
    assert "S$109.00 of it is used for the oldest open invoices." in shown
    assert f"Invoice When Amount (S$) {first}" in shown
    assert Allocation.objects.filter(credit_note=note).count() == 2
    assert Invoice.objects.get(pk=second.pk).balance_due == 0
    send(own, there, {})
    assert "Nothing is open that it could be used for; it stays as credit." in said(own.get(page))
    assert own.get(f"/admin/credit/{first.pk}/use/").status_code == 404


# --- statements


@pytest.fixture
def history(shop, cylinder, one_transaction) -> Invoice:
    """40 days ago 54.50, paid; ten days ago 109.00; today a payment of 9.00."""
    now = timezone.now()
    shop.sell(served("54.50"), now=now - timedelta(days=40), paid="54.50")
    invoice = shop.sell(served("109"), now=now - timedelta(days=10)).invoice
    shop.sell(delivered(cylinder, 1))
    shop.pay("9")
    return invoice


def test_a_statement_shows_money_and_cylinders_side_by_side(own, shop, cylinder, history):
    there = f"/admin/statements/{shop.customer.pk}/"
    assert there in own.get(page_of("customers_customer", shop.customer.pk)).content.decode()
    since = timezone.localdate() - timedelta(days=20)
    answer = own.get(there, {"since": since.isoformat()})
    page = said(answer)
    for words in (
        "Owes S$154.50 Invoiced in these days S$163.50 Received in these days S$9.00",
        "At the beginning 0.00",
        f"{history} Invoice {timezone.localtime(history.generated_at):%-d %b %Y, %H:%M} 109.00 109.00",
        "−9.00 154.50",
        f"54.50 163.50 +1 × {cylinder.name}",
        f"At the end 100,001 × {cylinder.name} 154.50",
    ):
        assert words in page
    assert page_of("invoices_invoice", history.pk) in answer.content.decode()
    paper = own.get(answer.context["pdf"])
    assert paper.content.startswith(b"%PDF-1.7")
    assert paper["X-Frame-Options"] == "SAMEORIGIN"


def test_the_period_of_a_statement_is_chosen_and_what_cannot_be_is_said(own, shop, history):
    there = f"/admin/statements/{shop.customer.pk}/"
    page = said(own.get(there, {"since": "2020-01-01", "until": "2020-01-31"}))
    assert "Nothing happened in these days." in page
    assert "This is no day." in said(own.get(there, {"since": "yesterday"}))
    assert "This day has not come yet." in said(own.get(there, {"until": "2199-01-01"}))
    assert own.get(f"/admin/papers/statement-{shop.customer.pk}.pdf?since=x").status_code == 400
    for _, link, _ in own.get(there).context["periods"]:
        assert own.get(there + link).status_code == 200


def test_a_statement_too_long_for_a_page_leads_to_the_pdf_or_a_shorter_one(own, shop, history, monkeypatch):
    monkeypatch.setattr("lpg.office.paper_pages.MOST_SHOWN", 1)
    answer = own.get(f"/admin/statements/{shop.customer.pk}/?since=2020-01-01")
    assert "There are over 1 entries in these days." in said(answer)
    assert answer.context["pdf"].replace("&", "&amp;") in answer.content.decode()


def test_credit_stands_on_the_page_of_the_customer(own, shop, cylinder):
    note, payment = shop.sell(full_back(cylinder, 1)).invoice, shop.pay("12.30")
    page = said(own.get(page_of("customers_customer", shop.customer.pk)))
    assert f"Has a credit of S$66.80 Not used yet: {note} S$54.50, {payment} S$12.30" in page
