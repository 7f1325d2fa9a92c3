"""Which sales somebody sees."""

from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from lpg.invoices.models import Invoice
from lpg.invoices.selectors import with_lines
from lpg.roles import Actor, sees
from lpg.transactions.models import Transaction, TransactionItem

ITEMS: Any = Prefetch("items", TransactionItem.objects.order_by("pk"), to_attr="in_order")
DOCUMENTS = Invoice.objects.filter(is_correction=False)
ISSUED: Any = Prefetch("documents", DOCUMENTS, to_attr="issued")
ISSUED_WITH_LINES: Any = Prefetch("documents", with_lines(DOCUMENTS), to_attr="issued")


def transactions_seen_by(actor: Actor) -> QuerySet[Transaction]:
    """Supervisors: of their depots' customers. Drivers: their own."""
    at_own = Q(customer__depot__in=actor.own_depot_ids)
    seen = sees(actor, "transactions.read", depots=lambda: at_own, self_=Q(user=actor.pk))
    return Transaction.objects.filter(seen)


def with_items(rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """Each with its lines (`in_order`) and its document (`issued`), as lists show them."""
    return rows.prefetch_related(ITEMS, ISSUED)


def whole(rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """Each with its lines, its document and the document's lines."""
    return rows.prefetch_related(ITEMS, ISSUED_WITH_LINES)
