"""Who sees people, their sessions and the audit, and whose sign-in opens what."""

import pytest

from lpg.audit.models import AuditLog
from lpg.roles import Role
from tests import make

# --- People -----------------------------------------------------------------------------------------------------------


def test_supervisors_see_the_people_of_their_own_depots_only(admin, union, supervisor, driver, other_driver, signed_in):
    visitor = make.a_user(Role.DRIVER, by=admin, depot=union.pk, depots=[supervisor.depot_id])
    client = signed_in(supervisor)
    seen = {row["id"] for row in client.get("/api/v1/users/").json()["results"]}
    assert seen == {supervisor.pk, driver.pk, visitor.pk}
    assert client.get(f"/api/v1/users/{other_driver.pk}/").status_code == 404
    assert client.get(f"/api/v1/users/{admin.pk}/").status_code == 404
    assert client.get(f"/api/v1/users/{visitor.pk}/").status_code == 200


def test_somebody_at_two_own_depots_is_listed_once(admin, singgas, union, supervisor, signed_in):
    supervisor.depots.add(union)
    both = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, depots=[singgas.pk, union.pk])
    rows = signed_in(supervisor).get("/api/v1/users/").json()["results"]
    assert [row["id"] for row in rows].count(both.pk) == 1


def test_a_supervisor_without_depots_sees_nobody_and_no_customer(admin, singgas, driver, signed_in):
    make.a_customer(admin, singgas)
    client = signed_in(make.a_user(Role.SUPERVISOR, by=admin))
    for resource in ("users", "customers", "audit"):
        assert client.get(f"/api/v1/{resource}/").json()["results"] == []


def test_nobody_is_promoted_by_themselves(supervisor, driver, signed_in):
    for user in (supervisor, driver):
        client = signed_in(user)
        answer = client.patch(f"/api/v1/users/{user.pk}/", {"role": "ADMIN"}, format="json")
        assert answer.status_code == 403
        assert client.patch("/api/v1/me/", {"role": "ADMIN"}, format="json").status_code == 405
        user.refresh_from_db()
        assert user.role != Role.ADMIN


def test_passwords_are_never_shown(admin, driver, signed_in):
    client = signed_in(admin)
    made = {"username": "n", "employee_id": "N", "role": "DRIVER", "password": "three-blue-kettles"}
    for answer in (
        client.get("/api/v1/me/"),
        client.get(f"/api/v1/users/{driver.pk}/"),
        client.post("/api/v1/users/", made, format="json"),
        client.get("/api/v1/users/"),
        client.get("/api/v1/audit/?entity_type=User"),
    ):
        assert answer.status_code < 300
        assert "password" not in answer.content.decode().replace("CHANGE_PASSWORD", "")


# --- Audit ------------------------------------------------------------------------------------------------------------


def test_audit_rows_without_a_depot_are_for_administrators_only(admin, singgas, union, supervisor, signed_in):
    item = make.some_equipment(admin)
    mine, theirs = make.a_customer(admin, singgas), make.a_customer(admin, union)
    rows = {
        kind: AuditLog.objects.get(action=f"CREATE_{kind}", entity_id=entity.pk)
        for kind, entity in {"EQUIPMENT": item, "CUSTOMER": mine}.items()
    }
    elsewhere = AuditLog.objects.get(action="CREATE_CUSTOMER", entity_id=theirs.pk)
    assert rows["EQUIPMENT"].depot_id is None
    client = signed_in(supervisor)
    assert client.get(f"/api/v1/audit/{rows['CUSTOMER'].pk}/").status_code == 200
    assert client.get(f"/api/v1/audit/{rows['EQUIPMENT'].pk}/").status_code == 404
    assert client.get(f"/api/v1/audit/{elsewhere.pk}/").status_code == 404
    shown = client.get("/api/v1/audit/?page_size=200").json()["results"]
    assert {row["depot"] for row in shown} == {singgas.pk}
    everything = signed_in(admin).get("/api/v1/audit/?page_size=200").json()["results"]
    assert {None, singgas.pk, union.pk} <= {row["depot"] for row in everything}


# --- Sessions ---------------------------------------------------------------------------------------------------------


def test_sessions_of_others_are_for_administrators_only(admin, supervisor, driver, signed_in):
    clients = {user.pk: signed_in(user) for user in (admin, supervisor, driver)}
    for user in (supervisor, driver):
        rows = clients[user.pk].get("/api/v1/sessions/").json()["results"]
        assert {row["user"] for row in rows} == {user.pk}
        asked = clients[user.pk].get(f"/api/v1/sessions/?user={admin.pk}").json()
        assert asked["results"] == []
    everyone = clients[admin.pk].get("/api/v1/sessions/").json()["results"]
    assert {row["user"] for row in everyone} == {admin.pk, supervisor.pk, driver.pk}
    drivers = clients[admin.pk].get(f"/api/v1/sessions/?user={driver.pk}").json()["results"]
    assert [row["user"] for row in drivers] == [driver.pk]


def test_throwing_a_device_out_is_felt_at_once_by_that_device_alone(admin, driver, signed_in):
    lost, kept = signed_in(driver), signed_in(driver)
    answer = signed_in(admin).post(f"/api/v1/sessions/{lost.signed_in.pk}/revoke/")
    assert (answer.status_code, answer.json()["id"]) == (200, lost.signed_in.pk)
    refused = lost.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_not_valid")
    assert kept.get("/api/v1/me/").status_code == 200
    shown = signed_in(admin).get(f"/api/v1/sessions/?user={driver.pk}").json()["results"]
    assert [row["id"] for row in shown] == [kept.signed_in.pk]


def test_switching_somebody_off_ends_what_they_hold_and_switching_on_gives_none_of_it_back(admin, driver, signed_in):
    client, boss = signed_in(driver), signed_in(admin)
    path = f"/api/v1/users/{driver.pk}/"
    assert boss.patch(path, {"is_active": False}, format="json").status_code == 200
    assert client.get("/api/v1/me/").status_code == 401
    assert boss.patch(path, {"is_active": True}, format="json").status_code == 200
    assert client.get("/api/v1/me/").status_code == 401


def test_a_refresh_token_opens_nothing_and_an_access_token_refreshes_nothing(driver, signed_in):
    client = signed_in(driver)
    pair = make.tokens.issue(client.signed_in)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['refresh']}")
    assert client.get("/api/v1/me/").json()["code"] == "token_not_valid"
    answer = signed_in(None).post("/api/v1/token/refresh/", {"refresh": pair["access"]}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "not_authenticated"),
        ("Basic YWRtaW46YWRtaW4=", "not_authenticated"),
        ("Bearer", "token_not_valid"),
        ("Bearer a b", "token_not_valid"),
        ("Bearer not.a.token", "token_not_valid"),
        ("Bearer eyJhbGciOiJub25lIn0.eyJzaWQiOjF9.", "token_not_valid"),
        ("Bearer \x00\xff", "token_not_valid"),
    ],
)
def test_a_header_that_is_no_token_is_401(header, code, db, signed_in):
    client = signed_in(None)
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, code)
