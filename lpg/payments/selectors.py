"""Which payments somebody sees, and what a customer owes when everything is counted."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max, Prefetch, Q, QuerySet

from lpg import sql
from lpg.fields import MoneyField
from lpg.invoices.selectors import owed_by_documents
from lpg.payments.models import Allocation, Payment, ReceiptPdf
from lpg.roles import Actor, sees

LIVE: Any = Prefetch("allocations", Allocation.objects.filter(released_at=None).order_by("pk"), to_attr="live")


def payments_seen_by(actor: Actor) -> QuerySet[Payment]:
    """Supervisors: of their depots' customers. Drivers: those they took."""
    at_own = Q(customer__depot__in=actor.own_depot_ids)
    return Payment.objects.filter(sees(actor, "payments.read", depots=lambda: at_own, self_=Q(user=actor.pk)))


def with_allocations(rows: QuerySet[Payment]) -> QuerySet[Payment]:
    return rows.prefetch_related(LIVE)


def balance_of(customer_id: int) -> Decimal:
    """What the customer owes: open invoices, less credit notes and money not yet allocated."""
    left = "SELECT COALESCE(SUM(unallocated), 0) FROM payments_payment WHERE customer_id = %s AND unallocated > 0"
    credit = Decimal(sql.rows(left, [customer_id])[0][0]).scaleb(-MoneyField.decimal_places)
    return owed_by_documents(customer_id) - credit


def after_receipts(payment_id: int, now: datetime) -> datetime:
    """Now, or just after the last receipt of a locked payment: a clock elsewhere may be a little ahead of ours."""
    made_at = ReceiptPdf.objects.filter(payment=payment_id).aggregate(last=Max("made_at"))["last"]
    return max(now, made_at + timedelta(microseconds=1)) if made_at else now
