"""Lists: pages that neither lose nor repeat a row, whatever order they are walked in."""

from itertools import cycle
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db.models import Q

from lpg.customers.models import Customer
from lpg.inventory.models import Movement
from tests import make
from tests.bad import LISTS
from tests.routes import lists
from tests.shelf import Shelf

EVERY_ORDERING = [(route, ordering) for route, orderings in LISTS.items() for ordering in orderings]


def pages(client, path: str, link: str = "next") -> list[dict]:
    """The page at `path` and all that its links lead to."""
    found = []
    while path:
        page = client.get(path).json()
        assert set(page) == {"next", "previous", "results"}
        found.append(page)
        assert len(found) < 200
        path = page[link]
    return found


def ids(found: list[dict]) -> list[int]:
    return [row["id"] for page in found for row in page["results"]]


def test_every_list_and_every_ordering_is_among_those_walked():
    found = [
        (one.route, choice)
        for one in lists()
        for choice in one.door.queries[one.action]._declared_fields["ordering"].choices
    ]
    assert sorted(found) == sorted(EVERY_ORDERING)


@pytest.mark.parametrize(("route", "ordering"), EVERY_ORDERING)
def test_a_walk_over_ties_gives_each_row_once_and_in_order_forward_and_back(route, ordering, shelf, signed_in):
    shelf.fill(23)
    client = signed_in(shelf.admin)
    column, down = ordering.lstrip("-"), ordering.startswith("-")
    whole = client.get(f"{shelf.path(route)}?page_size=200").json()["results"]
    assert len(whole) >= 23
    expected = sorted(whole, key=lambda row: (str(row[column]) if column != "id" else 0, row["id"]), reverse=down)
    for size in (3, len(whole) - 1, len(whole), len(whole) + 1):
        forward = pages(client, f"{shelf.path(route)}?ordering={ordering}&page_size={size}")
        assert ids(forward) == [row["id"] for row in expected]
        assert all(len(page["results"]) == size for page in forward[:-1])
        assert forward[0]["previous"] is None
        assert forward[-1]["next"] is None
        last = forward[-2]["next"] if len(forward) > 1 else forward[0]["previous"]
        if last:
            back = pages(client, last, "previous")
            assert ids(reversed(back)) == [row["id"] for row in expected]
            assert back[-1]["previous"] is None
            assert [page["next"] is None for page in back] == [True] + [False] * (len(back) - 1)


@pytest.mark.parametrize("route", LISTS)
def test_links_are_whole_addresses_that_keep_what_was_asked(route, shelf, signed_in):
    shelf.fill(9)
    client = signed_in(shelf.admin)
    for base in (shelf.path(route), shelf.path(route).replace("/api/v1/", "/api/")):
        first = client.get(f"{base}?page_size=3&ordering=-id").json()
        second = client.get(first["next"]).json()
        for link in (first["next"], second["previous"]):
            parts = urlsplit(link)
            asked = parse_qs(parts.query)
            assert (parts.scheme, parts.netloc, parts.path) == ("http", "testserver", base)
            assert (asked["page_size"], asked["ordering"], len(asked["cursor"])) == (["3"], ["-id"], 1)
        assert client.get(second["previous"]).json()["results"] == first["results"]


def test_a_filter_and_a_search_hold_on_every_page(shelf, singgas, signed_in):
    shelf.fill(20)
    Customer.objects.filter(customer_code__gte="C05000").update(is_active=False)
    found = pages(signed_in(shelf.admin), "/api/v1/customers/?is_active=false&search=shop&ordering=name&page_size=2")
    assert len(found) > 2
    assert sorted(ids(found)) == sorted(Customer.objects.filter(is_active=False).values_list("pk", flat=True))


@pytest.mark.parametrize("ordering", ["id", "-id"])
@pytest.mark.parametrize("route", ["transactions/", "invoices/", "payments/"])
def test_a_supervisor_walks_over_the_sales_of_own_depots_alone(
    route, ordering, shelf, union, supervisor, other_driver, signed_in
):
    elsewhere = Shelf(shelf.admin, union)
    for start in range(0, 24, 4):  # in turns
        shelf.fill_sales([start, start + 1])
        elsewhere.fill_sales([start + 2, start + 3])
    path = f"/api/v1/{route}?ordering={ordering}&page_size="
    everything = signed_in(shelf.admin).get(f"{path}200").json()["results"]
    expected = [row["id"] for row in everything if row["customer"] == shelf.customer.pk]
    assert (len(expected), len(everything)) == (12, 24)
    for size in (1, 5, 11, 12, 13):
        forward = pages(signed_in(supervisor), f"{path}{size}")
        assert ids(forward) == expected
        if len(forward) > 1:
            assert ids(reversed(pages(signed_in(supervisor), forward[-2]["next"], "previous"))) == expected
    assert signed_in(other_driver).get(f"{path}200").json() == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("ordering", ["id", "-id"])
def test_the_ledger_of_one_place_is_walked_both_ways_over_all_that_came_and_went(ordering, shelf, signed_in):
    store, truck, supplier = shelf.store, shelf.truck, shelf.supplier
    kinds = cycle(
        [
            (supplier, "", store, "FULL"),
            (store, "FULL", truck, "FULL"),
            (store, "FULL", store, "DAMAGED"),  # leaves it and comes to it, and is listed once
            (truck, "EMPTY", store, "EMPTY"),
            (supplier, "", truck, "FULL"),
            (truck, "EMPTY", truck, "DAMAGED"),
        ]
    )
    Movement.objects.bulk_create(shelf.a_movement(*next(kinds)) for _ in range(35))
    client = signed_in(shelf.admin)
    for place in (store, truck):
        there = Movement.objects.filter(Q(origin=place) | Q(destination=place)).order_by(ordering)
        expected = list(there.values_list("pk", flat=True))
        assert len(expected) > 20
        for size in (1, 4, len(expected) - 1, len(expected), 200):
            path = f"/api/v1/inventories/movements/?type={place.kind}&id={place.owner_id}&page_size={size}"
            forward = pages(client, f"{path}&ordering={ordering}")
            assert ids(forward) == expected
            assert all(len(page["results"]) == size for page in forward[:-1])
            if len(forward) > 1:
                back = pages(client, forward[-2]["next"], "previous")
                assert ids(reversed(back)) == expected
                assert (back[-1]["previous"], forward[0]["previous"], forward[-1]["next"]) == (None, None, None)


def test_the_ledger_of_an_outside_is_for_administrators(shelf, supervisor, signed_in):
    shelf.fill(3)
    path = "/api/v1/inventories/movements/?type=supplier"
    assert len(signed_in(shelf.admin).get(path).json()["results"]) == 3
    for query in ("type=supplier", "type=depot&id=987654321", "type=supplier&id=1", "type=truck", "id=1"):
        answer = signed_in(supervisor).get(f"/api/v1/inventories/movements/?{query}")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["id"])


def test_an_empty_list_is_one_page_without_links(admin, signed_in):
    page = signed_in(admin).get("/api/v1/customers/").json()
    assert page == {"next": None, "previous": None, "results": []}


@pytest.mark.parametrize("ordering", ["name", "-name", "id", "-id", "customer_code", "-customer_code"])
def test_rows_that_come_meanwhile_shift_nothing(ordering, shelf, signed_in):
    shelf.fill(12)
    client = signed_in(shelf.admin)
    before = list(Customer.objects.values_list("pk", flat=True))
    first = client.get(f"/api/v1/customers/?ordering={ordering}&page_size=4").json()
    shelf.fill(12, start=12)
    rest = pages(client, first["next"])
    seen = ids([first, *rest])
    assert len(seen) == len(set(seen))
    assert set(before) <= set(seen)


def test_a_page_holds_fifty_unless_it_is_told(shelf, signed_in):
    shelf.fill(60)
    client = signed_in(shelf.admin)
    for query, size in (("", 50), ("?page_size=1", 1), ("?page_size=60", 60)):
        assert len(client.get(f"/api/v1/customers/{query}").json()["results"]) == size


def test_names_that_a_database_takes_for_the_same_are_each_listed_once(admin, singgas, signed_in):
    names = [
        "José",
        "JOSE",
        "jose",
        "Jose ",
        "Josè",
        "ß",
        "ss",
        "SS",
        "🔥",
        "🚒",
        "金龙",
        "İ",
        "i",
        "I",
        "é" * 200,
        "🔥" * 200,
    ]
    for name in names * 2:
        make.a_customer(admin, singgas, name=name)
    client = signed_in(admin)
    for ordering in ("name", "-name"):
        forward = pages(client, f"/api/v1/customers/?ordering={ordering}&page_size=1")
        assert sorted(ids(forward)) == sorted(Customer.objects.values_list("pk", flat=True))
        back = pages(client, forward[-2]["next"], "previous")
        assert ids(reversed(back)) == ids(forward)
