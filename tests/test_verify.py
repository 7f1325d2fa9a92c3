"""Asking the books what disagrees: the words, and numbers that must have neither gap nor stranger."""

from datetime import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from lpg.distribution.models import Distribution
from lpg.numbering.models import Series
from lpg.verify import SHOWN, numbers_with_gaps, rows_that_disagree
from tests import make

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.get_fixed_timezone(480))
pytestmark = pytest.mark.django_db


@pytest.fixture
def numbered(admin, singgas):
    vehicle = make.a_vehicle(admin, singgas)

    def documents(*numbers: str) -> None:
        for number in numbers:
            Distribution.objects.create(
                distribution_number=number, depot=singgas, vehicle=vehicle, user=admin, created_at=NOW
            )

    return documents


def series(**last: int) -> None:
    for name, reached in last.items():
        kind, period = name.split("_")
        Series.objects.create(series=kind, period=period, last=reached)


def gaps(kind: str = "DST", length: int = 8) -> list[str]:
    return numbers_with_gaps(kind, "distribution_distribution", "distribution_number", period_length=length)


def test_numbers_from_one_to_where_the_series_stands_are_right(numbered):
    assert gaps() == []
    numbered("DST-20261120-000001", "DST-20261120-000002", "DST-20261121-000001")
    series(DST_20261120=2, DST_20261121=1, DST_20261122=0, TRX_20261120=9, DST_2026=0)
    assert gaps() == []


@pytest.mark.parametrize(
    ("numbers", "last", "found"),
    [
        ((1, 3), 3, "the series stands at 3, there are 2 from 1 to 3"),
        ((2, 3), 3, "the series stands at 3, there are 2 from 2 to 3"),
        ((1, 2), 3, "the series stands at 3, there are 2 from 1 to 2"),
        ((1, 2, 3), 2, "the series stands at 2, there are 3 from 1 to 3"),
        ((1, 2, 4), 3, "the series stands at 3, there are 3 from 1 to 4"),
        ((0, 1, 2), 3, "the series stands at 3, there are 3 from 0 to 2"),
        ((), 3, "the series stands at 3, there are 0 from 0 to 0"),
        ((1, 2), None, "the series stands at 0, there are 2 from 1 to 2"),
        ((1,), 0, "the series stands at 0, there are 1 from 1 to 1"),
    ],
)
def test_a_number_that_is_missing_or_from_elsewhere_is_found(numbered, numbers, last, found):
    numbered("DST-20261119-000001", *(f"DST-20261120-{number:06d}" for number in numbers))
    series(DST_20261119=1)
    if last is not None:
        series(DST_20261120=last)
    assert gaps() == [f"DST-20261120: {found}"]


def test_a_duplicate_cannot_be(numbered):
    numbered("DST-20261120-000001")
    with pytest.raises(IntegrityError), transaction.atomic():
        numbered("DST-20261120-000001")


def test_numbers_of_a_year_and_of_more_than_a_million_are_read_alike(numbered):
    numbered("INV-2026-000001", "INV-2026-000002", "INV-2027-000001", "DST-20261120-000001")
    series(INV_2026=2, INV_2027=1, DST_20261120=1)
    assert gaps("INV", 4) == gaps() == []
    numbered("INV-2028-1000001")
    series(INV_2028=1_000_001)
    assert gaps("INV", 4) == ["INV-2028: the series stands at 1000001, there are 1 from 1000001 to 1000001"]


def test_only_the_first_rows_that_disagree_are_told(numbered):
    for day in range(1, 29):
        series(**{f"DST_202602{day:02d}": 5})
    assert len(gaps()) == SHOWN == 20
    words = rows_that_disagree("SELECT 1, %s UNION ALL SELECT 2, %s", "{0} is {1}", [7, 8])
    assert words == ["1 is 7", "2 is 8"]
