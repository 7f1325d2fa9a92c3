"""Sixteen clients at one invoice's or one credit's money: settled once, whoever comes first, and not a cent beyond."""

import threading
from collections import Counter
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg import sql
from lpg.invoices.models import Invoice
from lpg.numbering.services import prepare
from lpg.payments import services as payments
from lpg.payments.models import Allocation, Payment
from lpg.payments.selectors import balance_of
from tests import make
from tests.races import PATIENCE, all_well, together
from tests.sales import API, Shop, full_back, served
from tests.stock import disagreements

CLIENTS = 16
PAYMENTS = "/api/v1/payments/"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(admin, driver):
    prepare(timezone.now())
    return Shop(admin, driver)


def post(user, path, body):
    client = make.a_client(user)
    return lambda: client.post(path, body, format="json")


def live() -> Decimal:
    return sum(Allocation.objects.filter(released_at=None).values_list("amount", flat=True), Decimal(0))


@pytest.mark.parametrize("named", [True, False])
def test_sixteen_that_pay_one_invoice_in_full_pay_it_once_and_the_rest_is_credit(shop, named):
    invoice = shop.sell(served("100")).invoice
    body = {"customer": shop.customer.pk, "method": "PAYNOW", "amount": "100.00"}
    body |= {"invoices": [invoice.pk]} if named else {}
    answers = all_well(together(*[post(shop.driver, PAYMENTS, body) for _ in range(CLIENTS)]))
    assert [answer.status_code for answer in answers] == [201] * CLIENTS
    assert Counter(answer.json()["unallocated"] for answer in answers) == {"0.00": 1, "100.00": CLIENTS - 1}
    invoice.refresh_from_db()
    assert (invoice.balance_due, invoice.status, live()) == (0, "paid", 100)
    assert balance_of(shop.customer.pk) == -100 * (CLIENTS - 1)
    assert len(set(Payment.objects.values_list("payment_number", flat=True))) == CLIENTS
    assert disagreements() == {}


def test_sixteen_that_reverse_one_payment_reverse_it_once(shop):
    invoice = shop.sell(served("100")).invoice
    path = f"{PAYMENTS}{shop.pay('100').pk}/reverse/"
    answers = all_well(together(*[post(shop.admin, path, {"reason": "x"}) for _ in range(CLIENTS)]))
    told = Counter((answer.status_code, answer.json().get("code")) for answer in answers)
    assert told == {(200, None): 1, (409, "already_reversed"): CLIENTS - 1}
    invoice.refresh_from_db()
    assert (invoice.balance_due, live()) == (100, 0)
    assert disagreements() == {}


def test_one_credit_note_used_by_sixteen_at_once_is_used_once(shop):
    cylinder = shop.thing("60.0000")
    note = shop.sell(full_back(cylinder)).invoice
    for _ in range(3):
        shop.sell(served("40"))
    path = f"/api/v1/invoices/{note.pk}/allocate/"
    answers = all_well(together(*[post(shop.admin, path, {}) for _ in range(CLIENTS)]))
    assert {answer.status_code for answer in answers} == {200}
    assert live() == 60
    assert sum(Invoice.objects.values_list("balance_due", flat=True)) == 60
    assert disagreements() == {}


def test_reversal_use_and_void_of_the_same_money_at_once_agree_in_the_end(shop):
    for _ in range(6):
        sale = shop.sell(served("50"), paid="50.00")
        other = shop.sell(served("30")).invoice
        payment = sale.transaction.payments.get()
        parts = [
            post(shop.admin, f"{PAYMENTS}{payment.pk}/reverse/", {"reason": "x"}),
            post(shop.admin, f"{API}{sale.transaction.pk}/void/", {"reason": "x"}),
            post(shop.admin, f"{PAYMENTS}{payment.pk}/allocate/", {"invoices": [other.pk]}),
        ]
        answers = all_well(together(*parts))
        assert [answer.status_code for answer in answers[:2]] == [200, 200]
        assert answers[2].status_code in {200, 409}
        payment.refresh_from_db()
        assert (payment.unallocated, payment.allocations.filter(released_at=None).count()) == (0, 0)
        other.refresh_from_db()
        assert other.balance_due == 30
        shop.pay("30.00")
    assert balance_of(shop.customer.pk) == 0
    assert disagreements() == {}


def test_control_without_the_lock_one_credit_is_used_twice_and_a_reversal_leaves_a_settled_invoice(shop, monkeypatch):
    """The tests above can fail."""
    monkeypatch.setattr(sql, "locking", lambda: "")
    payment = shop.pay("100.00")
    invoice = shop.sell(served("100")).invoice
    read, reversed_ = threading.Event(), threading.Event()
    step = payments._to_settle

    def to_settle(*given):
        found = step(*given)
        read.set()  # the money is there, and the invoice open
        reversed_.wait(PATIENCE)
        return found

    def reverse():
        read.wait(PATIENCE)
        payments.reverse.__wrapped__(reason="x", **given)
        reversed_.set()

    monkeypatch.setattr(payments, "_to_settle", to_settle)
    given = {"actor": shop.admin, "payment_id": payment.pk, "now": timezone.now()}
    all_well(together(lambda: payments.allocate.__wrapped__(**given), reverse))
    payment.refresh_from_db()
    invoice.refresh_from_db()
    assert payment.reversed_at is not None
    assert invoice.balance_due == 0
    assert "payments: reversed ones hold nothing, and the audit says so" in disagreements()
