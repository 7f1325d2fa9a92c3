"""Money received, and which invoices it settles. Never refused for being too much: what is over stays as credit."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from django.db import transaction

from lpg import facts, sql
from lpg.accounts.selectors import acting
from lpg.audit import services as audit
from lpg.clock import refuse_ahead
from lpg.customers.models import Customer
from lpg.customers.selectors import locked_customer
from lpg.depots.selectors import is_closed, refuse_closed
from lpg.errors import Invalid, Missing, Refused
from lpg.facts import Fact, Kind
from lpg.inventory.resolve import refuse_retired
from lpg.invoices import services as invoices
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by, locked_documents
from lpg.numbering.services import Numbered, take
from lpg.payments.models import Allocation, Payment
from lpg.payments.selectors import after_receipts, payments_seen_by
from lpg.roles import Actor, require, require_at, within

NOTHING = Decimal("0.00")


class AlreadyReversed(Refused):
    """The payment counts no more."""

    code = "already_reversed"
    title = "Reversed already"


class NoCreditNote(Refused):
    """Only a credit note has credit to use; an invoice is paid."""

    code = "no_credit_note"
    title = "This is no credit note"


class Money(NamedTuple):
    """What somebody hands over; change is not counted."""

    method: str
    amount: Decimal
    reference: str = ""


@transaction.atomic
def record(
    *,
    actor: Actor,
    customer_id: int,
    money: Money,
    invoice_ids: Sequence[int] | None = None,
    received_at: datetime | None = None,
    client_temp_id: str = "",
    now: datetime,
    fact: Fact | None = None,
) -> Payment:
    """A numbered receipt, allocated to the invoices named, else to the oldest first.

    Raises NotAllowed, Invalid (unknown customer or invoice, a time to come). Of a fact an invoice that this customer
    does not have is noted, and what was paid for it stays as credit; so is a customer that is no longer in use.
    """
    actor = acting(actor, fact)
    require(actor, "payments.write")
    customer = locked_customer(customer_id)
    if customer is None or not within(actor, "customers.read", depot_id=customer.depot_id):
        raise Invalid.unknown("customer")
    require_at(actor, "payments.write", customer.depot_id)
    at = received_at or now
    if fact:
        at = fact.counts_at(received_at, now, partial(is_closed, actor.vehicle_id))
        refuse_retired(customer, fact)
    elif received_at:
        refuse_ahead("received_at", at, now)
        refuse_closed("received_at", at, actor.vehicle_id)
    settling = _to_settle(customer, invoice_ids, fact)
    payment, happened = receive(
        customer=customer,
        money=money,
        number=take(Numbered.RECEIPT, now),
        settles=NOTHING,
        client_temp_id=client_temp_id,
        received_at=at,
        actor=actor,
        now=now,
    )
    happened = happened._replace(after={**(happened.after or {}), **facts.told(fact)})
    audit.record_all(actor, [happened, *_spread(payment, settling, now)])
    return payment


@transaction.atomic
def allocate(*, actor: Actor, payment_id: int, invoice_ids: Sequence[int] | None = None, now: datetime) -> Payment:
    """Use what is left of a payment for the invoices named, else for the oldest first.

    Raises Missing, NotAllowed, AlreadyReversed, Invalid (unknown invoice).
    """
    payment = _locked(actor, payment_id, "payments.write")
    if payment.reversed_at:
        raise AlreadyReversed(f"{payment} was reversed, so there is nothing left of it. Record the money anew.")
    audit.record_all(actor, _spread(payment, _to_settle(payment.customer, invoice_ids), now))
    return payment


@transaction.atomic
def allocate_credit(
    *, actor: Actor, invoice_id: int, invoice_ids: Sequence[int] | None = None, now: datetime
) -> Invoice:
    """Use what is left of a credit note for the invoices named, else for the oldest first.

    Raises Missing, NotAllowed, NoCreditNote, Invalid (unknown invoice).
    """
    seen = invoices_seen_by(actor).filter(pk=invoice_id).first()
    if seen is None:
        raise Missing
    customer = locked_customer(seen.customer_id)
    require_at(actor, "payments.write", customer.depot_id if customer else None)
    note = locked_documents("id = %s", [invoice_id])[0]
    note.customer = customer or seen.customer
    if not note.is_credit_note:
        raise NoCreditNote(f"{note} is an invoice: record a payment for it, or use a credit note's credit.")
    audit.record_all(actor, _spread(note, _to_settle(note.customer, invoice_ids), now))
    return note


@transaction.atomic
def reverse(*, actor: Actor, payment_id: int, reason: str, now: datetime) -> Payment:
    """Let a payment count no more, such as a cheque that came back: what it settled is open again.

    Raises Missing, NotAllowed, AlreadyReversed.
    """
    payment = _locked(actor, payment_id, "payments.reverse")
    if payment.reversed_at:
        raise AlreadyReversed(f"{payment} was reversed before. Nothing is left to do.")
    before, at = _state(payment), after_receipts(payment.pk, now)
    happened = []
    for allocation in sql.entities(Allocation, "WHERE payment_id = %s AND released_at IS NULL", [payment.pk]):
        invoice = locked_documents("id = %s", [allocation.invoice_id])[0]
        invoice.customer = payment.customer
        happened.append(_open_again(allocation, invoice, at))
    payment.unallocated, payment.reversed_at, payment.reverse_reason = NOTHING, at, reason
    payment.save(update_fields=["unallocated", "reversed_at", "reverse_reason"])
    audit.record_all(actor, [audit.Happened("REVERSE_PAYMENT", payment, before, _state(payment)), *happened])
    return payment


def receive(
    *,
    customer: Customer,
    money: Money,
    number: str,
    settles: Decimal,
    transaction_id: int | None = None,
    client_temp_id: str = "",
    received_at: datetime,
    actor: Actor,
    now: datetime,
) -> tuple[Payment, audit.Happened]:
    """The row of money received, of which `settles` is allocated by the caller at once. The caller writes the audit."""
    payment = sql.new(
        Payment,
        payment_number=number,
        customer=customer,
        amount=money.amount,
        unallocated=money.amount - settles,
        method=money.method,
        reference=money.reference,
        transaction_id=transaction_id,
        user_id=actor.pk,
        client_temp_id=client_temp_id,
        received_at=received_at,
        created_at=now,
    )
    sql.add([payment])
    payment.live = []
    return payment, audit.Happened("CREATE_PAYMENT", payment, None, audit.snapshot(payment))


def link(payment: Payment, invoice: Invoice, amount: Decimal, now: datetime) -> None:
    """Say which invoice an amount already counted on both sides settles."""
    sql.add([Allocation(payment=payment, invoice=invoice, amount=amount, created_at=now)])


def waiting_with(transaction_id: int) -> Payment | None:
    """The money that came with a sale that waits, locked."""
    found = sql.entities(Payment, f"WHERE transaction_id = %s{sql.locking()}", [transaction_id])
    return found[0] if found else None


def use(payment: Payment, invoice: Invoice, amount: Decimal, now: datetime) -> audit.Happened:
    """Allocate what the invoice counts as paid since its issue. The caller writes the audit."""
    payment.customer = invoice.customer
    link(payment, invoice, amount, now)
    return _allocated(payment, amount)


def release(document: Invoice, now: datetime) -> list[audit.Happened]:
    """What settled a document, or was settled by it, is open again; payments become the customer's credit.

    The caller writes the audit.
    """
    live = "(invoice_id = %s OR credit_note_id = %s) AND released_at IS NULL ORDER BY id"
    happened = []
    for allocation in sql.entities(Allocation, f"WHERE {live}", [document.pk, document.pk]):
        happened += _release(allocation, document, now)
    return happened


def cover(document: Invoice, note: Invoice, now: datetime) -> audit.Happened:
    """Let a credit note settle the whole of what it corrects. The caller writes the audit."""
    if document.total_amount:
        sql.add([Allocation(credit_note=note, invoice=document, amount=document.total_amount, created_at=now)])
    return invoices.settle(document, document.sign * document.balance_due, now=now, credited=True)


def _locked(actor: Actor, payment_id: int, capability: str) -> Payment:
    """The payment, locked after its customer. Raises Missing, NotAllowed."""
    seen = payments_seen_by(actor).filter(pk=payment_id).first()
    if seen is None:
        raise Missing
    customer = locked_customer(seen.customer_id)
    require_at(actor, capability, customer.depot_id if customer else None)
    payment = sql.entities(Payment, f"WHERE id = %s{sql.locking()}", [payment_id])[0]
    payment.customer = customer or seen.customer
    return payment


def _state(payment: Payment) -> audit.Snapshot:
    whole = audit.snapshot(payment)
    return {name: whole[name] for name in ("unallocated", "reversed_at", "reverse_reason")}


def _release(allocation: Allocation, document: Invoice, now: datetime) -> list[audit.Happened]:
    happened = [_open_again(allocation, document, now)]
    if allocation.payment_id:
        payment = sql.entities(Payment, f"WHERE id = %s{sql.locking()}", [allocation.payment_id])[0]
        payment.customer = document.customer
        return [*happened, _allocated(payment, -allocation.amount)]
    other_id = allocation.invoice_id if allocation.credit_note_id == document.pk else allocation.credit_note_id
    other = locked_documents("id = %s", [other_id or 0])[0]
    other.customer = document.customer
    return [*happened, invoices.settle(other, -allocation.amount, now=now)]


def _open_again(allocation: Allocation, document: Invoice, now: datetime) -> audit.Happened:
    allocation.released_at = now
    allocation.save(update_fields=["released_at"])
    return invoices.settle(document, -allocation.amount, now=now)


def _to_settle(customer: Customer, invoice_ids: Sequence[int] | None, fact: Fact | None = None) -> list[Invoice]:
    """The customer's open invoices, locked: those named in their order, else all, the oldest first."""
    if invoice_ids is None:
        found = locked_documents("customer_id = %s AND balance_due > 0", [customer.pk])
    else:
        named = dict.fromkeys(invoice_ids)
        rows = (
            locked_documents(f"customer_id = %s AND id IN {sql.groups(len(named), 1)}", [customer.pk, *named])
            if named
            else []
        )
        there = {invoice.pk: invoice for invoice in rows if not invoice.is_credit_note}
        if missing := [number for number, id in enumerate(invoice_ids) if id not in there]:
            if fact is None:
                words = "This customer has no such invoice. Choose from the open ones."
                raise Invalid({f"invoices.{missing[0]}": [words]})
            unknown = [invoice_ids[number] for number in missing]
            words = f"{customer} has no such invoice: {', '.join(map(str, unknown))}. The money stays as credit."
            fact.note(Kind.UNKNOWN_INVOICE, words, invoices=unknown)
        found = [there[id] for id in named if id in there]
    for invoice in found:
        invoice.customer = customer
    return found


def _spread(source: Payment | Invoice, settling: Sequence[Invoice], now: datetime) -> list[audit.Happened]:
    """Use what is left of a payment or a credit note, invoice by invoice."""
    named = {"payment": source} if isinstance(source, Payment) else {"credit_note": source}
    left = source.unallocated if isinstance(source, Payment) else -source.balance_due
    happened: list[audit.Happened] = []
    rows: list[Allocation] = []
    for invoice in settling:
        amount = min(left, invoice.balance_due)
        if amount > 0:
            left -= amount
            rows.append(sql.new(Allocation, **named, invoice=invoice, amount=amount, created_at=now))
            happened.append(invoices.settle(invoice, amount, now=now))
    if not rows:
        return []
    sql.add(rows)
    used = sum((row.amount for row in rows), NOTHING)
    if isinstance(source, Payment):
        return [*happened, _allocated(source, used)]
    return [*happened, invoices.settle(source, used, now=now)]


def _allocated(payment: Payment, more: Decimal) -> audit.Happened:
    before = {"unallocated": str(payment.unallocated)}
    payment.unallocated -= more
    payment.save(update_fields=["unallocated"])
    return audit.Happened("UPDATE_PAYMENT", payment, before, {"unallocated": str(payment.unallocated)})
