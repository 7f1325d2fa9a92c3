"""What a snapshot costs beside raw queries of the same rows; `bench/pull.py` says it more exactly."""

import gzip
import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import connection

from lpg import sql
from lpg.customers.models import Customer, Rate
from lpg.meters.models import Meter
from tests import make

NUMBER = 2_000
DAY = date(2026, 1, 1)
RAW = (
    "SELECT * FROM customers_customer ORDER BY id",
    "SELECT r.* FROM customers_rate r JOIN customers_customer c ON c.id = r.customer_id ORDER BY r.id",
    "SELECT m.* FROM meters_meter m JOIN customers_customer c ON c.id = m.customer_id ORDER BY m.id",
)


@pytest.fixture
def very_many(admin, singgas):
    """Customers with a rate for cylinders, one for gas, and a meter."""
    cylinder = make.some_equipment(admin)
    Customer.objects.bulk_create(
        Customer(customer_code=f"C-{n}", name=f"Shop {n}", payment_type="CASH", depot=singgas) for n in range(NUMBER)
    )
    customers = list(Customer.objects.all())
    Rate.objects.bulk_create(
        Rate(customer=customer, equipment=equipment, rate=2, effective_from=DAY)
        for equipment in (cylinder, None)
        for customer in customers
    )
    Meter.objects.bulk_create(
        Meter(
            customer=customer,
            serial_no=f"M{n}",
            serial_in_use=f"M{n}",
            digits=5,
            installed_on=DAY,
            current_reading=n,
        )
        for n, customer in enumerate(customers)
    )


def raw() -> bytes:
    found = []
    with connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement)
            names = [column[0] for column in cursor.description]
            found.append([dict(zip(names, row, strict=True)) for row in cursor.fetchall()])
    return json.dumps(found, default=str).encode()


def least(part: Callable[[], Any]) -> float:
    """The quickest of a few times: what others do on this machine is not ours."""
    times = []
    for _ in range(5):
        begun = time.perf_counter()
        part()
        times.append(time.perf_counter() - begun)
    return min(times)


@pytest.mark.scale  # a comparison of times: counting covered lines makes one side slower
@pytest.mark.django_db
def test_a_snapshot_costs_no_more_than_four_times_the_raw_rows(very_many, driver, pocket):
    phone = pocket(driver)

    def ours() -> int:
        rows, query = 0, {}
        while True:
            answer = phone.client.get("/api/v1/sync/pull/", query, HTTP_ACCEPT_ENCODING="gzip")
            page = json.loads(gzip.decompress(answer.content))
            rows += sum(map(len, page["changes"].values()))
            query = {"cursor": page["cursor"]}
            if not page["has_more"]:
                return rows

    assert ours() >= NUMBER * 4
    assert not sql.rows("SELECT 1 FROM sync_touched")
    ratios = []
    for _ in range(3):
        ratios.append(least(ours) / least(raw))
        if ratios[-1] <= 4:
            return
    raise AssertionError(ratios)
