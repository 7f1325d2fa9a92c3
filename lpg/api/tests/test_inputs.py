"""The fields of bodies and queries, one by one."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

import pytest
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ParseError, ValidationError

from lpg.api import inputs
from lpg.errors import TooLarge


class Shown(serializers.Serializer):
    id = serializers.IntegerField()
    shown = serializers.CharField()
    depot = serializers.IntegerField()


class Body(inputs.Input):
    echoes = Shown
    renamed: ClassVar = {"depot_id": "depot", "shown": "name"}

    name = inputs.Text(max_length=5, required=False)


class Asked(inputs.ListQuery):
    depot = inputs.Ref(required=False)
    is_active = inputs.Flag(required=False)


def refused(field: serializers.Field, value: object) -> str:
    with pytest.raises(ValidationError) as raised:
        field.run_validation(value)
    return str(raised.value.detail[0])


def parsed(raw: bytes) -> object:
    class Stream:
        def read(self, most: int) -> bytes:
            return raw[:most]

    return inputs.StrictJSONParser().parse(Stream())


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"0.10", Decimal("0.10")),
        (b"1e2", Decimal(100)),
        (b"12345678901234567890", 12345678901234567890),
        ('"é🔥"'.encode(), "é🔥"),
        (b'"\\ud83d\\ude00"', "😀"),
        (b" " * 999_999 + b"1", 1),
    ],
)
def test_json_is_read_exactly(raw, value):
    found = parsed(raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"NaN", b"[Infinity]", b"\xff", b"1" * 5_000, b"[" * 200_000, b"\xef\xbb\xbf1"]
)
def test_what_is_no_json_is_refused(raw):
    with pytest.raises(ParseError):
        parsed(raw)


def test_over_a_megabyte_is_too_large():
    with pytest.raises(TooLarge):
        parsed(b" " * 1_000_001)


def test_unknown_fields_are_named_and_shown_ones_ignored_unless_they_were_renamed():
    body = Body(data={"name": "a", "id": {}, "depot": "x", "depot_id": 1, "shown": 1, "none": 1})
    assert not body.is_valid()
    assert body.errors == {
        "depot_id": ["This is called depot here."],
        "shown": ["This is called name here."],
        "none": ["There is no such field. Take it out."],
    }
    assert Body(data={"name": "a", "id": {}, "depot": "x"}).is_valid()


def test_a_wrong_value_and_an_unknown_field_are_told_together_and_of_many_only_some():
    body = Body(data={"name": 5, **{f"f{n}": 1 for n in range(1_000)}})
    assert not body.is_valid()
    assert len(body.errors) == inputs.MAX_NAMED + 1
    assert "name" in body.errors


def test_a_query_is_strict_too():
    assert Asked(data=QueryDict("depot=3&is_active=false")).is_valid()
    for query, field in (("depot=1&depot=1", "depot"), ("x=1", "x"), ("depot=", "depot"), ("is_active=0", "is_active")):
        asked = Asked(data=QueryDict(query))
        assert not asked.is_valid()
        assert list(asked.errors) == [field]
    values = Asked(data=QueryDict("depot=3&is_active=false"))
    assert values.is_valid()
    assert values.validated_data == {"page_size": 50, "depot": 3, "is_active": False}


@pytest.mark.parametrize("value", ["a", " a ", "a\tb", "👩‍🚒", "a" * 5])
def test_text_is_text(value):
    assert inputs.Text(max_length=5).run_validation(value) == value.strip()


@pytest.mark.parametrize(
    "value", [1, True, None, [], {}, "a\nb", "a\rb", "a\x00b", "\x9f", "\u202e", "\u2028", "\ufeffa", "", "a" * 6]
)
def test_what_is_no_fit_text_is_refused(value):
    refused(inputs.Text(max_length=5), value)


def test_text_may_have_lines_and_be_left_empty_where_it_is_said():
    assert inputs.Text(max_length=9, multiline=True).run_validation("a\nb") == "a\nb"
    assert inputs.Text(max_length=9, allow_blank=True).run_validation(None) == ""


def test_a_password_is_taken_as_it_is():
    assert inputs.Secret().run_validation("  a b  ") == "  a b  "
    refused(inputs.Secret(), None)


@pytest.mark.parametrize("value", ["é", "金", "a\tb"])
def test_a_code_is_plain(value):
    refused(inputs.Code(max_length=9), value)


@pytest.mark.parametrize("value", ["1", 1.0, Decimal(1), True, None, [], 0, 2**63])
def test_a_reference_in_a_body_is_a_positive_json_number(value):
    assert inputs.Ref().run_validation(2**63 - 1) == 2**63 - 1
    refused(inputs.Ref(), value)


@pytest.mark.parametrize("value", ["true", 1, 0, "", None, []])
def test_a_flag_is_true_or_false(value):
    assert inputs.Flag().run_validation(True) is True
    refused(inputs.Flag(), value)


@pytest.mark.parametrize("value", [1, True, None, [], {}, "", "a", "A ", "x" * 1_000])
def test_a_choice_is_one_of_its_words(value):
    field = inputs.Choice(["A", "B"])
    assert field.run_validation("A") == "A"
    assert len(refused(field, value)) < 100


@pytest.mark.parametrize(
    "value",
    ["2026-2-1", "20260201", "2026-W05-1", "2026-02-30", "0000-01-01", "２０２６-01-01", 5, None, date(2026, 1, 1)],
)
def test_a_day_is_written_in_one_way(value):
    assert inputs.Day().run_validation("2026-02-01") == date(2026, 2, 1)
    refused(inputs.Day(), value)


@pytest.mark.parametrize(
    "value", ["0001-01-01T00:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x", 5, None, ""]
)
def test_a_moment_is_one_that_every_clock_can_hold(value):
    assert inputs.Moment().run_validation("2026-11-20T09:30:00+08:00") == datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
    refused(inputs.Moment(), value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("12.5", "12.50"),
        ("0", "0.00"),
        ("0.01", "0.01"),
        (12, "12.00"),
        (Decimal("1.5"), "1.50"),
        ("9" * 16 + ".99", "9" * 16 + ".99"),
    ],
)
def test_an_amount_is_exact(value, kept):
    assert str(inputs.Amount(decimal_places=2).run_validation(value)) == kept


@pytest.mark.parametrize(
    "value",
    [
        "",
        " 1",
        "1,5",
        "1e2",
        "NaN",
        "-1",
        "1.001",
        "+1",
        "9" * 17,
        "１",
        Decimal("NaN"),
        Decimal("1E+30"),
        1.5,
        True,
        None,
        [],
    ],
)
def test_what_is_no_amount_is_refused(value):
    refused(inputs.Amount(decimal_places=2), value)
    refused(inputs.Amount(decimal_places=2, allow_null=True), value if value is not None else "")


def test_an_amount_may_be_below_zero_and_missing_where_it_is_said():
    assert inputs.Amount(decimal_places=2, min_value=None).run_validation("-1.5") == Decimal("-1.50")
    assert inputs.Amount(decimal_places=2, allow_null=True).run_validation(None) is None
