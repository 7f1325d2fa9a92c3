"""Money that counts no more, and credit that is used: by hand, through sales that are voided, and back."""

from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.invoices.models import Invoice
from lpg.payments import services
from lpg.payments.models import Allocation, Payment
from lpg.payments.selectors import balance_of
from tests.bad import is_a_problem
from tests.sales import delivered, full_back, payment_status, refused, served
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
API = "/api/v1/"


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


def reverse(shop, payment: Payment, **more) -> Payment:
    given = {"actor": shop.admin, "reason": "Cheque came back", "now": timezone.now(), **more}
    return services.reverse(payment_id=payment.pk, **given)


def use(shop, note: Invoice, **more) -> Invoice:
    given = {"actor": shop.admin, "now": timezone.now(), **more}
    return services.allocate_credit(invoice_id=note.pk, **given)


def due(*documents: Invoice) -> list[str]:
    for document in documents:
        document.refresh_from_db()
    return [str(document.balance_due) for document in documents]


# --- reversal -----------------------------------------------------------------------------------------------------


def test_what_a_reversed_payment_settled_is_open_again(shop):
    sales = [shop.sell(served(rate)) for rate in ("10", "20", "30")]
    payment = shop.pay("45.00")
    assert [payment_status(sale) for sale in sales] == ["PAID", "PAID", "PARTIAL"]
    gone = reverse(shop, payment)
    assert due(*[sale.invoice for sale in sales]) == ["10.00", "20.00", "30.00"]
    assert [sale.invoice.paid_at for sale in sales] == [None] * 3
    assert [payment_status(sale) for sale in sales] == ["UNPAID"] * 3
    gone.refresh_from_db()
    assert (gone.unallocated, gone.amount, gone.reverse_reason) == (0, 45, "Cheque came back")
    assert gone.reversed_at is not None
    assert Allocation.objects.filter(payment=gone, released_at=gone.reversed_at).count() == 3
    assert balance_of(shop.customer.pk) == 60
    assert disagreements() == {}


def test_credit_of_a_reversed_payment_is_gone_and_can_be_used_no_more(shop):
    payment = shop.pay("45.00")
    reverse(shop, payment)
    shop.sell(served("10"))
    assert balance_of(shop.customer.pk) == 10
    given = {"actor": shop.admin, "payment_id": payment.pk, "now": timezone.now()}
    words = refused("already_reversed", services.allocate, **given).detail
    assert "Record the money anew" in words
    refused("already_reversed", services.reverse, reason="Twice", **given)
    assert disagreements() == {}


def test_a_payment_is_paid_again_after_a_reversal(shop):
    shop.sell(served("10"), paid="10.00")
    first_paid = Invoice.objects.get().paid_at
    reverse(shop, Payment.objects.get())
    assert Invoice.objects.get().status == "generated"
    shop.pay("10.00")
    invoice = Invoice.objects.get()
    assert (invoice.status, invoice.balance_due) == ("paid", 0)
    assert invoice.paid_at > first_paid
    assert disagreements() == {}


def test_money_that_waits_with_a_sale_and_is_reversed_settles_nothing_when_it_is_approved(shop, cylinder):
    sale = shop.sell(delivered(cylinder, 1, "50"), by=shop.driver, paid="50.00")
    reverse(shop, Payment.objects.get())
    approved = shop.approve(sale)
    assert due(approved.invoice) == ["50.00"]
    assert payment_status(approved) == "UNPAID"
    assert disagreements() == {}


def test_money_of_a_voided_sale_is_credit_and_goes_with_its_reversal(shop, cylinder):
    sale = shop.sell(delivered(cylinder), paid="54.50")
    payment = Payment.objects.get()
    shop.void(sale)
    assert balance_of(shop.customer.pk) == Decimal("-54.50")
    reverse(shop, payment)
    assert balance_of(shop.customer.pk) == 0
    assert disagreements() == {}


def test_over_the_api_a_reversal_is_answered_with_the_payment_once_and_then_refused(shop, signed_in):
    invoice = shop.sell(served("10")).invoice
    payment = shop.pay("10.00")
    client, path = signed_in(shop.admin), f"{API}payments/{payment.pk}/reverse/"
    key = {"Idempotency-Key": "r-1"}
    made = client.post(path, {"reason": "Mistyped"}, format="json", headers=key)
    assert made.status_code == 200, made.content
    row = made.json()
    assert (row["allocations"], row["unallocated"], row["reverse_reason"]) == ([], "0.00", "Mistyped")
    assert row["reversed_at"] is not None
    again = client.post(path, {"reason": "Mistyped"}, format="json", headers=key)
    assert (again.status_code, again.content) == (200, made.content)
    other = client.post(path, {"reason": "Mistyped"}, format="json")
    assert (other.status_code, is_a_problem(other)["code"]) == (409, "already_reversed")
    assert client.get(f"{API}payments/{payment.pk}/").json() == row
    (listed,) = client.get(f"{API}customers/{shop.customer.pk}/open-invoices/").json()["results"]
    assert (listed["id"], listed["balance_due"]) == (invoice.pk, "10.00")


# --- the credit of a credit note --------------------------------------------------------------------------------------


def test_a_credit_notes_credit_settles_the_oldest_invoices_or_those_named(shop, cylinder):
    note = shop.sell(full_back(cylinder)).invoice
    one, two, three = (shop.sell(served(rate)).invoice for rate in ("20", "20", "20"))
    use(shop, note, invoice_ids=[three.pk])
    assert due(one, two, three, note) == ["20.00", "20.00", "0.00", "-34.50"]
    use(shop, note)
    assert due(one, two, three, note) == ["0.00", "5.50", "0.00", "0.00"]
    note.refresh_from_db()
    assert note.paid_at is not None
    use(shop, note)  # nothing is left of it
    assert due(two) == ["5.50"]
    assert balance_of(shop.customer.pk) == Decimal("5.50")
    assert disagreements() == {}


def test_only_a_credit_note_has_credit_and_only_for_invoices_of_its_customer(shop, cylinder):
    note, other = shop.sell(full_back(cylinder)).invoice, shop.sell(full_back(cylinder)).invoice
    invoice = shop.sell(served("20")).invoice
    strangers = shop.sell(served("5"), customer=shop.another()).invoice
    given = {"actor": shop.admin, "now": timezone.now()}
    words = refused("no_credit_note", services.allocate_credit, invoice_id=invoice.pk, **given).detail
    assert "record a payment" in words
    for wrong in (strangers, other, note):
        ids = [invoice.pk, wrong.pk]
        no = refused("invalid", services.allocate_credit, invoice_id=note.pk, invoice_ids=ids, **given)
        assert list(no.errors) == ["invoices.1"]
    refused("not_found", services.allocate_credit, invoice_id=10**9, **given)


def test_a_correction_has_no_credit_of_its_own(shop):
    voided = shop.sell(served("20"))
    shop.void(voided)
    correction = Invoice.objects.get(corrects=voided.invoice)
    other = shop.sell(served("10")).invoice
    use(shop, correction)
    assert due(correction, other) == ["0.00", "10.00"]
    assert disagreements() == {}


def test_credit_comes_back_when_the_invoice_it_settled_is_voided(shop, cylinder):
    note = shop.sell(full_back(cylinder)).invoice
    sale = shop.sell(served("20"))
    use(shop, note)
    assert due(note, sale.invoice) == ["-34.50", "0.00"]
    shop.void(sale)
    assert due(note, sale.invoice) == ["-54.50", "0.00"]
    note.refresh_from_db()
    assert note.paid_at is None
    assert balance_of(shop.customer.pk) == Decimal("-54.50")
    assert disagreements() == {}


def test_what_credit_settled_is_open_again_when_the_credit_notes_sale_is_voided(shop, cylinder):
    back = shop.sell(full_back(cylinder))
    invoice = shop.sell(served("20")).invoice
    use(shop, back.invoice)
    shop.void(back)
    assert due(back.invoice, invoice) == ["0.00", "20.00"]
    invoice.refresh_from_db()
    assert invoice.paid_at is None
    assert balance_of(shop.customer.pk) == 20
    assert disagreements() == {}


def test_over_the_api_the_credit_note_is_answered_as_it_is_kept(shop, cylinder, signed_in):
    note = shop.sell(full_back(cylinder)).invoice
    invoice = shop.sell(served("20")).invoice
    client = signed_in(shop.admin)
    used = client.post(f"{API}invoices/{note.pk}/allocate/", {"invoices": [invoice.pk]}, format="json")
    assert (used.status_code, used.json()["balance_due"]) == (200, "-34.50")
    assert client.get(f"{API}invoices/{note.pk}/").json() == used.json()
    no = client.post(f"{API}invoices/{invoice.pk}/allocate/", {}, format="json")
    assert (no.status_code, is_a_problem(no)["code"]) == (409, "no_credit_note")
