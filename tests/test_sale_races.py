"""Many clients at one sale, one meter, one invoice. Each race has a control without the lock, and there it is seen."""

import random
import threading
import time
from collections import Counter
from decimal import Decimal
from functools import partial

import pytest
from django.utils import timezone

from lpg import sql, work
from lpg.errors import Refused
from lpg.idempotency import services as idempotency
from lpg.invoices.models import Invoice
from lpg.meters import services as meters
from lpg.meters.models import MeterReading
from lpg.numbering.services import Numbered, prepare
from lpg.payments import services as payments
from lpg.payments.models import Allocation, Payment
from lpg.payments.services import Money
from lpg.transactions import holds
from lpg.transactions import services as sales
from lpg.transactions.models import Transaction
from tests import make
from tests.races import PATIENCE, all_well, together
from tests.sales import API, Shop, a_meter, delivered, returned, served
from tests.stock import disagreements, held

CLIENTS = 12
DECISIONS = 200
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop(admin, driver):
    prepare(timezone.now())
    return Shop(admin, driver)


@pytest.fixture
def unlocked(monkeypatch):
    """As if nobody locked: reads pass each other."""
    monkeypatch.setattr(sql, "locking", lambda: "")


def post(user, path, body):
    """A client of its own that posts and keeps its answer."""
    client = make.a_client(user)
    return lambda: client.post(path, body, format="json")


def meet(monkeypatch, *steps):
    """Two threads wait for each other after these steps: what each has read, the other has not yet changed."""
    barrier = threading.Barrier(2)

    def met(step, *given, **more):
        result = step(*given, **more)
        barrier.wait(PATIENCE)
        return result

    for module, name in steps:
        monkeypatch.setattr(module, name, partial(met, getattr(module, name)))


# --- one sale, sent many times ------------------------------------------------------------------------------------


@pytest.fixture
def body(shop):
    customer = shop.another(meter_rate=Decimal("2.0000"))
    a_meter(shop.admin, customer, "100")
    cylinder = shop.thing("54.5000", customer)
    return {
        "customer": customer.pk,
        "items": [
            {"item_type": "DELIVERY", "equipment": cylinder.pk, "quantity": 3},
            {"item_type": "EMPTY_RETURN", "equipment": cylinder.pk, "quantity": 2},
            {"item_type": "SERVICE", "quantity": 1, "rate": "5.00", "description": "Hose"},
        ],
        "current_meter_reading": "110.000",
        "payment": {"method": "CASH", "amount": "20.00"},
        "client_temp_id": "phone-1",
    }


def test_twelve_that_post_one_sale_get_one_answer_and_there_is_one_sale(shop, body):
    """By both of the owner's addresses, under either name of the key."""
    driver = shop.driver
    parts = [post(driver, f"{API}{'create_transaction/' if n % 2 else ''}", body) for n in range(CLIENTS)]
    answers = all_well(together(*parts))
    assert [answer.status_code for answer in answers] == [201] * CLIENTS, {answer.content for answer in answers}
    assert len({answer.content for answer in answers}) == 1
    assert Counter(answer.headers.get("Idempotent-Replayed") for answer in answers) == {None: 1, "true": CLIENTS - 1}
    for model in (Transaction, Invoice, Payment):
        assert model.objects.count() == 1, model
    assert MeterReading.objects.filter(kind="PLAIN").count() == 1
    other = post(driver, API, {**body, "current_meter_reading": "110.001"})()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert (Transaction.objects.count(), disagreements()) == (1, {})


def test_of_twelve_that_post_different_sales_under_one_id_one_is_taken_and_the_others_told(shop, body):
    parts = [post(shop.driver, API, {**body, "current_meter_reading": f"{110 + n}"}) for n in range(CLIENTS)]
    answers = Counter((answer.status_code, answer.json().get("code")) for answer in all_well(together(*parts)))
    assert answers == {(201, None): 1, (422, "idempotency_mismatch"): CLIENTS - 1}
    assert (Transaction.objects.count(), disagreements()) == (1, {})


def test_control_without_the_claim_one_sale_is_there_twelve_times(shop, body, monkeypatch):
    monkeypatch.setattr(idempotency, "_claim", lambda user_id, key, content: True)
    answers = all_well(together(*[post(shop.driver, API, body) for _ in range(CLIENTS)]))
    assert [answer.status_code for answer in answers] == [201] * CLIENTS
    assert Transaction.objects.count() == CLIENTS


# --- one meter, read by two ---------------------------------------------------------------------------------------


def read_at_once(shop, first: str, second: str) -> tuple[set, Decimal, Decimal]:
    """Two sales read the meter at 100: what they were answered, what they billed, what the meter shows."""
    customer = shop.another(meter_rate=Decimal("2.0000"))
    meter = a_meter(shop.admin, customer, "100")
    bodies = [{"customer": customer.pk, "current_meter_reading": reading} for reading in (first, second)]
    answers = all_well(together(*[post(shop.admin, API, body) for body in bodies]))
    meter.refresh_from_db()
    billed = sum(row.meter_usage for row in Transaction.objects.filter(customer=customer))
    return {(answer.status_code, answer.json().get("code")) for answer in answers}, billed, meter.current_reading


@pytest.mark.parametrize(("first", "second"), [("130", "130"), ("110", "130"), ("130", "110")])
def test_two_sales_that_read_one_meter_at_once_bill_what_it_has_measured(shop, first, second):
    for _ in range(8):
        answers, billed, shown = read_at_once(shop, first, second)
        assert answers <= {(201, None), (409, "meter_reading_regressed")}
        assert (billed, shown) == (30, 130)
    assert disagreements() == {}


def test_control_without_the_lock_two_sales_bill_the_same_gas(shop, unlocked, monkeypatch):
    customer = shop.another(meter_rate=Decimal("2.0000"))
    a_meter(shop.admin, customer, "100")
    meet(monkeypatch, (meters, "due"))
    reading, naked = sales.Reading(Decimal(130)), sales.sell.__wrapped__
    given = {"actor": shop.admin, "customer_id": customer.pk, "reading": reading, "now": timezone.now()}
    all_well(together(*[lambda: naked(**given)] * 2))
    assert sum(Transaction.objects.values_list("meter_usage", flat=True)) == 60
    assert "meters: chains never fall unless declared" in disagreements()


# --- void against approve -----------------------------------------------------------------------------------------


def decided_at_once(shop, ids: list[int]) -> Counter:
    """Each sale is voided by one and approved by another at the same moment; what the two were told, counted."""
    gate = threading.Barrier(2)

    def each(do) -> list[str]:
        told = []
        for id in ids:
            gate.wait(PATIENCE)
            time.sleep(random.uniform(0, 0.002))  # both come first now and then
            try:
                work.run(lambda id=id: do(actor=shop.admin, transaction_id=id, now=timezone.now()))
                told.append("done")
            except Refused as refused:
                told.append(refused.code)
        return told

    def void(**given):
        return sales.void(reason="Wrong shop", **given)

    voided, approved = all_well(together(lambda: each(void), lambda: each(sales.approve)))
    return Counter(zip(voided, approved, strict=True))


def endings() -> Counter:
    """How the sales ended: status, documents at issue, credit notes."""
    found: Counter = Counter()
    for row in Transaction.objects.prefetch_related("documents"):
        corrections = [document.is_correction for document in row.documents.all()]
        found[row.status, corrections.count(False), corrections.count(True)] += 1
    return found


def waiting(shop, count: int) -> list[int]:
    cylinder = shop.thing("54.5000")
    return [
        shop.sell(delivered(cylinder, 1, "50"), returned(cylinder), by=shop.driver, paid="10").transaction.pk
        for _ in range(count)
    ]


def test_void_and_approve_raced_two_hundred_times_have_two_endings(shop):
    told = decided_at_once(shop, waiting(shop, DECISIONS))
    first, second = ("done", "not_pending"), ("done", "done")  # void first; approve first
    assert set(told) == {first, second}, told
    found = endings()
    assert found["VOIDED", 0, 0] == told[first]
    assert found["VOIDED", 1, 1] == told[second]
    assert sum(found[ending] for ending in (("VOIDED", 0, 0), ("VOIDED", 1, 1))) == DECISIONS
    assert disagreements() == {}


def test_control_without_the_lock_a_voided_sale_has_an_invoice_and_no_credit_note(shop, unlocked, monkeypatch):
    (id,) = waiting(shop, 1)
    given = {"actor": shop.admin, "transaction_id": id, "now": timezone.now()}
    seen, approved = threading.Event(), threading.Event()
    step = sales.locked_documents

    def documents(*asked):
        found = step(*asked)
        seen.set()  # the void has seen that there is none
        approved.wait(PATIENCE)
        return found

    def approve():
        seen.wait(PATIENCE)
        sales.approve.__wrapped__(**given)
        approved.set()

    monkeypatch.setattr(sales, "locked_documents", documents)
    all_well(together(lambda: sales.void.__wrapped__(reason="x", **given), approve))
    assert endings() == {("VOIDED", 1, 0): 1}
    assert "sales: each ever confirmed has its document, voided ones a credit note" in disagreements()


# --- money --------------------------------------------------------------------------------------------------------


def settled(invoice: Invoice) -> tuple[Decimal, Decimal, Decimal]:
    """Of an invoice: what is allocated to it, what is due; and what is left of the payments."""
    invoice.refresh_from_db()
    rows = Allocation.objects.filter(invoice=invoice, released_at=None)
    left = sum(Payment.objects.values_list("unallocated", flat=True))
    return sum(row.amount for row in rows), invoice.balance_due, left


def test_payments_made_at_once_never_settle_an_invoice_twice(shop):
    invoice = shop.sell(served("100")).invoice
    body = {"customer": shop.customer.pk, "method": "CASH", "amount": "30.00", "invoices": [invoice.pk]}
    answers = all_well(together(*[post(shop.driver, "/api/v1/payments/", body) for _ in range(CLIENTS)]))
    assert {answer.status_code for answer in answers} == {201}
    assert settled(invoice) == (100, 0, 30 * CLIENTS - 100)
    assert len(set(Payment.objects.values_list("payment_number", flat=True))) == CLIENTS
    assert disagreements() == {}


def test_credit_allocated_at_once_is_used_once(shop):
    credit = shop.pay("100")
    first = shop.sell(served("80")).invoice
    shop.sell(served("80"))
    path = f"/api/v1/payments/{credit.pk}/allocate/"
    answers = all_well(together(*[post(shop.admin, path, {}) for _ in range(CLIENTS)]))
    assert {answer.status_code for answer in answers} == {200}
    assert settled(first) == (80, 0, 0)
    assert sum(Allocation.objects.values_list("amount", flat=True)) == 100
    assert disagreements() == {}


def test_control_without_the_lock_an_invoice_is_settled_twice(shop, unlocked, monkeypatch):
    invoice = shop.sell(served("100")).invoice
    meet(monkeypatch, (payments, "_to_settle"))
    given = {"customer_id": shop.customer.pk, "money": Money("CASH", Decimal(100)), "now": timezone.now()}
    naked = payments.record.__wrapped__
    all_well(together(*[lambda: naked(actor=shop.admin, **given)] * 2))
    assert settled(invoice) == (200, 0, 0)
    assert "payments: what is due is what allocations leave" in disagreements()


def test_a_payment_and_a_void_at_once_leave_no_money_on_a_voided_invoice(shop):
    for _ in range(10):
        sale = shop.sell(served("50"))
        pay = {"customer": shop.customer.pk, "method": "CASH", "amount": "50.00", "invoices": [sale.invoice.pk]}
        void = post(shop.admin, f"{API}{sale.transaction.pk}/void/", {"reason": "x"})
        answers = all_well(together(post(shop.driver, "/api/v1/payments/", pay), void))
        assert [answer.status_code for answer in answers] == [201, 200]
    assert sum(Payment.objects.values_list("unallocated", flat=True)) == 500
    assert disagreements() == {}


@pytest.fixture
def limited(shop):
    """Up to 100.00; its place is there already, so that nobody waits for another to make it."""
    customer = shop.another(payment_type="CREDIT", credit_limit=Decimal(100))
    shop.sell(served("0"), customer=customer)
    return customer


def held_for() -> Counter:
    return Counter(Transaction.objects.exclude(total_amount=0).values_list("held_for", flat=True))


def test_of_twelve_sales_that_each_fit_the_credit_limit_alone_one_is_confirmed(shop, limited):
    items = [{"item_type": "SERVICE", "quantity": 1, "rate": "60", "description": "Hose"}]
    parts = [post(shop.admin, API, {"customer": limited.pk, "items": items}) for _ in range(CLIENTS)]
    answers = all_well(together(*parts))
    assert {answer.status_code for answer in answers} == {201}
    assert held_for() == {"": 1, "credit_limit": CLIENTS - 1}
    assert disagreements() == {}


def test_control_without_the_lock_two_sales_fit_a_limit_that_only_one_does(shop, limited, unlocked, monkeypatch):
    meet(monkeypatch, (holds, "reasons"))
    given = {"customer_id": limited.pk, "items": [served("60")], "now": timezone.now()}
    all_well(together(*[lambda: sales.sell.__wrapped__(actor=shop.admin, **given)] * 2))
    assert held_for() == {"": 2}


# --- everybody at once --------------------------------------------------------------------------------------------


def test_opposite_orders_of_lines_and_customers_never_show_a_client_a_deadlock(shop):
    customers = [shop.another(payment_type="CREDIT", credit_limit=Decimal(10**6)) for _ in range(3)]
    things = [shop.thing("54.5000", *customers) for _ in range(6)]
    before = [held(shop.truck, thing) for thing in things]
    parts = []
    for number in range(2 * CLIENTS):
        ordered = things if number % 2 else things[::-1]
        items = [{"item_type": "DELIVERY", "equipment": thing.pk, "quantity": 2} for thing in ordered]
        items += [{"item_type": "EMPTY_RETURN", "equipment": thing.pk, "quantity": 1} for thing in reversed(ordered)]
        body = {"customer": customers[number % 3].pk, "items": items, "client_temp_id": f"phone-{number}"}
        parts.append(post(shop.driver, API, {**body, "payment": {"method": "CASH", "amount": "5.00"}}))
    to_void = [shop.sell(delivered(thing, 1), customer=customer) for thing in things for customer in customers]
    parts += [post(shop.admin, f"{API}{sale.transaction.pk}/void/", {"reason": "x"}) for sale in to_void]
    answers = all_well(together(*parts))
    assert Counter(answer.status_code for answer in answers) == {201: 2 * CLIENTS, 200: len(to_void)}
    assert [held(shop.truck, thing) for thing in things] == [full - 4 * CLIENTS for full in before]
    numbers = sorted(Transaction.objects.values_list("transaction_number", flat=True))
    assert [int(number[-6:]) for number in numbers] == list(range(1, len(numbers) + 1))
    assert numbers[0].startswith(Numbered.TRANSACTION.value[0])
    assert disagreements() == {}
