"""What a list costs: the same few queries whatever it holds, and a late page what the first one costs."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lpg.audit.models import AuditLog
from lpg.customers.models import Customer
from lpg.roles import Role
from tests import crowd, make
from tests.bad import LISTS
from tests.shelf import NOW

QUERIES = {  # the session with its user, the rows (first the ids, where more is joined), and what else each list needs
    "sessions/": 3,
    "transactions/": 4,  # the lines, the documents
    "invoices/": 5,  # the lines, the deliveries
    "payments/": 3,  # what they settle
    "distributions/": 4,  # the lines
    "inventories/": 3,
    "inventories/movements/": 3,
    "inventories/counts/": 5,  # the lines and their equipment
    "sync/devices/": 3,  # first the ids: whose they are stands beside
    "day-closes/": 5,  # what was counted and what was carried
    "sync/exceptions/": 3,
    "customers/": 3,  # the meters
    "customers/<id>/rates/": 3,  # the customer
    "customers/<id>/meters/": 5,  # the customer, which stand at their last bill, what the others have to bill
    "customers/<id>/open-invoices/": 3,  # the customer
    "meters/<id>/readings/": 3,  # the meter
    "reports/ageing/": 3,  # what each owes
    "reports/cylinders/": 3,
    "equipment/": 2,
    "equipment/<id>/rates/": 3,  # the equipment
    "depots/": 2,
    "vehicles/": 2,
    "users/": 4,  # everybody's further depots
    "audit/": 2,
}


@pytest.mark.parametrize("number", [1, 60])
@pytest.mark.parametrize("route", LISTS)
def test_a_list_costs_the_same_few_queries_whatever_it_holds(
    route, number, shelf, signed_in, django_assert_num_queries
):
    shelf.fill(number)
    client = signed_in(shelf.admin)
    with django_assert_num_queries(QUERIES[route]):
        page = client.get(f"{shelf.path(route)}?page_size=200").json()
    assert len(page["results"]) >= number


@pytest.mark.parametrize("number", [1, 60])
def test_own_depots_and_a_search_add_no_query(number, shelf, singgas, signed_in, django_assert_num_queries):
    shelf.fill(number)
    client = signed_in(make.a_user(Role.SUPERVISOR, by=shelf.admin, depot=singgas.pk))
    for path, queries in (
        ("customers/?search=C", 3),
        ("users/", 4),
        ("audit/", 2),
        (f"customers/{shelf.customer.pk}/", 3),
        (f"customers/{shelf.customer.pk}/meters/", 5),
        (f"customers/{shelf.customer.pk}/open-invoices/", 3),
        (f"meters/{shelf.meter.pk}/readings/", 3),
        ("transactions/?search=TRX", 5),  # first the ids: sight joins the customer
        ("invoices/?search=INV", 5),
        ("payments/?search=RCP", 4),  # the same
        ("distributions/?search=DST", 4),
        ("inventories/", 3),
        ("reports/ageing/", 3),
        ("reports/cylinders/", 3),
        ("inventories/movements/", 3),
        (f"inventories/movements/?type=depot&id={singgas.pk}", 5),  # the place; ids both ways, here rows of one way
        ("inventories/counts/", 5),
        ("day-closes/", 5),
    ):
        with django_assert_num_queries(queries):
            assert client.get(f"/api/v1/{path}").status_code == 200


@pytest.fixture
def crowded(admin, singgas, union):
    crowd.customers([singgas, union], 5_000)


ORDERED = ("id", "-id", "customer_code", "-customer_code", "name", "-name")


def test_a_late_page_costs_the_database_what_the_first_costs(crowded, admin, supervisor, signed_in):
    for user, query in ((admin, ""), (admin, "&is_active=true"), (supervisor, "")):
        client = signed_in(user)
        for ordering in ORDERED if user == admin else ("id",):
            path = f"/api/v1/customers/?ordering={ordering}&page_size=20{query}"
            addresses = [path]
            while len(addresses) < 20:
                addresses.append(client.get(addresses[-1]).json()["next"])
            costs = [crowd.cost(client.get, address) for address in addresses]
            first, later = sum(costs[:5]) / 5, sum(costs[-5:]) / 5  # what is not theirs is not spread evenly
            assert later <= first * 1.2 + 10, (user.role, query, ordering, first, later)
            if user == admin:
                assert later < 1_000, (query, ordering, first, later)


def test_a_late_page_of_the_audit_costs_a_supervisor_what_page_two_does(admin, singgas, union, supervisor, signed_in):
    AuditLog.objects.bulk_create(
        AuditLog(user_name="x", action="X", entity_type="X", entity_id=n, depot=d, payload={}, created_at=NOW)
        for n in range(2_000)
        for d in (singgas, union)
    )
    client = signed_in(supervisor)
    second = late = client.get("/api/v1/audit/?page_size=20").json()["next"]
    for _ in range(60):
        late = client.get(late).json()["next"]
    early, later = crowd.cost(client.get, second), crowd.cost(client.get, late)
    assert later <= early * 1.2 + 10
    assert later < 1_000


def test_a_search_reads_what_it_finds_and_not_the_whole_table(crowded, admin, signed_in):
    customer = Customer.objects.all()[2_500]
    client = signed_in(admin)
    whole = crowd.cost(lambda: list(Customer.objects.filter(address="nothing").values_list("pk")))
    for text in (customer.customer_code, customer.customer_code.lower(), customer.name, customer.phone, "zzz"):
        for ordering in ("id", "customer_code", "name"):
            path = f"/api/v1/customers/?ordering={ordering}&search={text.replace('+', '%2B')}"
            assert crowd.cost(client.get, path) < whole / 5, (text, ordering)


OF_CUSTOMERS = re.compile("^SELECT .* FROM .customers_customer. ")


def test_the_database_finds_pages_and_searches_by_an_index(crowded, admin, signed_in):
    client = signed_in(admin)
    second = client.get("/api/v1/customers/?ordering=name&page_size=20").json()["next"]
    for path in ("?ordering=id", "?ordering=-id", second, "?search=c-0000", "?search=shop%200000"):
        with CaptureQueriesContext(connection) as queries:
            client.get(path if path == second else f"/api/v1/customers/{path}")
        asked = [query["sql"] for query in queries.captured_queries if OF_CUSTOMERS.search(query["sql"])]
        steps = crowd.plan(asked[0])  # which rows; MariaDB may then ask for them by id
        said = "\n".join(steps)
        if connection.vendor == "sqlite":
            assert "search" not in path or "SCAN customers_customer" not in said, (path, said)
            assert "search" in path or "TEMP B-TREE" not in said, (path, said)
        else:
            assert "type=ALL" not in steps[0], (path, said)
            assert "search" in path or "filesort" not in steps[0], (path, said)
