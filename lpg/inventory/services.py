"""Moving stock: the one function that changes a balance, and what the office does with it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from lpg import sql
from lpg.audit import services as audit
from lpg.equipment.models import Equipment
from lpg.errors import Invalid, Refused
from lpg.facts import Fact, Kind
from lpg.inventory.models import Balance, Condition, Movement, Place, Transfer
from lpg.inventory.places import ADJUSTMENT, place_of
from lpg.inventory.selectors import Key
from lpg.roles import Actor, require_at


class Line(NamedTuple):
    """So much of one thing from a place and condition to another."""

    origin: Place
    origin_condition: str
    destination: Place
    destination_condition: str
    equipment_id: int
    quantity: int

    @property
    def taken(self) -> Key:
        return self.origin.id, self.equipment_id, self.origin_condition

    @property
    def given(self) -> Key:
        return self.destination.id, self.equipment_id, self.destination_condition

    def reversed(self) -> "Line":
        """The same, back again."""
        ends = self.destination, self.destination_condition, self.origin, self.origin_condition
        return Line(*ends, self.equipment_id, self.quantity)


class Cause(NamedTuple):
    """Why stock moves: the document, its id and its number."""

    kind: Movement.Cause
    id: int
    number: str = ""


class Item(NamedTuple):
    """What a transfer moves. `condition` is that at the origin, or where the origin keeps none, at the destination."""

    equipment_id: int
    quantity: int
    condition: str = Condition.FULL
    to_condition: str = ""


@dataclass(slots=True)
class Held:
    """A locked balance, and what it will hold."""

    id: int
    physical: bool
    quantity: int


MOVEMENT = (
    "origin_id",
    "origin_condition",
    "origin_after",
    "destination_id",
    "destination_condition",
    "destination_after",
    "equipment_id",
    "quantity",
    "cause",
    "cause_id",
    "cause_number",
    "reason",
    "user_id",
    "created_at",
)


SHORTFALL = "The books held less than was taken"


class InsufficientStock(Refused):
    """Some place holds less than is to be taken. All that is short is told at once, and nothing has moved."""

    code = "insufficient_stock"
    title = "Not enough stock"


class Moved(NamedTuple):
    """A line whose balances are written, and what they hold since: the ledger has still to say why."""

    line: Line
    origin_after: int
    destination_after: int
    is_shortfall: bool = False


class Short(NamedTuple):
    """A place that holds less than is to be taken."""

    key: Key
    wanted: int
    there: int


def move(
    lines: Sequence[Line], *, cause: Cause, reason: str = "", actor: Actor, now: datetime, fact: Fact | None = None
) -> None:
    """Move all lines or none. The number of statements does not depend on how many there are.

    Locks the balances in one fixed order, checks what they will hold when all is done, and writes the ledger.
    Raises InsufficientStock; of a fact what is short is noted, as by `shift`.
    """
    post(shift(lines, fact), cause=cause, reason=reason, actor=actor, now=now)


def shift(lines: Sequence[Line], fact: Fact | None = None) -> list[Moved]:
    """Write the balances. The caller must `post` what this returns: a sale does so once it has its number.

    So the number, which everybody waits for, is held for as short as can be. Raises InsufficientStock.
    Of a fact what is short is noted, and comes from the adjustment place first, by movements of its own.
    """
    if not lines:
        return []
    places = {place.id: place for line in lines for place in (line.origin, line.destination)}
    held = _locked({key for line in lines for key in (line.taken, line.given)}, places)
    first: list[Line] = []
    if short := _short(lines, held):
        if fact is None:
            raise _insufficient(short, places)
        first = _made_up(short, held, places, fact)
    moved = []
    for number, line in enumerate([*first, *lines]):
        taken, given = held[line.taken], held[line.given]
        taken.quantity -= line.quantity
        given.quantity += line.quantity
        moved.append(Moved(line, taken.quantity, given.quantity, number < len(first)))
    cases, ids = " WHEN %s THEN %s" * len(held), ", ".join(["%s"] * len(held))
    values = [value for balance in held.values() for value in (balance.id, balance.quantity)]
    sql.run(
        f"UPDATE inventory_balance SET quantity = CASE id{cases} END WHERE id IN ({ids})",  # noqa: S608
        [*values, *(balance.id for balance in held.values())],
    )
    return moved


def post(moved: Sequence[Moved], *, cause: Cause, reason: str = "", actor: Actor, now: datetime) -> None:
    """Write the ledger of what was shifted, once."""
    at, user_id = sql.moment(now), actor.pk
    rows = [
        (
            line.origin.id,
            line.origin_condition,
            origin_after,
            line.destination.id,
            line.destination_condition,
            destination_after,
            line.equipment_id,
            line.quantity,
            Movement.Cause.SHORTFALL.value if is_shortfall else cause.kind.value,
            cause.id,
            cause.number,
            SHORTFALL if is_shortfall else reason,
            user_id,
            at,
        )
        for line, origin_after, destination_after, is_shortfall in moved
    ]
    sql.insert("inventory_movement", MOVEMENT, rows)


@transaction.atomic
def change_quantity(
    *,
    actor: Actor,
    place: Place,
    equipment_id: int,
    condition: str,
    delta: int | None = None,
    quantity: int | None = None,
    reason: str,
    now: datetime,
) -> Balance:
    """Add `delta`, or set to `quantity`, against the adjustment place; what is there already moves nothing.

    Raises NotAllowed, InsufficientStock.
    """
    require_at(actor, "stock.write", place.home_depot_id)
    key = place.pk, equipment_id, condition
    held = _locked({key}, {place.pk: place})[key]
    balance = Balance(pk=held.id, place=place, equipment_id=equipment_id, condition=condition, quantity=held.quantity)
    before = held.quantity
    difference = delta if delta is not None else (quantity or 0) - before
    if difference:
        line = _correction(place, condition, equipment_id, difference)
        move([line], cause=Cause(Movement.Cause.UPDATE, balance.pk), reason=reason, actor=actor, now=now)
        after = {"quantity": before + difference, "reason": reason}
        audit.record(actor=actor, action="UPDATE_INVENTORY", entity=balance, before={"quantity": before}, after=after)
    return balance


@transaction.atomic
def transfer(
    *, actor: Actor, origin: Place, destination: Place, items: Sequence[Item], remarks: str, now: datetime
) -> Transfer:
    """Move stock by decision of the office: supplier deliveries and returns, scrap, between places, re-labels.

    Raises Invalid for a move that goes nowhere, NotAllowed, InsufficientStock.
    """
    for place in (origin, destination):
        if place.is_physical:
            require_at(actor, "stock.write", place.home_depot_id)
    if not (origin.is_physical or destination.is_physical):
        raise Invalid({"destination": ["One of the two must be a depot, a truck or a customer."]})
    lines = [_line(number, item, origin, destination) for number, item in enumerate(items)]
    row = Transfer(origin=origin, destination=destination, remarks=remarks, user_id=actor.pk, created_at=now)
    audit.save(row)
    move(lines, cause=Cause(Movement.Cause.TRANSFER, row.pk), reason=remarks[:200], actor=actor, now=now)
    after: dict[str, Any] = {**audit.snapshot(row), "items": [item._asdict() for item in items]}
    audit.record(actor=actor, action="CREATE_TRANSFER", entity=row, before=None, after=after)
    return row


def corrections(place: Place, differences: Iterable[tuple[int, str, int]]) -> list[Line]:
    """The lines that post differences (equipment, condition, how much more there is) against the adjustment place."""
    return [_correction(place, condition, equipment, more) for equipment, condition, more in differences if more]


def quantities(place: Place, keys: set[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """What a place holds of each (equipment, condition), locked until the unit of work ends."""
    held = _locked({(place.pk, equipment, condition) for equipment, condition in keys}, {place.pk: place})
    return {(equipment, condition): balance.quantity for (_, equipment, condition), balance in held.items()}


def _correction(place: Place, condition: str, equipment_id: int, more: int) -> Line:
    outside = place_of(ADJUSTMENT)
    if more > 0:
        return Line(outside, Condition.NONE, place, condition, equipment_id, more)
    return Line(place, condition, outside, Condition.NONE, equipment_id, -more)


def _line(number: int, item: Item, origin: Place, destination: Place) -> Line:
    if item.to_condition and not destination.has_conditions:
        raise Invalid({f"items.{number}.to_condition": [f"{destination.name} keeps no conditions. Leave it out."]})
    taken = item.condition if origin.has_conditions else Condition.NONE
    given = (item.to_condition or item.condition) if destination.has_conditions else Condition.NONE
    if origin == destination and taken == given:
        words = "This goes nowhere: name another place, or another condition in to_condition."
        raise Invalid({f"items.{number}.to_condition": [words]})
    return Line(origin, taken, destination, given, item.equipment_id, item.quantity)


def _locked(keys: set[Key], places: dict[int, Place]) -> dict[Key, Held]:
    """The balances of `keys`, made where they are missing, locked in the order of their keys."""
    found = _lock_there(keys)
    if missing := sorted(keys - found.keys()):
        columns = ("place_id", "equipment_id", "condition", "physical", "quantity")
        new = [(*key, places[key[0]].is_physical, 0) for key in missing]
        sql.insert("inventory_balance", columns, new, missing=True)
        found = _lock_there(keys)
    return found


def _lock_there(keys: set[Key]) -> dict[Key, Held]:
    """Read along the unique key, so that everybody locks in its order."""
    columns = "place_id, equipment_id, `condition`"
    sought = sorted(keys)
    if sql.is_sqlite():
        hint, sought_in = "", f"(VALUES {sql.groups(3, len(sought))})"
    else:
        hint, sought_in = " FORCE INDEX (balance_once_per_key)", f"({sql.groups(3, len(sought))})"
    found = sql.rows(
        f"SELECT {columns}, id, physical, quantity FROM inventory_balance{hint}"  # noqa: S608
        f" WHERE ({columns}) IN {sought_in} ORDER BY {columns}{sql.locking()}",
        [value for key in sought for value in key],
    )
    return {
        (place, equipment, condition): Held(id, bool(physical), quantity)
        for place, equipment, condition, id, physical, quantity in found
    }


def _short(lines: Sequence[Line], held: dict[Key, Held]) -> list[Short]:
    """Which physical balances would fall below nothing."""
    taken: Counter[Key] = Counter()
    given: Counter[Key] = Counter()
    for line in lines:
        taken[line.taken] += line.quantity
        given[line.given] += line.quantity
    return [
        Short(key, wanted, held[key].quantity + given[key])
        for key, wanted in taken.items()
        if held[key].physical and held[key].quantity + given[key] < wanted
    ]


def _made_up(short: list[Short], held: dict[Key, Held], places: dict[int, Place], fact: Fact) -> list[Line]:
    """What has to come from the adjustment place first. Notes it, and adds the balances there to those held.

    They are locked after the others, whatever their keys: a sale that is not short must not wait for them. A deadlock
    with a count of the same truck at the same moment is tried again as any.
    """
    for kind, at_customer in ((Kind.SHORT_STOCK, False), (Kind.SURPLUS_RETURN, True)):
        of_kind = [one for one in short if (places[one.key[0]].kind == Place.Kind.CUSTOMER) is at_customer]
        if of_kind:
            shortages = _shortages(of_kind, places)
            words = [
                f"{one['place_name']} had {one['available']} {_what(one)} by the books, {one['requested']} were taken."
                for one in shortages
            ]
            fact.note(kind, " ".join(words), shortages=shortages)
    outside = place_of(ADJUSTMENT)
    places[outside.pk] = outside
    lines = [
        Line(outside, Condition.NONE, places[place], condition, equipment, wanted - there)
        for (place, equipment, condition), wanted, there in short
    ]
    held.update(_locked({line.taken for line in lines}, places))
    return lines


def _insufficient(short: list[Short], places: dict[int, Place]) -> InsufficientStock:
    shortages = _shortages(short, places)
    first, rest = shortages[0], len(shortages) - 1
    words = (
        f"{first['place_name']} has {first['available']} {_what(first)}, you need {first['requested']}. "
        "Lower the quantity, or bring more there first."
    )
    more = f" {rest} more {'line is' if rest == 1 else 'lines are'} short." if rest else ""
    return InsufficientStock(words + more, shortages=shortages)


def _shortages(short: list[Short], places: dict[int, Place]) -> list[dict[str, Any]]:
    names = dict(Equipment.objects.filter(pk__in={one.key[1] for one in short}).values_list("pk", "name"))
    return [
        {
            "place": place,
            "place_name": places[place].name,
            "equipment": equipment,
            "equipment_name": names[equipment],
            "condition": condition or None,
            "requested": wanted,
            "available": there,
        }
        for (place, equipment, condition), wanted, there in short
    ]


def _what(shortage: dict[str, Any]) -> str:
    condition = shortage["condition"]
    kind = f"{Condition(condition).label.lower()} " if condition else ""
    return f"{kind}{shortage['equipment_name']}"
