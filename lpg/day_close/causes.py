"""Why a truck's count and the books may differ: what usually lies behind it, in words, and a code that stays.

Nothing here asks the database. The first rule that fits names the cause, so the order of the rules is part of them.
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from django.db.models import TextChoices

from lpg.inventory.models import Condition
from lpg.payments.models import Payment


class Cause(TextChoices):
    """The stable codes, and what a list says of them."""

    FULL_EMPTY_SWAPPED = "full_empty_swapped", "Full and empty swapped"
    CONDITION_MIXED_UP = "condition_mixed_up", "Damaged not recorded as such, or no longer"
    EQUIPMENT_MIXED_UP = "equipment_mixed_up", "Two kinds mixed up"
    DELIVERY_NOT_RECORDED = "delivery_not_recorded", "A delivery not recorded"
    DELIVERY_NOT_MADE = "delivery_not_made", "A delivery not made, or a collection not confirmed"
    EMPTIES_NOT_COLLECTED = "empties_not_collected", "Empties not collected"
    EMPTIES_NOT_RECORDED = "empties_not_recorded", "Empties collected and not recorded"
    DAMAGE_NOT_RECORDED = "damage_not_recorded", "Damaged ones not recorded"
    DAMAGED_MISSING = "damaged_missing", "Damaged ones missing"
    METHODS_MIXED_UP = "methods_mixed_up", "Two ways to pay mixed up"
    PAYMENT_NOT_RECORDED = "payment_not_recorded", "A payment not recorded"
    MONEY_MISSING = "money_missing", "Money missing"


class Thing(NamedTuple):
    """Equipment in one condition."""

    equipment: int
    condition: str


class Stock(NamedTuple):
    """So many more (or, negative, fewer) of a thing in a condition were there than the books held."""

    equipment_id: int
    name: str
    condition: str
    difference: int

    @property
    def thing(self) -> Thing:
        return Thing(self.equipment_id, self.condition)


class Taken(NamedTuple):
    """So much more (or, negative, less) was handed over in one way than the payments come to."""

    method: str
    difference: Decimal


class Variance(NamedTuple):
    """One likely cause, and the differences that it explains."""

    code: Cause
    words: str
    counts: tuple[Thing, ...] = ()
    methods: tuple[str, ...] = ()


def variances(stock: Iterable[Stock], money: Iterable[Taken]) -> list[Variance]:
    """What explains each difference; none where nothing differs. Each difference is explained once."""
    return [*_of_stock([one for one in stock if one.difference]), *_of_money([one for one in money if one.difference])]


def _of_stock(differing: list[Stock]) -> list[Variance]:
    found = []
    for one, other in _opposite(differing, lambda one, other: one.equipment_id == other.equipment_id):
        found.append(_in_two_conditions(one, other))
    left = _without(differing, found)
    for one, other in _opposite(left, lambda one, other: one.condition == other.condition):
        found.append(_of_two_kinds(one, other))
    return [*found, *(_alone(one) for one in _without(differing, found))]


def _of_money(differing: list[Taken]) -> list[Variance]:
    found, left = [], differing
    for one, other in combinations(differing, 2):
        if one in left and other in left and one.difference == -other.difference:
            left = [entry for entry in left if entry not in {one, other}]
            more, less = (one, other) if one.difference > 0 else (other, one)
            words = (
                f"S${more.difference:,.2f} more by {_method(more)} and as much less by {_method(less)}: most likely "
                f"payments by {_method(more)} were recorded as {_method(less)}."
            )
            found.append(Variance(Cause.METHODS_MIXED_UP, words, methods=(more.method, less.method)))
    return [*found, *(_paid(one) for one in left)]


def _opposite(rows: Sequence[Stock], belong: Callable[[Stock, Stock], bool]) -> list[tuple[Stock, Stock]]:
    """Pairs of as many more as fewer, the fewer first; each row in one pair at most. Full and empty come first."""
    pairs: list[tuple[Stock, Stock]] = []
    taken: set[Stock] = set()
    for one, other in sorted(combinations(rows, 2), key=_has_damaged):
        if one.difference == -other.difference and belong(one, other) and not taken & {one, other}:
            taken |= {one, other}
            pairs.append((one, other) if one.difference < 0 else (other, one))
    return pairs


def _has_damaged(pair: tuple[Stock, Stock]) -> bool:
    return any(one.condition == Condition.DAMAGED for one in pair)


def _without(rows: Sequence[Stock], explained: Iterable[Variance]) -> list[Stock]:
    done = {thing for one in explained for thing in one.counts}
    return [row for row in rows if row.thing not in done]


def _in_two_conditions(fewer: Stock, more: Stock) -> Variance:
    count = f"{more.difference} {_kept(fewer)} {fewer.name} fewer and as many {_kept(more)} more"
    things = (fewer.thing, more.thing)
    if Condition.DAMAGED in {fewer.condition, more.condition}:
        words = f"{count}: most likely {_kept(fewer)} ones were found {_kept(more)}, and nobody recorded it."
        return Variance(Cause.CONDITION_MIXED_UP, words, things)
    also = "delivery with its empties was not recorded"
    if more.condition == Condition.FULL:
        also = "delivery was recorded and not made"
    words = f"{count}: most likely full and empty were swapped in the count or in a sale, or a {also}."
    return Variance(Cause.FULL_EMPTY_SWAPPED, words, things)


def _of_two_kinds(fewer: Stock, more: Stock) -> Variance:
    words = (
        f"{more.difference} {_kept(fewer)} {fewer.name} fewer and as many {more.name} more: most likely one was "
        f"recorded, or counted, as the other."
    )
    return Variance(Cause.EQUIPMENT_MIXED_UP, words, (fewer.thing, more.thing))


def _alone(one: Stock) -> Variance:
    missing = one.difference < 0
    code, words = ALONE[one.condition, missing]
    how_many = f"{abs(one.difference)} {_kept(one)} {one.name} {'fewer' if missing else 'more'} than the books hold"
    return Variance(code, f"{how_many}: {words}", (one.thing,))


def _paid(one: Taken) -> Variance:
    amount, method = f"S${abs(one.difference):,.2f}", _method(one)
    if one.difference > 0:
        words = f"{amount} by {method} more than was recorded: most likely a payment was not recorded."
        return Variance(Cause.PAYMENT_NOT_RECORDED, words, methods=(one.method,))
    words = f"{amount} by {method} less than was recorded: most likely it was not handed over, or never received."
    return Variance(Cause.MONEY_MISSING, words, methods=(one.method,))


def _kept(one: Stock) -> str:
    return str(Condition(one.condition).label).lower()


def _method(one: Taken) -> str:
    return str(Payment.Method(one.method).label)


ALONE: dict[tuple[str, bool], tuple[Cause, str]] = {  # by condition, and whether they are missing
    (Condition.FULL, True): (Cause.DELIVERY_NOT_RECORDED, "most likely a delivery was not recorded."),
    (Condition.FULL, False): (
        Cause.DELIVERY_NOT_MADE,
        "most likely a delivery was recorded and not made, or a collection was not confirmed.",
    ),
    (Condition.EMPTY, True): (
        Cause.EMPTIES_NOT_COLLECTED,
        "most likely empties were recorded and not collected, or brought back to the depot without a record.",
    ),
    (Condition.EMPTY, False): (Cause.EMPTIES_NOT_RECORDED, "most likely empties were collected and not recorded."),
    (Condition.DAMAGED, True): (
        Cause.DAMAGED_MISSING,
        "most likely damaged ones were left somewhere, or are good after all.",
    ),
    (Condition.DAMAGED, False): (Cause.DAMAGE_NOT_RECORDED, "most likely damaged ones were taken back unrecorded."),
}
