"""Signing in and out at the desk: who gets in, what it leaves, and that whoever is thrown out is out at once."""

import pytest
from django.test import Client

from lpg import work
from lpg.accounts import services
from lpg.accounts.models import Session
from lpg.office import site
from lpg.office.tests.desk import SIGN_IN, audited, said, sign_in
from lpg.roles import Role
from tests import make

pytestmark = pytest.mark.django_db
HOME = "/admin/"


def is_in(client: Client) -> bool:
    answer = client.get(HOME)
    assert answer.status_code == 200 or answer["Location"].startswith(SIGN_IN)
    return answer.status_code == 200


def test_signing_in_opens_one_session_that_says_where_from(supervisor):
    left = audited(lambda: sign_in(supervisor, headers={"User-Agent": "Firefox/140"}))
    assert left == ["CREATE_SESSION"]
    session = Session.objects.get()
    assert (session.user, session.user_agent, session.address) == (supervisor, "Firefox/140", "127.0.0.1")
    assert (session.expires_at - session.created_at).total_seconds() == 12 * 60 * 60


def test_the_sign_in_leads_home_or_to_the_page_that_was_wanted(supervisor):
    answer = Client().post(SIGN_IN, {"username": "supervisor", "password": make.PASSWORD})
    assert answer["Location"] == HOME
    wanted = "/admin/customers/customer/"
    answer = Client().post(SIGN_IN, {"username": "supervisor", "password": make.PASSWORD, "next": wanted})
    assert answer["Location"] == wanted
    away = "https://elsewhere.example/"
    answer = Client().post(SIGN_IN, {"username": "supervisor", "password": make.PASSWORD, "next": away})
    assert answer["Location"] == HOME


def test_a_key_known_before_the_sign_in_is_worth_nothing_after_it(supervisor):
    client = Client()
    client.get(SIGN_IN)
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.post(SIGN_IN, {"username": "supervisor", "password": make.PASSWORD})
    assert client.session.session_key != session.session_key
    thief = Client()
    thief.cookies["sessionid"] = session.session_key
    assert is_in(client)
    assert not is_in(thief)


def test_a_session_of_django_alone_does_not_open_the_desk(supervisor):
    client = Client()
    client.force_login(supervisor)
    assert not is_in(client)


def test_a_wrong_password_is_said_plainly_and_too_many_have_to_wait(supervisor):
    client = Client()
    for _ in range(5):
        answer = client.post(SIGN_IN, {"username": "supervisor", "password": "wrong"})
        assert "The user name or the password is wrong" in said(answer)
    answer = client.post(SIGN_IN, {"username": "supervisor", "password": make.PASSWORD})
    assert "Too many wrong attempts. Wait" in said(answer)
    assert not is_in(client)
    assert not Session.objects.exists()


def test_a_driver_is_told_where_drivers_work(driver):
    client = Client()
    answer = client.post(SIGN_IN, {"username": "driver", "password": make.PASSWORD})
    assert "The desk is for supervisors and administrators." in said(answer)
    assert not is_in(client)
    assert not Session.objects.exists()


def test_a_driver_with_a_wrong_password_is_told_nothing_of_the_desk(driver):
    answer = Client().post(SIGN_IN, {"username": "driver", "password": "wrong"})
    assert "The desk is for supervisors" not in said(answer)


def test_signing_out_ends_the_session(supervisor):
    client = sign_in(supervisor)
    assert audited(lambda: client.post("/admin/logout/")) == ["REVOKE_SESSION"]
    assert Session.objects.get().revoked_at is not None
    assert not is_in(client)


def test_signing_out_by_a_link_does_nothing(supervisor):
    client = sign_in(supervisor)
    assert client.get("/admin/logout/").status_code == 405
    assert is_in(client)


def test_signing_in_again_in_the_same_browser_ends_the_former_sign_in(supervisor, admin):
    client = sign_in(supervisor)
    client.post(SIGN_IN, {"username": "admin", "password": make.PASSWORD})
    assert is_in(client)
    assert list(Session.objects.filter(revoked_at=None).values_list("user__username", flat=True)) == ["admin"]


def test_a_session_ended_elsewhere_is_out_at_once(supervisor, admin):
    client = sign_in(supervisor)
    assert is_in(client)
    services.revoke_session(actor=admin, session_id=Session.objects.get().pk)
    assert not is_in(client)
    answer = client.post("/admin/customers/customer/add/", {"customer_code": "C-1"})
    assert answer["Location"].startswith(SIGN_IN)


def test_somebody_switched_off_is_out_at_once(supervisor, admin):
    client = sign_in(supervisor)
    services.change_user(actor=admin, user_id=supervisor.pk, values={"is_active": False})
    assert not is_in(client)


def test_somebody_who_became_a_driver_is_out_at_once(supervisor, admin):
    client = sign_in(supervisor)
    services.change_user(actor=admin, user_id=supervisor.pk, values={"role": Role.DRIVER})
    assert not is_in(client)


def test_a_session_of_somebody_else_does_not_count(supervisor, admin):
    client = sign_in(supervisor)
    sign_in(admin)
    session = client.session
    session[site.SESSION] = Session.objects.get(user=admin).pk
    session.save()
    assert not is_in(client)


def test_when_the_database_is_busy_nobody_is_half_signed_in(supervisor, monkeypatch):
    def busy(**given):
        raise work.Busy

    monkeypatch.setattr(services, "open_session", busy)
    client = Client()
    answer = client.post(SIGN_IN, {"username": "supervisor", "password": make.PASSWORD}, follow=True)
    assert "Many people are saving at this moment" in said(answer)
    assert "_auth_user_id" not in client.session


def test_when_the_database_is_busy_one_is_signed_out_all_the_same(supervisor, monkeypatch):
    client = sign_in(supervisor)

    def busy(**given):
        raise work.Busy

    monkeypatch.setattr(services, "revoke_session", busy)
    client.post("/admin/logout/")
    assert not is_in(client)


def test_the_use_of_a_session_is_noted_now_and_then(supervisor):
    client = sign_in(supervisor)
    session = Session.objects.get()
    long_ago = session.created_at - 2 * site.SEEN_AGAIN_AFTER
    Session.objects.update(last_used_at=long_ago)
    assert audited(lambda: client.get(HOME)) == []
    session.refresh_from_db()
    noted = session.last_used_at
    assert noted > long_ago
    client.get(HOME)
    session.refresh_from_db()
    assert session.last_used_at == noted


# --- one's own password


def change(client: Client, **typed: str):
    values = {"current_password": make.PASSWORD, "new_password": "four-green-lamps", "again": "four-green-lamps"}
    return client.post("/admin/password_change/", {**values, **typed})


def test_changing_ones_own_password_keeps_this_sign_in_and_ends_the_others(supervisor):
    client, other = sign_in(supervisor), sign_in(supervisor)
    assert audited(lambda: change(client)) == ["CHANGE_PASSWORD", "REVOKE_SESSION"]
    assert is_in(client)
    assert not is_in(other)
    assert client.get("/admin/password_change/done/").status_code == 200
    sign_in(supervisor, "four-green-lamps")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"current_password": "wrong"}, "This is not your current password."),
        ({"new_password": "short", "again": "short"}, "This password is too short"),
        ({"again": "five-green-lamps"}, "This is not the same as above."),
        ({"new_password": "", "again": ""}, "Fill this in."),
    ],
)
def test_a_password_that_will_not_do_is_refused_in_words(supervisor, typed, words):
    client = sign_in(supervisor)
    refused = []
    assert audited(lambda: refused.append(change(client, **typed))) == []
    assert words in said(refused[0])
    sign_in(supervisor)


def test_guessing_the_current_password_is_counted_like_guessing_at_the_sign_in(supervisor):
    client = sign_in(supervisor)
    for _ in range(5):
        change(client, current_password="wrong")
    assert "Too many wrong attempts. Wait" in said(change(client))


def test_nobody_changes_a_password_without_being_signed_in(db):
    answer = change(Client())
    assert answer["Location"].startswith(SIGN_IN)
