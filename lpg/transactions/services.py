"""A sale: one request, five effects (lines, stock, meter, money, invoice), all of them or none.

Locks are taken in the one order of the house: customer, meter, balances, and the number series last.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple, Required, TypedDict, Unpack, overload

from django.db import transaction

from lpg import facts, sql
from lpg.accounts.selectors import acting
from lpg.audit import services as audit
from lpg.clock import BACK, local, refuse_ahead
from lpg.customers.models import Customer
from lpg.customers.selectors import locked_customer, priced_on
from lpg.depots.selectors import is_closed, refuse_closed
from lpg.equipment.models import Equipment
from lpg.errors import AlreadyVoid, Invalid, Missing, NotPending
from lpg.facts import Fact
from lpg.inventory import services as inventory
from lpg.inventory.models import Movement
from lpg.inventory.resolve import usable
from lpg.inventory.selectors import held_at
from lpg.invoices import deliveries
from lpg.invoices import services as invoices
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import deliveries_of, locked_documents
from lpg.invoices.tax import cents
from lpg.meters import services as meters
from lpg.meters.fitting import Outside, keep_outside
from lpg.meters.models import MeterReading
from lpg.numbering.services import Numbered, take, take_all
from lpg.payments import services as payments
from lpg.payments.models import Payment
from lpg.payments.services import Money
from lpg.roles import Actor, require, require_at
from lpg.transactions import holds as hold
from lpg.transactions import parties
from lpg.transactions.lines import Item, NoRate, moved, priced, refuse_nonsense, sold, told
from lpg.transactions.models import Transaction, TransactionItem
from lpg.transactions.selectors import transactions_seen_by

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


class OnlyRead(NamedTuple):
    """What is left of a fact that had nothing but a reading which cannot be billed: the reading, and the money."""

    reading: MeterReading
    payment: Payment | None


class SaleValues(TypedDict, total=False):
    """What `sell` takes beside a fact, once for both of its types."""

    actor: Required[Actor]
    customer_id: Required[int]
    items: Sequence[Item]
    reading: Reading | None
    seller: Seller
    payment: Money | None
    send_email: bool
    remarks: str
    occurred_at: datetime | None
    client_temp_id: str
    now: Required[datetime]


@overload
def sell(*, fact: None = ..., **values: Unpack[SaleValues]) -> Sale: ...
@overload
def sell(*, fact: Fact, **values: Unpack[SaleValues]) -> Sale | OnlyRead: ...
@transaction.atomic(savepoint=False)  # refused, all of it goes: two statements less on the hottest path
def sell(
    *,
    actor: Actor,
    customer_id: int,
    items: Sequence[Item] = (),
    reading: Reading | None = None,
    seller: Seller = Seller(),  # noqa: B008  # it cannot be changed
    payment: Money | None = None,
    send_email: bool = False,
    remarks: str = "",
    occurred_at: datetime | None = None,
    client_temp_id: str = "",
    now: datetime,
    fact: Fact | None = None,
) -> Sale | OnlyRead:
    """Record a sale. CONFIRMED with its document, or PENDING when something needs a supervisor.

    Raises NotAllowed, Invalid, Inactive, DayClosed, NoRate, InsufficientStock, MeterReadingRegressed. Of a fact, what
    does not fit is noted instead; a reading that cannot be billed is kept outside its chain, and without lines there
    is no sale.
    """
    actor = acting(actor, fact)
    require(actor, "transactions.write")
    at = _occurred(occurred_at, now, seller.vehicle_id or actor.vehicle_id, fact)
    day = local(at).date()
    refuse_nonsense(items, metered=reading is not None)
    customer = parties.buyer(actor, customer_id, fact)
    equipment, rates = _goods(actor, customer, items, day, fact)
    lines = [priced(number, item, equipment, rates) for number, item in enumerate(items)]
    due, outside = _due(customer, reading, fact) if reading else (None, None)
    if outside and not lines:
        return _only_read(outside, payment, client_temp_id, actor=actor, at=at, fact=fact, now=now)
    meter_rate, usage_amount = _metered(due, rates)
    amounts = [*(line.amount for line in lines), usage_amount or NOTHING]
    total = sum(amounts, NOTHING)
    _refuse_too_much([*amounts, total], field="items" if items else "current_meter_reading")
    stock, site = parties.places(customer, parties.seller(actor, *seller, lines, fact))
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
        send_email=send_email,
        occurred_at=at,
        created_at=now,
    )
    row.in_order = lines
    billed = sold(row)
    final = invoices.total_of([line.amount for line in billed], day)
    holds = hold.reasons(actor, customer, lines, rates, final - (payment.amount if payment else NOTHING), fact)
    shifted = inventory.shift(moved(lines, stock, site), fact) if stock else []
    if due:
        meters.show(due)
    held = [] if holds else held_at(site)
    document = invoices.series_of(final)
    series = [Numbered.TRANSACTION, *([Numbered.RECEIPT] if payment else []), *([] if holds else [document])]
    numbers = take_all(series, now)

    happened = [_keep(row, numbers[Numbered.TRANSACTION], holds, fact)]
    if due:
        happened += meters.bill(due, transaction_id=row.pk, actor=actor, read_at=at, now=now)
    elif outside:
        happened.append(keep_outside(outside, read_at=at, fact=fact, actor=actor, now=now)[1])
    if shifted:
        cause = inventory.Cause(Movement.Cause.TRANSACTION, row.pk, row.transaction_number)
        inventory.post(shifted, cause=cause, actor=actor, now=now)
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
        invoice, noted = invoices.issue(sale=told(row, billed, held), number=numbers[document], paid=settles, now=now)
        happened += [noted, *_mailed(row, invoice, now)]
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
    _, site = parties.places(row.customer, None)
    final = invoices.total_of([line.amount for line in billed], local(row.occurred_at).date())
    waiting = payments.waiting_with(row.pk)
    paid = min(waiting.unallocated, max(final, NOTHING)) if waiting else NOTHING
    row.status, row.confirmed_at, row.approved_at = Transaction.Status.CONFIRMED, now, now
    row.save(update_fields=["status", "confirmed_at", "approved_at"])
    invoice, noted = invoices.issue(
        sale=told(row, billed, held_at(site)), number=take(invoices.series_of(final), now), paid=paid, now=now
    )
    row.issued = [invoice]
    happened = [audit.Happened("APPROVE_TRANSACTION", row, before, _state(row)), noted, *_mailed(row, invoice, now)]
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
    stock, site = parties.places(row.customer, parties.whose(row))
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
        document.correction, document.posted = note, deliveries_of(document.pk)
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


def _occurred(occurred_at: datetime | None, now: datetime, truck_id: int | None, fact: Fact | None) -> datetime:
    if fact:
        return fact.counts_at(occurred_at, now, partial(is_closed, truck_id))
    if occurred_at is None:
        return now
    refuse_ahead("occurred_at", occurred_at, now)
    if occurred_at < now - BACK:
        raise Invalid({"occurred_at": ["This is more than 7 days ago. Ask a supervisor how to record it."]})
    refuse_closed("occurred_at", occurred_at, truck_id)
    return occurred_at


def _goods(
    actor: Actor, customer: Customer, items: Sequence[Item], day: date, fact: Fact | None
) -> tuple[dict[int, Equipment], dict[int | None, Decimal]]:
    """The equipment that the lines name, and what this customer pays on that day for it and (None) for gas.

    Raises Invalid, Inactive; of a fact the second is noted.
    """
    named = [item.equipment_id for item in items]
    found, rates = priced_on(customer.pk, {id for id in named if id is not None}, day)
    return usable(actor, named, found, fact=fact), rates


def _due(customer: Customer, read: Reading, fact: Fact | None) -> tuple[meters.Due | None, Outside | None]:
    """What this reading bills; of a fact that cannot be billed, what is to be kept of it instead.

    Raises Invalid, MeterReadingRegressed.
    """
    meter = parties.meter_read(customer, read.meter_id, fact)
    due = meters.due(meter, read.reading, is_rollover=read.is_rollover, field="current_meter_reading", fact=fact)
    return due, None if due else Outside(meter, read.reading)


def _only_read(
    outside: Outside,
    money: Money | None,
    client_temp_id: str,
    *,
    actor: Actor,
    at: datetime,
    fact: Fact | None,
    now: datetime,
) -> OnlyRead:
    """There is nothing to sell: the reading is kept, and the money as the customer's credit."""
    row, happened = keep_outside(outside, read_at=at, fact=fact, actor=actor, now=now)
    payment, received = None, []
    if money:
        payment, noted = payments.receive(
            customer=outside.meter.customer,
            money=money,
            number=take(Numbered.RECEIPT, now),
            settles=NOTHING,
            client_temp_id=client_temp_id,
            received_at=at,
            actor=actor,
            now=now,
        )
        received = [noted]
    audit.record_all(actor, [happened, *received])
    return OnlyRead(row, payment)


def _refuse_too_much(amounts: Sequence[Decimal], *, field: str) -> None:
    if max(map(abs, amounts)) > LARGEST:
        raise Invalid({field: [f"This comes to more than S${LARGEST:,}. Check the quantities and rates."]})


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


def _mailed(row: Transaction, invoice: Invoice, now: datetime) -> list[audit.Happened]:
    """The document goes to the customer, if that was asked for."""
    if not row.send_email:
        return []
    return [deliveries.queue(invoice, row.customer.email, user_id=row.user_id, now=now)]


def _keep(row: Transaction, number: str, holds: Sequence[str], fact: Fact | None) -> audit.Happened:
    """Write the sale and its lines; the audit tells of them together."""
    row.transaction_number, row.held_for = number, ",".join(holds)
    row.status = Transaction.Status.PENDING if holds else Transaction.Status.CONFIRMED
    row.confirmed_at = None if holds else row.created_at
    sql.add([row])
    for item in row.in_order:
        item.transaction_id = row.pk
    sql.add(row.in_order)
    after = {**audit.snapshot(row), "items": [audit.snapshot(item) for item in row.in_order], **facts.told(fact)}
    return audit.Happened("CREATE_TRANSACTION", row, None, after)
