"""Cursors: nonsense is refused, and what the feed does not know begins a new copy."""

import base64
import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from lpg.customers import services as customers
from lpg.sync import feed
from lpg.sync import pull as pulling
from lpg.sync.models import Change
from tests.phones import NAMES

PULL = "/api/v1/sync/pull/"


def parts(cursor: str) -> list:
    return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))


def encoded(*of: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(of).encode()).decode().rstrip("=")


@pytest.mark.django_db
def test_nonsense_is_no_cursor(phone):
    last, at, day, sight, collection, after = parts(phone.store.fact("cursor"))
    for nonsense in (
        "",
        "x",
        "null",
        "🔥",
        "%00",
        "é" * 50,
        "a" * 501,
        encoded(),
        encoded({}),
        encoded(1, 2, 3, 4, 5, 6),
        encoded("1", at, day, sight, collection, after),
        encoded(True, at, day, sight, collection, after),
        encoded(2**63, at, day, sight, collection, after),
        encoded(-2, at, day, sight, collection, after),
        encoded(1.5, at, day, sight, collection, after),
        encoded(last, "today", day, sight, collection, after),
        encoded(last, "2026-11-20T09:30:00", day, sight, collection, after),
        encoded(last, at, "2026-13-01", sight, collection, after),
        encoded(last, at, day, None, collection, after),
        encoded(last, at, day, sight, len(NAMES), after),
        encoded(last, at, day, sight, collection, None),
        encoded(last, at, day, sight, collection, after, 1),
    ):
        answer = phone.client.get(PULL, {"cursor": nonsense})
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"]), nonsense
    for query in ("?cursor=x&cursor=y", "?since=1"):
        assert phone.client.get(PULL + query).status_code == 400


@pytest.mark.django_db
def test_a_cursor_that_the_feed_does_not_know_begins_anew(phone, shop, admin, driver, other_driver, pocket):
    """Too old, of a database since replaced by its backup, somebody else's, made up: all the same."""
    last, at, day, *rest = parts(phone.store.fact("cursor"))
    moved = (timezone.now() - timedelta(hours=1)).isoformat()
    strangers = pocket(other_driver)
    strangers.pull()
    for unknown in (
        encoded(last + 1_000, at, day, *rest),
        encoded(last, moved, day, *rest),
        encoded(0, at, day, *rest),
        encoded(last, at, day, "0" * 16, *rest[1:]),
        encoded(last, at, date.max.isoformat(), *rest),
        strangers.store.fact("cursor"),
    ):
        page = phone.page(unknown)
        assert page["reset_required"], unknown
        assert page["changes"]["customers"]
    assert not phone.page(encoded(last, at, day, *rest))["reset_required"]


@pytest.mark.django_db
def test_a_cursor_that_is_too_old_begins_anew(phone, shop, admin):
    for name in ("One", "Two"):
        customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"name": name})
        feed.catch_up()
    newest = Change.objects.latest("pk").pk
    feed.purge(timezone.now() + timedelta(days=31))
    assert Change.objects.get().pk == newest
    pages = phone.pull()
    assert [page["reset_required"] for page in pages] == [True]
    phone.agrees()
    feed.purge(timezone.now() + timedelta(days=31))
    assert not phone.pull()[0]["reset_required"], "nothing has happened since"


@pytest.mark.django_db
def test_a_field_that_is_new_makes_phones_fetch_everything(phone, monkeypatch):
    assert not phone.pull()[0]["reset_required"]
    shapes = pulling.shapes()
    monkeypatch.setattr(pulling, "shapes", lambda: (*shapes, "customers.fax"))
    assert phone.pull()[0]["reset_required"]
