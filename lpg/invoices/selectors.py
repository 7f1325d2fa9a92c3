"""Which documents somebody sees, what is open, and what a customer owes by documents."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from lpg import sql
from lpg.fields import MoneyField
from lpg.invoices.models import Delivery, Invoice, InvoiceLine
from lpg.roles import Actor, sees

LINES: Any = Prefetch("lines", InvoiceLine.objects.order_by("pk"), to_attr="in_order")
POSTED: Any = Prefetch("deliveries", Delivery.objects.order_by("pk"), to_attr="posted")


def invoices_seen_by(actor: Actor) -> QuerySet[Invoice]:
    """Supervisors: of their depots' customers. Drivers: of their own sales."""
    at_own = Q(customer__depot__in=actor.own_depot_ids)
    return Invoice.objects.filter(sees(actor, "invoices.read", depots=lambda: at_own, self_=Q(user=actor.pk)))


def with_lines(rows: QuerySet[Invoice]) -> QuerySet[Invoice]:
    """Each with its lines (`in_order`) and its deliveries (`posted`)."""
    return rows.select_related("correction").prefetch_related(LINES, POSTED)


def deliveries_of(invoice_id: int) -> list[Delivery]:
    """Of one document, the first first."""
    return sql.entities(Delivery, "WHERE invoice_id = %s ORDER BY id", [invoice_id])


def deliveries_seen_by(actor: Actor) -> QuerySet[Delivery]:
    """Those of the documents one sees."""
    at_own = Q(invoice__customer__depot__in=actor.own_depot_ids)
    seen = sees(actor, "invoices.read", depots=lambda: at_own, self_=Q(invoice__user=actor.pk))
    return Delivery.objects.filter(seen)


def deliveries_due(now: datetime) -> QuerySet[Delivery]:
    """The longest due first."""
    return Delivery.objects.filter(next_try_at__lte=now).order_by("next_try_at", "pk")


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
