"""A million sales behind it: the next one costs what the first did, and so does a page of the list."""

import statistics
import time

import pytest

from lpg.api.pages import Cursor
from lpg.integrity.services import verify
from lpg.inventory.places import Owner
from lpg.payments.selectors import balance_of
from lpg.transactions.models import Transaction
from tests import make
from tests.sales import API
from tests.sales_history import SalesHistory
from tests.stock import fill

SALES, CUSTOMERS = 1_000_000, 500


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


def seconds(do) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


@pytest.mark.django_db(transaction=True)
def test_verify_reads_a_history_of_sales_and_finds_nothing_wrong(admin, driver, singgas, cylinder):
    customers = [make.a_customer(admin, singgas) for _ in range(7)]
    SalesHistory(admin, driver, customers, cylinder).make(1_000)
    run = verify()
    assert run.ok, [check for check in run.checks if not check["ok"]]
    assert Transaction.objects.count() == 1_001


@pytest.mark.scale
@pytest.mark.django_db(transaction=True)
def test_a_million_sales(admin, driver, supervisor, singgas, cylinder, signed_in, capsys):
    customers = [
        make.a_customer(admin, singgas, payment_type="CREDIT", credit_limit="999999") for _ in range(CUSTOMERS)
    ]
    client, office = signed_in(driver), signed_in(supervisor)
    other = make.some_equipment(admin)

    def a_sale() -> float:
        body = {
            "customer": customers[Transaction.objects.count() % CUSTOMERS].pk,
            "items": [{"item_type": "DELIVERY", "equipment": other.pk, "quantity": 1}],
        }
        begun = time.perf_counter()
        answer = client.post(API, body, format="json")
        took = time.perf_counter() - begun
        assert answer.status_code == 201, answer.content
        return took

    fill(admin, Owner("truck", driver.vehicle_id), other, 1_000)
    young = [a_sale() for _ in range(60)][20:]
    SalesHistory(admin, driver, customers, cylinder).make(SALES)
    old = [a_sale() for _ in range(60)][
        20:
    ]  # before verify has read them all: on MariaDB that pushes out pages that a sale needs
    begun = time.perf_counter()
    run = verify()
    took = time.perf_counter() - begun
    assert run.ok, [check for check in run.checks if not check["ok"]]
    row = Transaction.objects.order_by("-pk")[SALES // 2]
    pages = {}
    for name, who in (("driver", client), ("supervisor", office)):
        first = who.get(API).json()["next"]
        far = f"{API}?cursor={Cursor('transactions-list', '-id', False, row.pk, row.pk).encode()}"
        times = {url: [] for url in (first, far)}
        for _ in range(15):
            for url, laps in times.items():
                laps.append(seconds(lambda url=url, who=who: who.get(url)))
        pages[name] = [statistics.median(laps) for laps in times.values()]
    owed = statistics.median(seconds(lambda: balance_of(customers[0].pk)) for _ in range(9))
    ratio = statistics.median(old) / statistics.median(young)
    with capsys.disabled():
        print(f"\na sale {statistics.median(young) * 1000:.1f} ms, ratio behind a million {ratio:.2f}")
        print(f"of it what {SALES // CUSTOMERS} open invoices of one customer come to: {owed * 1000:.2f} ms")
        print(f"verify over {SALES} sales took {took:.1f} s")
        for name, (near, far) in pages.items():
            print(f"{name}: page 2 {near * 1000:.1f} ms, page 10,000 {far * 1000:.1f} ms, ratio {far / near:.2f}")
    assert ratio < 1.5
    assert all(far / near < 1.5 for near, far in pages.values())
