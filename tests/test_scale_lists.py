"""With 200,000 customers a list costs what it costs with two hundred. Run by `make scale`; it prints its figures."""

import logging
import time
from statistics import median

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lpg.api.pages import Cursor
from lpg.customers.models import Customer
from tests import crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.scale]

NUMBER = 200_000
REPEATS = 31
ROUNDS = 3  # a busy machine only ever adds: the quietest round counts
ORDERINGS = ("id", "-id", "customer_code", "-customer_code", "name", "-name")


@pytest.fixture(autouse=True)
def figures_alone(monkeypatch):
    monkeypatch.setattr(logging.getLogger("lpg.requests"), "disabled", True)


@pytest.fixture
def full(admin, singgas, union):
    crowd.customers([singgas, union], NUMBER)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "sqlite" else "ANALYZE TABLE customers_customer")


def page(number: int, size: int, ordering: str) -> str:
    """The address of a page, as its links would lead there."""
    path = f"/api/v1/customers/?ordering={ordering}&page_size={size}"
    if number == 1:
        return path
    column = ordering.lstrip("-")
    sign = "-" if ordering.startswith("-") else ""
    keys = {"id": [f"{sign}pk"], "customer_code": [ordering], "name": [ordering, f"{sign}pk"]}[column]
    row = Customer.objects.order_by(*keys)[(number - 1) * size - 1]
    return f"{path}&cursor={Cursor('customers-list', ordering, False, getattr(row, column), row.pk).encode()}"


def ratio(client, one: str, other: str) -> tuple[float, float, float]:
    """Median milliseconds of both, taken in turns, and the second by the first, in the quietest round."""
    rounds = []
    for _ in range(ROUNDS):
        spent = {one: [], other: []}
        for _ in range(REPEATS):
            for path in (one, other):
                started = time.perf_counter()
                assert client.get(path).status_code == 200
                spent[path].append((time.perf_counter() - started) * 1000)
        rounds.append((median(spent[one]), median(spent[other])))
    first, second = min(rounds, key=lambda pair: abs(pair[1] / pair[0] - 1))
    return first, second, second / first


def test_page_one_thousand_costs_what_page_one_costs(full, admin, signed_in):
    client = signed_in(admin)
    found = []
    for ordering in ORDERINGS:
        for size in (50, 200):
            first, late = page(1, size, ordering), page(1_000, size, ordering)
            assert len(client.get(late).json()["results"]) == size
            work = crowd.cost(client.get, first), crowd.cost(client.get, late)
            one, thousand, by = ratio(client, first, late)
            times = f"{one:5.1f} ms, {thousand:5.1f} ms, ratio {by:.2f}"
            line = f"{connection.vendor} {ordering:14} of {size:3}: {times}, database {work}"
            print(line)
            found.append((line, by, work))
    for line, by, work in found:
        assert 1 / 1.2 <= by <= 1.2, line
        assert work[1] <= work[0] * 1.2 + 10, line


def test_a_search_costs_little_whoever_asks(full, admin, supervisor, signed_in):
    customer = Customer.objects.all()[NUMBER // 2]
    sought = {
        "a code": customer.customer_code,
        "a code in small letters": customer.customer_code.lower(),
        "a name": customer.name,
        "a phone number": customer.phone.replace("+", "%2B"),
        "nothing": "zzz",
        "a hundred codes": customer.customer_code[:7],
    }
    found = []
    for user in (admin, supervisor):
        client = signed_in(user)
        whole = crowd.cost(lambda: list(Customer.objects.filter(address="nothing").values_list("pk")))
        for what, text in sought.items():
            for ordering in ("id", "customer_code", "name"):
                path = f"/api/v1/customers/?ordering={ordering}&search={text}"
                with CaptureQueriesContext(connection) as queries:
                    started = time.perf_counter()
                    client.get(path)
                    spent = (time.perf_counter() - started) * 1000
                sql = queries.captured_queries[-1]["sql"]
                work = crowd.cost(client.get, path)
                line = (
                    f"{connection.vendor} {user.role} {what} by {ordering}: {spent:.1f} ms, database {work} of {whole}"
                )
                print(line)
                found.append((line, work, whole, crowd.plan(sql)))
    for line, work, whole, steps in found:
        assert work < whole / 20, (line, steps)
