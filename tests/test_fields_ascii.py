"""Keys are ASCII and compared byte by byte, on every database."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from lpg.depots.models import Depot
from lpg.fields import AsciiField
from tests import make

pytestmark = pytest.mark.django_db
LOOKUPS = [
    "exact",
    "iexact",
    "startswith",
    "istartswith",
    "endswith",
    "iendswith",
    "contains",
    "icontains",
    "regex",
    "iregex",
]


@pytest.fixture
def codes(admin) -> list[str]:
    return [make.a_depot(admin, code).code for code in ("ABC", "ABC-1", "abc", "b_d")]


@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("foreign", ["é", "ABCé", "金", "😀", "ＡＢＣ", "\xa0"])
def test_what_is_not_ascii_is_found_nowhere(codes, lookup, foreign):
    asked = {f"code__{lookup}": foreign}
    assert not Depot.objects.filter(**asked).exists()
    assert Depot.objects.exclude(**asked).count() == len(codes)


def test_among_several_only_the_ascii_ones_are_looked_for(codes):
    assert Depot.objects.filter(code__in=["é", "ABC"]).count() == 1
    assert Depot.objects.exclude(code__in=["é", "ABC"]).count() == len(codes) - 1
    assert not Depot.objects.filter(code__in=["é"]).exists()
    assert Depot.objects.exclude(code__in=["é"]).count() == len(codes)
    assert Depot.objects.filter(code__in=Depot.objects.filter(code="abc").values("code")).count() == 1


@pytest.mark.parametrize(
    ("lookup", "value", "found"),
    [
        ("gt", "é", []),
        ("gte", "金", []),
        ("lt", "é", ["ABC", "ABC-1", "abc", "b_d"]),
        ("lte", "é", ["ABC", "ABC-1", "abc", "b_d"]),
        ("gt", "abcé", ["b_d"]),
        ("lt", "ABCé", ["ABC", "ABC-1"]),
        ("gte", "ABC", ["ABC", "ABC-1", "abc", "b_d"]),
        ("lte", "abc", ["ABC", "ABC-1", "abc"]),
        ("range", ("ABC", "abcé"), ["ABC", "ABC-1", "abc"]),
    ],
)
def test_in_order_all_else_comes_behind_ascii(codes, lookup, value, found):
    answer = Depot.objects.filter(**{f"code__{lookup}": value}).order_by("code")
    assert [depot.code for depot in answer] == found


def test_codes_are_compared_byte_by_byte(codes, admin):
    assert [Depot.objects.filter(code=code).count() for code in ("ABC", "abc", "Abc", "ABC ", " ABC")] == [
        1,
        1,
        0,
        0,
        0,
    ]
    assert [depot.code for depot in Depot.objects.order_by("code")] == ["ABC", "ABC-1", "abc", "b_d"]
    assert make.a_depot(admin, "Abc").code == "Abc"  # no clash with ABC and abc


@pytest.mark.parametrize(
    ("lookup", "value", "found"),
    [
        ("istartswith", "b_", {"b_d"}),
        ("istartswith", "b%", set()),
        ("icontains", "bC-", {"ABC-1"}),
        ("icontains", "_", {"b_d"}),
        ("iexact", "aBC", {"ABC", "abc"}),
    ],
)
def test_a_search_finds_either_case_and_takes_signs_as_they_are(codes, lookup, value, found):
    assert {depot.code for depot in Depot.objects.filter(**{f"code__{lookup}": value})} == found


def test_ascii_is_never_saved_as_anything_else(singgas):
    singgas.code = "é"
    for attempt in (singgas.save, lambda: Depot.objects.update(code="é"), lambda: Depot.objects.create(code="é")):
        with pytest.raises(ValueError, match="only ASCII fits"):
            attempt()
    for wrong in ("é", " A", "A ", "A\n", "A\x00", "\t"):
        with pytest.raises(ValidationError):
            AsciiField(max_length=9).clean(wrong, None)
    assert AsciiField(max_length=9).clean("A b-~!", None) == "A b-~!"


def test_keys_are_ascii_in_the_database_itself(singgas):
    if connection.vendor == "sqlite":
        assert AsciiField(max_length=9).db_type(connection) == "varchar(9)"
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT character_set_name, collation_name FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = 'depots_depot' AND column_name = 'code'"
        )
        assert cursor.fetchone() == ("ascii", "ascii_bin")


def test_a_key_that_points_at_ascii_is_ascii():
    assert AsciiField(max_length=9).rel_db_type(connection) == AsciiField(max_length=9).db_type(connection)
