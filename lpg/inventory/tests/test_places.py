"""Places and what they are called, who sees them, and what a request may name."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from lpg.errors import Inactive, Invalid
from lpg.inventory import counts, services
from lpg.inventory.models import Balance, CountLine, Movement, Place, Transfer
from lpg.inventory.places import ADJUSTMENT, SCRAP, SUPPLIER, Owner, place_of, places_of
from lpg.inventory.resolve import condition_at, place_named
from lpg.inventory.selectors import places_seen_by
from lpg.roles import Role
from tests import make
from tests.stock import a_count, fill, held

API = "/api/v1/inventories/"


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


def test_a_place_is_called_what_it_is(admin, singgas, driver):
    customer = make.a_customer(admin, singgas, customer_code="C-77", name="Golden Dragon")
    owners = [
        Owner("depot", singgas.pk),
        Owner("truck", driver.vehicle_id),
        Owner("customer", customer.pk),
        SUPPLIER,
        ADJUSTMENT,
        SCRAP,
    ]
    found = places_of(owners)
    names = ["Depot SINGGAS", f"Truck {driver.vehicle.plate_no}", "C-77 Golden Dragon"]
    assert [str(found[owner]) for owner in owners] == [*names, "Supplier", "Adjustment", "Scrap"]
    assert [found[owner].home_depot_id for owner in owners] == [singgas.pk] * 3 + [None] * 3
    assert [found[owner].is_physical for owner in owners] == [True] * 3 + [False] * 3
    assert [found[owner].has_conditions for owner in owners] == [True] * 2 + [False] * 4
    assert [found[owner].owner_id for owner in owners] == [owner.id or None for owner in owners]


def test_what_is_written_is_said_in_a_line(admin, singgas, cylinder):
    depot, truck = Owner("depot", singgas.pk), Owner("truck", make.a_vehicle(admin, singgas).pk)
    fill(admin, depot, cylinder, 9)
    count = a_count(admin, depot, cylinder, 8)
    item = services.Item(cylinder.pk, 2)
    services.transfer(
        actor=admin, origin=place_of(depot), destination=place_of(truck), items=[item], remarks="", now=timezone.now()
    )
    balance, movement, transfer = Balance.objects.latest("pk"), Movement.objects.latest("pk"), Transfer.objects.get()
    assert str(balance) == f"{cylinder}, full, {place_of(truck)}"
    assert str(movement) == f"2 × {cylinder.pk}: {place_of(depot).pk} → {place_of(truck).pk}"
    assert (str(transfer), str(count)) == (f"Transfer {transfer.pk}", f"Count {count.pk}")
    assert str(CountLine.objects.get()) == f"8 × {cylinder.pk} FULL"


def test_no_place_is_two_things_or_nothing(singgas):
    for values in (
        {"kind": "depot"},
        {"kind": "truck", "depot": singgas},
        {"kind": "supplier", "depot": singgas},
        {"kind": "moon"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Place.objects.create(key="x", **values)


def test_a_request_names_a_place_in_use_that_may_be_seen(admin, supervisor, driver, singgas, union):
    mine, retired = make.a_customer(admin, singgas), make.a_customer(admin, singgas, is_active=False)
    theirs = make.a_customer(admin, union)
    assert place_named(supervisor, "customer", mine.pk, field="id").customer_id == mine.pk
    assert place_named(supervisor, "supplier", None, field="id") == place_of(SUPPLIER)
    assert place_named(supervisor, "scrap", None, field="id") == place_of(SCRAP)
    for id in (theirs.pk, 10**15):
        with pytest.raises(Invalid) as unknown:
            place_named(supervisor, "customer", id, field="destination.id")
        assert list(unknown.value.errors) == ["destination.id"]
    with pytest.raises(Inactive, match=retired.customer_code):
        place_named(supervisor, "customer", retired.pk, field="id")
    for kind, id in (("scrap", 1), ("depot", None), ("truck", None), ("customer", None)):
        with pytest.raises(Invalid):
            place_named(supervisor, kind, id, field="id")


def test_a_condition_is_full_unless_said_and_none_where_none_is_kept(admin, singgas):
    depot, site = (
        place_of(Owner(k, id)) for k, id in (("depot", singgas.pk), ("customer", make.a_customer(admin, singgas).pk))
    )
    assert [condition_at(depot, given) for given in (None, "", "EMPTY")] == ["FULL", "FULL", "EMPTY"]
    assert [condition_at(site, given) for given in (None, "")] == ["", ""]
    with pytest.raises(Invalid):
        condition_at(site, "FULL")


def test_a_driver_sees_the_own_truck_but_not_those_of_colleagues(admin, driver, singgas, union):
    colleague = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, vehicle=make.a_vehicle(admin, singgas).pk)
    walker = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk)
    depot, truck, other = (
        place_of(Owner(kind, id))
        for kind, id in (("depot", singgas.pk), ("truck", driver.vehicle_id), ("truck", colleague.vehicle_id))
    )
    place_of(Owner("depot", union.pk))
    place_of(SUPPLIER)
    assert set(places_seen_by(driver)) == {depot, truck}
    assert set(places_seen_by(colleague)) == {depot, other}
    assert set(places_seen_by(walker)) == {depot}
    assert places_seen_by(admin).count() == 5


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({}, "delta"),
        ({"delta": 1, "quantity": 1}, "delta"),
        ({"delta": 0}, "delta"),
        ({"quantity": -1}, "quantity"),
        ({"delta": 1.5}, "delta"),
        ({"delta": 10**12}, "delta"),
        ({"delta": 1, "entity": "supplier"}, "entity"),
        ({"delta": 1, "equipment_id": 10**15}, "equipment_id"),
        ({"delta": 1, "entity_id": 10**15}, "entity_id"),
        ({"delta": 1, "reason": ""}, "reason"),
    ],
)
def test_an_update_says_exactly_one_change_of_something_that_is_there(
    supervisor, singgas, cylinder, signed_in, change, field
):
    body = {"entity": "depot", "entity_id": singgas.pk, "equipment_id": cylinder.pk, **change}
    answer = signed_in(supervisor).post(f"{API}update/", body, format="json")
    assert answer.status_code == 400
    assert [name for name in answer.json()["errors"] if name.startswith(field)], answer.json()
    assert not Movement.objects.exists()


def test_several_shortages_are_counted_in_words_and_named_in_facts(supervisor, singgas, cylinder, signed_in):
    customer = make.a_customer(supervisor, singgas)
    body = {
        "origin": {"type": "customer", "id": customer.pk},
        "destination": {"type": "depot", "id": singgas.pk},
        "items": [{"equipment": cylinder.pk, "quantity": 2, "condition": "EMPTY"}],
    }
    client = signed_in(supervisor)
    one = client.post(f"{API}transfers/", body, format="json").json()
    assert one["detail"].startswith(f"{customer.customer_code} {customer.name} has 0 {cylinder.name}, you need 2. ")
    assert [(row["condition"], row["requested"], row["available"]) for row in one["shortages"]] == [(None, 2, 0)]
    depot = {"type": "depot", "id": singgas.pk}
    conditions = [{"equipment": cylinder.pk, "quantity": 1, "condition": each} for each in ("FULL", "DAMAGED")]
    two = client.post(
        f"{API}transfers/",
        {**body, "origin": depot, "destination": {"type": "scrap"}, "items": conditions},
        format="json",
    )
    assert two.json()["detail"].endswith("bring more there first. 1 more line is short.")
    assert len(two.json()["shortages"]) == 2


def test_a_count_that_agrees_moves_nothing_when_it_is_approved(admin, supervisor, singgas, cylinder):
    depot = Owner("depot", singgas.pk)
    fill(admin, depot, cylinder, 9)
    before = Movement.objects.count()
    count = a_count(supervisor, depot, cylinder, 9)
    assert counts.approve(actor=admin, count_id=count.pk, reason="As it is", now=timezone.now()).status == "APPROVED"
    assert (Movement.objects.count(), held(depot, cylinder)) == (before, 9)


def test_a_count_may_find_more_than_the_books_and_an_approval_may_come_too_late(
    admin, supervisor, singgas, cylinder, signed_in
):
    depot, client = Owner("depot", singgas.pk), signed_in(admin)
    more = a_count(supervisor, depot, cylinder, 5)
    less = a_count(supervisor, depot, cylinder, 0)
    assert client.post(f"{API}counts/{more.pk}/approve/", {"reason": "Found"}, format="json").status_code == 200
    assert held(depot, cylinder) == 5
    assert client.post(f"{API}counts/{less.pk}/approve/", {"reason": "Same"}, format="json").status_code == 200
    gone = a_count(supervisor, depot, cylinder, 1)  # four are missing
    fill(admin, depot, cylinder, 3)
    late = client.post(f"{API}counts/{gone.pk}/approve/", {"reason": "Late"}, format="json")
    assert (late.status_code, late.json()["code"]) == (409, "insufficient_stock")
    assert client.get(f"{API}counts/{gone.pk}/").json()["status"] == "PENDING"
    assert held(depot, cylinder) == 3


def test_drivers_have_no_part_in_counts(driver, supervisor, singgas, cylinder, signed_in):
    count = a_count(supervisor, Owner("depot", singgas.pk), cylinder, 5)
    for path in ("counts/", f"counts/{count.pk}/"):
        assert signed_in(driver).get(f"{API}{path}").status_code == 403
    assert signed_in(supervisor).get(f"{API}counts/{count.pk}/").json()["lines"][0]["expected"] is None
