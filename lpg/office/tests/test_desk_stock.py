"""Stock at the desk: what one sees and may touch, and buttons that do exactly what the services do."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lpg.customers.models import Customer
from lpg.depots.models import Vehicle
from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.equipment.models import Equipment
from lpg.inventory.models import Count, Place
from lpg.inventory.places import SUPPLIER, Owner
from lpg.office import stock
from lpg.office.tests.desk import a_count, at, at_depot, books, list_of, page_of, queries, said, send, sign_in
from lpg.roles import Role
from tests import make
from tests.stock import a_distribution, disagreements, fill, held

pytestmark = pytest.mark.django_db
GRID, MOVE = "/admin/stock/", "/admin/stock/move/"
ADD = "/admin/distribution/distribution/add/"


def a_busy_depot(by, depot) -> Vehicle:
    """With a truck, a customer, a supply, a distribution of each kind, and a count."""
    here, item = Owner("depot", depot.pk), make.some_equipment(by)
    vehicle, customer = make.a_vehicle(by, depot), make.a_customer(by, depot)
    fill(by, here, item, 20)
    fill(by, here, item, 3, "DAMAGED")
    fill(by, Owner("customer", customer.pk), item, 2, "")
    for quantity in (4, 5):
        made = a_distribution(by, depot.pk, (item, quantity), vehicle_id=vehicle.pk)
        distributions.confirm(actor=by, distribution_id=made.pk, now=timezone.now())
    a_distribution(by, depot.pk, (item, 1), customer_id=customer.pk)
    a_count(by, here, item, 12)
    return vehicle


# --- every page


@pytest.mark.parametrize("role", ["admin", "supervisor"])
def test_every_page_renders_in_a_number_of_queries_that_does_not_grow(request, admin, supervisor, singgas, role):
    client = sign_in(request.getfixturevalue(role))
    vehicle = a_busy_depot(admin, singgas)
    truck = Owner("truck", vehicle.pk)
    made = Distribution.objects.get(status="PENDING")
    pages = {
        GRID: 10,
        at_depot(singgas, "ledger"): 12,
        at(truck, "ledger"): 12,
        at_depot(singgas, "count"): 8,
        MOVE: 9,
        ADD: 10,
        page_of("distribution_distribution", made.pk): 10,
        page_of("inventory_count", Count.objects.get().pk): 10,
        page_of("customers_customer", Customer.objects.get().pk): 24,
        list_of("distribution_distribution"): 10,
        list_of("inventory_count"): 10,
        "/admin/": 31,
    }
    few = {page: queries(client, page) for page in pages}
    for _ in range(3):
        a_busy_depot(admin, singgas)
    assert {page: queries(client, page) for page in pages} == few
    assert {page: few[page] for page in pages if few[page] > pages[page]} == {}


def test_no_page_of_stock_holds_a_script(desk, admin, singgas):
    a_busy_depot(admin, singgas)
    pages = [GRID, at_depot(singgas, "ledger"), at_depot(singgas, "count"), MOVE, ADD]
    pages += [page_of("distribution_distribution", Distribution.objects.get(status="PENDING").pk)]
    pages += [page_of("inventory_count", Count.objects.get().pk)]
    for page in pages:
        text = desk.get(page).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), page
        assert not re.search(r"\son(?:click|change|input|submit|load)=", text), page


# --- who sees what


def test_a_driver_is_let_in_nowhere(driver, filled):
    client = Client()
    client.force_login(driver)
    for page in (GRID, at_depot(filled, "ledger"), at_depot(filled, "count"), MOVE, ADD):
        for method in (client.get, client.post):
            assert method(page)["Location"].startswith("/admin/login/")


def test_a_supervisor_sees_and_touches_only_the_own_depots(own, admin, supervisor, singgas, union):
    for depot in (singgas, union):
        a_busy_depot(admin, depot)
    foreign = Distribution.objects.get(status="PENDING", depot=union)
    count = Count.objects.get(place__depot=union)
    page = said(own.get(GRID))
    assert "SINGGAS" in page
    assert "UNION" not in page
    assert "UNION" not in said(own.get(GRID, {"depot": union.pk}))
    before = books()
    for address in (
        at_depot(union, "ledger"),
        at_depot(union, "count"),
        at(SUPPLIER, "ledger"),
        page_of("distribution_distribution", foreign.pk),
        page_of("inventory_count", count.pk),
    ):
        assert own.get(address).status_code == 404
    for address, do in (
        (page_of("distribution_distribution", foreign.pk), "confirm"),
        (page_of("distribution_distribution", foreign.pk), "cancel"),
        (page_of("inventory_count", count.pk), "approve"),
    ):
        assert own.post(address, {"do": do, "reason": "mine now"}).status_code == 404
    assert own.post(at_depot(union, "count"), {"n_1_FULL": "1"}).status_code == 404
    item = Equipment.objects.first()
    moved = {"origin": "supplier", "destination": f"depot:{union.pk}", f"n_{item.pk}_FULL": "5"}
    assert "Choose one from the list" in said(send(own, MOVE, moved))
    assert books() == before


def test_a_distribution_of_another_depot_into_the_own_is_seen_but_not_decided(own, admin, filled, union, cylinder):
    fill(admin, Owner("depot", union.pk), cylinder, 5)
    made = a_distribution(admin, union.pk, (cylinder, 2), to_depot_id=filled.pk)
    page = page_of("distribution_distribution", made.pk)
    assert "Confirm distribution" not in said(own.get(page))
    before = books()
    assert "only for your own depots" in said(own.post(page, {"do": "confirm"}))
    assert books() == before


@pytest.mark.parametrize(
    "key",
    [
        *("1", "depot", "depot:0", "depot:{0}x", "depot:0{0}", "Depot:{0}", "depot:{0} ", "depot:١", "\x00"),
        *("depot:99999", "truck:99999", "customer:99999", "depot:" + "9" * 30),
        *("supplier", "supplier:{0}", "adjustment:{0}", "tank:{0}"),
    ],
)
def test_a_place_that_is_not_there_is_not_there(desk, own, singgas, key):
    for client in (desk, own):
        for what in ("ledger", "count"):
            address = reverse(f"admin:stock_{what}", args=[key.format(singgas.pk)])
            assert client.get(address).status_code == 404


def test_the_outsides_have_a_ledger_and_are_not_counted(desk, admin, filled, cylinder):
    moved = {"origin": "supplier", "destination": f"depot:{filled.pk}", f"n_{cylinder.pk}_FULL": "5"}
    send(desk, MOVE, moved)
    assert "−5" in said(desk.get(at(SUPPLIER, "ledger")))
    assert desk.get(at(SUPPLIER, "count")).status_code == 404


# --- the grid


def test_the_grid_shows_each_place_by_condition_and_all_together(desk, admin, filled, truck, cylinder):
    fill(admin, Owner("depot", filled.pk), cylinder, 3, "EMPTY")
    fill(admin, Owner("truck", truck.pk), cylinder, 1234)
    sections, together = stock.grid(admin)
    depot, vehicle = sections[0].cards
    assert (depot.title, vehicle.title) == ("SINGGAS", truck.plate_no)
    assert depot.rows == [
        (cylinder.name, [("10", False), ("3", False), ("0", True), ("13", False)]),
    ]
    assert together == [(cylinder.name, [("1,244", False), ("3", False), ("0", True), ("1,247", False)])]
    page = said(desk.get(GRID))
    assert f"{truck.plate_no} Truck Ledger Count" in page
    assert "1,247" in page


def test_a_place_where_nothing_ever_was_says_how_to_begin(desk, own, singgas):
    page = desk.get(GRID).content.decode()
    assert "Nothing is here." in page
    assert f"/admin/stock/move/?origin=supplier&amp;destination=depot:{singgas.pk}" in page
    opened = desk.get(MOVE, {"origin": "supplier", "destination": f"depot:{singgas.pk}"}).content.decode()
    assert f'<option value="depot:{singgas.pk}" selected>' in opened


@pytest.mark.parametrize("kind", ["depot", "truck", "customer"])
def test_where_nothing_ever_moved_there_is_a_ledger_that_says_how_to_begin(own, admin, singgas, truck, cylinder, kind):
    customer = make.a_customer(admin, singgas)
    owner = Owner(kind, {"depot": singgas, "truck": truck, "customer": customer}[kind].pk)
    shows = page_of("customers_customer", customer.pk) if kind == "customer" else GRID
    page = own.get(shows).content.decode()
    assert at(owner, "ledger") in page
    assert at(owner, "count") in page
    answer = own.get(at(owner, "ledger"))
    assert "Nothing has moved here" in said(answer)
    assert "add a distribution or count what is there" in said(answer)
    text = answer.content.decode()
    assert at(owner, "count") in text
    assert (f"{MOVE}?origin=supplier&amp;destination={owner.key}" in text) == (kind != "customer")
    asked = {"depot": f"depot={singgas.pk}", "truck": f"other={owner.key}", "customer": f"customer={customer.pk}"}
    assert f"{ADD}?{asked[kind]}" in text
    value = owner.key if kind == "truck" else owner.id
    assert f'<option value="{value}" selected>' in own.get(f"{ADD}?{asked[kind]}").content.decode()
    assert own.get(at(owner, "ledger"), {"equipment": cylinder.pk, "before": "9"}).status_code == 200
    assert own.get(at(owner, "count")).status_code == 200
    assert not Place.objects.exists()  # to look changes nothing


@pytest.mark.parametrize("kind", ["depot", "truck", "customer"])
def test_a_count_may_be_the_first_that_happens_at_a_place(own, desk, admin, singgas, truck, cylinder, kind):
    customer = make.a_customer(admin, singgas)
    owner = Owner(kind, {"depot": singgas, "truck": truck, "customer": customer}[kind].pk)
    condition = "" if kind == "customer" else "FULL"
    answer = send(own, at(owner, "count"), {f"n_{cylinder.pk}_{condition}": "7"})
    count = Count.objects.get()
    assert answer["Location"] == page_of("inventory_count", count.pk)
    assert (count.place.key, count.lines.get().expected) == (owner.key, 0)
    desk.post(answer["Location"], {"do": "approve", "reason": "First count"})
    assert held(owner, cylinder, condition) == 7
    assert "+7" in said(own.get(at(owner, "ledger")))
    assert disagreements() == {}


def test_places_of_another_depot_stay_out_of_sight_though_nothing_moved_there(own, admin, union):
    owners = [Owner("depot", union.pk), Owner("truck", make.a_vehicle(admin, union).pk)]
    for owner in [*owners, Owner("customer", make.a_customer(admin, union).pk)]:
        for what in ("ledger", "count"):
            assert own.get(at(owner, what)).status_code == 404
            assert own.post(at(owner, what), {"n_1_FULL": "1"}).status_code == 404


def test_what_is_retired_keeps_its_ledger_and_begins_nothing(own, admin, singgas):
    customer = make.a_customer(admin, singgas, is_active=False)
    site = Owner("customer", customer.pk)
    text = own.get(at(site, "ledger")).content.decode()
    assert "Nothing has moved here" in text
    assert ADD not in text
    page = own.get(page_of("customers_customer", customer.pk)).content.decode()
    assert at(site, "ledger") in page
    assert at(site, "count") not in text + page


def test_a_retired_truck_stands_in_the_grid_as_long_as_something_is_on_it(desk, admin, filled, truck, cylinder):
    fill(admin, Owner("truck", truck.pk), cylinder, 1)
    Vehicle.objects.update(is_active=False)
    assert "Retired" in said(desk.get(GRID))
    fill(admin, Owner("truck", truck.pk), cylinder, 0)
    assert truck.plate_no not in said(desk.get(GRID))


def test_a_supervisor_without_a_depot_is_told_what_to_do(admin):
    client = sign_in(make.a_user(Role.SUPERVISOR, by=admin))
    assert "Ask an administrator to give you a depot." in said(client.get(GRID))
    assert "Nothing fits" in said(client.get(GRID, {"depot": "x"}))


def test_a_customers_cylinders_stand_on_the_customers_page(own, admin, singgas, cylinder):
    customer = make.a_customer(admin, singgas)
    page = page_of("customers_customer", customer.pk)
    assert "None yet." in said(own.get(page))
    fill(admin, Owner("customer", customer.pk), cylinder, 7, "")
    assert f"There {cylinder.name} 7" in said(own.get(page))
    site = Owner("customer", customer.pk)
    assert "+7" in said(own.get(at(site, "ledger")))
    answer = send(own, at(site, "count"), {f"n_{cylinder.pk}_": "6"})
    assert answer.status_code == 302
    assert Count.objects.get().lines.get().difference == -1


def test_the_first_page_says_what_waits(desk, own, admin, filled, union, cylinder):
    a_distribution(admin, filled.pk, (cylinder, 1), vehicle_id=make.a_vehicle(admin, filled).pk)
    a_count(admin, Owner("depot", union.pk), cylinder, 1)
    page = said(desk.get("/admin/"))
    assert "Distributions pending 1" in page
    assert "Counts waiting 1" in page
    assert "Counts waiting 0" in said(own.get("/admin/"))
    assert "UNION" not in said(own.get("/admin/"))


# --- the ledger


def test_the_ledger_says_who_when_why_and_what_was_there_then(desk, admin, filled, truck, cylinder):
    made = a_distribution(admin, filled.pk, (cylinder, 4), vehicle_id=truck.pk)
    distributions.confirm(actor=admin, distribution_id=made.pk, now=timezone.now())
    answer = desk.get(at_depot(filled, "ledger"))
    first, second = answer.context["page"].entries
    assert (first.change, first.after, first.cause) == ("−4", "6", made.distribution_number)
    assert (second.change, second.after, second.cause) == ("+10", "10", "Update")
    text = answer.content.decode()
    assert page_of("distribution_distribution", made.pk) in text
    assert at(Owner("truck", truck.pk), "ledger") in text


def test_a_re_label_stands_twice_once_for_each_condition(desk, filled, cylinder):
    here = f"depot:{filled.pk}"
    moved = {"origin": here, "destination": here, "to_condition": "DAMAGED", f"n_{cylinder.pk}_FULL": "2"}
    assert send(desk, MOVE, moved)["Location"] == GRID
    entries = desk.get(at_depot(filled, "ledger")).context["page"].entries
    shown = [(one.condition, one.change, one.after) for one in entries]
    assert shown == [("Damaged", "+2", "2"), ("Full", "−2", "8"), ("Full", "+10", "10")]


def test_a_document_that_one_may_not_see_is_named_and_not_linked(own, admin, union, truck, cylinder):
    fill(admin, Owner("depot", union.pk), cylinder, 5)
    made = a_distribution(admin, union.pk, (cylinder, 2), vehicle_id=truck.pk)
    distributions.confirm(actor=admin, distribution_id=made.pk, now=timezone.now())
    answer = own.get(at(Owner("truck", truck.pk), "ledger"))
    assert made.distribution_number in said(answer)
    assert page_of("distribution_distribution", made.pk) not in answer.content.decode()
    assert at_depot(union, "ledger") not in answer.content.decode()


def test_the_ledger_is_read_deep_and_back_again_and_narrowed(desk, admin, singgas, cylinder, monkeypatch):
    monkeypatch.setattr(stock, "PAGE", 3)
    other = make.some_equipment(admin)
    for quantity in range(1, 8):
        fill(admin, Owner("depot", singgas.pk), cylinder, quantity)
    fill(admin, Owner("depot", singgas.pk), other, 1)
    address = at_depot(singgas, "ledger")

    def page(**asked):
        found = desk.get(address, asked).context["page"]
        return [one.after for one in found.entries], found.newer, found.older

    narrowed = {"equipment": cylinder.pk}
    newest, newer, older = page(**narrowed)
    assert (newest, newer) == (["7", "6", "5"], None)
    middle, newer, deeper = page(before=older, **narrowed)
    assert middle == ["4", "3", "2"]
    last, back, end = page(before=deeper, **narrowed)
    assert (last, end) == (["1"], None)
    assert page(after=back, **narrowed)[0] == middle
    again, top, _ = page(after=newer, **narrowed)
    assert (again, top) == (newest, None)
    assert page()[0] == ["1", "7", "6"]
    assert page(equipment=other.pk)[0] == ["1"]
    assert page(before="1")[0] == []
    for nonsense in ("x", "0", "9" * 30, "\x00"):
        assert desk.get(address, {"before": nonsense, "after": nonsense, "equipment": nonsense}).status_code == 200
