"""What makes two requests the same, and what is kept of the first."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum

import pytest
from django.db import connection

from lpg import work
from lpg.errors import Refused
from lpg.idempotency import services
from lpg.idempotency.models import Answer
from lpg.idempotency.services import IdempotencyMismatch, fingerprint, once, purge

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


def same(one: dict, other: dict) -> bool:
    return fingerprint("POST", "route", one) == fingerprint("POST", "route", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": None}, {}),
        ({"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": [{"b": None}]}, {"a": [{}]}),
        ({"a": Decimal("12.5")}, {"a": Decimal("12.50")}),
        ({"a": Decimal("1E+2")}, {"a": Decimal("100.00")}),
        ({"a": Decimal("-0.00")}, {"a": Decimal(0)}),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        ({"a": Colour.RED}, {"a": "red"}),
        (
            {"a": datetime(2026, 11, 20, 20, tzinfo=timezone(timedelta(hours=8)))},
            {"a": datetime(2026, 11, 20, 12, tzinfo=UTC)},
        ),
        ({"a": date(2026, 11, 20)}, {"a": "2026-11-20"}),
        ({"client_temp_id": "x", "occurred_at": NOW, "received_at": NOW, "a": 1}, {"a": 1}),
    ],
)
def test_one_meaning_has_one_fingerprint_however_it_is_spelled(one, other):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, {"a": "1"}),
        ({"a": 1}, {"a": True}),
        ({"a": ""}, {}),
        ({"a": False}, {}),
        ({"a": 0}, {}),
        ({"a": []}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [1, None]}, {"a": [1]}),
        ({"a": "é"}, {"a": "e"}),
        ({"a": "x "}, {"a": "x"}),
        ({"a": Decimal("12.50")}, {"a": Decimal("12.51")}),
        ({"a": {"client_temp_id": 1}}, {"a": {"client_temp_id": 2}}),  # only the document's own is no content
        ({"a": datetime(2026, 11, 20, 12, tzinfo=UTC)}, {"a": datetime(2026, 11, 20, 12, 0, 0, 1, tzinfo=UTC)}),
    ],
)
def test_another_meaning_has_another_fingerprint(one, other):
    assert not same(one, other)


def test_method_and_route_are_content_too():
    prints = {fingerprint(*given, {}) for given in (("POST", "a"), ("PUT", "a"), ("POST", "b"), ("POST", "a id=1"))}
    assert len(prints) == 4
    assert all(len(each) == 64 and each.isascii() for each in prints)


def test_nobody_can_guess_a_body_from_its_fingerprint(settings):
    before = fingerprint("POST", "users-list", {"password": "three-blue-kettles"})
    settings.SECRET_KEY = "another" * 10
    assert fingerprint("POST", "users-list", {"password": "three-blue-kettles"}) != before


def done(body: str = '{"id": 1}', status: int = 201):
    calls = []

    def effect() -> tuple[int, str]:
        calls.append(1)
        return status, body

    effect.calls = calls
    return effect


@pytest.mark.django_db
def test_the_first_answer_is_given_again_byte_for_byte(admin):
    first, second = done('{"id": 1, "name": "José 金龙 \\u0000 😀"}'), done("another")
    given = once(user_id=admin.pk, key="k", content="c" * 64, effect=first)
    again = once(user_id=admin.pk, key="k", content="c" * 64, effect=second)
    assert (given.status, given.replayed, len(first.calls)) == (201, False, 1)
    assert again == given._replace(replayed=True)
    assert second.calls == []
    assert str(Answer.objects.get()) == "k → 201"


@pytest.mark.django_db
def test_another_content_under_the_same_key_is_a_mismatch(admin):
    once(user_id=admin.pk, key="k", content="c" * 64, effect=done())
    effect = done()
    with pytest.raises(IdempotencyMismatch) as refused:
        once(user_id=admin.pk, key="k", content="d" * 64, effect=effect)
    assert (refused.value.status, refused.value.code, effect.calls) == (422, "idempotency_mismatch", [])


@pytest.mark.django_db
def test_keys_differ_by_every_byte_and_by_user(admin, supervisor):
    pairs = [(admin, "k"), (admin, "K"), (admin, "k" * 64), (supervisor, "k")]
    for number, (user, key) in enumerate(pairs):
        assert not once(user_id=user.pk, key=key, content="c" * 64, effect=done(f"{number}")).replayed
    again = [once(user_id=user.pk, key=key, content="c" * 64, effect=done("-")).body for user, key in pairs]
    assert again == ["0", "1", "2", "3"]


@pytest.mark.django_db(transaction=True)
def test_record_and_effect_are_one(admin):
    def refusing() -> tuple[int, str]:
        raise Refused("no")

    with pytest.raises(Refused):
        work.run(lambda: once(user_id=admin.pk, key="k", content="c" * 64, effect=refusing))
    assert not Answer.objects.exists()
    given = work.run(lambda: once(user_id=admin.pk, key="k", content="d" * 64, effect=done()))
    assert not given.replayed


@pytest.mark.django_db
def test_any_other_trouble_at_the_claim_is_not_taken_for_waiting(admin, monkeypatch):
    monkeypatch.setattr(connection.ops, "insert_statement", lambda _on_conflict: "SELECT nonsense INTO")
    with pytest.raises(services.DatabaseError):
        once(user_id=admin.pk, key="k", content="c" * 64, effect=done())


@pytest.mark.django_db
def test_answers_are_kept_for_thirteen_months_and_forgotten_in_small_bites(admin, monkeypatch):
    for number, age in enumerate((395, 396, 397, 500, 1000)):
        once(user_id=admin.pk, key=f"{number}", content="c" * 64, effect=done())
        Answer.objects.filter(key=f"{number}").update(created_at=NOW - timedelta(days=age))
    monkeypatch.setattr(services, "PURGE_BATCH", 2)
    left = lambda: list(Answer.objects.order_by("key").values_list("key", flat=True))  # noqa: E731
    assert (purge(NOW), left()) == (2, ["0", "1", "2"])  # the oldest first
    assert (purge(NOW), left()) == (1, ["0", "1"])
    assert (purge(NOW), left()) == (0, ["0", "1"])
