"""The two steps of a distribution: create records the intent and touches no stock; confirm moves it, once."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import prefetch_related_objects

from lpg import facts, sql, work
from lpg.accounts.selectors import acting
from lpg.audit import services as audit
from lpg.depots.selectors import is_closed
from lpg.distribution.models import Distribution, DistributionItem
from lpg.distribution.selectors import ITEMS_WITH_DEPOTS, distributions_seen_by, with_items
from lpg.errors import Invalid, NotPending, Refused
from lpg.facts import Fact, Kind
from lpg.inventory.models import Movement, Place
from lpg.inventory.places import Owner, places_of
from lpg.inventory.resolve import equipment_in_use, may_use_truck, owner_named
from lpg.inventory.services import Cause, Line, move
from lpg.numbering.services import Numbered, take
from lpg.roles import Actor, require, require_at


class Item(NamedTuple):
    """One line as it was asked for. `depot_id` None: the header's."""

    equipment_id: int
    quantity: int
    direction: str
    condition: str
    depot_id: int | None = None


class OtherSide(NamedTuple):
    """Where the stock goes to and comes from, besides depots: at most one is named."""

    vehicle_id: int | None = None
    to_depot_id: int | None = None
    customer_id: int | None = None


NOBODY_NAMED = OtherSide()


class AlreadyConfirmed(Refused):
    """It was confirmed before; the stock has moved once and stays so."""

    code = "already_confirmed"
    title = "Confirmed already"


@transaction.atomic
def create(
    *,
    actor: Actor,
    depot_id: int | None,
    items: Sequence[Item],
    other_side: OtherSide = NOBODY_NAMED,
    remarks: str = "",
    client_temp_id: str = "",
    now: datetime,
    fact: Fact | None = None,
) -> Distribution:
    """A numbered PENDING distribution. Stock does not move.

    Raises Invalid (unknown ids, no other side, no depot), Inactive (of a fact that is noted), NotAllowed (somebody
    else's truck or depot).
    """
    actor = acting(actor, fact)
    require(actor, "distributions.write")
    depots = _depots(actor, depot_id, items, fact)
    equipment_in_use(actor, [item.equipment_id for item in items], fact=fact)
    other = _other_side(actor, other_side, fact)
    if fact:
        fact.counts_at(None, now, partial(is_closed, other.id if other.kind == Place.Kind.TRUCK else None))
    involved = {*depots, other.id} if other.kind == Place.Kind.DEPOT else set(depots)
    require_at(actor, "distributions.write", *involved)
    if other.kind == Place.Kind.DEPOT and other.id in depots:
        raise Invalid({"to_depot": ["The stock is there already. Name another depot."]})
    distribution = Distribution(
        distribution_number=take(Numbered.DISTRIBUTION, now),
        depot_id=depot_id or depots[0],
        vehicle_id=other.id if other.kind == Place.Kind.TRUCK else None,
        to_depot_id=other.id if other.kind == Place.Kind.DEPOT else None,
        customer_id=other.id if other.kind == Place.Kind.CUSTOMER else None,
        user_id=actor.pk,
        remarks=remarks,
        client_temp_id=client_temp_id,
        created_at=now,
    )
    distribution.save(force_insert=True)
    DistributionItem.objects.bulk_create(
        DistributionItem(
            distribution=distribution,
            depot_id=depot,
            equipment_id=item.equipment_id,
            quantity=item.quantity,
            direction=item.direction,
            condition=item.condition,
        )
        for depot, item in zip(depots, items, strict=True)
    )
    after = {**audit.snapshot(distribution), "items": [item._asdict() for item in items], **facts.told(fact)}
    audit.record(actor=actor, action="CREATE_DISTRIBUTION", entity=distribution, before=None, after=after)
    return with_items(Distribution.objects.filter(pk=distribution.pk)).get()


@transaction.atomic(savepoint=False)  # refused, all of it goes: two statements less on the hottest path
def confirm(
    *,
    actor: Actor,
    distribution_id: int,
    moved: Sequence[Item] | None = None,
    now: datetime,
    fact: Fact | None = None,
) -> Distribution:
    """Move the stock: OUT from the depots to the other side, IN back. Happens once.

    Raises Missing, NotAllowed, AlreadyConfirmed, NotPending (cancelled), InsufficientStock. Of a fact they are noted:
    what is short comes from the adjustment place, and what was decided before stays. `moved`: what a phone saw moving;
    Invalid where that is not what this says.
    """
    actor = acting(actor, fact)
    distribution, items = _locked(actor, distribution_id)
    same = moved is None or _counted(distribution, moved) == _counted(distribution, items)
    if fact:
        fact.counts_at(None, now, partial(is_closed, distribution.vehicle_id))
        if distribution.status != Distribution.Status.PENDING:
            fact.replayed = same and distribution.status == Distribution.Status.CONFIRMED
            return _first_wins(distribution, "confirmed", fact)
    if distribution.status == Distribution.Status.CONFIRMED:
        raise AlreadyConfirmed(f"{distribution} was confirmed before. The stock has moved; nothing is left to do.")
    if distribution.status == Distribution.Status.CANCELLED:
        raise NotPending(f"{distribution} was cancelled. Make a new one if the cylinders go after all.")
    if not same:
        raise Invalid({"items": [f"This is not what {distribution} says. Cancel it, and make another."]})
    before = audit.snapshot(distribution)
    distribution.status = Distribution.Status.CONFIRMED
    distribution.confirmed_at = now
    cause = Cause(Movement.Cause.DISTRIBUTION, distribution.pk, distribution.distribution_number)
    move(_lines(distribution, items), cause=cause, actor=actor, now=now, fact=fact)
    sql.run(
        "UPDATE distribution_distribution SET status = %s, confirmed_at = %s WHERE id = %s",
        [distribution.status.value, sql.moment(now), distribution.pk],
    )
    after = {**audit.snapshot(distribution), **facts.told(fact)}
    audit.record(actor=actor, action="CONFIRM_DISTRIBUTION", entity=distribution, before=before, after=after)
    return distribution


@transaction.atomic
def cancel(*, actor: Actor, distribution_id: int, now: datetime, fact: Fact | None = None) -> Distribution:
    """Put a pending one aside. Raises Missing, NotAllowed, NotPending; of a fact the last is noted."""
    actor = acting(actor, fact)
    distribution, _ = _locked(actor, distribution_id)
    if fact:
        fact.counts_at(None, now, partial(is_closed, distribution.vehicle_id))
        if distribution.status != Distribution.Status.PENDING:
            fact.replayed = distribution.status == Distribution.Status.CANCELLED
            return _first_wins(distribution, "cancelled", fact)
    if distribution.status != Distribution.Status.PENDING:
        status = Distribution.Status(distribution.status).label.lower()
        raise NotPending(f"{distribution} is {status} already; only a pending one can be cancelled.")
    values = {"status": Distribution.Status.CANCELLED, "cancelled_at": now}
    return audit.change(distribution, values, actor=actor, action="CANCEL_DISTRIBUTION")


def _locked(actor: Actor, distribution_id: int) -> tuple[Distribution, list[DistributionItem]]:
    distribution = work.lock(distributions_seen_by(actor), distribution_id)
    prefetch_related_objects([distribution], ITEMS_WITH_DEPOTS)
    items = list(distribution.items.all())
    for item in items:
        if item.depot_id == distribution.depot_id:
            distribution.depot = item.depot  # its name is shown, and need not be asked for again
    involved = {item.depot_id for item in items} | ({distribution.to_depot_id} - {None})
    require_at(actor, "distributions.write", *involved)
    return distribution, items


def _first_wins(distribution: Distribution, asked: str, fact: Fact) -> Distribution:
    """It stays as it was decided before; that it was asked for otherwise is noted."""
    if not fact.replayed:
        was = Distribution.Status(distribution.status).label.lower()
        otherwise = ", with other quantities" if was == asked else ""
        words = f"{distribution} was {was} before it was said to be {asked}{otherwise}. It stays as it is."
        fact.note(Kind.FIRST_WINS, words, distribution=distribution.pk, status=distribution.status)
    return distribution


def _counted(distribution: Distribution, items: Iterable[Item | DistributionItem]) -> Counter[tuple[Any, ...]]:
    """How many of what move where, in whatever lines they are written."""
    counted: Counter[tuple[Any, ...]] = Counter()
    for item in items:
        depot = item.depot_id or distribution.depot_id
        counted[depot, item.equipment_id, item.direction, item.condition] += item.quantity
    return counted


def _depots(actor: Actor, depot_id: int | None, items: Sequence[Item], fact: Fact | None) -> list[int]:
    """The depot of each line. Raises Invalid when a line has none, or for an unknown one; Inactive."""
    errors = {
        f"items.{number}.depot": ["Say which depot, here or for the whole distribution."]
        for number, item in enumerate(items)
        if item.depot_id is None and depot_id is None
    }
    if errors:
        raise Invalid(errors)
    depots = [item.depot_id or depot_id or 0 for item in items]
    if depot_id is not None:
        owner_named(actor, Place.Kind.DEPOT, depot_id, field="depot", fact=fact)
    for depot in {*depots} - {depot_id}:
        owner_named(actor, Place.Kind.DEPOT, depot, field=f"items.{depots.index(depot)}.depot", fact=fact)
    return depots


def _other_side(actor: Actor, named: OtherSide, fact: Fact | None) -> Owner:
    given = [
        (Place.Kind.TRUCK, named.vehicle_id, "vehicle"),
        (Place.Kind.DEPOT, named.to_depot_id, "to_depot"),
        (Place.Kind.CUSTOMER, named.customer_id, "customer"),
    ]
    chosen = [(kind, id, field) for kind, id, field in given if id is not None]
    if len(chosen) > 1:
        raise Invalid({chosen[1][2]: ["Name one other side only: a vehicle, a depot or a customer."]})
    if not chosen:
        if actor.vehicle_id is None:
            raise Invalid({"vehicle": ["You have no truck. Name a vehicle, a depot (to_depot) or a customer."]})
        return Owner(Place.Kind.TRUCK, actor.vehicle_id)
    kind, id, field = chosen[0]
    owner = owner_named(actor, kind, id, field=field, fact=fact)
    if kind == Place.Kind.TRUCK:
        may_use_truck(actor, owner.id, "distributions.write")
    return owner


def _lines(distribution: Distribution, items: Sequence[DistributionItem]) -> list[Line]:
    """Each item as a movement between its depot and the other side."""
    if distribution.vehicle_id:
        other = Owner(Place.Kind.TRUCK, distribution.vehicle_id)
    elif distribution.to_depot_id:
        other = Owner(Place.Kind.DEPOT, distribution.to_depot_id)
    else:
        other = Owner(Place.Kind.CUSTOMER, distribution.customer_id or 0)
    depots = {item.depot_id: Owner(Place.Kind.DEPOT, item.depot_id) for item in items}
    places = places_of([other, *depots.values()])
    lines = []
    for item in items:
        depot, side = places[depots[item.depot_id]], places[other]
        kept = item.condition if side.has_conditions else ""
        if item.direction == DistributionItem.Direction.OUT:
            lines.append(Line(depot, item.condition, side, kept, item.equipment_id, item.quantity))
        else:
            lines.append(Line(side, kept, depot, item.condition, item.equipment_id, item.quantity))
    return lines
