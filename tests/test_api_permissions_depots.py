"""What belongs to another depot is not there, and what is retired is not for drivers."""

import pytest

from lpg.customers.models import Customer
from tests import make

# --- A row of another depot -------------------------------------------------------------------------------------------


def test_a_supervisor_does_not_find_a_customer_of_another_depot_and_changes_nothing(
    admin, union, supervisor, signed_in
):
    client = signed_in(supervisor)
    theirs = make.a_customer(admin, union)
    path = f"/api/v1/customers/{theirs.pk}/"
    whole = {"customer_code": "X", "name": "X", "payment_type": "CASH", "depot": union.pk}
    rate = {"equipment": None, "rate": "1", "effective_from": "2026-01-01"}
    for answer in (
        client.get(path),
        client.patch(path, {"name": "X"}, format="json"),
        client.put(path, whole, format="json"),
        client.get(f"{path}rates/"),
        client.post(f"{path}rates/", rate, format="json"),
    ):
        unknown = client.get("/api/v1/customers/987654321/")
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    theirs.refresh_from_db()
    assert (theirs.name, theirs.rates.count()) != ("X", 1)
    assert theirs.name != "X"


def test_a_supervisor_makes_no_customer_at_another_depot_that_can_be_seen(union, supervisor, signed_in):
    body = {"customer_code": "N-1", "name": "N", "payment_type": "CASH", "depot": union.pk}
    answer = signed_in(supervisor).post("/api/v1/customers/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert not Customer.objects.exists()


def test_an_unknown_depot_in_a_body_is_400_on_that_field(supervisor, signed_in):
    body = {"customer_code": "N-1", "name": "N", "payment_type": "CASH", "depot": 987654321}
    answer = signed_in(supervisor).post("/api/v1/customers/", body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["depot"])


def test_moving_a_customer_needs_the_right_at_both_depots(admin, singgas, union, supervisor, signed_in):
    customer = make.a_customer(admin, singgas)
    client, path = signed_in(supervisor), f"/api/v1/customers/{customer.pk}/"
    assert client.patch(path, {"depot": union.pk}, format="json").status_code == 403
    customer.refresh_from_db()
    assert customer.depot_id == singgas.pk

    supervisor.depots.add(union)
    moved = client.patch(path, {"depot": union.pk}, format="json")
    assert (moved.status_code, moved.json()["depot"]) == (200, union.pk)
    back = client.patch(path, {"depot": singgas.pk}, format="json")
    assert (back.status_code, back.json()["depot"]) == (200, singgas.pk)


def test_a_retired_depot_takes_no_customers_but_keeps_those_it_has(admin, singgas, union, signed_in):
    customer = make.a_customer(admin, singgas)
    client = signed_in(admin)
    for depot in (singgas, union):
        client.patch(f"/api/v1/depots/{depot.pk}/", {"is_active": False}, format="json")
    path = f"/api/v1/customers/{customer.pk}/"
    moved = client.patch(path, {"depot": union.pk}, format="json")
    assert (moved.status_code, moved.json()["code"]) == (409, "inactive")
    assert client.patch(path, {"depot": singgas.pk, "name": "Kept"}, format="json").json()["name"] == "Kept"


@pytest.mark.parametrize("person", ["supervisor", "driver"])
def test_further_depots_are_own_depots(person, admin, union, signed_in, request):
    user = request.getfixturevalue(person)
    theirs = make.a_customer(admin, union)
    client, path = signed_in(user), f"/api/v1/customers/{theirs.pk}/"
    assert client.get(path).status_code == 404
    user.depots.add(union)
    assert client.get(path).status_code == 200
    assert [row["id"] for row in client.get("/api/v1/customers/").json()["results"]] == [theirs.pk]


def test_lists_of_customers_hold_only_those_of_own_depots(admin, singgas, union, supervisor, driver, signed_in):
    mine, theirs = make.a_customer(admin, singgas), make.a_customer(admin, union)
    for user, seen in ((admin, [mine.pk, theirs.pk]), (supervisor, [mine.pk]), (driver, [mine.pk])):
        rows = signed_in(user).get("/api/v1/customers/").json()["results"]
        assert [row["id"] for row in rows] == seen
    asked = signed_in(supervisor).get(f"/api/v1/customers/?depot={union.pk}").json()
    assert asked["results"] == []


# --- The catalogue ----------------------------------------------------------------------------------------------------


def test_drivers_see_what_is_in_use_and_nothing_retired(admin, singgas, supervisor, driver, signed_in):
    retired = {
        "depots": make.a_depot(admin),
        "vehicles": make.a_vehicle(admin, singgas),
        "equipment": make.some_equipment(admin),
    }
    make.some_equipment(admin)
    for resource, row in retired.items():
        path = f"/api/v1/{resource}/{row.pk}/"
        assert signed_in(driver).get(path).status_code == 200
        assert signed_in(admin).patch(path, {"is_active": False}, format="json").status_code == 200
        assert signed_in(driver).get(path).status_code == 404
        assert signed_in(driver).get(f"/api/v1/{resource}/?is_active=false").json()["results"] == []
        shown = [entry["id"] for entry in signed_in(driver).get(f"/api/v1/{resource}/").json()["results"]]
        assert shown
        assert row.pk not in shown
        for user in (supervisor, admin):
            assert signed_in(user).get(path).json()["is_active"] is False
    assert signed_in(driver).get(f"/api/v1/equipment/{retired['equipment'].pk}/rates/").status_code == 404
