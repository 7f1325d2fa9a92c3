"""Receipts: drawn when somebody first asks for one, then kept as it is. A payment reversed later gets another.

Like the PDFs of documents, called outside of any transaction.
"""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import cast

from django.conf import settings
from django.db.models import Q

from lpg import sql, work
from lpg.paper.facts import Buyer, Receipt, Seller
from lpg.paper.keeping import Paper, add_version, content_of, drawn_and_stored, latest
from lpg.paper.render import Rendered, render
from lpg.paper.turns import turn
from lpg.payments.models import Allocation, Payment, ReceiptPdf

NAMES = ("customer_code", "name", "address", "postal_code", "uen", "email", "phone")


def ensure(payment_id: int, *, now: datetime) -> Paper[ReceiptPdf]:
    """The receipt of a payment, drawn if it is not there yet, is lost, or the payment was reversed since.

    Raises CannotBeMade, and Busy when too many are being made in this process.
    """
    while True:
        payment = Payment.objects.select_related("customer").get(pk=payment_id)
        pdf = latest_of(payment)
        content = content_of(pdf)
        if pdf is not None and content is not None:
            return Paper(pdf, content)
        at = pdf.made_at if pdf else max(now, payment.created_at, payment.reversed_at or now)
        with turn():
            made = drawn_and_stored(partial(_drawn, payment, at))
        kept = work.run(partial(_kept, payment, pdf, made, at))
        if kept is not None:
            return Paper(kept, made.content)


def latest_of(payment: Payment) -> ReceiptPdf | None:
    """The version in force; none when the payment was reversed since, for it says nothing of that."""
    pdf = latest(ReceiptPdf.objects.filter(payment=payment.pk))
    outdated = pdf is not None and payment.reversed_at is not None and pdf.made_at < payment.reversed_at
    return None if outdated else pdf


def facts_of(payment: Payment, at: datetime) -> Receipt:
    """What stands on the receipt, as it was at one moment: a lost one comes out again as it was."""
    lived = Q(created_at__lte=at) & (Q(released_at=None) | Q(released_at__gt=at))
    rows = Allocation.objects.filter(lived, payment=payment.pk).select_related("invoice").order_by("pk")
    allocations = [(row.invoice.invoice_number, row.amount) for row in rows]
    is_reversed = payment.reversed_at is not None and payment.reversed_at <= at
    left = payment.amount - sum((amount for _, amount in allocations), Decimal("0.00"))
    return Receipt(
        number=payment.payment_number,
        received_at=payment.received_at,
        seller=cast(Seller, dict(settings.COMPANY)),
        buyer=cast(Buyer, {name: getattr(payment.customer, name) for name in NAMES}),
        amount=payment.amount,
        method=payment.get_method_display(),
        reference=payment.reference,
        allocations=allocations,
        unallocated=Decimal("0.00") if is_reversed else left,
        reversed_at=payment.reversed_at if is_reversed else None,
        reverse_reason=payment.reverse_reason if is_reversed else "",
    )


def _drawn(payment: Payment, at: datetime) -> Rendered:
    return render("receipt", facts_of(payment, at))


def _kept(payment: Payment, seen: ReceiptPdf | None, made: Rendered, at: datetime) -> ReceiptPdf | None:
    """Its row, with the payment locked; none when somebody reversed the payment or made a receipt meanwhile.

    It is made `at` the moment of which it tells.
    """
    locked = sql.entities(Payment, f"WHERE id = %s{sql.locking()}", [payment.pk])[0]
    if locked.reversed_at != payment.reversed_at or latest_of(locked) != seen:
        return None
    before = latest(ReceiptPdf.objects.filter(payment=payment.pk))
    return add_version(ReceiptPdf, {"payment": payment}, before, made, at)
