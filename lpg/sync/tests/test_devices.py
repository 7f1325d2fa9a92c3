"""Devices: one row for each phone and person, and nobody gets in on one that is switched off."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from lpg.accounts import tokens
from lpg.accounts.models import Session
from lpg.roles import Role
from lpg.sync import devices
from lpg.sync.models import Device
from tests import make
from tests.races import all_well, together

DEVICES, PULL = "/api/v1/sync/devices/", "/api/v1/sync/pull/"


def registers(client, device_id: str = "", **more):
    return client.post(DEVICES, {"device_id": device_id or str(uuid4()), **more}, format="json")


@pytest.mark.django_db
def test_a_device_is_one_row_however_often_it_is_registered(driver, signed_in):
    key = str(uuid4())
    first = registers(signed_in(driver), key, name="Ah Kow's", platform="Android 15")
    assert first.status_code == 201
    row = first.json()
    assert (row["device_id"], row["user"], row["user_name"]) == (key, driver.pk, "driver")
    assert (row["name"], row["platform"]) == ("Ah Kow's", "Android 15")
    assert (row["gaps"], row["skew_seconds"], row["switched_off_at"]) == ([], None, None)
    client = signed_in(driver)
    again = registers(client, key.upper(), name="Ah Kow's", platform="Android 15")
    assert (again.status_code, again.json()) == (201, row)
    renamed = registers(client, key, name="The new one", platform="Android 15")
    assert renamed.json() == {**row, "name": "The new one"}
    assert Device.objects.count() == 1
    assert set(Session.objects.values_list("device", flat=True)) == {row["id"]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("device_id", ""),
        ("device_id", "phone-1"),
        ("device_id", 7),
        ("device_id", None),
        ("device_id", "{5f0f3a7e-9c3d-4a51-8a0e-2b6d1c9e7f10}"),
        ("device_id", "5f0f3a7e9c3d4a518a0e2b6d1c9e7f10"),
        ("device_id", "urn:uuid:5f0f3a7e-9c3d-4a51-8a0e-2b6d1c9e7f10"),
        ("name", "x" * 101),
        ("name", ["x"]),
        ("platform", "a\nb"),
        ("os", "Android"),
    ],
)
def test_what_is_wrong_about_a_device_is_said(field, value, driver, signed_in):
    answer = signed_in(driver).post(DEVICES, {"device_id": str(uuid4()), field: value}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not Device.objects.exists()


@pytest.mark.django_db
def test_each_sees_the_devices_that_are_theirs_to_see(
    admin, supervisor, driver, other_driver, singgas, union, signed_in
):
    visitor = make.a_user(Role.DRIVER, by=admin, depot=union.pk, depots=[singgas.pk])
    people = {"admin": admin, "supervisor": supervisor, "driver": driver, "other": other_driver, "visitor": visitor}
    ids = {name: registers(signed_in(user)).json()["id"] for name, user in people.items()}
    seen = {
        name: {row["id"] for row in signed_in(user).get(DEVICES).json()["results"]} for name, user in people.items()
    }
    assert seen == {
        "admin": set(ids.values()),
        "supervisor": {ids["supervisor"], ids["driver"], ids["visitor"]},
        "driver": {ids["driver"]},
        "other": {ids["other"]},
        "visitor": {ids["visitor"]},
    }
    rows = signed_in(admin).get(f"{DEVICES}?user={driver.pk}").json()["results"]
    assert [row["id"] for row in rows] == [ids["driver"]]


@pytest.mark.django_db
def test_a_device_that_is_switched_off_is_refused_at_once_also_with_tokens_from_before(supervisor, driver, signed_in):
    phone, at_the_desk, key = signed_in(driver), signed_in(driver), str(uuid4())
    id = registers(phone, key).json()["id"]
    refresh = tokens.issue(phone.signed_in)["refresh"]
    assert phone.get(PULL).status_code == 200
    answer = signed_in(supervisor).post(f"{DEVICES}{id}/switch-off/")
    assert (answer.status_code, answer.json()["switched_off_at"] is None) == (200, False)
    for gone in (phone.get(PULL), phone.get("/api/v1/me/"), registers(phone, key)):
        assert (gone.status_code, gone.json()["code"]) == (401, "token_not_valid")
    assert phone.post("/api/v1/token/refresh/", {"refresh": refresh}, format="json").status_code == 401
    assert at_the_desk.get(PULL).status_code == 200, "another device of the same person"
    new = signed_in(driver)
    refused = registers(new, key)
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Bearer realm="api"')
    assert "switched off" in refused.json()["detail"]
    assert registers(new).status_code == 201


@pytest.mark.django_db
def test_a_phone_is_switched_off_for_all_on_it_whom_one_may_see(admin, supervisor, driver, other_driver, signed_in):
    key = str(uuid4())
    colleague = make.a_user(Role.DRIVER, by=admin, depot=driver.depot_id)
    clients = {user: signed_in(user) for user in (driver, colleague, other_driver)}
    ids = {user: registers(client, key).json()["id"] for user, client in clients.items()}
    assert signed_in(supervisor).post(f"{DEVICES}{ids[driver]}/switch-off/").status_code == 200
    assert [client.get(PULL).status_code for client in clients.values()] == [401, 401, 200]
    assert signed_in(supervisor).post(f"{DEVICES}{ids[other_driver]}/switch-off/").status_code == 404
    assert signed_in(admin).post(f"{DEVICES}{ids[driver]}/switch-off/").status_code == 200
    assert clients[other_driver].get(PULL).status_code == 401


@pytest.mark.django_db
def test_switching_off_twice_keeps_the_first_time(admin, driver, signed_in):
    id = registers(signed_in(driver)).json()["id"]
    client = signed_in(admin)
    first = client.post(f"{DEVICES}{id}/switch-off/").json()
    assert client.post(f"{DEVICES}{id}/switch-off/").json() == first


@pytest.mark.django_db
def test_a_session_that_moves_to_another_device_ends_with_that_one(admin, driver, signed_in):
    phone = signed_in(driver)
    first, second = (registers(phone).json()["id"] for _ in range(2))
    admins = signed_in(admin)
    admins.post(f"{DEVICES}{first}/switch-off/")
    assert phone.get(PULL).status_code == 200
    admins.post(f"{DEVICES}{second}/switch-off/")
    assert phone.get(PULL).status_code == 401


@pytest.mark.django_db
def test_the_last_contact_is_kept_to_the_minute(driver, signed_in, django_assert_num_queries):
    phone = signed_in(driver)
    device = Device.objects.get(pk=registers(phone).json()["id"])
    phone.get(PULL)
    before = device.last_contact_at
    device.refresh_from_db()
    assert device.last_contact_at == before
    Device.objects.update(last_contact_at=before - timedelta(minutes=2))
    phone.get(PULL)
    device.refresh_from_db()
    assert timezone.now() - device.last_contact_at < timedelta(seconds=30)


@pytest.mark.django_db(transaction=True)
def test_registering_and_switching_off_at_once_leaves_nobody_in(admin, driver):
    """Whichever comes first: the session that registers does not outlive the switching off."""
    key = str(uuid4())
    device = devices.register(
        actor=driver,
        session_id=make.a_client(driver).signed_in.pk,
        device_id=key,
        name="",
        platform="",
        now=timezone.now(),
    )
    phone, admins = make.a_client(driver), make.a_client(admin)
    together(lambda: registers(phone, key), lambda: admins.post(f"{DEVICES}{device.pk}/switch-off/"))
    session = Session.objects.get(pk=phone.signed_in.pk)
    assert session.device_id is None or session.revoked_at


@pytest.mark.django_db(transaction=True)
def test_one_device_registered_many_times_at_once_is_one_row(driver):
    key, phones = str(uuid4()), [make.a_client(driver) for _ in range(6)]
    answers = all_well(together(*(lambda phone=phone: registers(phone, key).status_code for phone in phones)))
    assert answers == [201] * 6
    assert Device.objects.count() == 1
