"""Who buys, whose stock it is, and which meter was read: as a sale names them, or leaves them out."""

from collections.abc import Sequence

from lpg import sql
from lpg.accounts.selectors import now_and_then
from lpg.customers.models import Customer
from lpg.customers.selectors import locked_customer
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depot_named, vehicle_named
from lpg.errors import Inactive, Invalid, NotAllowed
from lpg.facts import Fact, Kind
from lpg.inventory.models import Place
from lpg.inventory.places import Owner, places_of
from lpg.inventory.resolve import may_use_truck, refuse_retired
from lpg.meters.models import Meter
from lpg.meters.selectors import hung_at, installed_at
from lpg.roles import Actor, Role, require_at, within
from lpg.transactions.models import Transaction, TransactionItem


def buyer(actor: Actor, customer_id: int, fact: Fact | None) -> Customer:
    """The customer, locked. Raises Invalid (unknown, unseen), NotAllowed, Inactive; of a fact that is noted."""
    customer = locked_customer(customer_id)
    if customer is None or not within(actor, "customers.read", depot_id=customer.depot_id):
        raise Invalid.unknown("customer")
    require_at(actor, "transactions.write", customer.depot_id)
    refuse_retired(customer, fact)
    return customer


def seller(
    actor: Actor,
    vehicle_id: int | None,
    depot_id: int | None,
    lines: Sequence[TransactionItem],
    fact: Fact | None,
) -> Owner | None:
    """Whose stock moves: as named, else the own truck, else the home depot. None when no line moves stock."""
    if vehicle_id is not None and depot_id is not None:
        raise Invalid({"depot": ["Name a vehicle or a depot, not both."]})
    if vehicle_id is not None:
        vehicle_named(actor, vehicle_id, fact=fact)
        may_use_truck(actor, vehicle_id, "transactions.write")
        return Owner(Place.Kind.TRUCK, vehicle_id)
    if depot_id is not None:
        depot_named(actor, depot_id, fact=fact)
        if actor.role == Role.DRIVER and not any(_at_counter(who, depot_id) for who in now_and_then(actor)):
            raise NotAllowed("Drivers sell from their own truck. Leave the depot out.")
        require_at(actor, "transactions.write", depot_id)
        return Owner(Place.Kind.DEPOT, depot_id)
    return _own(actor, fact) if any(line.equipment_id for line in lines) else None


def _at_counter(driver: Actor, depot_id: int) -> bool:
    return not driver.vehicle_id and depot_id == driver.depot_id


def _own(actor: Actor, fact: Fact | None) -> Owner:
    if actor.vehicle_id:
        if not actor.truck_in_use:
            truck = Vehicle.objects.get(pk=actor.vehicle_id)
            if fact is None:
                raise Inactive(f"Your truck {truck} is no longer in use. Ask for another.")
            fact.note(Kind.INACTIVE_VEHICLE, f"Truck {truck} is no longer in use.", vehicle=truck.pk)
        return Owner(Place.Kind.TRUCK, actor.vehicle_id)
    if actor.depot_id:
        depot = sql.entities(Depot, "WHERE id = %s", [actor.depot_id])[0]
        if not depot.is_active:
            if fact is None:
                raise Inactive(f"Your depot {depot.code} is no longer in use. Name another.")
            fact.note(Kind.INACTIVE_DEPOT, f"Depot {depot.code} is no longer in use.", depot=depot.pk)
        return Owner(Place.Kind.DEPOT, depot.pk)
    raise Invalid({"vehicle": ["You have no truck and no depot. Name the vehicle or depot the stock comes from."]})


def places(customer: Customer, owner: Owner | None) -> tuple[Place | None, Place]:
    """The seller's stock, if it has a part in this, and the customer's site."""
    at = Owner(Place.Kind.CUSTOMER, customer.pk)
    found = places_of([at, *([owner] if owner else [])])
    found[at].customer = customer
    return found[owner] if owner else None, found[at]


def whose(row: Transaction) -> Owner | None:
    """Whose stock moved in a sale that was recorded."""
    if row.vehicle_id:
        return Owner(Place.Kind.TRUCK, row.vehicle_id)
    return Owner(Place.Kind.DEPOT, row.from_depot_id) if row.from_depot_id else None


def meter_read(customer: Customer, meter_id: int | None, fact: Fact | None) -> Meter:
    """The meter in use, locked, that a sale has read: the one named, else the only one. Raises Invalid.

    A fact may be of a meter that was replaced since: then it is that one, and its chain is closed.
    """
    installed = installed_at(customer.pk)
    if not installed:
        raise Invalid({"current_meter_reading": ["This customer has no meter. Install it first."]})
    if meter_id is None and len(installed) > 1:
        names = ", ".join(f"{meter.pk} ({meter.serial_no})" for meter in installed)
        raise Invalid({"meter": [f"This customer has several meters. Say which: {names}."]})
    meter = next((meter for meter in installed if meter_id in {None, meter.pk}), None)
    if fact and meter is None:
        meter = Meter.objects.filter(customer=customer, pk=meter_id or 0).first()
    elif fact and meter and meter_id is None:
        meter = hung_at(meter, fact.captured_at)
    if meter is None:
        raise Invalid.unknown("meter")
    meter.customer = customer
    return meter
