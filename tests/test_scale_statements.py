"""A statement of fifty thousand entries: two seconds, and no more memory than one of a few."""

import json
import time
import tracemalloc

import pytest
from django.utils import timezone

from lpg import sql
from lpg.payments.models import Payment
from tests import make
from tests.sales_history import SalesHistory

ENTRIES, PAYMENTS = 50_000, 10_000
FEW = 3_000
MOST_MEMORY = 4 * 1024 * 1024


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


def a_long_past(admin, driver, customer, cylinder, entries, payments) -> None:
    """Sales with their stock, a thousand a day, and payments of one cent each, all of today."""
    SalesHistory(admin, driver, [customer], cylinder).make(entries - payments - 1)
    now = sql.moment(timezone.now())
    columns = ["payment_number", "customer_id", "amount", "unallocated", "method", "reference", "user_id"]
    columns += ["client_temp_id", "received_at", "created_at", "reverse_reason"]
    for start in range(0, payments, 1_000):
        rows = [
            (f"RCP-{n:06d}", customer.pk, 1, 1, "CASH", "", driver.pk, "", now, now, "")
            for n in range(start, min(start + 1_000, payments))
        ]
        sql.insert(Payment._meta.db_table, columns, rows)


def asked(client, customer) -> tuple[float, int, int]:
    """Of a whole statement, how long it took, its size, and in how many pieces it came."""
    begun = time.perf_counter()
    answer = client.get(f"/api/v1/customers/{customer.pk}/statement/?since=2000-01-01")
    size = pieces = 0
    for piece in answer.streaming_content:
        size += len(piece)
        pieces += 1
    answer.close()
    return time.perf_counter() - begun, size, pieces


def peak(client, customer) -> int:
    """The most memory that was held at a time."""
    tracemalloc.start()
    try:
        asked(client, customer)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.django_db(transaction=True)
def test_a_long_statement_comes_in_pieces_and_takes_little_memory(admin, driver, singgas, cylinder, signed_in):
    customer = make.a_customer(admin, singgas)
    a_long_past(admin, driver, customer, cylinder, FEW, FEW // 3)
    client = signed_in(admin)
    answer = client.get(f"/api/v1/customers/{customer.pk}/statement/?since=2000-01-01")
    whole = json.loads(b"".join(answer.streaming_content))
    answer.close()
    assert len(whole["entries"]) == FEW
    assert asked(client, customer)[2] > 5
    assert peak(client, customer) < MOST_MEMORY


@pytest.mark.django_db(transaction=True)
def test_a_client_that_goes_away_leaves_nothing_open(admin, driver, singgas, cylinder, signed_in):
    customer = make.a_customer(admin, singgas)
    a_long_past(admin, driver, customer, cylinder, FEW, 1)
    client = signed_in(admin)
    for many in (0, 1, 2):
        answer = client.get(f"/api/v1/customers/{customer.pk}/statement/?since=2000-01-01")
        for _ in range(many):
            next(answer.streaming_content)
        answer.close()
        # the connection is free: it writes, and it sees what was written since
        body = {"customer": customer.pk, "method": "CASH", "amount": "5.00"}
        assert client.post("/api/v1/payments/", body, format="json").status_code == 201
        (count,) = sql.rows("SELECT COUNT(*) FROM payments_payment")[0]
        assert count == many + 2


@pytest.mark.scale
@pytest.mark.django_db(transaction=True)
def test_fifty_thousand_entries_in_two_seconds_and_flat_memory(admin, driver, singgas, cylinder, signed_in, capsys):
    customer = make.a_customer(admin, singgas)
    a_long_past(admin, driver, customer, cylinder, ENTRIES, PAYMENTS)
    client = signed_in(admin)
    took, size, pieces = min(asked(client, customer) for _ in range(3))
    most = peak(client, customer)
    with capsys.disabled():
        print(f"\n{ENTRIES} entries: {took:.2f} s, {size / 1e6:.1f} MB in {pieces} pieces, peak {most / 1e6:.1f} MB")
    assert took < 2
    assert most < MOST_MEMORY
