"""The two steps of a distribution: create records the intent and touches no stock; confirm moves it, once."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import prefetch_related_objects

from lpg import sql, work
from lpg.audit import services as audit
from lpg.distribution.models import Distribution, DistributionItem
from lpg.distribution.selectors import ITEMS_WITH_DEPOTS, distributions_seen_by, with_items
from lpg.errors import Invalid, NotPending, Refused
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
) -> Distribution:
    """A numbered PENDING distribution. Stock does not move.

    Raises Invalid (unknown ids, no other side, no depot), Inactive, NotAllowed (somebody else's truck or depot).
    """
    require(actor, "distributions.write")
    depots = _depots(actor, depot_id, items)
    equipment_in_use(actor, [item.equipment_id for item in items])
    other = _other_side(actor, other_side)
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
    after = {**audit.snapshot(distribution), "items": [item._asdict() for item in items]}
    audit.record(actor=actor, action="CREATE_DISTRIBUTION", entity=distribution, before=None, after=after)
    return with_items(Distribution.objects.filter(pk=distribution.pk)).get()


@transaction.atomic(savepoint=False)  # refused, all of it goes: two statements less on the hottest path
def confirm(*, actor: Actor, distribution_id: int, now: datetime) -> Distribution:
    """Move the stock: OUT from the depots to the other side, IN back. Happens once.

    Raises Missing, NotAllowed, AlreadyConfirmed, NotPending (cancelled), InsufficientStock.
    """
    distribution, items = _locked(actor, distribution_id)
    if distribution.status == Distribution.Status.CONFIRMED:
        raise AlreadyConfirmed(f"{distribution} was confirmed before. The stock has moved; nothing is left to do.")
    if distribution.status == Distribution.Status.CANCELLED:
        raise NotPending(f"{distribution} was cancelled. Make a new one if the cylinders go after all.")
    before = audit.snapshot(distribution)
    distribution.status = Distribution.Status.CONFIRMED
    distribution.confirmed_at = now
    cause = Cause(Movement.Cause.DISTRIBUTION, distribution.pk, distribution.distribution_number)
    move(_lines(distribution, items), cause=cause, actor=actor, now=now)
    sql.run(
        "UPDATE distribution_distribution SET status = %s, confirmed_at = %s WHERE id = %s",
        [distribution.status.value, sql.moment(now), distribution.pk],
    )
    after = audit.snapshot(distribution)
    audit.record(actor=actor, action="CONFIRM_DISTRIBUTION", entity=distribution, before=before, after=after)
    return distribution


@transaction.atomic
def cancel(*, actor: Actor, distribution_id: int, now: datetime) -> Distribution:
    """Put a pending one aside. Raises Missing, NotAllowed, NotPending."""
    distribution, _ = _locked(actor, distribution_id)
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


def _depots(actor: Actor, depot_id: int | None, items: Sequence[Item]) -> list[int]:
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
        owner_named(actor, Place.Kind.DEPOT, depot_id, field="depot")
    for depot in {*depots} - {depot_id}:
        owner_named(actor, Place.Kind.DEPOT, depot, field=f"items.{depots.index(depot)}.depot")
    return depots


def _other_side(actor: Actor, named: OtherSide) -> Owner:
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
    owner = owner_named(actor, kind, id, field=field)
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
