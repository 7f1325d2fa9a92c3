"""Which place or equipment a request names, judged within what the caller may see."""

from collections.abc import Iterable, Sequence

from lpg import sql
from lpg.accounts.selectors import now_and_then
from lpg.customers.models import Customer
from lpg.customers.selectors import customers_seen_by
from lpg.depots.models import Vehicle
from lpg.depots.selectors import depot_named, vehicle_named
from lpg.equipment.models import Equipment
from lpg.errors import Inactive, Invalid, NotAllowed
from lpg.facts import Fact, Kind
from lpg.inventory.models import Condition, Place
from lpg.inventory.places import SCRAP, SUPPLIER, Owner, place_of
from lpg.roles import Actor, Role, require_at, within


def owner_named(actor: Actor, kind: str, id: int | None, *, field: str, fact: Fact | None = None) -> Owner:
    """The depot, truck, customer or outside that a body names.

    Raises Invalid (unknown, unseen), Inactive (retired; of a fact that is noted).
    """
    if kind in {Place.Kind.SUPPLIER, Place.Kind.SCRAP}:
        if id is not None:
            raise Invalid({field: [f"The {kind} has no id. Leave it out."]})
        return SUPPLIER if kind == Place.Kind.SUPPLIER else SCRAP
    if id is None:
        raise Invalid({field: [f"Say which {kind} by its id."]})
    if kind == Place.Kind.DEPOT:
        depot_named(actor, id, field=field, fact=fact)
    elif kind == Place.Kind.TRUCK:
        vehicle_named(actor, id, field=field, fact=fact)
    else:
        customer = customers_seen_by(actor).filter(pk=id).first()
        if customer is None:
            raise Invalid.unknown(field)
        refuse_retired(customer, fact)
    return Owner(Place.Kind(kind), id)


def place_named(actor: Actor, kind: str, id: int | None, *, field: str) -> Place:
    return place_of(owner_named(actor, kind, id, field=field))


def may_use_truck(actor: Actor, vehicle_id: int, capability: str) -> None:
    """Drivers use their own truck, supervisors those of their own depots: nobody empties somebody else's.

    Raises NotAllowed.
    """
    if actor.role != Role.DRIVER:
        require_at(actor, capability, Vehicle.objects.values_list("depot_id", flat=True).get(pk=vehicle_id))
    elif vehicle_id not in {who.vehicle_id for who in now_and_then(actor)}:
        raise NotAllowed("This is somebody else's truck. Leave the vehicle out to use your own.")


def refuse_retired(customer: Customer, fact: Fact | None) -> None:
    """Raises Inactive for a customer that is no longer in use; of a fact that is noted."""
    if customer.is_active:
        return
    if fact is None:
        raise Inactive(f"Customer {customer.customer_code} is no longer in use. Choose another customer.")
    words = f"Customer {customer.customer_code} is no longer in use."
    fact.note(Kind.INACTIVE_CUSTOMER, words, customer=customer.pk)


def equipment_in_use(
    actor: Actor, ids: Iterable[int | None], *, field: str = "items", fact: Fact | None = None
) -> dict[int, Equipment]:
    """The equipment that lines name, in one statement. Raises as `usable`."""
    lines = list(ids)
    wanted = list(dict.fromkeys(id for id in lines if id is not None))
    rows = sql.entities(Equipment, f"WHERE id IN {sql.groups(len(wanted), 1)}", wanted) if wanted else []
    return usable(actor, lines, rows, field=field, fact=fact)


def usable(
    actor: Actor,
    lines: Sequence[int | None],
    rows: Iterable[Equipment],
    *,
    field: str = "items",
    fact: Fact | None = None,
) -> dict[int, Equipment]:
    """Of the equipment that lines name, `rows` were found.

    Raises Invalid for each unknown line, Inactive for retired; of a fact that is noted.
    """
    found = {row.pk: row for row in rows if fact or within(actor, "equipment.read", is_active=row.is_active)}
    unknown = Invalid.unknown("").errors or {}
    errors = {f"{field}.{number}.equipment": unknown[""] for number, id in enumerate(lines) if id and id not in found}
    if errors:
        raise Invalid(errors)
    for item in found.values():
        if not item.is_active:
            if fact is None:
                raise Inactive(f"{item.name} is no longer in use. Choose other equipment.")
            fact.note(Kind.INACTIVE_EQUIPMENT, f"{item.name} is no longer in use.", equipment=item.pk)
    return found


def condition_at(place: Place, given: str | None, *, field: str = "condition") -> str:
    """The condition under which a place keeps something: FULL unless said; none at a customer's. Raises Invalid."""
    if place.has_conditions:
        return given or Condition.FULL
    if given:
        raise Invalid({field: [f"{place.name} keeps no conditions. Leave it out."]})
    return Condition.NONE
