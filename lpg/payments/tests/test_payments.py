"""Money with a sale and money by itself: what it settles, what is left, and who may take it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.invoices.models import Invoice
from lpg.numbering.models import Series
from lpg.payments import services
from lpg.payments.models import Allocation, Payment
from lpg.payments.selectors import balance_of
from tests.sales import answer, delivered, full_back, refused, returned, served
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
API = "/api/v1/payments/"


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


def allocated(payment: Payment) -> list[tuple[int, str]]:
    rows = Allocation.objects.filter(payment=payment, released_at=None).order_by("pk")
    return [(row.invoice_id, str(row.amount)) for row in rows]


def left(payment: Payment) -> str:
    payment.refresh_from_db()
    return str(payment.unallocated)


# --- with a sale --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid", "status", "due", "credit", "document"),
    [
        ("", "UNPAID", "109.00", None, "generated"),
        ("0.01", "PARTIAL", "108.99", "0.00", "generated"),
        ("108.99", "PARTIAL", "0.01", "0.00", "generated"),
        ("109.00", "PAID", "0.00", "0.00", "paid"),
        ("109.01", "PAID", "0.00", "0.01", "paid"),
        ("500.00", "PAID", "0.00", "391.00", "paid"),
    ],
)
def test_part_full_and_too_much(shop, cylinder, paid, status, due, credit, document):
    now = timezone.now()
    sold, invoice = answer(shop.sell(delivered(cylinder, 2), paid=paid, now=now))
    assert (sold["status"], sold["payment_status"]) == ("CONFIRMED", status)
    assert (invoice["balance_due"], invoice["status"]) == (due, document)
    assert str(Invoice.objects.get().due_at_issue) == due
    assert invoice["paid_at"] == (invoice["generated_at"] if document == "paid" else None)
    payment = Payment.objects.first()
    if credit is None:
        assert payment is None
    else:
        assert (payment.payment_number, payment.transaction_id) == (
            f"RCP-{timezone.localdate(now).year}-000001",
            sold["id"],
        )
        assert (str(payment.amount), str(payment.unallocated)) == (paid, credit)
        assert allocated(payment) == [(invoice["id"], f"{Decimal(paid) - Decimal(credit):.2f}")]
    assert balance_of(shop.customer.pk) == Decimal(109) - Decimal(paid or 0)
    assert disagreements() == {}


def test_where_gst_comes_on_top_the_payment_is_for_the_document(shop, settings, cylinder):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    settings.PRICES_INCLUDE_GST = False
    sold, invoice = answer(shop.sell(delivered(cylinder, 2), paid="109.00"))
    assert (sold["payment_status"], invoice["total_amount"], invoice["balance_due"]) == ("PARTIAL", "118.81", "9.81")
    assert balance_of(shop.customer.pk) == Decimal("9.81")
    assert disagreements() == {}


@pytest.mark.parametrize("sold", ["below zero", "at zero"])
def test_money_taken_with_a_sale_that_owes_nothing_is_credit(shop, cylinder, sold):
    items = {"below zero": [full_back(cylinder)], "at zero": [returned(cylinder)]}
    sale = shop.sell(*items[sold], paid="10.00")
    assert answer(sale)[0]["payment_status"] == "PAID"
    payment = Payment.objects.get()
    assert (left(payment), allocated(payment)) == ("10.00", [])
    assert balance_of(shop.customer.pk) == Decimal("-64.50" if sold == "below zero" else "-10.00")
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("paid", "status", "due", "credit"),
    [("30.00", "PARTIAL", "20.00", "0.00"), ("50.00", "PAID", "0.00", "0.00"), ("80.00", "PAID", "0.00", "30.00")],
)
def test_with_a_sale_that_waits_the_money_waits_until_it_is_approved(shop, cylinder, paid, status, due, credit):
    sale = shop.sell(delivered(cylinder, 1, "50"), by=shop.driver, paid=paid)
    payment = Payment.objects.get()
    assert (answer(sale)[0]["payment_status"], left(payment), allocated(payment)) == ("UNPAID", paid, [])
    assert balance_of(shop.customer.pk) == -Decimal(paid)
    approved = shop.approve(sale)
    sold, invoice = answer(approved)
    assert (sold["payment_status"], invoice["balance_due"], left(payment)) == (status, due, credit)
    assert str(approved.invoice.due_at_issue) == due  # what its PayNow code asks for
    assert allocated(payment) == [(invoice["id"], f"{Decimal(paid) - Decimal(credit):.2f}")]
    assert bool(invoice["paid_at"]) == (status == "PAID")
    assert disagreements() == {}


def test_what_was_used_meanwhile_no_longer_waits(shop, cylinder):
    other = shop.sell(delivered(cylinder, 2))
    sale = shop.sell(delivered(cylinder, 1, "50"), by=shop.driver, paid="50.00")
    payment = Payment.objects.get()
    services.allocate(actor=shop.admin, payment_id=payment.pk, now=timezone.now())
    assert allocated(payment) == [(other.invoice.pk, "50.00")]
    sold, invoice = answer(shop.approve(sale))
    assert (sold["payment_status"], invoice["balance_due"], left(payment)) == ("UNPAID", "50.00", "0.00")
    assert disagreements() == {}


# --- by itself ----------------------------------------------------------------------------------------------------


@pytest.fixture
def three(shop):
    """Invoices of 10.00, 20.00 and 30.00."""
    return [shop.sell(served(rate)).invoice for rate in ("10", "20", "30")]


def due(*documents) -> list[str]:
    for document in documents:
        document.refresh_from_db()
    return [str(document.balance_due) for document in documents]


def test_the_oldest_invoices_are_settled_first(shop, three):
    one, two, three = three
    shop.pay("5.00", shop.another())
    first, second, third = shop.pay("15.00"), shop.pay("40.00"), shop.pay("10.00")
    assert allocated(first) == [(one.pk, "10.00"), (two.pk, "5.00")]
    assert allocated(second) == [(two.pk, "15.00"), (three.pk, "25.00")]
    assert allocated(third) == [(three.pk, "5.00")]
    assert (due(one, two, three), left(third)) == (["0.00"] * 3, "5.00")
    assert all(invoice.paid_at for invoice in (one, two, three))
    numbers = Payment.objects.order_by("pk").values_list("payment_number", flat=True)
    assert [number[-6:] for number in numbers] == ["000001", "000002", "000003", "000004"]
    assert disagreements() == {}


def test_named_invoices_are_settled_in_their_order_and_no_others(shop, three):
    one, two, three = three
    payment = shop.pay("45.00", invoice_ids=[three.pk, one.pk, three.pk])
    assert allocated(payment) == [(three.pk, "30.00"), (one.pk, "10.00")]
    assert (due(one, two, three), left(payment)) == (["0.00", "20.00", "0.00"], "5.00")
    again = shop.pay("5.00", invoice_ids=[three.pk])  # paid already: it stays as credit
    assert (allocated(again), left(again)) == ([], "5.00")
    unused = shop.pay("1.00", invoice_ids=[])
    assert (allocated(unused), left(unused)) == ([], "1.00")
    assert disagreements() == {}


def test_what_is_over_is_kept_until_it_is_allocated_on_purpose(shop, three):
    payment = shop.pay("100.00")
    assert left(payment) == "40.00"
    sale = shop.sell(served("25"))
    assert due(sale.invoice) == ["25.00"]
    services.allocate(actor=shop.admin, payment_id=payment.pk, now=timezone.now())
    assert (due(sale.invoice), left(payment)) == (["0.00"], "15.00")
    services.allocate(actor=shop.admin, payment_id=payment.pk, invoice_ids=[sale.invoice.pk], now=timezone.now())
    assert left(payment) == "15.00"
    assert disagreements() == {}


def test_only_open_invoices_of_that_customer_can_be_named(shop, cylinder, three):
    note = shop.sell(full_back(cylinder)).invoice
    strangers = shop.sell(served("5"), customer=shop.another()).invoice
    for wrong in (note, strangers):
        no = refused("invalid", shop.pay, "5.00", invoice_ids=[three[0].pk, wrong.pk])
        assert list(no.errors) == ["invoices.1"]
    payment = shop.pay("500.00", invoice_ids=[])
    given = {"actor": shop.admin, "payment_id": payment.pk, "invoice_ids": [strangers.pk], "now": timezone.now()}
    assert list(refused("invalid", services.allocate, **given).errors) == ["invoices.0"]


def test_a_payment_is_never_of_tomorrow(shop):
    now = timezone.now()
    assert shop.pay("5.00", now=now, received_at=now + timedelta(minutes=5)).received_at > now
    late = {"now": now, "received_at": now + timedelta(minutes=5, seconds=1)}
    assert list(refused("invalid", shop.pay, "5.00", **late).errors) == ["received_at"]
    assert shop.pay("5.00", now=now, received_at=now - timedelta(days=300)).received_at < now


def test_over_the_api_the_answer_is_what_is_kept_and_a_repeat_is_the_same(shop, three, signed_in):
    client = signed_in(shop.driver)
    body = {"customer": shop.customer.pk, "method": "PAYNOW", "amount": "70.00", "client_temp_id": "phone-7"}
    made = client.post(API, body, format="json")
    assert made.status_code == 201, made.content
    assert made.json()["allocations"] == [
        {"invoice": invoice.pk, "amount": str(invoice.total_amount)} for invoice in three
    ]
    assert (made.json()["unallocated"], made.json()["client_temp_id"]) == ("10.00", "phone-7")
    again = client.post(API, body, format="json")
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, made.content, "true")
    other = client.post(API, {**body, "amount": "70.01"}, format="json")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert client.get(f"{API}{made.json()['id']}/").json() == made.json()
    assert Series.objects.get(series="RCP").last == Payment.objects.count() == 1
    shop.sell(served("4"))
    used = client.post(f"{API}{made.json()['id']}/allocate/", {}, format="json")
    assert (used.status_code, used.json()["unallocated"]) == (200, "6.00")


def test_money_is_taken_only_from_customers_of_the_own_depots(shop, three, other_driver, signed_in):
    body = {"customer": shop.customer.pk, "method": "CASH", "amount": "5.00"}
    refused_one = signed_in(other_driver).post(API, body, format="json")
    assert (refused_one.status_code, list(refused_one.json()["errors"])) == (400, ["customer"])
    payment = shop.pay("5.00")
    assert signed_in(other_driver).post(f"{API}{payment.pk}/allocate/", {}, format="json").status_code == 404
    assert Payment.objects.count() == 1
