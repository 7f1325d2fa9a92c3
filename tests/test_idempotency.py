"""Doing a thing twice, over HTTP: one effect, and the first answer again."""

import threading
import time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from lpg.accounts.models import User
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.customers.models import Customer, Rate
from lpg.depots.models import Depot
from lpg.idempotency import services as idempotency
from lpg.idempotency.models import Answer
from tests import make
from tests.races import all_well, together

CUSTOMERS = "/api/v1/customers/"


@pytest.fixture
def body(singgas) -> dict[str, Any]:
    return {
        "customer_code": "C-1",
        "name": "José 金龙 & “Söhne”",
        "payment_type": "CREDIT",
        "depot": singgas.pk,
        "credit_limit": "1000.50",
    }


def post(client, body: Any, key: str | None = "k", address: str = CUSTOMERS):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(address, body, format="json", headers=headers)


@pytest.mark.django_db
def test_the_same_request_gets_the_same_answer_and_has_one_effect(admin, signed_in, body):
    client = signed_in(admin)
    first = post(client, body)
    rows = AuditLog.objects.count()
    again = [post(client, body) for _ in range(3)]
    assert first.status_code == 201
    assert "Idempotent-Replayed" not in first
    for answer in again:
        assert (answer.status_code, answer.content, answer["Content-Type"]) == (
            201,
            first.content,
            first["Content-Type"],
        )
        assert answer["Idempotent-Replayed"] == "true"
    assert (Customer.objects.count(), AuditLog.objects.count()) == (1, rows)


@pytest.mark.django_db
def test_the_first_answer_is_given_even_when_the_world_has_moved_on(admin, signed_in, body):
    client = signed_in(admin)
    first = post(client, body)
    customers.change_customer(
        actor=admin, customer_id=first.json()["id"], values={"name": "Renamed", "customer_code": "C-2"}
    )
    assert post(client, body).content == first.content
    assert Customer.objects.get().name == "Renamed"


@pytest.mark.django_db
def test_without_a_key_it_is_done_each_time(admin, signed_in, body):
    client = signed_in(admin)
    assert [post(client, {**body, "customer_code": f"C-{n}"}, key=None).status_code for n in range(2)] == [201, 201]
    assert post(client, {**body, "customer_code": "C-0"}, key=None).status_code == 400  # it is there already
    assert (Customer.objects.count(), Answer.objects.count()) == (2, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "spelling",
    [
        {"credit_limit": 1000.5},
        {"credit_limit": "1000.5"},
        {"phone": ""},
        {"phone": None},
        {"meter_rate": None},
        {"customer_code": " C-1 "},
        {"id": 99},  # read-only, and so ignored
    ],
    ids=str,
)
def test_another_spelling_of_the_same_content_is_the_same(admin, signed_in, body, spelling):
    client = signed_in(admin)
    original = {**body, "phone": ""} if "phone" in spelling else body
    first, again = post(client, original), post(client, {**original, **spelling})
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "other",
    [{"name": "Another"}, {"credit_limit": "1000.51"}, {"credit_limit": None}, {"is_active": False}, {"phone": "1"}],
    ids=str,
)
def test_other_content_under_the_same_key_is_a_mismatch(admin, signed_in, body, other):
    client = signed_in(admin)
    post(client, body)
    answer = post(client, {**body, **other})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert answer["Content-Type"] == "application/problem+json"
    assert Customer.objects.count() == 1


@pytest.mark.django_db
def test_another_address_under_the_same_key_is_a_mismatch(admin, singgas, signed_in):
    client = signed_in(admin)
    first, second = make.a_customer(admin, singgas), make.a_customer(admin, singgas)
    rate = {"equipment": None, "rate": "2.0000", "effective_from": "2026-11-20"}
    assert post(client, rate, address=f"{CUSTOMERS}{first.pk}/rates/").status_code == 201
    assert post(client, rate, address=f"{CUSTOMERS}{second.pk}/rates/").status_code == 422
    assert Rate.objects.count() == 1


@pytest.mark.django_db
def test_both_spellings_of_the_address_are_one(admin, signed_in, body):
    client = signed_in(admin)
    first, again = post(client, body, address="/api/customers/"), post(client, body)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


@pytest.mark.django_db
def test_a_key_belongs_to_its_user(admin, supervisor, signed_in, body):
    first = post(signed_in(admin), body)
    other = post(signed_in(supervisor), {**body, "customer_code": "C-2"})
    assert (first.status_code, other.status_code, other.has_header("Idempotent-Replayed")) == (201, 201, False)
    assert post(signed_in(admin), body).content == first.content  # whatever the device


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "with space", "x" * 65, "é", "a\x7f", "a\tb"])
def test_a_key_that_is_none_is_refused(admin, signed_in, body, key):
    answer = signed_in(admin).post(CUSTOMERS, body, format="json", HTTP_IDEMPOTENCY_KEY=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["Idempotency-Key"])
    assert not Customer.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["!", "x" * 64, "4f1c2a0e-7a55-4f0b-9f5e-0c7f6b1f7a11", "~;'\"\\%_"])
def test_any_printable_ascii_is_a_key(admin, signed_in, body, key):
    client = signed_in(admin)
    assert post(client, body, key).content == post(client, body, key).content
    assert Answer.objects.get().key == key


@pytest.mark.django_db
def test_a_refusal_is_not_recorded_and_the_key_is_judged_anew(admin, driver, signed_in, body, union):
    client = signed_in(admin)
    assert post(client, {**body, "depot": 10**9}).status_code == 400  # by the service
    assert post(client, {**body, "uen": "nonsense"}).status_code == 400  # by the body
    Depot.objects.filter(pk=union.pk).update(is_active=False)
    assert post(client, {**body, "depot": union.pk}).status_code == 409
    assert post(signed_in(driver), body).status_code == 403
    assert not Answer.objects.exists()
    assert post(client, body).status_code == 201


@pytest.mark.django_db
def test_a_mistake_of_ours_is_not_recorded_either(admin, signed_in, body, monkeypatch, caplog):
    client = signed_in(admin)
    with monkeypatch.context() as broken:
        broken.setattr(customers, "_as_seen", lambda customer: 1 / 0)
        assert post(client, body).status_code == 500
    assert not Customer.objects.exists()
    assert post(client, body).status_code == 201
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.django_db
def test_the_time_and_the_phones_own_number_are_no_content():
    content = {"client_temp_id": "a", "occurred_at": 1, "received_at": 2, "amount": Decimal(1)}
    plain = idempotency.fingerprint("POST", "x", {"amount": Decimal("1.00")})
    assert idempotency.fingerprint("POST", "x", content) == plain


@pytest.mark.django_db
def test_a_put_is_the_same_twice_by_itself_and_takes_no_key(admin, singgas, signed_in):
    client = signed_in(admin)
    given = {"code": "SINGGAS", "name": "Renamed"}
    answers = [
        client.put(f"/api/v1/depots/{singgas.pk}/", given, format="json", headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert not Answer.objects.exists()


@pytest.mark.django_db
def test_no_password_is_kept_with_an_answer(admin, signed_in):
    given = {"username": "new", "employee_id": "E-9", "role": "ADMIN", "password": make.PASSWORD}
    assert post(signed_in(admin), given, address="/api/v1/users/").status_code == 201
    kept = Answer.objects.values().get()
    for secret in (make.PASSWORD, User.objects.get(username="new").password):
        assert not any(secret in str(value) for value in kept.values())


# --- while the first is still running -----------------------------------------------------------------------------


@pytest.fixture
def slow(monkeypatch):
    """Holds the first request within its effect: `begun` says that it is there, `go_on` lets it finish."""
    begun, go_on = threading.Event(), threading.Event()
    plain = customers._as_seen

    def held(customer: Customer) -> Customer:
        if not begun.is_set():
            begun.set()
            assert go_on.wait(30)
        return plain(customer)

    monkeypatch.setattr(customers, "_as_seen", held)
    return begun, go_on


@pytest.mark.django_db(transaction=True)
def test_who_comes_while_it_is_running_waits_and_gets_the_first_answer(admin, signed_in, body, slow):
    begun, go_on = slow
    clients = [signed_in(admin) for _ in range(4)]

    def waiter(client) -> Any:
        assert begun.wait(30)
        threading.Timer(0.5, go_on.set).start()
        started = time.monotonic()
        answer = post(client, body)
        return answer, time.monotonic() - started

    first, *waiters = all_well(
        together(
            lambda: (post(clients[0], body), 0.0), *[lambda client=client: waiter(client) for client in clients[1:]]
        )
    )
    assert (first[0].status_code, first[0].has_header("Idempotent-Replayed")) == (201, False)
    for answer, waited in waiters:
        assert (answer.status_code, answer.content, answer["Idempotent-Replayed"]) == (201, first[0].content, "true")
        assert waited >= 0.4
    assert Customer.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_waits_longer_than_five_seconds_is_told_so(admin, signed_in, body, slow):
    """The one slow test of this kind: the time is the contract's."""
    begun, go_on = slow
    clients = [signed_in(admin) for _ in range(2)]

    def waiter() -> Any:
        assert begun.wait(30)
        started = time.monotonic()
        try:
            return post(clients[1], body), time.monotonic() - started
        finally:
            go_on.set()

    first, (answer, waited) = all_well(together(lambda: post(clients[0], body), waiter))
    wanted = (503, "busy") if connection.vendor == "sqlite" else (409, "in_progress")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (*wanted, "2")
    assert 4.9 <= waited < 9.5  # a second wait would make it ten
    assert first.status_code == 201
    assert post(clients[1], body).content == first.content
    assert Customer.objects.count() == 1
