"""How values look on paper."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lpg.paper import filters


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("money", Decimal("1234567.80"), "1,234,567.80"),
        ("money", Decimal("-0.05"), "−0.05"),
        ("dollars", Decimal("1234.50"), "S$1,234.50"),
        ("dollars", Decimal("-117.50"), "−S$117.50"),
        ("rate", Decimal("45.0000"), "45.00"),
        ("rate", Decimal("2.5125"), "2.5125"),
        ("rate", Decimal("-1002.5120"), "−1,002.512"),
        ("plain", Decimal("1204.500"), "1,204.5"),
        ("plain", Decimal("1200.000"), "1,200"),
        ("plain", 1200, "1,200"),
        ("plain", Decimal("0.000"), "0"),
        ("moved", 5, "+5"),
        ("moved", -1200, "−1,200"),
        ("day", datetime(2026, 5, 1, tzinfo=UTC), "1 May 2026"),
        ("localday", datetime(2026, 11, 30, 16, tzinfo=UTC), "1 Dec 2026"),
        ("moment", datetime(2026, 11, 20, 6, 5, tzinfo=UTC), "20 Nov 2026, 14:05"),
    ],
)
def test_a_value_is_shown_as_hsh_writes_it(name, value, shown):
    assert getattr(filters, name)(value) == shown
