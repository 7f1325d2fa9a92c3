"""Stock as supervisor and driver see it over the API: nothing appears, nothing vanishes, nothing is half done."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.inventory.models import Balance, Movement, Place
from lpg.inventory.places import Owner, place_of
from tests import make
from tests.stock import held

API = "/api/v1/inventories/"


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


def a_depot(depot) -> Owner:
    return Owner("depot", depot.pk)


def books() -> tuple:
    """Everything that must not change when something is refused."""
    balances = sorted(
        Balance.objects.exclude(quantity=0).values_list("place__key", "equipment", "condition", "quantity")
    )
    return balances, Movement.objects.count(), AuditLog.objects.count()


def test_a_delivery_of_the_supplier_comes_from_outside_and_all_places_together_hold_nothing(
    supervisor, singgas, cylinder, signed_in
):
    body = {
        "origin": {"type": "supplier"},
        "destination": {"type": "depot", "id": singgas.pk},
        "items": [{"equipment": cylinder.pk, "quantity": 120}],
        "remarks": "Delivery note 1",
    }
    made = signed_in(supervisor).post(f"{API}transfers/", body, format="json")
    assert made.status_code == 201, made.content
    assert held(a_depot(singgas), cylinder) == 120
    assert held(Owner("supplier"), cylinder, "") == -120
    movement = Movement.objects.get()
    assert (movement.origin_after, movement.destination_after, movement.cause_id) == (-120, 120, made.json()["id"])


def test_update_adds_a_delta_or_sets_a_quantity_and_says_what_is_there(supervisor, singgas, cylinder, signed_in):
    client = signed_in(supervisor)
    body = {"entity": "depot", "entity_id": singgas.pk, "equipment_id": cylinder.pk}
    by_delta = client.post(f"{API}update/", {**body, "delta": 7}, format="json")
    to_quantity = client.post(f"{API}update_inventory/", {**body, "quantity": 5, "reason": "recount"}, format="json")
    assert (by_delta.status_code, by_delta.json()["quantity"]) == (200, 7)
    assert (to_quantity.status_code, to_quantity.json()["quantity"]) == (200, 5)
    assert list(Movement.objects.order_by("pk").values_list("reason", flat=True)) == ["manual", "recount"]
    row = AuditLog.objects.filter(action="UPDATE_INVENTORY").latest("pk")
    assert (row.payload["before"], row.payload["after"]["quantity"]) == ({"quantity": 7}, 5)
    assert row.depot_id == singgas.pk


def test_a_quantity_that_is_there_already_moves_nothing(supervisor, singgas, cylinder, signed_in):
    client = signed_in(supervisor)
    body = {"entity": "depot", "entity_id": singgas.pk, "equipment_id": cylinder.pk, "quantity": 0}
    before = books()
    answer = client.post(f"{API}update/", body, format="json")
    assert (answer.status_code, answer.json()["quantity"]) == (200, 0)
    assert books() == before


def test_a_customers_site_keeps_a_plain_count(supervisor, singgas, cylinder, signed_in):
    customer = make.a_customer(supervisor, singgas)
    body = {"entity": "customer", "entity_id": customer.pk, "equipment_id": cylinder.pk, "delta": 3}
    client = signed_in(supervisor)
    row = client.post(f"{API}update/", body, format="json").json()
    assert (row["type"], row["condition"], row["customer"], row["quantity"]) == ("customer", None, customer.pk, 3)
    refused = client.post(f"{API}update/", {**body, "condition": "FULL"}, format="json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["condition"])


def test_what_is_damaged_is_relabelled_and_what_is_past_it_is_scrapped(supervisor, singgas, cylinder, signed_in):
    client = signed_in(supervisor)
    depot = {"type": "depot", "id": singgas.pk}
    make_stock(client, singgas, cylinder, 10)
    relabel = {
        "origin": depot,
        "destination": depot,
        "items": [{"equipment": cylinder.pk, "quantity": 4, "condition": "FULL", "to_condition": "DAMAGED"}],
    }
    scrap = {
        "origin": depot,
        "destination": {"type": "scrap"},
        "items": [{"equipment": cylinder.pk, "quantity": 3, "condition": "DAMAGED"}],
    }
    assert client.post(f"{API}transfers/", relabel, format="json").status_code == 201
    assert client.post(f"{API}transfers/", scrap, format="json").status_code == 201
    assert [held(a_depot(singgas), cylinder, c) for c in ("FULL", "DAMAGED")] == [6, 1]
    assert held(Owner("scrap"), cylinder, "") == 3


def make_stock(client, depot, equipment, quantity, condition="FULL"):
    body = {
        "entity": "depot",
        "entity_id": depot.pk,
        "equipment_id": equipment.pk,
        "delta": quantity,
        "condition": condition,
    }
    assert client.post(f"{API}update/", body, format="json").status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"items": []}, 400, "items"),
        ({"items": [{"quantity": 0}]}, 400, "items.0.quantity"),
        ({"items": [{"quantity": -1}]}, 400, "items.0.quantity"),
        ({"items": [{"quantity": 1.5}]}, 400, "items.0.quantity"),
        ({"items": [{"quantity": 10**12}]}, 400, "items.0.quantity"),
        ({"items": [{"quantity": True}]}, 400, "items.0.quantity"),
        ({"items": [{"quantity": 1, "equipment": 10**15}]}, 400, "items.0.equipment"),
        ({"items": [{"quantity": 1, "condition": "RUSTY"}]}, 400, "items.0.condition"),
        ({"items": [{"quantity": 11}]}, 409, None),
        ({"origin": {"type": "scrap"}}, 400, "origin.type"),
        ({"origin": {"type": "adjustment"}}, 400, "origin.type"),
        ({"origin": {"type": "supplier", "id": 3}}, 400, "origin.id"),
        ({"origin": {"type": "depot"}}, 400, "origin.id"),
        ({"destination": {"type": "depot", "id": 10**15}}, 400, "destination.id"),
        ({"destination": "same"}, 400, "items.0.to_condition"),
        ({"destination": "same", "items": [{"quantity": 1, "to_condition": "FULL"}]}, 400, "items.0.to_condition"),
        ({"destination": {"type": "supplier"}, "origin": {"type": "supplier"}}, 400, "destination"),
        (
            {"destination": {"type": "supplier"}, "items": [{"quantity": 1, "to_condition": "EMPTY"}]},
            400,
            "items.0.to_condition",
        ),
    ],
)
def test_a_transfer_that_cannot_be_is_refused_and_changes_nothing(
    supervisor, singgas, cylinder, signed_in, change, status, field
):
    client = signed_in(supervisor)
    make_stock(client, singgas, cylinder, 10)
    depot = {"type": "depot", "id": singgas.pk}
    body = {"origin": depot, "destination": {"type": "supplier"}, "items": [{"quantity": 1}], **change}
    body["items"] = [{"equipment": cylinder.pk, **item} for item in body["items"]]
    if body["destination"] == "same":
        body["destination"] = depot
    before = books()
    answer = client.post(f"{API}transfers/", body, format="json")
    assert answer.status_code == status, answer.content
    if field:
        assert field in answer.json()["errors"]
    else:
        assert answer.json()["code"] == "insufficient_stock"
        assert answer.json()["shortages"][0]["available"] == 10
    assert books() == before


def test_what_is_retired_takes_part_in_nothing_new(admin, supervisor, singgas, cylinder, signed_in):
    boss, client = signed_in(admin), signed_in(supervisor)
    make_stock(client, singgas, cylinder, 10)
    boss.patch(f"/api/v1/equipment/{cylinder.pk}/", {"is_active": False}, format="json")
    body = {"entity": "depot", "entity_id": singgas.pk, "equipment_id": cylinder.pk, "delta": 1}
    before = books()
    assert client.post(f"{API}update/", body, format="json").json()["code"] == "inactive"
    boss.patch(f"/api/v1/equipment/{cylinder.pk}/", {"is_active": True}, format="json")
    boss.patch(f"/api/v1/depots/{singgas.pk}/", {"is_active": False}, format="json")
    assert client.post(f"{API}update/", body, format="json").json()["code"] == "inactive"
    assert books()[:2] == before[:2]


def test_supervisors_touch_only_their_own_depots_and_drivers_none(
    admin, supervisor, driver, singgas, union, cylinder, signed_in
):
    body = {"entity": "depot", "entity_id": union.pk, "equipment_id": cylinder.pk, "delta": 1}
    assert signed_in(supervisor).post(f"{API}update/", body, format="json").status_code == 403
    body["entity_id"] = singgas.pk
    assert signed_in(driver).post(f"{API}update/", body, format="json").status_code == 403
    assert not Movement.objects.exists()


def test_everybody_sees_what_is_theirs_to_see(
    admin, supervisor, driver, other_driver, singgas, union, cylinder, signed_in
):
    boss = signed_in(admin)
    customer = make.a_customer(admin, union)
    for entity, id in (
        ("depot", singgas.pk),
        ("depot", union.pk),
        ("truck", driver.vehicle_id),
        ("truck", other_driver.vehicle_id),
        ("customer", customer.pk),
    ):
        body = {"entity": entity, "entity_id": id, "equipment_id": cylinder.pk, "delta": 1}
        assert boss.post(f"{API}update/", body, format="json").status_code == 200

    def sees(user):
        rows = signed_in(user).get(API).json()["results"]
        return {(row["type"], row["depot"] or row["vehicle"] or row["customer"]) for row in rows}

    at_union = {("depot", union.pk), ("truck", other_driver.vehicle_id), ("customer", customer.pk)}
    at_singgas = {("depot", singgas.pk), ("truck", driver.vehicle_id)}
    assert sees(admin) == at_union | at_singgas
    assert sees(supervisor) == sees(driver) == at_singgas
    assert sees(other_driver) == at_union
    assert {row["place"] for row in boss.get(f"{API}?type=truck").json()["results"]} == set(
        Place.objects.filter(kind="truck").values_list("pk", flat=True)
    )
    assert len(boss.get(f"{API}?customer={customer.pk}").json()["results"]) == 1


def test_the_ledger_of_a_place_runs_back_page_by_page_with_what_was_held_after_each(
    supervisor, singgas, cylinder, signed_in
):
    client = signed_in(supervisor)
    for _ in range(5):
        make_stock(client, singgas, cylinder, 2)
    seen, url = [], f"{API}movements/?type=depot&id={singgas.pk}&page_size=2"
    while url:
        page = client.get(url).json()
        seen += [row["destination_after"] for row in page["results"]]
        url = page["next"]
    assert seen == [10, 8, 6, 4, 2]
    assert client.get(f"{API}movements/?type=depot").status_code == 400
    assert client.get(f"{API}movements/?type=supplier").status_code == 400
    assert len(client.get(f"{API}movements/?cause=UPDATE").json()["results"]) == 5
    assert client.get(f"{API}movements/?cause=TRANSFER").json()["results"] == []


@pytest.mark.django_db(transaction=True)
def test_the_past_can_be_asked(supervisor, singgas, cylinder, signed_in):
    client = signed_in(supervisor)
    moments = [timezone.now()]
    for _ in range(3):
        make_stock(client, singgas, cylinder, 4)
        moments.append(timezone.now())

    def at(moment):
        rows = client.get(API, {"at": moment.isoformat()}).json()["results"]
        return [row["quantity"] for row in rows]

    assert [at(moment) for moment in moments] == [[0], [4], [8], [12]]
    assert client.get(API, {"at": (timezone.now() + timedelta(days=1)).isoformat()}).status_code == 400


def test_a_count_is_blind_and_somebody_else_approves_it(admin, supervisor, singgas, cylinder, signed_in):
    counter, boss = signed_in(supervisor), signed_in(admin)
    make_stock(counter, singgas, cylinder, 10)
    body = {
        "place": {"type": "depot", "id": singgas.pk},
        "lines": [{"equipment": cylinder.pk, "condition": "FULL", "quantity": 8}],
    }
    count = counter.post(f"{API}counts/", body, format="json").json()
    assert count["lines"][0]["expected"] is None
    assert counter.post(f"{API}counts/{count['id']}/approve/", {"reason": "x"}, format="json").status_code == 403
    make_stock(counter, singgas, cylinder, 5)  # what moves meanwhile stays moved
    assert boss.get(f"{API}counts/{count['id']}/").json()["lines"][0]["difference"] == -2
    approved = boss.post(f"{API}counts/{count['id']}/approve/", {"reason": "two lent"}, format="json")
    assert (approved.status_code, approved.json()["status"]) == (200, "APPROVED")
    assert held(a_depot(singgas), cylinder) == 13
    again = boss.post(f"{API}counts/{count['id']}/approve/", {"reason": "x"}, format="json")
    assert (again.status_code, again.json()["code"]) == (409, "not_pending")
    assert Movement.objects.latest("pk").reason == "two lent"


def test_a_count_may_be_put_aside(supervisor, singgas, cylinder, signed_in):
    client = signed_in(supervisor)
    body = {"place": {"type": "depot", "id": singgas.pk}, "lines": [{"equipment": cylinder.pk, "quantity": 8}]}
    count = client.post(f"{API}counts/", body, format="json").json()
    cancelled = client.post(f"{API}counts/{count['id']}/cancel/", {"reason": "miscounted"}, format="json")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "CANCELLED")
    assert not Movement.objects.exists()


def test_the_same_thing_counted_twice_in_one_count_is_refused(supervisor, singgas, cylinder, signed_in):
    line = {"equipment": cylinder.pk, "quantity": 8}
    body = {"place": {"type": "depot", "id": singgas.pk}, "lines": [line, line]}
    answer = signed_in(supervisor).post(f"{API}counts/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["lines.1.equipment"])


def test_the_database_itself_refuses_a_negative_balance_and_a_changed_movement(
    supervisor, singgas, cylinder, signed_in
):
    make_stock(signed_in(supervisor), singgas, cylinder, 1)
    for statement in (
        "UPDATE inventory_balance SET quantity = -1 WHERE physical",
        "UPDATE inventory_movement SET quantity = 2",
        "DELETE FROM inventory_movement",
    ):
        with pytest.raises(Exception) as refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        assert isinstance(refused.value, IntegrityError) or "written once" in str(refused.value)


def test_one_place_for_each_owner(singgas):
    first, second = place_of(a_depot(singgas)), place_of(a_depot(singgas))
    assert first == second
    assert Place.objects.filter(depot=singgas).count() == 1
