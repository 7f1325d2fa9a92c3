"""A distribution over the API: recorded, confirmed once, or put aside."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.distribution import checks, services
from lpg.distribution.models import Distribution
from lpg.errors import Invalid
from lpg.inventory.models import Balance, Movement
from lpg.inventory.places import Owner
from tests import make
from tests.stock import a_distribution, disagreements, fill, held

API = "/api/v1/distributions/"


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


@pytest.fixture
def filled(admin, singgas, cylinder):
    fill(admin, Owner("depot", singgas.pk), cylinder, 10)
    return singgas


def truck_of(user) -> Owner:
    return Owner("truck", user.vehicle_id)


def test_create_records_the_intent_and_confirm_moves_the_stock_to_the_drivers_truck(
    driver, filled, cylinder, signed_in
):
    client = signed_in(driver)
    body = {"depot": filled.pk, "items": [{"equipment": cylinder.pk, "quantity": 4}], "remarks": "morning"}
    made = client.post(API, body, format="json")
    assert made.status_code == 201, made.content
    row = made.json()
    assert row["distribution_number"].startswith("DST-")
    assert (row["status"], row["vehicle"], row["user"]) == ("PENDING", driver.vehicle_id, driver.pk)
    item = row["items"][0]
    assert (item["direction"], item["condition"], item["movement_type"]) == ("OUT", "FULL", "COLLECTION")
    assert held(Owner("depot", filled.pk), cylinder) == 10
    confirmed = client.post(f"{API}{row['id']}/confirm/", {}, format="json")
    assert (confirmed.status_code, confirmed.json()["status"]) == (200, "CONFIRMED")
    assert confirmed.json() == client.get(f"{API}{row['id']}/").json()
    assert (held(Owner("depot", filled.pk), cylinder), held(truck_of(driver), cylinder)) == (6, 4)
    actions = AuditLog.objects.filter(entity_type="Distribution").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["CREATE_DISTRIBUTION", "CONFIRM_DISTRIBUTION"]
    assert disagreements() == {}


def test_the_owners_second_address_and_spelling_mean_the_same(driver, filled, cylinder, signed_in):
    client = signed_in(driver)
    item = {"equipment": cylinder.pk, "quantity": 2, "movement_type": "EMPTY_RETURN"}
    body = {"depot": filled.pk, "items": [item], "client_temp_id": "phone-1"}
    made = client.post(f"{API}create_distribution/", body, format="json")
    assert (made.status_code, made.json()["client_temp_id"]) == (201, "phone-1")
    assert (made.json()["items"][0]["direction"], made.json()["items"][0]["condition"]) == ("IN", "EMPTY")
    again = client.post(API, body, format="json")
    assert (again.content, again["Idempotent-Replayed"]) == (made.content, "true")
    other = client.post(API, {**body, "remarks": "else"}, format="json")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    both = client.post(API, body, format="json", headers={"Idempotency-Key": "another"})
    assert (both.status_code, list(both.json()["errors"])) == (400, ["client_temp_id"])
    assert Distribution.objects.count() == 1


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ({"movement_type": "COLLECTION", "direction": "IN"}, "items.0.movement_type"),
        ({"movement_type": "EMPTY_RETURN", "condition": "FULL"}, "items.0.movement_type"),
        ({"movement_type": "GIFT"}, "items.0.movement_type"),
        ({"quantity": 0}, "items.0.quantity"),
        ({"quantity": -3}, "items.0.quantity"),
        ({"quantity": 1.5}, "items.0.quantity"),
        ({"quantity": 10**12}, "items.0.quantity"),
        ({"quantity": "4"}, "items.0.quantity"),
        ({"equipment": 10**12}, "items.0.equipment"),
        ({"depot": 10**12}, "items.0.depot"),
        ({"equipment_id": 1}, "items.0.equipment_id"),
    ],
)
def test_a_line_that_cannot_be_is_refused_by_name(driver, filled, cylinder, signed_in, item, field):
    body = {"depot": filled.pk, "items": [{"equipment": cylinder.pk, "quantity": 1, **item}]}
    answer = signed_in(driver).post(API, body, format="json")
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not Distribution.objects.exists()


def test_a_depot_and_another_side_must_be_known(admin, supervisor, driver, filled, cylinder, signed_in):
    line = {"equipment": cylinder.pk, "quantity": 1}
    client = signed_in(driver)
    assert list(client.post(API, {"items": [line]}, format="json").json()["errors"]) == ["items.0.depot"]
    no_truck = signed_in(supervisor).post(API, {"depot": filled.pk, "items": [line]}, format="json")
    assert list(no_truck.json()["errors"]) == ["vehicle"]
    two = {"depot": filled.pk, "items": [line], "vehicle": driver.vehicle_id, "to_depot": filled.pk}
    assert list(signed_in(supervisor).post(API, two, format="json").json()["errors"]) == ["to_depot"]
    same = {"depot": filled.pk, "items": [line], "to_depot": filled.pk}
    assert list(signed_in(supervisor).post(API, same, format="json").json()["errors"]) == ["to_depot"]
    many = {"depot": filled.pk, "items": [line] * 101}
    assert list(client.post(API, many, format="json").json()["errors"]) == ["items"]


def test_it_goes_to_another_depot_or_straight_to_a_customer_and_back(
    admin, singgas, union, filled, cylinder, signed_in
):
    client = signed_in(admin)
    customer = make.a_customer(admin, singgas)
    for other in ({"to_depot": union.pk}, {"customer": customer.pk}):
        body = {"depot": singgas.pk, "items": [{"equipment": cylinder.pk, "quantity": 3}], **other}
        id = client.post(API, body, format="json").json()["id"]
        assert client.post(f"{API}{id}/confirm/", {}, format="json").status_code == 200
    assert held(Owner("depot", union.pk), cylinder) == 3
    assert held(Owner("customer", customer.pk), cylinder, "") == 3
    back = {"equipment": cylinder.pk, "quantity": 2, "movement_type": "EMPTY_RETURN"}
    id = client.post(API, {"depot": singgas.pk, "customer": customer.pk, "items": [back]}, format="json").json()["id"]
    assert client.post(f"{API}{id}/confirm/", {}, format="json").status_code == 200
    assert held(Owner("depot", singgas.pk), cylinder, "EMPTY") == 2
    assert disagreements() == {}


def test_one_distribution_collects_from_several_depots_and_the_same_thing_twice_is_summed(
    admin, singgas, union, filled, cylinder, signed_in
):
    fill(admin, Owner("depot", union.pk), cylinder, 5)
    rover = make.a_user(
        "DRIVER", by=admin, depot=singgas.pk, depots=[union.pk], vehicle=make.a_vehicle(admin, singgas).pk
    )
    items = [
        {"equipment": cylinder.pk, "quantity": 3},
        {"equipment": cylinder.pk, "quantity": 4},
        {"equipment": cylinder.pk, "quantity": 5, "depot": union.pk},
    ]
    client = signed_in(rover)
    row = client.post(API, {"depot": singgas.pk, "items": items}, format="json").json()
    assert [item["quantity"] for item in row["items"]] == [3, 4, 5]
    assert client.post(f"{API}{row['id']}/confirm/", {}, format="json").status_code == 200
    assert held(truck_of(rover), cylinder) == 12
    assert (held(Owner("depot", singgas.pk), cylinder), held(Owner("depot", union.pk), cylinder)) == (3, 0)
    assert disagreements() == {}


def test_all_that_is_short_is_told_at_once_and_nothing_moves(admin, driver, filled, cylinder, signed_in):
    client = signed_in(driver)
    other = make.some_equipment(admin)
    items = [{"equipment": cylinder.pk, "quantity": 6}] * 2 + [{"equipment": other.pk, "quantity": 1}]
    id = client.post(API, {"depot": filled.pk, "items": items}, format="json").json()["id"]
    before = list(Balance.objects.exclude(quantity=0).values_list("pk", "quantity"))
    refused = client.post(f"{API}{id}/confirm/", {}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_stock")
    short = {(row["equipment"], row["requested"], row["available"]) for row in refused.json()["shortages"]}
    assert short == {(cylinder.pk, 12, 10), (other.pk, 1, 0)}
    assert refused.json()["detail"].startswith("Depot SINGGAS has 10 full Cylinder")
    assert list(Balance.objects.exclude(quantity=0).values_list("pk", "quantity")) == before
    assert client.get(f"{API}{id}/").json()["status"] == "PENDING"
    assert not Movement.objects.filter(cause="DISTRIBUTION").exists()


def test_confirmed_or_cancelled_it_is_decided_for_good(driver, filled, cylinder, signed_in):
    client = signed_in(driver)
    body = {"depot": filled.pk, "items": [{"equipment": cylinder.pk, "quantity": 1}]}
    first, second = (client.post(API, body, format="json").json()["id"] for _ in range(2))
    assert client.post(f"{API}{first}/confirm/", {}, format="json").status_code == 200
    assert client.post(f"{API}{second}/cancel/", {}, format="json").json()["status"] == "CANCELLED"
    for id, action, code in (
        (first, "confirm", "already_confirmed"),
        (first, "cancel", "not_pending"),
        (second, "confirm", "not_pending"),
        (second, "cancel", "not_pending"),
    ):
        answer = client.post(f"{API}{id}/{action}/", {}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    for method in (client.put, client.patch, client.delete):
        assert method(f"{API}{first}/", body, format="json").status_code == 405
    assert held(truck_of(driver), cylinder) == 1
    assert disagreements() == {}


def test_nobody_touches_what_is_not_theirs(
    admin, supervisor, driver, other_driver, singgas, union, filled, cylinder, signed_in
):
    mine = a_distribution(driver, singgas.pk, (cylinder, 1))
    client = signed_in(other_driver)
    assert client.get(f"{API}{mine.pk}/").status_code == 404
    assert client.post(f"{API}{mine.pk}/confirm/", {}, format="json").status_code == 404
    assert client.get(API).json()["results"] == []
    line = [{"equipment": cylinder.pk, "quantity": 1}]
    somebody_elses_truck = {"depot": union.pk, "vehicle": driver.vehicle_id, "items": line}
    assert client.post(API, somebody_elses_truck, format="json").status_code == 403
    assert client.post(API, {"depot": singgas.pk, "items": line}, format="json").status_code == 403
    to_singgas = {"depot": union.pk, "to_depot": singgas.pk, "items": line}
    assert client.post(API, to_singgas, format="json").status_code == 403
    assert signed_in(supervisor).get(f"{API}{mine.pk}/").status_code == 200
    anothers_truck = {"depot": singgas.pk, "vehicle": other_driver.vehicle_id, "items": line}
    assert signed_in(supervisor).post(API, anothers_truck, format="json").status_code == 403
    unseen = make.a_customer(admin, union)
    body = {"depot": singgas.pk, "customer": unseen.pk, "items": line}
    assert list(signed_in(supervisor).post(API, body, format="json").json()["errors"]) == ["customer"]
    assert Distribution.objects.count() == 1


def test_what_is_retired_takes_part_in_no_new_distribution(admin, driver, filled, cylinder, signed_in):
    client, boss = signed_in(driver), signed_in(admin)
    body = {"depot": filled.pk, "items": [{"equipment": cylinder.pk, "quantity": 1}]}
    for path in (f"equipment/{cylinder.pk}", f"depots/{filled.pk}"):
        boss.patch(f"/api/v1/{path}/", {"is_active": False}, format="json")
        refused = signed_in(admin).post(API, {**body, "vehicle": driver.vehicle_id}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (409, "inactive")
        assert client.post(API, body, format="json").status_code in {400, 409}
        boss.patch(f"/api/v1/{path}/", {"is_active": True}, format="json")
    assert not Distribution.objects.exists()


def test_each_line_may_have_its_own_depot_and_the_first_stands_in_the_header(admin, singgas, union, driver, cylinder):
    make_line = {"quantity": 1, "direction": "OUT", "condition": "FULL", "equipment_id": cylinder.pk}
    items = [services.Item(**make_line, depot_id=depot.pk) for depot in (union, singgas)]
    side = services.OtherSide(vehicle_id=driver.vehicle_id)
    made = services.create(actor=admin, depot_id=None, items=items, other_side=side, now=timezone.now())
    assert (made.depot_id, [item.depot_id for item in made.items.all()]) == (union.pk, [union.pk, singgas.pk])
    assert [str(item) for item in made.items.all()] == [f"1 × {cylinder.pk} OUT FULL"] * 2
    items.append(services.Item(**make_line, depot_id=10**15))
    with pytest.raises(Invalid) as unknown:
        services.create(actor=admin, depot_id=None, items=items, other_side=side, now=timezone.now())
    assert list(unknown.value.errors) == ["items.2.depot"]


def test_who_decides_needs_the_right_at_every_depot_whose_stock_it_moves(
    admin, supervisor, singgas, union, filled, cylinder, signed_in
):
    vehicle = make.a_vehicle(admin, singgas)
    there = services.Item(cylinder.pk, 1, "OUT", "FULL", union.pk)
    here = services.Item(cylinder.pk, 1, "OUT", "FULL")
    of_both = services.create(
        actor=admin,
        depot_id=singgas.pk,
        items=[here, there],
        other_side=services.OtherSide(vehicle_id=vehicle.pk),
        now=timezone.now(),
    )
    to_theirs = a_distribution(admin, singgas.pk, (cylinder, 1), to_depot_id=union.pk)
    to_ours = a_distribution(admin, union.pk, (cylinder, 1), to_depot_id=singgas.pk)
    client = signed_in(supervisor)
    for distribution in (of_both, to_theirs, to_ours):
        assert client.get(f"{API}{distribution.pk}/").status_code == 200
        for action in ("confirm", "cancel"):
            assert client.post(f"{API}{distribution.pk}/{action}/", {}, format="json").status_code == 403
    supervisor.depots.add(union)
    fill(admin, Owner("depot", union.pk), cylinder, 5)
    for distribution in (of_both, to_theirs, to_ours):
        assert client.post(f"{API}{distribution.pk}/confirm/", {}, format="json").status_code == 200
    assert disagreements() == {}


def test_a_driver_decides_nothing_at_a_depot_that_is_no_longer_theirs(
    admin, driver, union, filled, cylinder, signed_in
):
    mine = a_distribution(driver, filled.pk, (cylinder, 1))
    client = signed_in(driver)
    signed_in(admin).patch(f"/api/v1/users/{driver.pk}/", {"depot": union.pk}, format="json")
    assert client.get(f"{API}{mine.pk}/").status_code == 200
    for action in ("confirm", "cancel"):
        assert client.post(f"{API}{mine.pk}/{action}/", {}, format="json").status_code == 403
    assert Distribution.objects.get().status == "PENDING"


@pytest.mark.parametrize("window", [1, 2, 2_000])
def test_verify_finds_what_moved_without_being_confirmed_in_whatever_window_it_looks(
    driver, filled, cylinder, monkeypatch, window
):
    monkeypatch.setattr(checks, "WINDOW", window)
    confirmed, pending, cancelled = (a_distribution(driver, filled.pk, (cylinder, 1)) for _ in range(3))
    services.confirm(actor=driver, distribution_id=confirmed.pk, now=timezone.now())
    services.cancel(actor=driver, distribution_id=cancelled.pk, now=timezone.now())
    assert checks.confirmed_ones_are_their_movements() == []
    good = Movement.objects.latest("pk")
    strangers = (pending.pk, cancelled.pk, cancelled.pk + 7)
    for id in strangers:
        values = {field.attname: getattr(good, field.attname) for field in Movement._meta.concrete_fields}
        Movement.objects.create(**{**values, "id": None, "cause_id": id})
    words = f"depot {filled.pk}, equipment {cylinder.pk} OUT FULL: 0 asked for, 1 moved"
    assert checks.confirmed_ones_are_their_movements() == [f"distribution {id}, {words}" for id in strangers]


def test_statements_do_not_grow_with_the_lines(admin, driver, singgas, signed_in):
    client = signed_in(driver)
    counts = []
    for lines in (1, 30):
        items = [make.some_equipment(admin) for _ in range(lines)]
        for item in items:
            fill(admin, Owner("depot", singgas.pk), item, 5)
            fill(admin, truck_of(driver), item, 1)
        distribution = a_distribution(driver, singgas.pk, *[(item, 1) for item in items])
        with CaptureQueriesContext(connection) as statements:
            answer = client.post(
                f"{API}{distribution.pk}/confirm/", {}, format="json", headers={"Idempotency-Key": f"k{lines}"}
            )
        assert answer.status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 18


def test_verify_sees_what_was_tampered_with(driver, filled, cylinder, signed_in):
    distribution = a_distribution(driver, filled.pk, (cylinder, 4))
    signed_in(driver).post(f"{API}{distribution.pk}/confirm/", {}, format="json")
    assert disagreements() == {}
    tampering = {
        "stock: nothing appears or vanishes": "UPDATE inventory_balance SET quantity = quantity + 1 WHERE physical",
        "stock: balances are the sum of their movements": "UPDATE inventory_balance SET quantity = quantity + 1",
        "stock: no depot, truck or customer holds less than nothing": "UPDATE inventory_balance SET physical = 0",
        "distributions: confirmed ones are exactly their movements": (
            "UPDATE distribution_distributionitem SET quantity = 9"
        ),
        "distributions: every transition has its audit entry": (
            "UPDATE distribution_distribution SET status = 'CANCELLED', cancelled_at = created_at, confirmed_at = NULL"
        ),
        "distributions: numbers without gap or duplicate": "UPDATE numbering_series SET last = 7",
    }
    for name, statement in tampering.items():
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before_tampering")
            cursor.execute(statement)
            assert name in disagreements()
            cursor.execute("ROLLBACK TO SAVEPOINT before_tampering")
    assert disagreements() == {}
