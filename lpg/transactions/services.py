"""A sale: one request, five effects (lines, stock, meter, money, invoice), all of them or none.

Locks are taken in the one order of the house: customer, meter, balances, and the number series last.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from lpg import sql
from lpg.audit import services as audit
from lpg.clock import refuse_ahead
from lpg.customers.models import Customer
from lpg.customers.selectors import locked_customer, rates_on
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depot_named, vehicle_named
from lpg.equipment.models import Equipment
from lpg.errors import AlreadyVoid, Inactive, Invalid, Missing, NotAllowed, NotPending
from lpg.inventory import services as inventory
from lpg.inventory.models import Movement, Place
from lpg.inventory.places import Owner, places_of
from lpg.inventory.resolve import equipment_in_use, may_use_truck
from lpg.invoices import services as invoices
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import locked_documents
from lpg.invoices.tax import cents
from lpg.meters import services as meters
from lpg.meters.selectors import installed_at
from lpg.numbering.services import Numbered, take, take_all
from lpg.payments import services as payments
from lpg.payments.selectors import balance_of
from lpg.payments.services import Money
from lpg.roles import Actor, Role, require, require_at, within
from lpg.transactions.lines import Item, NoRate, Type, moved, priced, refuse_nonsense, sold, told
from lpg.transactions.models import Transaction, TransactionItem
from lpg.transactions.selectors import transactions_seen_by

BACK = timedelta(days=7)
LARGEST = Decimal("9999999999.99")
NOTHING = Decimal("0.00")


class Reading(NamedTuple):
    """What the meter shows. `meter_id` None: the one that the customer has."""

    reading: Decimal
    meter_id: int | None = None
    is_rollover: bool = False


class Seller(NamedTuple):
    """Whose stock it is: at most one is named."""

    vehicle_id: int | None = None
    depot_id: int | None = None


class Sale(NamedTuple):
    """A transaction and its document, if one was issued."""

    transaction: Transaction
    invoice: Invoice | None


@transaction.atomic(savepoint=False)  # refused, all of it goes: two statements less on the hottest path
def sell(
    *,
    actor: Actor,
    customer_id: int,
    items: Sequence[Item] = (),
    reading: Reading | None = None,
    seller: Seller = Seller(),  # noqa: B008  # it cannot be changed
    payment: Money | None = None,
    remarks: str = "",
    occurred_at: datetime | None = None,
    client_temp_id: str = "",
    now: datetime,
) -> Sale:
    """Record a sale. CONFIRMED with its document, or PENDING when something needs a supervisor.

    Raises NotAllowed, Invalid, Inactive, NoRate, InsufficientStock, MeterReadingRegressed.
    """
    require(actor, "transactions.write")
    at = _occurred(occurred_at, now)
    day = timezone.localdate(at)
    refuse_nonsense(items, metered=reading is not None)
    customer = _customer(actor, customer_id)
    equipment = equipment_in_use(actor, [item.equipment_id for item in items])
    rates = rates_on(customer.pk, equipment.keys(), day)
    lines = [priced(number, item, equipment, rates) for number, item in enumerate(items)]
    due = _due(customer, reading) if reading else None
    meter_rate, usage_amount = _metered(due, rates)
    amounts = [*(line.amount for line in lines), usage_amount or NOTHING]
    total = sum(amounts, NOTHING)
    if max(map(abs, [*amounts, total])) > LARGEST:
        words = f"This comes to more than S${LARGEST:,}. Check the quantities and rates."
        raise Invalid({"items" if items else "current_meter_reading": [words]})
    stock, site = _places(customer, _seller(actor, seller, needed=any(line.equipment_id for line in lines)))
    row = sql.new(
        Transaction,
        customer=customer,
        user_id=actor.pk,
        vehicle_id=stock.vehicle_id if stock else None,
        from_depot_id=stock.depot_id if stock else None,
        total_amount=total,
        **_read(due, meter_rate, usage_amount),
        remarks=remarks,
        client_temp_id=client_temp_id,
        occurred_at=at,
        created_at=now,
    )
    row.in_order = lines
    billed = sold(row)
    final = invoices.total_of([line.amount for line in billed], day)
    holds = _holds(actor, customer, lines, rates, final - (payment.amount if payment else NOTHING))
    moves = moved(lines, stock, site) if stock else []
    ready = inventory.prepare(moves) if moves else None
    document = invoices.series_of(final)
    series = [Numbered.TRANSACTION, *([Numbered.RECEIPT] if payment else []), *([] if holds else [document])]
    numbers = take_all(series, now)

    row.transaction_number = numbers[Numbered.TRANSACTION]
    row.status = Transaction.Status.PENDING if holds else Transaction.Status.CONFIRMED
    row.held_for = ",".join(holds)
    row.confirmed_at = None if holds else now
    happened = [_keep(row)]
    if due:
        happened += meters.bill(due, transaction_id=row.pk, actor=actor, read_at=at, now=now)
    if ready:
        cause = inventory.Cause(Movement.Cause.TRANSACTION, row.pk, row.transaction_number)
        inventory.post(ready, cause=cause, actor=actor, now=now)
    settles = NOTHING if holds or not payment else min(payment.amount, max(final, NOTHING))
    received = None
    if payment:
        received, noted = payments.receive(
            customer=customer,
            money=payment,
            number=numbers[Numbered.RECEIPT],
            settles=settles,
            transaction_id=row.pk,
            received_at=at,
            actor=actor,
            now=now,
        )
        happened.append(noted)
    invoice = None
    if not holds:
        invoice, noted = invoices.issue(sale=told(row, billed, site), number=numbers[document], paid=settles, now=now)
        happened.append(noted)
        if received and settles:
            payments.link(received, invoice, settles, now)
    row.issued = [invoice] if invoice else []
    audit.record_all(actor, happened)
    return Sale(row, invoice)


@transaction.atomic
def approve(*, actor: Actor, transaction_id: int, now: datetime) -> Sale:
    """Let a sale that waited go ahead, at the rates on its lines: its document is issued now.

    Raises Missing, NotAllowed, NotPending.
    """
    row = _locked(actor, transaction_id)
    if row.status != Transaction.Status.PENDING:
        words = Transaction.Status(row.status).label.lower()
        raise NotPending(f"{row} is {words} already; only a sale that waits can be approved.")
    before = _state(row)
    billed = sold(row)
    _, site = _places(row.customer, None)
    final = invoices.total_of([line.amount for line in billed], timezone.localdate(row.occurred_at))
    waiting = payments.waiting_with(row.pk)
    paid = min(waiting.unallocated, max(final, NOTHING)) if waiting else NOTHING
    row.status, row.confirmed_at, row.approved_at = Transaction.Status.CONFIRMED, now, now
    row.save(update_fields=["status", "confirmed_at", "approved_at"])
    invoice, noted = invoices.issue(
        sale=told(row, billed, site), number=take(invoices.series_of(final), now), paid=paid, now=now
    )
    row.issued = [invoice]
    happened = [audit.Happened("APPROVE_TRANSACTION", row, before, _state(row)), noted]
    if waiting and paid:
        happened.append(payments.use(waiting, invoice, paid, now))
    audit.record_all(actor, happened)
    return Sale(row, invoice)


@transaction.atomic
def void(*, actor: Actor, transaction_id: int, reason: str, now: datetime) -> Sale:
    """Take a sale back: its stock moves back, its meter reading is voided, its document gets a credit note.

    What was paid becomes the customer's credit.
    Raises Missing, NotAllowed, AlreadyVoid, LaterReadingExists, InsufficientStock.
    """
    row = _locked(actor, transaction_id)
    if row.status == Transaction.Status.VOIDED:
        raise AlreadyVoid(f"{row} was voided before. Nothing is left to do.")
    before = _state(row)
    documents = locked_documents("transaction_id = %s", [row.pk])
    happened = meters.unbill(transaction_id=row.pk, reason=reason, now=now)
    stock, site = _places(row.customer, _whose(row))
    if back := [line.reversed() for line in (moved(row.in_order, stock, site) if stock else [])]:
        cause = inventory.Cause(Movement.Cause.TRANSACTION, row.pk, row.transaction_number)
        inventory.move(back, cause=cause, reason=f"Voided: {reason}"[:200], actor=actor, now=now)
    row.status, row.voided_at, row.void_reason = Transaction.Status.VOIDED, now, reason
    row.save(update_fields=["status", "voided_at", "void_reason"])
    happened.insert(0, audit.Happened("VOID_TRANSACTION", row, before, _state(row)))
    for document in documents:
        document.customer = row.customer
        released = payments.release(document, now)
        note, noted = invoices.correct(invoice=document, number=take(Numbered.CREDIT_NOTE, now), reason=reason, now=now)
        happened += [noted, *released, payments.cover(document, note, now)]
        document.correction = note
    audit.record_all(actor, happened)
    row.issued = documents
    return Sale(row, documents[0] if documents else None)


def _locked(actor: Actor, transaction_id: int) -> Transaction:
    """The sale, locked after its customer, with its lines. Raises Missing, NotAllowed."""
    seen = transactions_seen_by(actor).filter(pk=transaction_id).first()
    if seen is None:
        raise Missing
    customer = locked_customer(seen.customer_id)
    require_at(actor, "transactions.decide", customer.depot_id if customer else None)
    row = sql.entities(Transaction, f"WHERE id = %s{sql.locking()}", [transaction_id])[0]
    row.customer = customer or seen.customer
    row.in_order = sql.entities(TransactionItem, "WHERE transaction_id = %s ORDER BY id", [row.pk])
    things = Equipment.objects.in_bulk([item.equipment_id for item in row.in_order if item.equipment_id])
    for item in row.in_order:
        item.equipment = things.get(item.equipment_id or 0)
    row.issued = []
    return row


def _state(row: Transaction) -> audit.Snapshot:
    whole = audit.snapshot(row)
    return {name: whole[name] for name in ("status", "confirmed_at", "approved_at", "voided_at", "void_reason")}


def _occurred(occurred_at: datetime | None, now: datetime) -> datetime:
    if occurred_at is None:
        return now
    refuse_ahead("occurred_at", occurred_at, now)
    if occurred_at < now - BACK:
        raise Invalid({"occurred_at": ["This is more than 7 days ago. Ask a supervisor how to record it."]})
    return occurred_at


def _customer(actor: Actor, customer_id: int) -> Customer:
    customer = locked_customer(customer_id)
    if customer is None or not within(actor, "customers.read", depot_id=customer.depot_id):
        raise Invalid.unknown("customer")
    require_at(actor, "transactions.write", customer.depot_id)
    if not customer.is_active:
        raise Inactive(f"Customer {customer.customer_code} is no longer in use. Choose another customer.")
    return customer


def _due(customer: Customer, reading: Reading) -> meters.Due:
    """What this reading bills. Raises Invalid, MeterReadingRegressed."""
    installed = installed_at(customer.pk)
    if not installed:
        raise Invalid({"current_meter_reading": ["This customer has no meter. Install it first."]})
    if reading.meter_id is None and len(installed) > 1:
        names = ", ".join(f"{meter.pk} ({meter.serial_no})" for meter in installed)
        raise Invalid({"meter": [f"This customer has several meters. Say which: {names}."]})
    meter = next((meter for meter in installed if reading.meter_id in {None, meter.pk}), None)
    if meter is None:
        raise Invalid.unknown("meter")
    meter.customer = customer
    return meters.due(meter, reading.reading, is_rollover=reading.is_rollover, field="current_meter_reading")


def _metered(due: meters.Due | None, rates: dict[int | None, Decimal]) -> tuple[Decimal | None, Decimal | None]:
    """The meter rate and what the usage costs; neither, when no meter is read."""
    if due is None:
        return None, None
    if (rate := rates.get(None)) is None:
        raise NoRate("This customer has no meter rate on this day. Set one first.", equipment=None)
    return rate, cents(min(due.total * rate, 2 * LARGEST))  # so much is refused; more would not even fit a Decimal


def _read(due: meters.Due | None, rate: Decimal | None, amount: Decimal | None) -> dict[str, Any]:
    """What a sale keeps of the meter; nothing when none is read."""
    if due is None:
        return {}
    return {
        "meter": due.meter,
        "last_meter_reading": due.last_billed,
        "current_meter_reading": due.reading,
        "meter_usage": due.total,
        "meter_rate": rate,
        "usage_amount": amount,
    }


def _seller(actor: Actor, named: Seller, *, needed: bool) -> Owner | None:
    """Whose stock moves: as named, else the own truck, else the home depot. None when no line moves stock."""
    if named.vehicle_id is not None and named.depot_id is not None:
        raise Invalid({"depot": ["Name a vehicle or a depot, not both."]})
    if named.vehicle_id is not None:
        vehicle_named(actor, named.vehicle_id)
        may_use_truck(actor, named.vehicle_id, "transactions.write")
        return Owner(Place.Kind.TRUCK, named.vehicle_id)
    if named.depot_id is not None:
        depot_named(actor, named.depot_id)
        if actor.role == Role.DRIVER and (actor.vehicle_id or named.depot_id != actor.depot_id):
            raise NotAllowed("Drivers sell from their own truck. Leave the depot out.")
        require_at(actor, "transactions.write", named.depot_id)
        return Owner(Place.Kind.DEPOT, named.depot_id)
    if not needed:
        return None
    if actor.vehicle_id:
        if not actor.truck_in_use:
            truck = Vehicle.objects.get(pk=actor.vehicle_id)
            raise Inactive(f"Your truck {truck} is no longer in use. Ask for another.")
        return Owner(Place.Kind.TRUCK, actor.vehicle_id)
    if actor.depot_id:
        depot = sql.entities(Depot, "WHERE id = %s", [actor.depot_id])[0]
        if not depot.is_active:
            raise Inactive(f"Your depot {depot.code} is no longer in use. Name another.")
        return Owner(Place.Kind.DEPOT, depot.pk)
    raise Invalid({"vehicle": ["You have no truck and no depot. Name the vehicle or depot the stock comes from."]})


def _places(customer: Customer, owner: Owner | None) -> tuple[Place | None, Place]:
    """The seller's stock, if it has a part in this, and the customer's site."""
    at = Owner(Place.Kind.CUSTOMER, customer.pk)
    places = places_of([at, *([owner] if owner else [])])
    places[at].customer = customer
    return places[owner] if owner else None, places[at]


def _whose(row: Transaction) -> Owner | None:
    if row.vehicle_id:
        return Owner(Place.Kind.TRUCK, row.vehicle_id)
    return Owner(Place.Kind.DEPOT, row.from_depot_id) if row.from_depot_id else None


def _holds(
    actor: Actor,
    customer: Customer,
    lines: Sequence[TransactionItem],
    rates: dict[int | None, Decimal],
    rest: Decimal,
) -> list[str]:
    """What a supervisor has to look at before there is a document. `rest` is what this sale leaves to be paid."""
    holds = []
    listed = [line for line in lines if line.item_type in {Type.DELIVERY, Type.FULL_RETURN}]
    if actor.role == Role.DRIVER and any(line.rate != rates.get(line.equipment_id) for line in listed):
        holds.append(Transaction.Hold.RATE_OVERRIDE.value)
    limit = customer.credit_limit if customer.payment_type != Customer.Payment.CASH else None
    if limit is not None and balance_of(customer.pk) + _waiting(customer.pk) + rest > limit:
        holds.append(Transaction.Hold.CREDIT_LIMIT.value)
    return holds


def _waiting(customer_id: int) -> Decimal:
    """What the sales that wait for approval will come to."""
    rows = sql.entities(Transaction, "WHERE customer_id = %s AND status = 'PENDING'", [customer_id])
    finals = (invoices.total_of([row.total_amount], timezone.localdate(row.occurred_at)) for row in rows)
    return sum(finals, NOTHING)


def _keep(row: Transaction) -> audit.Happened:
    """Write the sale and its lines; the audit tells of them together."""
    sql.add([row])
    for item in row.in_order:
        item.transaction = row
    sql.add(row.in_order)
    after = {**audit.snapshot(row), "items": [audit.snapshot(item) for item in row.in_order]}
    return audit.Happened("CREATE_TRANSACTION", row, None, after)
