"""What most likely lies behind a difference: one table."""

from decimal import Decimal

import pytest

from lpg.day_close.causes import ALONE, Cause, Stock, Taken, variances
from lpg.inventory.models import Condition

BIG, SMALL = 1, 2
NAMES = {BIG: "50 kg", SMALL: "14 kg"}
FULL, EMPTY, DAMAGED = "FULL", "EMPTY", "DAMAGED"


def found(stock: list[tuple[int, str, int]], money: list[tuple[str, str]]) -> list[tuple[str, object]]:
    """Each cause with what it explains."""
    rows = variances(
        [Stock(thing, NAMES[thing], condition, difference) for thing, condition, difference in stock],
        [Taken(method, Decimal(difference)) for method, difference in money],
    )
    return [(one.code, [*map(tuple, one.counts), *one.methods]) for one in rows]


@pytest.mark.parametrize(
    ("stock", "money", "causes"),
    [
        ([], [], []),
        ([(BIG, FULL, 0), (BIG, EMPTY, 0)], [("CASH", "0.00")], []),
        # one thing alone
        ([(BIG, FULL, -2)], [], [("delivery_not_recorded", [(BIG, FULL)])]),
        ([(BIG, FULL, 2)], [], [("delivery_not_made", [(BIG, FULL)])]),
        ([(BIG, EMPTY, -3)], [], [("empties_not_collected", [(BIG, EMPTY)])]),
        ([(BIG, EMPTY, 3)], [], [("empties_not_recorded", [(BIG, EMPTY)])]),
        ([(BIG, DAMAGED, 1)], [], [("damage_not_recorded", [(BIG, DAMAGED)])]),
        ([(BIG, DAMAGED, -1)], [], [("damaged_missing", [(BIG, DAMAGED)])]),
        # opposite differences of one size
        ([(BIG, EMPTY, 2), (BIG, FULL, -2)], [], [("full_empty_swapped", [(BIG, FULL), (BIG, EMPTY)])]),
        ([(BIG, EMPTY, -2), (BIG, FULL, 2)], [], [("full_empty_swapped", [(BIG, EMPTY), (BIG, FULL)])]),
        ([(BIG, DAMAGED, 1), (BIG, FULL, -1)], [], [("condition_mixed_up", [(BIG, FULL), (BIG, DAMAGED)])]),
        ([(BIG, DAMAGED, -1), (BIG, EMPTY, 1)], [], [("condition_mixed_up", [(BIG, DAMAGED), (BIG, EMPTY)])]),
        # not of the same amount, or not of the same size: a delivery and its empties, each by itself
        (
            [(BIG, EMPTY, 2), (BIG, FULL, -3)],
            [],
            [("empties_not_recorded", [(BIG, EMPTY)]), ("delivery_not_recorded", [(BIG, FULL)])],
        ),
        (
            [(BIG, FULL, -2), (SMALL, EMPTY, 2)],
            [],
            [("delivery_not_recorded", [(BIG, FULL)]), ("empties_not_recorded", [(SMALL, EMPTY)])],
        ),
        (
            [(BIG, FULL, -2), (SMALL, FULL, -2)],
            [],
            [("delivery_not_recorded", [(BIG, FULL)]), ("delivery_not_recorded", [(SMALL, FULL)])],
        ),
        # two kinds
        ([(BIG, FULL, 2), (SMALL, FULL, -2)], [], [("equipment_mixed_up", [(SMALL, FULL), (BIG, FULL)])]),
        # each explained once: full and empty of one size come before damaged ones, and before another size
        (
            [(BIG, DAMAGED, 2), (BIG, EMPTY, 2), (BIG, FULL, -2)],
            [],
            [("full_empty_swapped", [(BIG, FULL), (BIG, EMPTY)]), ("damage_not_recorded", [(BIG, DAMAGED)])],
        ),
        (
            [(BIG, FULL, -2), (BIG, EMPTY, 2), (SMALL, FULL, 2)],
            [],
            [("full_empty_swapped", [(BIG, FULL), (BIG, EMPTY)]), ("delivery_not_made", [(SMALL, FULL)])],
        ),
        # money
        ([], [("CASH", "5.00")], [("payment_not_recorded", ["CASH"])]),
        ([], [("PAYNOW", "-5.00")], [("money_missing", ["PAYNOW"])]),
        ([], [("CASH", "5.00"), ("PAYNOW", "-5.00")], [("methods_mixed_up", ["CASH", "PAYNOW"])]),
        ([], [("CASH", "-5.00"), ("CHEQUE", "5.00")], [("methods_mixed_up", ["CHEQUE", "CASH"])]),
        (
            [],
            [("CASH", "5.00"), ("PAYNOW", "-5.01")],
            [("payment_not_recorded", ["CASH"]), ("money_missing", ["PAYNOW"])],
        ),
        (
            [],
            [("CASH", "5.00"), ("PAYNOW", "-5.00"), ("CARD", "-5.00")],
            [("methods_mixed_up", ["CASH", "PAYNOW"]), ("money_missing", ["CARD"])],
        ),
        # both
        (
            [(BIG, FULL, -1)],
            [("CASH", "54.50")],
            [("delivery_not_recorded", [(BIG, FULL)]), ("payment_not_recorded", ["CASH"])],
        ),
    ],
)
def test_the_likely_cause(stock, money, causes):
    assert found(stock, money) == causes


@pytest.mark.parametrize(
    ("stock", "money", "words"),
    [
        (
            [(BIG, FULL, -2)],
            [],
            "2 full 50 kg fewer than the books hold: most likely a delivery was not recorded.",
        ),
        (
            [(BIG, FULL, -2), (BIG, EMPTY, 2)],
            [],
            (
                "2 full 50 kg fewer and as many empty more: most likely full and empty were swapped in the count or "
                "in a sale, or a delivery with its empties was not recorded."
            ),
        ),
        (
            [(BIG, FULL, 2), (BIG, EMPTY, -2)],
            [],
            (
                "2 empty 50 kg fewer and as many full more: most likely full and empty were swapped in the count or "
                "in a sale, or a delivery was recorded and not made."
            ),
        ),
        (
            [],
            [("CASH", "1234.50"), ("PAYNOW", "-1234.50")],
            "S$1,234.50 more by Cash and as much less by PayNow: most likely payments by Cash were recorded as PayNow.",
        ),
        (
            [],
            [("CHEQUE", "-5.00")],
            "S$5.00 by Cheque less than was recorded: most likely it was not handed over, or never received.",
        ),
    ],
)
def test_the_words_name_what_and_how_many(stock, money, words):
    rows = variances(
        [Stock(thing, NAMES[thing], condition, difference) for thing, condition, difference in stock],
        [Taken(method, Decimal(difference)) for method, difference in money],
    )
    assert [one.words for one in rows] == [words]


def test_there_are_words_for_every_condition_of_a_truck():
    assert set(ALONE) == {(one, missing) for one in Condition if one for missing in (True, False)}
    assert {code for code, _ in ALONE.values()} < set(Cause)
