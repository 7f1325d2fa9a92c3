"""Issuing documents, and keeping what is still due on them.

A document is told by whoever sells what was sold; it freezes that, seller, customer and tax as they are now.
Its number is taken last by the caller, so that the series is locked for as short as can be.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings

from lpg import sql
from lpg.audit import services as audit
from lpg.clock import local
from lpg.customers.models import Customer
from lpg.invoices.models import Invoice, InvoiceLine
from lpg.invoices.tax import Taxed, taxed
from lpg.numbering.services import Numbered

SIMPLIFIED_UP_TO = Decimal("1000.00")
NOTHING = Decimal("0.00")


class Sold(NamedTuple):
    """A line as it was sold; `amount` is below zero for what came back."""

    item_type: str
    equipment_id: int | None
    description: str
    quantity: Decimal
    rate: Decimal
    amount: Decimal


class Sale(NamedTuple):
    """What a document is told of the transaction it is for. `summary` is frozen as it is."""

    transaction_id: int
    user_id: int
    customer: Customer
    day: date  # the business day: it picks the GST rate
    lines: Sequence[Sold]
    summary: dict[str, Any]


def total_of(amounts: Sequence[Decimal], day: date) -> Decimal:
    """What the document for these lines will come to, tax included."""
    return taxed(amounts, day).total


def series_of(total: Decimal) -> Numbered:
    """Where the number of a document comes from: below zero it is a credit note."""
    return Numbered.CREDIT_NOTE if total < 0 else Numbered.INVOICE


def issue(*, sale: Sale, number: str, paid: Decimal, now: datetime) -> tuple[Invoice, audit.Happened]:
    """The document of a sale, of which `paid` is settled at once. The caller writes the audit."""
    split = taxed([line.amount for line in sale.lines], sale.day)
    is_credit = split.total < 0
    invoice = sql.new(
        Invoice,
        invoice_number=number,
        document_type=Invoice.Type.CREDIT_NOTE if is_credit else _type(split, sale.customer),
        transaction_id=sale.transaction_id,
        customer=sale.customer,
        user_id=sale.user_id,
        buyer=_buyer(sale.customer),
        summary=sale.summary,
        due_date=_due(sale.customer, now),
        **_as_of(now),
    )
    sign = -1 if is_credit else 1
    invoice.gst_rate, invoice.prices_include_gst = split.rate, settings.PRICES_INCLUDE_GST
    invoice.subtotal, invoice.tax_amount, invoice.total_amount = (
        _signed(sign, split.subtotal),
        _signed(sign, split.tax),
        _signed(sign, split.total),
    )
    invoice.due_at_issue = NOTHING if is_credit else split.total - paid
    invoice.balance_due = split.total - paid
    invoice.paid_at = None if invoice.balance_due else now
    lines = [
        sql.new(
            InvoiceLine,
            item_type=line.item_type,
            equipment_id=line.equipment_id,
            description=line.description,
            quantity=line.quantity,
            rate=line.rate,
            net_amount=_signed(sign, net),
            amount=_signed(sign, line.amount),
        )
        for line, net in zip(sale.lines, split.net_lines, strict=True)
    ]
    return _keep(invoice, lines)


def correct(*, invoice: Invoice, number: str, reason: str, now: datetime) -> tuple[Invoice, audit.Happened]:
    """A credit note for the whole of a document. It is used up by what it corrects; the caller settles the two."""
    sign = invoice.sign
    invoice.in_order = sql.entities(InvoiceLine, "WHERE invoice_id = %s ORDER BY id", [invoice.pk])
    note = sql.new(
        Invoice,
        invoice_number=number,
        document_type=Invoice.Type.CREDIT_NOTE,
        transaction_id=invoice.transaction_id,
        corrects=invoice,
        is_correction=True,
        reason=reason,
        customer=invoice.customer,
        user_id=invoice.user_id,
        buyer=invoice.buyer,
        summary=invoice.summary,
        gst_rate=invoice.gst_rate,
        prices_include_gst=invoice.prices_include_gst,
        subtotal=_signed(sign, invoice.subtotal),
        tax_amount=_signed(sign, invoice.tax_amount),
        total_amount=_signed(sign, invoice.total_amount),
        due_at_issue=NOTHING,
        balance_due=NOTHING,
        **_as_of(now),
    )
    note.due_date = note.issued_on
    lines = [
        sql.new(
            InvoiceLine,
            item_type=line.item_type,
            equipment_id=line.equipment_id,
            description=line.description,
            quantity=line.quantity,
            rate=line.rate,
            net_amount=_signed(sign, line.net_amount),
            amount=_signed(sign, line.amount),
        )
        for line in invoice.in_order
    ]
    return _keep(note, lines)


def settle(invoice: Invoice, amount: Decimal, *, now: datetime, credited: bool = False) -> audit.Happened:
    """So much less (below zero: more) is open on a locked document: the one place that changes what is due.

    For a credit note, so much of its credit is used. `credited`: a credit note took the whole back, nobody paid.
    The caller writes the audit.
    """
    before = _state(invoice)
    invoice.balance_due -= invoice.sign * amount
    settled = not invoice.balance_due
    if credited:
        invoice.credited_at = now
    invoice.paid_at = (invoice.paid_at or now) if settled and not credited else None
    invoice.save(update_fields=["balance_due", "paid_at", "credited_at"])
    return audit.Happened("UPDATE_INVOICE", invoice, before, _state(invoice))


def _state(invoice: Invoice) -> audit.Snapshot:
    whole = audit.snapshot(invoice)
    return {name: whole[name] for name in ("balance_due", "paid_at", "credited_at")}


def _keep(invoice: Invoice, lines: list[InvoiceLine]) -> tuple[Invoice, audit.Happened]:
    sql.add([invoice])
    for line in lines:
        line.invoice_id = invoice.pk
    sql.add(lines)
    invoice.in_order, invoice.posted = lines, []
    invoice._state.fields_cache["correction"] = None  # it is new: nothing has corrected it
    after = {**audit.snapshot(invoice), "lines": [audit.snapshot(line) for line in lines]}
    action = "CREATE_CREDIT_NOTE" if invoice.is_credit_note else "CREATE_INVOICE"
    return invoice, audit.Happened(action, invoice, None, after)


def _signed(sign: int, amount: Decimal) -> Decimal:
    return amount if sign > 0 else -amount  # nothing stays 0.00, where -1 times it were -0.00


def _as_of(now: datetime) -> dict[str, Any]:
    return {
        "issued_on": local(now).date(),
        "generated_at": now,
        "pdf_due_at": now,
        "seller": dict(settings.COMPANY),
    }


def _type(split: Taxed, customer: Customer) -> str:
    if not settings.COMPANY["gst_reg_no"]:
        return Invoice.Type.INVOICE
    if split.total <= SIMPLIFIED_UP_TO and not customer.address and not customer.uen:
        return Invoice.Type.SIMPLIFIED
    return Invoice.Type.TAX_INVOICE


def _buyer(customer: Customer) -> dict[str, str]:
    named = ("customer_code", "name", "address", "postal_code", "uen", "email", "phone")
    return {name: getattr(customer, name) for name in named}


def _due(customer: Customer, now: datetime) -> date:
    """Cash at once, credit after its terms, monthly on the last day of the next month."""
    today = local(now).date()
    if customer.payment_type == Customer.Payment.CREDIT:
        return today + timedelta(days=customer.payment_terms_days)
    if customer.payment_type == Customer.Payment.MONTHLY:
        year, month = divmod(today.year * 12 + today.month, 12)  # months count from 0: this is the next one
        return date(year, month + 1, monthrange(year, month + 1)[1])
    return today
