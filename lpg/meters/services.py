"""Meters and their chains of readings: no usage is ever lost or billed twice.

Each reading keeps its usage and the sale that billed it, or none. A meter is locked while its chain grows, so that of
two readings at once one sees the other.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from lpg import sql, work
from lpg.accounts.selectors import acting
from lpg.audit import services as audit
from lpg.clock import refuse_ahead
from lpg.customers.selectors import customers_seen_by, locked_customer
from lpg.depots.selectors import is_closed
from lpg.equipment.models import Equipment
from lpg.equipment.selectors import equipment_named
from lpg.errors import AlreadyVoid, Inactive, Invalid, Missing, Refused
from lpg.facts import Fact, told
from lpg.inventory.models import Condition, Movement, Place
from lpg.inventory.places import Owner, place_of
from lpg.inventory.resolve import place_named, refuse_retired
from lpg.inventory.services import Cause, Line, move
from lpg.meters.fitting import Outside, fitting, keep_outside, usage_of
from lpg.meters.models import Meter, MeterReading
from lpg.meters.selectors import Unbilled, meters_seen_by, unbilled
from lpg.roles import Actor, require_at


class NewMeter(NamedTuple):
    """A meter as it is to be installed. `equipment_id` comes with the truck or the depot it is taken from."""

    serial_no: str
    digits: int
    initial_reading: Decimal
    installed_on: date | None = None
    equipment_id: int | None = None
    vehicle_id: int | None = None
    depot_id: int | None = None


class Due(NamedTuple):
    """What a sale bills when it reads a meter: its own usage and all that was not billed before."""

    meter: Meter
    reading: Decimal
    previous: Decimal
    usage: Decimal
    is_rollover: bool
    earlier: dict[int, Decimal]
    last_billed: Decimal

    @property
    def total(self) -> Decimal:
        return self.usage + sum(self.earlier.values(), Decimal(0))


class LaterReadingExists(Refused):
    """Only the last reading of a chain can be taken back."""

    code = "later_reading_exists"
    title = "There is a later reading"


class Billed(Refused):
    """A sale has billed this reading, and keeps it."""

    code = "billed"
    title = "Billed already"


@transaction.atomic
def install(*, actor: Actor, customer_id: int, new: NewMeter, now: datetime) -> Meter:
    """A meter begins its chain. With `equipment` one METER moves from the truck or depot to the site.

    Raises Missing, NotAllowed, Invalid (serial number in use, unknown ids), Inactive, InsufficientStock.
    """
    customer = work.lock(customers_seen_by(actor), customer_id)
    require_at(actor, "meters.write", customer.depot_id)
    if not customer.is_active:
        raise Inactive(f"Customer {customer.customer_code} is no longer in use. Take it into use first.")
    equipment, came_from = _source(actor, new)
    return _begin(actor, Meter(customer=customer), new, equipment, came_from, now)


@transaction.atomic
def replace(
    *, actor: Actor, meter_id: int, final_reading: Decimal, is_rollover: bool = False, new: NewMeter, now: datetime
) -> Meter:
    """The old meter's last reading, and a new meter that goes on with its chain. What was not billed stays due.

    An old one that came out of stock goes to where the new one comes from, else back to where it came from.
    Raises Missing, NotAllowed, Inactive, MeterReadingRegressed, Invalid, InsufficientStock.
    """
    old = _locked(actor, meter_id)
    require_at(actor, "meters.write", old.customer.depot_id)
    equipment, came_from = _source(actor, new)
    today = timezone.localdate(now)
    if (new.installed_on or today) < old.installed_on:
        raise Invalid({"installed_on": [f"The old meter was installed later, on {old.installed_on}."]})
    usage = usage_of(old, final_reading, is_rollover=is_rollover, field="final_reading")
    _append(actor, old, MeterReading.Kind.FINAL, final_reading, usage, is_rollover=is_rollover, read_at=now, now=now)
    gone = {"removed_on": new.installed_on or today, "serial_in_use": None}
    audit.change(old, gone, actor=actor, action="REMOVE_METER")
    back_to = came_from or old.came_from
    if old.equipment_id and back_to:
        site = place_of(Owner(Place.Kind.CUSTOMER, old.customer_id))
        line = Line(site, Condition.NONE, back_to, Condition.FULL, old.equipment_id, 1)
        move([line], cause=Cause(Movement.Cause.METER, old.pk), reason=f"{old} removed", actor=actor, now=now)
    return _begin(actor, Meter(customer=old.customer, first_id=old.chain_id), new, equipment, came_from, now)


@transaction.atomic
def record(
    *,
    actor: Actor,
    meter_id: int,
    reading: Decimal,
    read_at: datetime | None = None,
    is_rollover: bool = False,
    now: datetime,
    fact: Fact | None = None,
) -> MeterReading:
    """Keep what a meter shows; the next sale bills it.

    Raises Missing, NotAllowed, Inactive (removed), MeterReadingRegressed, Invalid. Of a fact the last three are noted,
    and the reading is kept outside the chain.
    """
    actor = acting(actor, fact)
    meter = _locked(actor, meter_id)
    require_at(actor, "readings.write", meter.customer.depot_id)
    if fact:
        at = fact.counts_at(read_at, now, partial(is_closed, actor.vehicle_id))
        refuse_retired(meter.customer, fact)
    else:
        at = read_at or now
        refuse_ahead("read_at", at, now)
    usage = fitting(meter, reading, is_rollover=is_rollover, field="reading", fact=fact)
    if usage is None:
        row, happened = keep_outside(Outside(meter, reading), read_at=at, fact=fact, actor=actor, now=now)
        audit.record_all(actor, [happened])
        return row
    kind = MeterReading.Kind.PLAIN
    return _append(actor, meter, kind, reading, usage, is_rollover=is_rollover, read_at=at, fact=fact, now=now)


@transaction.atomic
def void(*, actor: Actor, meter_id: int, reading_id: int, reason: str, now: datetime) -> MeterReading:
    """Take back the last reading of a meter, unless a sale has billed it, or any that stands outside the chain.

    Raises Missing, NotAllowed, AlreadyVoid, Billed, LaterReadingExists.
    """
    meter = _locked(actor, meter_id)
    require_at(actor, "meters.write", meter.customer.depot_id)
    row = meter.readings.filter(pk=reading_id).first()
    if row is None:
        raise Missing
    if row.voided_at:
        raise AlreadyVoid("This reading was voided before. Nothing is left to do.")
    if row.transaction_id:
        raise Billed("A sale has billed this reading. Void that sale, and the reading goes with it.")
    if row.kind not in {MeterReading.Kind.PLAIN, MeterReading.Kind.OUTSIDE}:
        raise LaterReadingExists(
            "This was read when the meter was installed or taken away. To correct it, replace the meter by itself: "
            "the same serial number with the right reading."
        )
    if row.kind == MeterReading.Kind.PLAIN:
        refuse_later(meter, row.pk)
        _show(meter, row.previous)
    row.meter = meter
    return audit.change(row, {"voided_at": now, "void_reason": reason}, actor=actor, action="VOID_METER_READING")


def due(meter: Meter, reading: Decimal, *, is_rollover: bool, field: str, fact: Fact | None = None) -> Due | None:
    """What a sale would bill with this reading of a locked meter. Writes nothing. Raises as `record`.

    None: a fact that cannot join the chain. The sale leaves its meter out, and will `keep_outside`.
    """
    usage = fitting(meter, reading, is_rollover=is_rollover, field=field, fact=fact)
    if usage is None:
        return None
    before = unbilled(meter) if meter.last_billed is None else Unbilled(meter.last_billed, {})
    return Due(meter, reading, meter.current_reading, usage, is_rollover, before.usages, before.last_billed)


def show(what: Due) -> None:
    """Let the meter stand at what a sale reads. The sale bills it once it has its number."""
    _show(what.meter, what.reading)


def bill(what: Due, *, transaction_id: int, actor: Actor, read_at: datetime, now: datetime) -> list[audit.Happened]:
    """Write the sale's own reading, and put the sale's name to all it bills. The caller writes the audit."""
    row = sql.new(
        MeterReading,
        meter=what.meter,
        kind=MeterReading.Kind.PLAIN,
        reading=what.reading,
        previous=what.previous,
        usage=what.usage,
        is_rollover=what.is_rollover,
        read_at=read_at,
        user_id=actor.pk,
        transaction_id=transaction_id,
        created_at=now,
    )
    sql.add([row])
    happened = [audit.Happened("CREATE_METER_READING", row, None, audit.snapshot(row))]
    return happened + _mark(what.meter, list(what.earlier), None, transaction_id)


def unbill(*, transaction_id: int, reason: str, now: datetime) -> list[audit.Happened]:
    """Take a voided sale out of the chain: its own reading is voided, what it billed besides is due again.

    The caller writes the audit. Raises LaterReadingExists.
    """
    rows = sql.entities(MeterReading, "WHERE transaction_id = %s ORDER BY id", [transaction_id])
    if not rows:
        return []
    own = rows[-1]  # a sale bills what was read before it, and then writes its own
    meter = sql.entities(Meter, f"WHERE id = %s{sql.locking()}", [own.meter_id])[0]
    if meter.removed_on:
        raise LaterReadingExists(f"{meter} was replaced after this sale, with a final reading. The sale stands.")
    refuse_later(meter, own.pk)
    own.meter = meter
    before = audit.snapshot(own)
    own.voided_at, own.void_reason = now, reason
    own.save(update_fields=["voided_at", "void_reason"])
    _show(meter, own.previous)
    happened = [audit.Happened("VOID_METER_READING", own, before, audit.snapshot(own))]
    return happened + _mark(meter, [row.pk for row in rows[:-1]], transaction_id, None)


def refuse_later(meter: Meter, reading_id: int) -> None:
    """Raises LaterReadingExists unless this is the last reading of the meter."""
    later = meter.readings.filter(pk__gt=reading_id, voided_at=None).exclude(kind=MeterReading.Kind.OUTSIDE)
    if meter.removed_on or later.exists():
        raise LaterReadingExists(f"{meter} was read again after this. Void the later reading first.")


def _locked(actor: Actor, meter_id: int) -> Meter:
    """The meter, locked after its customer as everywhere. Raises Missing."""
    seen = meters_seen_by(actor).filter(pk=meter_id).first()
    if seen is None:
        raise Missing
    customer = locked_customer(seen.customer_id)
    meter = sql.entities(Meter, f"WHERE id = %s{sql.locking()}", [meter_id])[0]
    meter.customer = customer or seen.customer
    return meter


def _source(actor: Actor, new: NewMeter) -> tuple[Equipment | None, Place | None]:
    """Which METER comes from where; neither, when stock has no part in it."""
    if new.vehicle_id is not None and new.depot_id is not None:
        raise Invalid({"depot": ["Name the vehicle or the depot it comes from, not both."]})
    kind, id, field = (
        (Place.Kind.TRUCK, new.vehicle_id, "vehicle") if new.vehicle_id else (Place.Kind.DEPOT, new.depot_id, "depot")
    )
    if (new.equipment_id is None) != (id is None):
        missing = "equipment" if new.equipment_id is None else field
        raise Invalid({missing: ["To take the meter out of stock, name its equipment and the vehicle or depot."]})
    if new.equipment_id is None:
        return None, None
    equipment = equipment_named(actor, new.equipment_id)
    if equipment.equipment_type != Equipment.Type.METER:
        raise Invalid({"equipment": [f"{equipment.name} is no meter. Choose equipment of the type METER."]})
    place = place_named(actor, kind, id, field=field)
    require_at(actor, "meters.write", place.home_depot_id)
    return equipment, place


def _begin(
    actor: Actor, meter: Meter, new: NewMeter, equipment: Equipment | None, came_from: Place | None, now: datetime
) -> Meter:
    today = timezone.localdate(now)
    meter.serial_no = meter.serial_in_use = new.serial_no
    meter.digits = new.digits
    meter.current_reading = new.initial_reading
    meter.equipment, meter.came_from = equipment, came_from
    meter.installed_on = new.installed_on or today
    if meter.installed_on > today:
        raise Invalid({"installed_on": ["This day has not come yet. Install the meter on its day."]})
    if new.initial_reading >= Decimal(10) ** new.digits:
        raise Invalid({"initial_reading": [f"A meter of {new.digits} digits cannot show this."]})
    try:
        audit.create(meter, actor=actor)
    except Invalid as error:
        errors = error.errors or {}
        raise Invalid(
            {"serial_no" if name == "serial_in_use" else name: said for name, said in errors.items()}
        ) from error
    kind, nothing = MeterReading.Kind.INITIAL, Decimal(0)
    _append(actor, meter, kind, new.initial_reading, nothing, is_rollover=False, read_at=now, now=now)
    if equipment and came_from:
        site = place_of(Owner(Place.Kind.CUSTOMER, meter.customer_id))
        line = Line(came_from, Condition.FULL, site, Condition.NONE, equipment.pk, 1)
        move([line], cause=Cause(Movement.Cause.METER, meter.pk), reason=f"{meter} installed", actor=actor, now=now)
    return meter


def _append(
    actor: Actor,
    meter: Meter,
    kind: MeterReading.Kind,
    reading: Decimal,
    usage: Decimal,
    *,
    is_rollover: bool,
    read_at: datetime,
    fact: Fact | None = None,
    now: datetime,
) -> MeterReading:
    row = sql.new(
        MeterReading,
        meter=meter,
        kind=kind,
        reading=reading,
        previous=meter.current_reading,
        usage=usage,
        is_rollover=is_rollover,
        read_at=read_at,
        user_id=actor.pk,
        created_at=now,
    )
    audit.save(row)
    after = {**audit.snapshot(row), **told(fact)}
    audit.record(actor=actor, action="CREATE_METER_READING", entity=row, before=None, after=after)
    _show(meter, reading)
    return row


def _show(meter: Meter, reading: Decimal) -> None:
    """What the meter shows now. Its readings explain it, as the movements explain a balance."""
    meter.current_reading = reading
    kept = Meter._meta.get_field("current_reading").get_prep_value(reading)
    sql.run("UPDATE meters_meter SET current_reading = %s WHERE id = %s", [kept, meter.pk])


def _mark(meter: Meter, ids: list[int], before: int | None, after: int | None) -> list[audit.Happened]:
    """Say of readings which sale has billed them."""
    if not ids:
        return []
    rows = sql.entities(MeterReading, f"WHERE id IN {sql.groups(len(ids), 1)} ORDER BY id", ids)
    these = sql.groups(len(ids), 1)
    sql.run(f"UPDATE meters_meterreading SET transaction_id = %s WHERE id IN {these}", [after, *ids])  # noqa: S608
    happened = []
    for row in rows:
        row.meter = meter
        changed = {"transaction": before}, {"transaction": after}
        happened.append(audit.Happened("UPDATE_METER_READING", row, *changed))
    return happened
