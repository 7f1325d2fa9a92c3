"""What the desk shows of stock: the grid of every place in sight, and the ledger of one with its running balance."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet
from django.urls import reverse

from lpg.customers.models import Customer
from lpg.day_close.selectors import day_closes_seen_by
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depots_with
from lpg.desk import shown
from lpg.desk.admin import id_in
from lpg.distribution.selectors import distributions_seen_by
from lpg.inventory.models import Balance, Condition, Movement, Place
from lpg.inventory.places import Owner
from lpg.inventory.selectors import balances_seen_by, movements_of, places_seen_by, with_owners
from lpg.meters.selectors import meters_seen_by
from lpg.numbering.services import Numbered
from lpg.roles import Actor, sees
from lpg.transactions.selectors import transactions_seen_by

CONDITIONS = [Condition.FULL, Condition.EMPTY, Condition.DAMAGED]
PAGE = 50


class Row(NamedTuple):
    """One kind of equipment: how many in each condition, and together; as text, with whether it is nothing."""

    name: str
    cells: list[tuple[str, bool]]


@dataclass
class Card:
    """What one depot or truck holds."""

    title: str
    subtitle: str
    key: str  # that of its place, such as depot:3
    place_id: int | None  # None where nothing ever moved
    is_active: bool
    held: Counter[tuple[int, str]] = field(default_factory=Counter)
    rows: list[Row] = field(default_factory=list)


@dataclass
class Section:
    """A depot and its trucks."""

    depot: Depot
    cards: list[Card] = field(default_factory=list)


def grid(actor: Actor, depot_id: int | None = None) -> tuple[list[Section], list[Row]]:
    """Every depot and truck in sight with what it holds, and all of it together. A constant number of queries."""
    depots = depots_with(actor, "stock.read").annotate(place_id=F("place__pk"))
    trucks = Vehicle.objects.filter(sees(actor, "stock.read")).annotate(place_id=F("place__pk")).order_by("plate_no")
    if depot_id is not None:
        depots, trucks = depots.filter(pk=depot_id), trucks.filter(depot=depot_id)
    sections = {depot.pk: Section(depot, [_card("depot", depot, depot.name)]) for depot in depots}
    for truck in trucks:
        sections[truck.depot_id].cards.append(_card("truck", truck, "Truck"))
    cards = {card.place_id: card for section in sections.values() for card in section.cards if card.place_id}
    names: dict[int, str] = {}
    together: Counter[tuple[int, str]] = Counter()
    balances = Balance.objects.filter(Q(quantity__gt=0) | Q(equipment__is_active=True), place__in=list(cards))
    for balance in balances.select_related("equipment").order_by("equipment__equipment_type", "equipment"):
        key = (balance.equipment_id, balance.condition)
        names[balance.equipment_id] = balance.equipment.name
        cards[balance.place_id].held[key] = balance.quantity
        together[key] += balance.quantity
    for card in cards.values():
        card.rows = _rows(card.held, names)
    for section in sections.values():
        section.cards = [card for card in section.cards if card.is_active or any(card.held.values())]
    return [section for section in sections.values() if section.cards], _rows(together, names)


def _card(kind: str, owner: Any, subtitle: str) -> Card:
    return Card(str(owner), subtitle, Owner(kind, owner.pk).key, owner.place_id, owner.is_active)


def _rows(held: Counter[tuple[int, str]], names: dict[int, str]) -> list[Row]:
    there = {equipment for equipment, _ in held}
    rows = []
    for equipment, name in names.items():
        if equipment in there:
            quantities = [held[equipment, condition] for condition in CONDITIONS]
            rows.append(Row(name, [_cell(quantity) for quantity in [*quantities, sum(quantities)]]))
    return rows


def _cell(quantity: int) -> tuple[str, bool]:
    return shown.number(quantity), not quantity


def held_by_customer(actor: Actor, customer_id: int) -> list[tuple[str, str, bool]]:
    """How many of what stand at a customer's site."""
    rows = balances_seen_by(actor).filter(place__customer=customer_id)
    ordered = rows.order_by("equipment__equipment_type", "equipment")
    return [(row.equipment.name, *_cell(row.quantity)) for row in ordered]


# --- one place


def place_seen(actor: Actor, key: str) -> Place | None:
    """The place of this key, such as depot:3, if the actor sees it; where nothing ever moved, not saved yet."""
    kind, _, number = key.partition(":")
    id = id_in(number) or 0
    if kind not in Place.Kind or Owner(kind, id).key != key:
        return None
    place = with_owners(places_seen_by(actor)).filter(key=key).first()
    owners: dict[str, tuple[str, QuerySet[Any]]] = {
        Place.Kind.DEPOT: ("depot", depots_with(actor, "stock.read")),
        Place.Kind.TRUCK: ("vehicle", Vehicle.objects.filter(sees(actor, "stock.read"))),
        Place.Kind.CUSTOMER: ("customer", Customer.objects.filter(sees(actor, "stock.read"))),
    }
    if place or not id or kind not in owners:
        return place
    column, seen = owners[kind]
    owner = seen.filter(pk=id).first()
    return Place(key=key, kind=kind, **{column: owner}) if owner else None


def is_in_use(place: Place) -> bool:
    """Whether stock may come and go there: the depot, truck or customer is not retired."""
    owner = place.depot or place.vehicle or place.customer
    return owner is not None and owner.is_active


# --- the ledger


@dataclass
class Entry:
    """What a movement did to one balance of the place: how many came or went, and how many there were then."""

    movement: Movement
    condition: str
    change: str
    came: bool
    after: str
    other: Place
    other_condition: str
    other_link: bool = False
    document: str = ""  # the address of the page that caused it, where one may see it

    @property
    def cause(self) -> str:
        return self.movement.cause_number or str(Movement.Cause(self.movement.cause).label)


@dataclass
class LedgerPage:
    entries: list[Entry]
    newer: int | None  # behind which movement the next page begins, in either direction
    older: int | None


def ledger(actor: Actor, place: Place, *, equipment: int | None, before: int | None, after: int | None) -> LedgerPage:
    """One page of the ledger, newest first: read along both indexes, from the movement where the last page ended."""
    up = after is not None and before is None
    rows: dict[int, Movement] = {}
    for branch in movements_of(place) if place.pk else ():
        if equipment is not None:
            branch = branch.filter(equipment=equipment)  # noqa: PLW2901
        if up:
            branch = branch.filter(pk__gt=after)  # noqa: PLW2901
        elif before is not None:
            branch = branch.filter(pk__lt=before)  # noqa: PLW2901
        rows |= {row.pk: row for row in branch.order_by("pk" if up else "-pk")[: PAGE + 1]}
    found = sorted(rows.values(), key=lambda row: row.pk, reverse=not up)
    page, more = found[:PAGE], len(found) > PAGE
    if up:
        page.reverse()
    return LedgerPage(
        _entries(actor, place, page),
        newer=page[0].pk if page and (more if up else before is not None) else None,
        older=page[-1].pk if page and (up or more) else None,
    )


def _entries(actor: Actor, place: Place, page: list[Movement]) -> list[Entry]:
    entries = [entry for movement in page for entry in _effects(place, movement)]
    seen = set(places_seen_by(actor).filter(pk__in={entry.other.pk for entry in entries}).values_list("pk", flat=True))
    documents = _documents(actor, page)
    for entry in entries:
        entry.other_link = entry.other.pk in seen and entry.other.pk != place.pk
        entry.document = documents.get((_cause(entry.movement), entry.movement.cause_id), "")
    return entries


def _effects(place: Place, row: Movement) -> Iterable[Entry]:
    """Two, when something was re-labelled where it stands."""
    if row.destination_id == place.pk:
        yield Entry(
            row,
            Condition(row.destination_condition).label,
            shown.change(row.quantity),
            came=True,
            after=shown.number(row.destination_after),
            other=row.origin,
            other_condition=row.origin_condition,
        )
    if row.origin_id == place.pk:
        yield Entry(
            row,
            Condition(row.origin_condition).label,
            shown.change(-row.quantity),
            came=False,
            after=shown.number(row.origin_after),
            other=row.destination,
            other_condition=row.destination_condition,
        )


def _documents(actor: Actor, page: list[Movement]) -> dict[tuple[str, int], str]:
    """By which page each cause may be read, where one may see it. A count is seen by whoever sees its place."""
    kinds: dict[Movement.Cause, tuple[str, QuerySet[Any]]] = {
        Movement.Cause.DISTRIBUTION: ("distribution_distribution", distributions_seen_by(actor)),
        Movement.Cause.TRANSACTION: ("transactions_transaction", transactions_seen_by(actor)),
        Movement.Cause.METER: ("meters_meter", meters_seen_by(actor)),
        Movement.Cause.DAY_CLOSE: ("day_close_dayclose", day_closes_seen_by(actor)),
    }
    documents = {}
    for cause, (name, rows) in kinds.items():
        asked = {row.cause_id for row in page if _cause(row) == cause}
        for id in rows.filter(pk__in=asked).values_list("pk", flat=True):
            documents[cause.value, id] = reverse(f"admin:{name}_change", args=[id])
    for row in page:
        if row.cause == Movement.Cause.COUNT:
            documents[row.cause, row.cause_id] = reverse("admin:inventory_count_change", args=[row.cause_id])
    return documents


def _cause(row: Movement) -> str:
    """What was not in the books belongs to the sale or distribution that has taken it."""
    if row.cause != Movement.Cause.SHORTFALL:
        return row.cause
    of_distribution = row.cause_number.startswith(Numbered.DISTRIBUTION.value[0])
    return Movement.Cause.DISTRIBUTION if of_distribution else Movement.Cause.TRANSACTION


def equipment_at(place: Place) -> list[tuple[int, str]]:
    """What ever was at a place, for a filter."""
    rows = Balance.objects.filter(place=place.pk).order_by("equipment__equipment_type", "equipment")
    return list(rows.values_list("equipment", "equipment__name").distinct())
