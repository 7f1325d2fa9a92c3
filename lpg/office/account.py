"""What the page of a customer shows from the apps above customers: the account, meters, invoices and sales."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from lpg.customers.models import Customer
from lpg.desk import shown
from lpg.desk.admin import actor_of
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by
from lpg.invoices.words import state_of
from lpg.meters.selectors import meters_seen_by
from lpg.meters.usage import chains
from lpg.meters.words import chain_shown
from lpg.payments.models import Allocation
from lpg.payments.selectors import balance_of, payments_seen_by
from lpg.roles import Actor, may
from lpg.transactions.holds import NOTHING, final
from lpg.transactions.models import Transaction
from lpg.transactions.selectors import ISSUED, transactions_seen_by
from lpg.transactions.words import comes_to, paid_words, status_words

READINGS, OPEN, SETTLED, SALES, CREDITS = 6, 10, 4, 6, 5


def account(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """What they owe, what waits, and how much room is left under the limit."""
    actor = actor_of(request)
    owes = balance_of(customer.pk)
    waiting = transactions_seen_by(actor).filter(customer=customer, status=Transaction.Status.PENDING)
    waits = sum(map(final, waiting), NOTHING)
    limit = customer.credit_limit if customer.payment_type != Customer.Payment.CASH else None
    room = None if limit is None else limit - owes - waits
    overdue = _open(actor, customer).filter(due_date__lt=timezone.localdate()).exists()
    return {
        "customer": customer,
        "owes": shown.money(max(owes, NOTHING)),
        "credit": shown.money(-owes) if owes < 0 else "",
        "overdue": overdue,
        "waits": shown.money(waits) if waits else "",
        "limit": "" if limit is None else shown.money(limit),
        "room": "" if room is None else shown.money(max(room, NOTHING)),
        "over": shown.money(-room) if room is not None and room < 0 else "",
        "may_pay": may(actor, "payments.write"),
        "may_see_statement": may(actor, "statements.read"),
        "credits": _credits(actor, customer),
        "pays": customer.get_payment_type_display(),
    }


def meters(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    actor = actor_of(request)
    may_write = may(actor, "meters.write")
    rows = list(meters_seen_by(actor).filter(customer=customer))
    found = chains(rows, timezone.localdate(), readings=READINGS)
    return {
        "customer": customer,
        "chains": [chain_shown(chain, may_write=may_write) for chain in found],
        "may_write": may_write,
        "may_install": may_write and customer.is_active,
    }


def invoices(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    """What is open, the oldest first, and the last that are settled."""
    actor = actor_of(request)
    due = list(_open(actor, customer).order_by("id")[: OPEN + 1])
    settled = invoices_seen_by(actor).filter(customer=customer).exclude(balance_due__gt=NOTHING).order_by("-id")
    return {
        "customer": customer,
        "open": [_document(row) for row in due[:OPEN]],
        "more": len(due) > OPEN,
        "settled": [_document(row) for row in settled[:SETTLED]],
    }


def sales(request: HttpRequest, customer: Customer) -> dict[str, Any]:
    rows = transactions_seen_by(actor_of(request)).filter(customer=customer).select_related("user", "customer")
    return {
        "customer": customer,
        "sales": [
            {
                "row": row,
                "address": reverse("admin:transactions_transaction_change", args=[row.pk]),
                "status": status_words(row),
                "paid": paid_words(row),
                "comes_to": shown.amount(comes_to(row)),
            }
            for row in rows.prefetch_related(ISSUED).order_by("-id")[:SALES]
        ],
    }


def settled_by(invoice: Invoice) -> list[dict[str, Any]]:
    """What has settled a document, or what it has settled: payments and credit notes, also what was taken back."""
    is_note = invoice.is_credit_note
    links = Allocation.objects.filter(**{"credit_note" if is_note else "invoice": invoice})
    return [
        {
            "payment": one.payment,
            "document": one.invoice if is_note else one.credit_note,
            "amount": shown.amount(one.amount),
            "at": one.created_at,
            "released_at": one.released_at,
        }
        for one in links.select_related("payment", "credit_note", "invoice").order_by("pk")
    ]


def _credits(actor: Actor, customer: Customer) -> list[dict[str, Any]]:
    """Money and credit notes not used yet, the oldest of each first: on their pages they are put to use."""
    notes = invoices_seen_by(actor).filter(customer=customer, balance_due__lt=NOTHING).order_by("id")
    money = payments_seen_by(actor).filter(customer=customer, unallocated__gt=NOTHING).order_by("id")
    found: list[tuple[Any, str, Any]] = [(one, "invoices_invoice", -one.balance_due) for one in notes[:CREDITS]]
    found += [(one, "payments_payment", one.unallocated) for one in money[:CREDITS]]
    return [
        {"name": str(one), "link": reverse(f"admin:{page}_change", args=[one.pk]), "amount": shown.money(amount)}
        for one, page, amount in found[:CREDITS]
    ]


def _open(actor: Actor, customer: Customer) -> Any:
    return invoices_seen_by(actor).filter(customer=customer, balance_due__gt=NOTHING)


def _document(row: Invoice) -> dict[str, Any]:
    return {
        "row": row,
        "state": state_of(row),
        "type": Invoice.Type(row.document_type).label,
        "issued": shown.day(row.issued_on),
        "due": shown.NOTHING if row.is_credit_note else shown.day(row.due_date),
        "total": shown.amount(row.sign * row.total_amount),
        "balance": shown.amount(row.balance_due),
    }
