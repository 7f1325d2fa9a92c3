"""Signing in: who it is, and how long one has to wait after too many mistakes, whatever process answers."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password
from django.utils import timezone
from rest_framework.test import APIClient

from lpg import trace, work
from lpg.accounts import services, sign_in
from lpg.accounts.models import Session, SignInFailures, User
from lpg.accounts.sign_in import FORGOTTEN_AFTER, Throttled, WrongPassword
from lpg.audit.models import AuditLog
from lpg.errors import Refused
from tests import make
from tests.races import all_well, surroundings, together

TOKEN = "/api/v1/token/"
THREADS = 8


class Clock:
    """The time of day, moved by hand."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sign_in.timezone, "now", clock)
    return clock


def enter(username: str = "admin", password: str = make.PASSWORD, address: str = "203.0.113.7"):
    body = {"username": username, "password": password}
    return APIClient().post(TOKEN, body, format="json", REMOTE_ADDR=address)


def wrong(times: int, username: str = "admin", address: str = "203.0.113.7") -> list[int]:
    return [enter(username, "wrong", address).status_code for _ in range(times)]


@pytest.mark.django_db
def test_the_right_password_opens_a_session_of_its_own(admin):
    first, second = enter(), enter(username=" Admin ")
    assert (first.status_code, second.status_code) == (200, 200)
    assert set(first.json()) == {"access", "refresh"}
    assert Session.objects.filter(user=admin, revoked_at=None).count() == 2
    session = Session.objects.latest("pk")
    assert session.address == "203.0.113.7"
    assert session.expires_at - session.created_at == timedelta(days=7)
    admin.refresh_from_db()
    assert admin.last_login == session.created_at
    assert not SignInFailures.objects.exists()


@pytest.mark.django_db
def test_nobody_learns_whether_it_was_the_name_the_password_or_the_account(admin, driver):
    User.objects.filter(pk=driver.pk).update(is_active=False)
    answers = [enter("nobody"), enter("admin", "wrong"), enter("driver"), enter("driver", "wrong"), enter("金", "é")]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "not_authenticated"
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="api"'}
    assert not Session.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "admin", "switched off"])
def test_whoever_it_is_the_password_is_weighed_as_long(admin, monkeypatch, who):
    """An unknown name must not be answered faster than a known one."""
    make.a_user("DRIVER", by=admin, username="off", is_active=False)
    weighed: list[str] = []
    hasher = identify_hasher(make_password("x"))
    plain = type(hasher).encode
    monkeypatch.setattr(type(hasher), "encode", lambda *given: weighed.append("once") or plain(*given))
    with pytest.raises(WrongPassword):
        sign_in.check(username="off" if who == "switched off" else who, password="wrong")
    assert weighed == ["once"]


@pytest.mark.django_db
def test_after_some_mistakes_one_waits_longer_each_time(admin, clock):
    assert wrong(5) == [401] * 5
    waits = []
    for _ in range(11):
        answer = enter()  # even the right password waits
        assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
        waits.append(int(answer["Retry-After"]))
        assert str(waits[-1]) in answer.json()["detail"]
        clock.wait(waits[-1])
        assert wrong(1) == [401]
    assert waits == [1 + wait for wait in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300)]


@pytest.mark.django_db
def test_who_waits_as_long_as_told_is_let_in_and_begins_anew(admin, clock):
    wrong(6)
    answer = enter()
    clock.wait(int(answer["Retry-After"]) - 1.1)
    assert enter().status_code == 429
    clock.wait(1.1)
    assert enter().status_code == 200
    assert not SignInFailures.objects.filter(subject__startswith="name:").exists()
    assert wrong(4) == [401] * 4
    assert enter().status_code == 200


@pytest.mark.django_db
def test_mistakes_are_forgotten_after_an_hour(admin, clock):
    wrong(4)
    clock.wait(FORGOTTEN_AFTER.total_seconds() + 1)
    assert wrong(4) == [401] * 4
    assert enter().status_code == 200


@pytest.mark.django_db
def test_one_name_does_not_wait_for_another(admin, driver):
    assert wrong(6)[-1] == 429
    assert enter("driver").status_code == 200
    assert enter("ADMIN ").status_code == 429  # the same name


@pytest.mark.django_db
def test_an_unknown_name_waits_like_a_known_one(admin):
    assert wrong(6, "nobody") == wrong(6, "admin") == [401] * 5 + [429]


@pytest.mark.django_db
def test_one_address_that_tries_many_names_waits_too(admin):
    statuses = [wrong(1, f"name{number}")[0] for number in range(31)]
    assert statuses == [401] * 30 + [429]
    assert enter().status_code == 429
    assert enter(address="203.0.113.8").status_code == 200
    assert SignInFailures.objects.get(subject="address:203.0.113.7").failures == 30  # waiting is not counted


@pytest.mark.django_db
def test_a_success_does_not_wash_an_address_clean(admin):
    wrong(3, "nobody")
    assert enter().status_code == 200
    kept = SignInFailures.objects.get(subject="address:203.0.113.7")
    assert (kept.failures, str(kept)) == (3, "address:203.0.113.7: 3")


@pytest.mark.django_db
def test_old_mistakes_are_cleared_away(admin, clock):
    wrong(1)
    clock.wait(30 * 60)
    wrong(1, address="203.0.113.8")
    clock.wait(31 * 60)
    assert sign_in.forget_old_failures(clock.now) == 1
    assert set(SignInFailures.objects.values_list("failures", flat=True)) == {1, 2}


@pytest.mark.django_db
def test_guessing_at_the_change_of_password_is_counted_too(admin):
    client = make.a_client(admin)
    body = {"current_password": "wrong", "new_password": "seven-green-ladders"}
    statuses = [client.post("/api/v1/me/password/", body, format="json").status_code for _ in range(6)]
    assert statuses == [400] * 5 + [429]
    assert enter().status_code == 429


@pytest.mark.django_db
def test_the_log_of_mistakes_names_nobody(admin):
    wrong(1, "José 金龙 my-password-by-mistake")
    assert all("password" not in row.subject for row in SignInFailures.objects.all())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "weak", ["", "short", "1234567890123", "password123", "driver-driver", "E-4711-E-4711", "Ah-Kow-Tan"]
)
def test_a_weak_password_is_refused(admin, weak):
    with pytest.raises(Refused) as refused:
        make.a_user(
            "DRIVER",
            by=admin,
            username="driver-driver",
            employee_id="E-4711-E-4711",
            first_name="Ah-Kow-Tan",
            password=weak,
        )
    assert list(refused.value.errors) == ["password"]


# --- races --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_another_process_counted_counts_here(admin):
    code = (
        "import django; django.setup()\n"
        "from lpg.accounts import sign_in\n"
        "for _ in range(9):\n"
        "    try: sign_in.check(username='admin', password='wrong')\n"
        "    except sign_in.WrongPassword: print('wrong')\n"
        "    except sign_in.Throttled: print('throttled'); break\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env=surroundings(),
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told.stdout.split() == ["wrong"] * 5 + ["throttled"]
    SignInFailures.objects.filter(subject__startswith="name:").update(wait_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(Throttled):
        sign_in.check(username="admin", password=make.PASSWORD)


@pytest.mark.django_db(transaction=True)
def test_no_mistake_is_lost_when_many_are_made_at_once(admin, monkeypatch):
    monkeypatch.setattr(sign_in, "_refuse_while_waiting", lambda subjects, now: None)
    busy = work.gave_up._value.get()

    def guess() -> None:
        for _ in range(5):
            with pytest.raises(WrongPassword):
                sign_in.check(username="admin", password="wrong")

    all_well(together(*[guess] * THREADS))
    assert list(SignInFailures.objects.values_list("failures", flat=True)) == [5 * THREADS] * 2
    assert work.gave_up._value.get() == busy


def while_the_password_is_weighed(monkeypatch, happens: Callable[[], object]) -> None:
    """Something happens between the look at the password and the opening of the session."""
    plain = sign_in.authenticate

    def authenticate(**given: str) -> object:
        user = plain(**given)
        happens()
        return user

    monkeypatch.setattr(sign_in, "authenticate", authenticate)


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"password": "seven-green-ladders"}, {"is_active": False}], ids=str)
def test_a_session_is_not_opened_behind_the_back_of_a_change(admin, driver, monkeypatch, change):
    """Else it would outlive the change: opened with the old password, or revived with the account."""

    def changed() -> None:
        services.change_user(actor=admin, user_id=driver.pk, values=change)

    while_the_password_is_weighed(monkeypatch, changed)
    trace.address.set("")
    answer = enter("driver")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert not Session.objects.filter(user=driver).exists()
    assert not AuditLog.objects.filter(action="CREATE_SESSION").exists()


@pytest.mark.django_db
def test_any_other_change_does_not_keep_anybody_out(admin, driver, monkeypatch):
    def changed() -> None:
        services.change_user(actor=admin, user_id=driver.pk, values={"first_name": "Ali", "depots": []})

    while_the_password_is_weighed(monkeypatch, changed)
    assert enter("driver").status_code == 200
