"""Which place or equipment a request names, judged within what the caller may see."""

from collections.abc import Iterable

from lpg import sql
from lpg.customers.selectors import customers_seen_by
from lpg.depots.models import Vehicle
from lpg.depots.selectors import depot_named, vehicle_named
from lpg.equipment.models import Equipment
from lpg.errors import Inactive, Invalid, NotAllowed
from lpg.inventory.models import Condition, Place
from lpg.inventory.places import SCRAP, SUPPLIER, Owner, place_of
from lpg.roles import Actor, Role, require_at, within


def owner_named(actor: Actor, kind: str, id: int | None, *, field: str) -> Owner:
    """The depot, truck, customer or outside that a body names. Raises Invalid (unknown, unseen), Inactive (retired)."""
    if kind in {Place.Kind.SUPPLIER, Place.Kind.SCRAP}:
        if id is not None:
            raise Invalid({field: [f"The {kind} has no id. Leave it out."]})
        return SUPPLIER if kind == Place.Kind.SUPPLIER else SCRAP
    if id is None:
        raise Invalid({field: [f"Say which {kind} by its id."]})
    if kind == Place.Kind.DEPOT:
        depot_named(actor, id, field=field)
    elif kind == Place.Kind.TRUCK:
        vehicle_named(actor, id, field=field)
    else:
        customer = customers_seen_by(actor).filter(pk=id).first()
        if customer is None:
            raise Invalid.unknown(field)
        if not customer.is_active:
            raise Inactive(f"Customer {customer.customer_code} is no longer in use. Choose another customer.")
    return Owner(Place.Kind(kind), id)


def place_named(actor: Actor, kind: str, id: int | None, *, field: str) -> Place:
    return place_of(owner_named(actor, kind, id, field=field))


def may_use_truck(actor: Actor, vehicle_id: int, capability: str) -> None:
    """Drivers use their own truck, supervisors those of their own depots: nobody empties somebody else's.

    Raises NotAllowed.
    """
    if actor.role != Role.DRIVER:
        require_at(actor, capability, Vehicle.objects.values_list("depot_id", flat=True).get(pk=vehicle_id))
    elif vehicle_id != actor.vehicle_id:
        raise NotAllowed("This is somebody else's truck. Leave the vehicle out to use your own.")


def equipment_in_use(actor: Actor, ids: Iterable[int | None], *, field: str = "items") -> dict[int, Equipment]:
    """The equipment that lines name, in one statement. Raises Invalid for each unknown line, Inactive for retired."""
    lines = list(ids)
    wanted = list(dict.fromkeys(id for id in lines if id is not None))
    rows = sql.entities(Equipment, f"WHERE id IN {sql.groups(len(wanted), 1)}", wanted) if wanted else []
    found = {row.pk: row for row in rows if within(actor, "equipment.read", is_active=row.is_active)}
    unknown = Invalid.unknown("").errors or {}
    errors = {f"{field}.{number}.equipment": unknown[""] for number, id in enumerate(lines) if id and id not in found}
    if errors:
        raise Invalid(errors)
    for item in found.values():
        if not item.is_active:
            raise Inactive(f"{item.name} is no longer in use. Choose other equipment.")
    return found


def condition_at(place: Place, given: str | None, *, field: str = "condition") -> str:
    """The condition under which a place keeps something: FULL unless said; none at a customer's. Raises Invalid."""
    if place.has_conditions:
        return given or Condition.FULL
    if given:
        raise Invalid({field: [f"{place.name} keeps no conditions. Leave it out."]})
    return Condition.NONE
