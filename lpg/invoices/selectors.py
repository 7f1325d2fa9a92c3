"""Which documents somebody sees, what is open, and what a customer owes by documents."""

from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from lpg import sql
from lpg.fields import MoneyField
from lpg.invoices.models import Invoice, InvoiceLine
from lpg.roles import Actor, sees

LINES: Any = Prefetch("lines", InvoiceLine.objects.order_by("pk"), to_attr="in_order")


def invoices_seen_by(actor: Actor) -> QuerySet[Invoice]:
    """Supervisors: of their depots' customers. Drivers: of their own sales."""
    at_own = Q(customer__depot__in=actor.own_depot_ids)
    return Invoice.objects.filter(sees(actor, "invoices.read", depots=lambda: at_own, self_=Q(user=actor.pk)))


def with_lines(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    return rows.select_related("correction").prefetch_related(LINES)


def open_invoices_of(customer_id: int) -> QuerySet[Invoice]:
    """What this customer has still to pay."""
    return Invoice.objects.filter(customer=customer_id, balance_due__gt=Decimal(0)).order_by("id")


def locked_documents(where: str, values: list[int]) -> list[Invoice]:
    """Documents, locked in the order of their ids."""
    return sql.entities(Invoice, f"WHERE {where} ORDER BY id{sql.locking()}", values)


def owed_by_documents(customer_id: int) -> Decimal:
    """Invoices still to be paid, less credit notes not yet used."""
    open_ones = "customer_id = %s AND (balance_due > 0 OR balance_due < 0)"
    found = sql.rows(f"SELECT COALESCE(SUM(balance_due), 0) FROM invoices_invoice WHERE {open_ones}", [customer_id])  # noqa: S608
    return Decimal(found[0][0]).scaleb(-MoneyField.decimal_places)
