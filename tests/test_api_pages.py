"""Cursors: given out by a list, good for that list alone."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from lpg.api.inputs import MAX_CURSOR
from lpg.api.pages import Cursor
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer, Rate

NAME = Customer._meta.get_field("name")
ID = Customer._meta.get_field("id")
DAY = Rate._meta.get_field("effective_from")


def of(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@given(
    name=st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
    id=st.integers(-(2**63), 2**63 - 1),
    back=st.booleans(),
)
def test_what_is_given_out_is_taken_back(name, id, back):
    cursor = Cursor("customers-list", "-name", back, name, id)
    assert Cursor.decode(cursor.encode(), "customers-list", "-name", NAME) == cursor


def test_the_longest_name_fits_into_a_cursor():
    assert len(Cursor("customers-list", "-customer_code", False, "🔥" * 200, 2**63 - 1).encode()) <= MAX_CURSOR


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("", NAME),
        ("é", NAME),
        ("W10=!", NAME),
        ("W1 0", NAME),
        (of(), NAME),
        (of(1, 2, 3, 4, 5), NAME),
        (of("other-list", "name", False, "a", 1), NAME),
        (of("list", "-name", False, "a", 1), NAME),
        (of("list", "name", 0, "a", 1), NAME),
        (of("list", "name", False, "a", "1"), NAME),
        (of("list", "name", False, "a", True), NAME),
        (of("list", "name", False, "a", 2**63), NAME),
        (of("list", "name", False, 5, 1), NAME),
        (of("list", "name", False, None, 1), NAME),
        (of("list", "name", False, ["a"], 1), NAME),
        (of("list", "name", False, "\ud800", 1), NAME),
        (of("list", "name", False, "a", 1, 1), NAME),
        (of("list", "name", False, "2026-02-30", 1), DAY),
        (of("list", "name", False, "20260201", 1), DAY),
        (of("list", "name", False, "today", 1), DAY),
        (of("list", "name", False, 5, 1), DAY),
        (of("list", "name", False, "5", 1), ID),
        (base64.urlsafe_b64encode(b"[" * 700).decode(), NAME),
        (base64.urlsafe_b64encode(b"\xff\xfe").decode(), NAME),
        ("A" * 2_000, NAME),
    ],
)
def test_what_was_not_given_out_is_refused(text, column):
    with pytest.raises(ValidationError) as raised:
        Cursor.decode(text, "list", "name", column)
    assert list(raised.value.detail) == ["cursor"]


@given(st.text(max_size=200))
def test_no_text_at_all_is_a_mistake_of_ours(text):
    with pytest.raises(ValidationError):
        Cursor.decode(text, "list", "id", AuditLog._meta.get_field("id"))
