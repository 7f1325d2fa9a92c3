"""Sessions and their tokens: out means out at once, and an administrator is always left."""

import threading
import time
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from lpg import work
from lpg.accounts import services, tokens
from lpg.accounts.models import Session, User
from lpg.accounts.services import LastAdmin
from lpg.audit.models import AuditLog
from lpg.roles import Role
from tests import make
from tests.races import all_well, together

ME, REFRESH, REVOKE = "/api/v1/me/", "/api/v1/token/refresh/", "/api/v1/token/revoke/"
NEW_PASSWORD = "seven-green-ladders"
THREADS = 8


class Device:
    """Something a user is signed in on."""

    def __init__(self, user: User):
        user.refresh_from_db()
        self.session = services.open_session(user=user, user_agent="phone", now=timezone.now())
        self.tokens = tokens.issue(self.session)

    def get(self, address: str = ME):
        return self.client().get(address)

    def client(self) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {self.tokens['access']}")
        return client

    def refresh(self):
        return APIClient().post(REFRESH, {"refresh": self.tokens["refresh"]}, format="json")

    @property
    def is_in(self) -> bool:
        """By the access token and by the refresh token alike."""
        answers = {self.get().status_code, self.refresh().status_code}
        assert answers in ({200}, {401}), answers
        return answers == {200}


@pytest.fixture
def phone(driver) -> Device:
    return Device(driver)


@pytest.fixture
def tablet(driver) -> Device:
    return Device(driver)


@pytest.mark.django_db
def test_signing_out_is_felt_at_once_and_on_that_device_alone(phone, tablet):
    assert (phone.is_in, tablet.is_in) == (True, True)
    answers = [APIClient().post(REVOKE, {"refresh": phone.tokens["refresh"]}, format="json") for _ in range(2)]
    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2
    assert (phone.is_in, tablet.is_in) == (False, True)
    assert phone.get().json()["code"] == phone.refresh().json()["code"] == "token_not_valid"
    assert AuditLog.objects.filter(action="REVOKE_SESSION").count() == 1


@pytest.mark.django_db
def test_a_device_is_thrown_out_by_its_owner_or_an_administrator_and_nobody_else(
    admin, supervisor, phone, tablet, signed_in
):
    address = f"/api/v1/sessions/{phone.session.pk}/revoke/"
    assert signed_in(supervisor).post(address).status_code == 404
    assert phone.is_in
    assert tablet.client().post(address).status_code == 200
    assert not phone.is_in
    assert signed_in(admin).post(f"/api/v1/sessions/{tablet.session.pk}/revoke/").status_code == 200
    assert not tablet.is_in


@pytest.mark.django_db
def test_a_session_ends_by_itself_after_seven_days(phone):
    Session.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert phone.is_in
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not phone.is_in


@pytest.mark.django_db
def test_a_refresh_may_be_repeated_and_says_when_the_device_was_last_used(phone):
    Session.objects.update(last_used_at=timezone.now() - timedelta(days=1))
    fresh = [phone.refresh().json()["access"] for _ in range(3)]
    for access in fresh:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
        assert client.get(ME).status_code == 200
    assert Session.objects.get().last_used_at > timezone.now() - timedelta(minutes=1)


@pytest.mark.django_db
def test_a_refresh_token_lives_as_long_as_its_session_and_an_access_token_no_longer_than_a_shift(phone):
    refresh, access = RefreshToken(phone.tokens["refresh"]), AccessToken(phone.tokens["access"])
    assert refresh["exp"] == int(phone.session.expires_at.timestamp())
    assert access["exp"] - access["iat"] == 8 * 60 * 60
    assert "user_id" not in access
    assert access["sid"] == refresh["sid"] == phone.session.pk


@pytest.mark.django_db
def test_an_access_token_that_was_taken_once_ends_all_the_same_and_vouches_for_no_other(phone):
    token = AccessToken(phone.tokens["access"])
    token.set_exp(lifetime=timedelta(seconds=2))
    phone.tokens["access"] = genuine = str(token)
    assert phone.get().status_code == 200
    head, body, sign = genuine.split(".")
    phone.tokens["access"] = f"{head}.{body}.{sign[::-1]}"
    assert phone.get().status_code == 401
    phone.tokens["access"] = genuine
    while time.time() < token["exp"]:
        time.sleep(0.05)
    answer = phone.get()
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


@pytest.mark.django_db
@pytest.mark.parametrize("spoilt", ["other kind", "altered", "no session", "another's", "unknown session", "nonsense"])
def test_a_token_that_is_not_quite_right_is_no_token(phone, spoilt):
    access, refresh = phone.tokens["access"], phone.tokens["refresh"]
    token = AccessToken(access)
    if spoilt == "no session":
        del token["sid"]
    if spoilt == "another's":
        token["sid"] = str(phone.session.pk)  # a number in words
    if spoilt == "unknown session":
        token["sid"] = 2**63 - 1
    given = {"other kind": refresh, "altered": f"{access[:-3]}AAA", "nonsense": "a.b.c"}.get(spoilt, str(token))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {given}")
    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")


@pytest.mark.django_db
@pytest.mark.parametrize("header", [None, "", "Basic YWRtaW46eA=="])
def test_without_a_token_nobody_is_signed_in(header):
    client = APIClient()
    if header is not None:
        client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get(ME)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


@pytest.mark.django_db
@pytest.mark.parametrize("address", [REFRESH, REVOKE])
def test_an_access_token_refreshes_and_revokes_nothing(phone, address):
    strange = RefreshToken()
    strange["sid"] = 2**63 - 1
    for given in (phone.tokens["access"], "nonsense", str(RefreshToken()), str(strange)):
        answer = APIClient().post(address, {"refresh": given}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (401, "token_not_valid")
    assert phone.is_in


@pytest.mark.django_db
def test_a_new_password_ends_the_other_sessions_and_not_this_one(driver, phone, tablet):
    body = {"current_password": make.PASSWORD, "new_password": NEW_PASSWORD}
    assert phone.client().post("/api/v1/me/password/", body, format="json").status_code == 200
    assert (phone.is_in, tablet.is_in) == (True, False)
    driver.refresh_from_db()
    assert driver.check_password(NEW_PASSWORD)


@pytest.mark.django_db
def test_a_password_given_by_an_administrator_ends_them_all(admin, driver, phone, tablet):
    services.change_user(actor=admin, user_id=driver.pk, values={"password": NEW_PASSWORD})
    assert (phone.is_in, tablet.is_in) == (False, False)
    assert Device(driver).is_in


@pytest.mark.django_db
def test_who_is_switched_off_is_out_at_once_and_stays_out_when_switched_on_again(admin, driver, phone, tablet):
    services.change_user(actor=admin, user_id=driver.pk, values={"is_active": False})
    assert (phone.is_in, tablet.is_in) == (False, False)
    services.change_user(actor=admin, user_id=driver.pk, values={"is_active": True})
    assert (phone.is_in, tablet.is_in) == (False, False)
    assert Device(driver).is_in


@pytest.mark.django_db
def test_the_account_alone_is_enough_to_keep_somebody_out(driver, phone):
    User.objects.filter(pk=driver.pk).update(is_active=False)
    assert not phone.is_in


@pytest.mark.django_db
def test_any_other_change_of_a_user_ends_nothing(admin, driver, phone):
    services.change_user(actor=admin, user_id=driver.pk, values={"first_name": "Ali", "role": Role.SUPERVISOR})
    assert phone.is_in
    assert phone.get().json()["role"] == "SUPERVISOR"  # and is felt at once


# --- the last administrator ---------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("values", [{"is_active": False}, {"role": Role.SUPERVISOR}], ids=str)
def test_the_last_administrator_stays_one(admin, values):
    make.a_user(Role.ADMIN, by=admin, is_active=False)  # counts for nothing
    with pytest.raises(LastAdmin) as refused:
        services.change_user(actor=admin, user_id=admin.pk, values=values)
    assert (refused.value.status, refused.value.code) == (409, "last_admin")
    other = make.a_user(Role.ADMIN, by=admin)
    services.change_user(actor=admin, user_id=admin.pk, values=values)
    assert User.objects.filter(role=Role.ADMIN, is_active=True).get() == other


@pytest.mark.django_db
def test_the_last_administrator_may_change_all_else(admin):
    services.change_user(actor=admin, user_id=admin.pk, values={"first_name": "Ali", "role": Role.ADMIN})
    assert User.objects.get().first_name == "Ali"


# --- races --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_eight_refreshes_at_once_all_succeed_and_none_outlives_the_session(phone):
    answers = all_well(together(*[phone.refresh] * THREADS))
    assert [answer.status_code for answer in answers] == [200] * THREADS
    services.revoke_session(actor=phone.session.user, session_id=phone.session.pk)
    for answer in answers:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
        assert client.get(ME).status_code == 401
    assert not phone.is_in


@pytest.mark.django_db(transaction=True)
def test_a_session_revoked_by_many_at_once_is_revoked_once(admin, phone):
    revoke = partial(services.revoke_session, actor=admin, session_id=phone.session.pk)
    ended = all_well(together(*[lambda: work.run(revoke).revoked_at] * THREADS))
    assert len(set(ended)) == 1
    assert AuditLog.objects.filter(action="REVOKE_SESSION").count() == 1


def both_switched_off(one: User, other: User, *, by_each_other: bool) -> list[User | Exception]:
    """What two administrators are told who switch each other, or each themselves, off at the same moment."""
    pairs = [(one, other), (other, one)] if by_each_other else [(one, one), (other, other)]
    off: services.UserValues = {"is_active": False}
    return together(
        *[
            partial(work.run, partial(services.change_user, actor=actor, user_id=user.pk, values=off))
            for actor, user in pairs
        ]
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("by_each_other", [True, False], ids=["each other", "each themselves"])
def test_of_two_administrators_who_are_switched_off_at_once_one_is_left(admin, monkeypatch, by_each_other):
    """On MariaDB each has locked one of the two before either looks whether another is left."""
    plain, both_are_at_it, once = services._keep_an_admin, threading.Barrier(2), threading.local()

    def met(user: User, before: services.audit.Snapshot) -> None:
        if connection.vendor == "mysql" and not hasattr(once, "met"):  # SQLite lets one begin after the other
            once.met = True  # whoever is broken off comes again, alone
            both_are_at_it.wait(30)
        plain(user, before)

    monkeypatch.setattr(services, "_keep_an_admin", met)
    other = make.a_user(Role.ADMIN, by=admin)
    results = both_switched_off(admin, other, by_each_other=by_each_other)
    assert sorted(type(result).__name__ for result in results) == ["LastAdmin", "User"], results
    assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1
    assert AuditLog.objects.filter(action="UPDATE_USER").count() == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_nobody_would_be_left(admin, monkeypatch):
    """The control: who counted the administrators before either was locked lets both go."""
    other = make.a_user(Role.ADMIN, by=admin)
    counted = User.objects.filter(role=Role.ADMIN, is_active=True).count()

    def careless(user: User, before: object) -> None:
        assert counted > 1

    monkeypatch.setattr(services, "_keep_an_admin", careless)
    all_well(both_switched_off(admin, other, by_each_other=True))
    assert not User.objects.filter(role=Role.ADMIN, is_active=True).exists()
