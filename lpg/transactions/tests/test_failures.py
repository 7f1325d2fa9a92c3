"""Whatever breaks on the way, nothing of a sale is left: no row, no number used, no movement."""

from contextlib import nullcontext
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection

from lpg import sql
from lpg.audit import services as audit
from lpg.inventory import services as inventory
from lpg.invoices import services as invoices
from lpg.invoices.models import Invoice, InvoiceLine
from lpg.meters import services as meters
from lpg.meters.models import MeterReading
from lpg.payments import services as payments
from lpg.payments.models import Allocation, Payment
from lpg.transactions import holds, parties
from lpg.transactions import services as sales
from lpg.transactions.models import Transaction, TransactionItem
from tests.sales import API, Shop, a_meter, a_reading, books, delivered, returned
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
SECRET = "a wheel came off"


class Broken(Exception):
    pass


class Counter:
    """One sale with all its effects at a counter that goes on when our side breaks."""

    def __init__(self, admin, driver, signed_in):
        shop = self.shop = Shop(admin, driver)
        self.client = signed_in(admin)
        self.client.raise_request_exception = False
        self.customer = shop.another(meter_rate=Decimal("2.0000"))
        self.cylinder = shop.thing("54.5000", self.customer)
        meter = a_meter(admin, self.customer, "100")
        a_reading(admin, meter, "110")
        shop.sell(delivered(self.cylinder), customer=self.customer)  # no place, balance or series is new

    def body(self, **more) -> dict:
        lines = [("DELIVERY", 3), ("EMPTY_RETURN", 2), ("FULL_RETURN", 1)]
        items = [{"item_type": kind, "equipment": self.cylinder.pk, "quantity": number} for kind, number in lines]
        return {
            "customer": self.customer.pk,
            "vehicle": self.shop.truck.id,
            "items": [*items, {"item_type": "SERVICE", "quantity": 1, "rate": "5", "description": "Hose"}],
            "current_meter_reading": "120.000",
            "payment": {"method": "CASH", "amount": "70.00"},
            "client_temp_id": "phone-1",
            **more,
        }

    def post(self, path: str, body: dict, **headers: str):
        return self.client.post(f"{API}{path}", body, format="json", headers=headers)

    def breaks(self, request, when=nullcontext) -> bool:
        """Whether `request` broke, and then has left nothing; else it has succeeded."""
        before = books()
        with when():
            answer = request()
        if answer.status_code < 300:
            assert books() != before
            return False
        assert (answer.status_code, answer.json()["code"]) == (500, "server_error"), answer.content
        assert SECRET not in answer.content.decode()
        assert books() == before
        return True


@pytest.fixture
def counter(admin, driver, signed_in):
    return Counter(admin, driver, signed_in)


# --- each step by its name ----------------------------------------------------------------------------------------

STEPS = [
    (parties, "locked_customer"),
    (sales, "priced_on"),
    (sales, "usable"),
    (sales, "priced"),
    (meters, "due"),
    (parties, "places"),
    (invoices, "total_of"),
    (holds, "reasons"),
    (inventory, "shift"),
    (meters, "show"),
    (sales, "take_all"),
    (sales, "_keep"),
    (meters, "bill"),
    (inventory, "post"),
    (payments, "receive"),
    (sales, "told"),
    (invoices, "issue"),
    (payments, "link"),
    (audit, "record_all"),
]


@pytest.mark.parametrize(("module", "name"), STEPS, ids=[f"{m.__name__[4:]}.{n}" for m, n in STEPS])
def test_a_sale_that_breaks_after_a_step_leaves_nothing_and_can_be_sent_again(counter, monkeypatch, module, name):
    step = getattr(module, name)

    def broken(*given, **more):
        step(*given, **more)
        raise Broken(SECRET)

    with monkeypatch.context() as patched:
        patched.setattr(module, name, broken)
        assert counter.breaks(partial(counter.post, "", counter.body()))
    assert not counter.breaks(partial(counter.post, "", counter.body()))
    assert disagreements() == {}


MODELS = [Transaction, TransactionItem, MeterReading, Payment, Invoice, InvoiceLine, Allocation]


@pytest.mark.parametrize("model", MODELS, ids=[model.__name__ for model in MODELS])
def test_a_sale_that_breaks_after_writing_rows_leaves_none(counter, monkeypatch, model):
    add = sql.add

    def broken(new):
        add(new)
        if isinstance(new[0], model):
            raise Broken(SECRET)

    with monkeypatch.context() as patched:
        patched.setattr(sql, "add", broken)
        assert counter.breaks(partial(counter.post, "", counter.body()))
    assert not counter.breaks(partial(counter.post, "", counter.body()))
    assert disagreements() == {}


# --- each statement, whatever it is ------------------------------------------------------------------------------

BRACKETS = ("SAVEPOINT", "RELEASE", "ROLLBACK")


class Nth:
    """The n-th statement is done, and then the machine breaks."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.seen = ""

    def __call__(self, execute, statement, values, many, context):
        result = execute(statement, values, many, context)
        if not statement.startswith(BRACKETS):
            self.left -= 1
            if self.left == 0:
                self.seen = statement
                raise Broken(SECRET)
        return result


def broken_everywhere(counter, request) -> list[str]:
    """Break `request` after each of its statements in turn, until it succeeds; the statements."""
    seen = []
    while True:
        nth = Nth(len(seen) + 1)
        if not counter.breaks(request, partial(connection.execute_wrapper, nth)):
            assert not nth.seen
            assert disagreements() == {}
            return seen
        seen.append(nth.seen)


def test_a_sale_that_breaks_at_any_statement_leaves_nothing(counter):
    seen = broken_everywhere(counter, partial(counter.post, "", counter.body()))
    tables = ("transaction", "transactionitem", "meterreading", "movement", "payment", "invoice", "invoiceline")
    written = [statement for statement in seen if statement.startswith("INSERT")]
    for table in (*tables, "allocation", "auditlog", "numbering_series", "idempotency_answer"):
        assert any(table in statement for statement in written), table
    assert seen[-1].startswith("UPDATE idempotency_answer")


def test_a_sale_that_waits_is_approved_whole_or_not_at_all(counter):
    driver = counter.shop.driver
    waits = counter.shop.sell(delivered(counter.cylinder, 1, "50"), customer=counter.customer, by=driver, paid="20")
    assert waits.invoice is None
    path = f"{waits.transaction.pk}/approve/"
    seen = broken_everywhere(counter, partial(counter.post, path, {}, **{"Idempotency-Key": "once"}))
    assert any("invoices_invoiceline" in statement for statement in seen)
    assert Invoice.objects.get(transaction=waits.transaction).balance_due == 30


def test_a_sale_is_voided_whole_or_not_at_all(counter):
    items = [delivered(counter.cylinder), returned(counter.cylinder, 2)]
    sale = counter.shop.sell(*items, customer=counter.customer, reading="130", paid="20")
    path = f"{sale.transaction.pk}/void/"
    request = partial(counter.post, path, {"reason": "Wrong"}, **{"Idempotency-Key": "once"})
    seen = broken_everywhere(counter, request)
    for table in ("inventory_movement", "meters_meterreading", "payments_allocation", "numbering_series"):
        assert any(table in statement for statement in seen), table
    assert Invoice.objects.filter(is_correction=True).count() == 1
