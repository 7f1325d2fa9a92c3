"""Documents at the desk: found, and read as they were issued. Nothing is changed here; corrections are credit notes."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.paginator import InfinitePaginator

from lpg.customers.chosen import OfCustomer
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.decided import ReadAdmin
from lpg.desk.shown import display
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by
from lpg.invoices.words import LABELS, state_of
from lpg.roles import Actor

NOTE = Invoice.Type.CREDIT_NOTE


def own_depots(actor: Actor) -> QuerySet[Depot]:
    return depots_with(actor, "invoices.read")


class State(filters.Pick):
    title = "state"
    parameter_name = "state"
    all_words = "Invoices and credit notes"

    def options(self, request: HttpRequest) -> filters.Options:
        return [
            ("open", "To be paid"),
            ("overdue", "Overdue"),
            ("paid", "Paid"),
            ("credited", "Taken back"),
            ("notes", "Credit notes"),
            ("credit", "Credit left"),
        ]

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(self._condition(value))

    def _condition(self, value: str) -> Q:
        still_due = Q(balance_due__gt=0)
        return {
            "open": still_due,
            "overdue": still_due & Q(due_date__lt=timezone.localdate()),
            "paid": Q(balance_due=0, credited_at=None) & ~Q(document_type=NOTE),
            "credited": Q(credited_at__isnull=False),
            "notes": Q(document_type=NOTE),
            "credit": Q(balance_due__lt=0),
        }[value]


class IssuedDays(filters.Days):
    column = "issued_on"


@admin.register(Invoice)
class InvoiceAdmin(ReadAdmin):
    about = "invoices"
    empty = "Every sale that goes ahead leaves its invoice here. A sale that is taken back leaves a credit note too."
    page_template = "desk/invoice.html"
    paginator = InfinitePaginator  # it only grows
    list_display = (
        "invoice_number",
        "customer",
        "shown_issued",
        "shown_due",
        "shown_state",
        "shown_total",
        "shown_balance",
    )
    list_filter = (
        State,
        filters.seen("depot", "depot", own_depots, all_words="All depots", column="customer__depot"),
        OfCustomer,
        IssuedDays,
    )
    search_fields = ("invoice_number",)
    search_help_text = "Start of number"
    ordering = ("-id",)
    sortable_by = ()

    @display(description="State", label=LABELS)
    def shown_state(self, row: Invoice) -> tuple[str, str]:
        state = state_of(row)
        return state.key, state.words

    @display(description="Issued")
    def shown_issued(self, row: Invoice) -> str:
        return shown.day(row.issued_on)

    @display(description="Due")
    def shown_due(self, row: Invoice) -> str:
        return shown.NOTHING if row.is_credit_note else shown.day(row.due_date)

    @display(description="Total (S$)", formatting="price")
    def shown_total(self, row: Invoice) -> str:
        return shown.amount(row.sign * row.total_amount)

    @display(description="Still due (S$)", formatting="price")
    def shown_balance(self, row: Invoice) -> str:
        return shown.amount(row.balance_due)

    def rows(self, actor: Actor) -> QuerySet[Invoice]:
        return invoices_seen_by(actor).select_related("customer", "corrects", "transaction")

    def history_of(self, obj: Any) -> Q:
        """Of the document and, where there is one, of the credit note that took it back."""
        notes = [obj.corrected_by.pk] if obj.corrected_by else []
        return Q(entity_type=Invoice.__name__, entity_id__in=[obj.pk, *notes])

    def facts(self, actor: Actor, entry: Invoice) -> dict[str, Any]:
        return {
            "type": Invoice.Type(entry.document_type).label,
            "state": state_of(entry),
            "taxed": bool(entry.gst_rate),
            "gst": format(entry.gst_rate.normalize(), "f"),
            "lines": [
                {
                    "what": line.description,
                    "quantity": f"{line.quantity.normalize():,f}",
                    "rate": shown.plain_rate(line.rate),
                    "net": shown.amount(line.net_amount),
                    "amount": shown.amount(line.amount),
                }
                for line in entry.lines.order_by("pk")
            ],
            "subtotal": shown.amount(entry.subtotal),
            "tax": shown.amount(entry.tax_amount),
            "total": shown.money(entry.total_amount),
            "balance": shown.money(abs(entry.balance_due)),
            "due_at_issue": shown.money(entry.due_at_issue),
            "meter": _meter(entry.summary.get("meter")),
            "returned": entry.summary.get("returned", []),
            "held": entry.summary.get("held", []),
        }


def _meter(frozen: dict[str, str] | None) -> dict[str, str] | None:
    """The meter block as the document froze it."""
    if frozen is None:
        return None
    numbers = {name: Decimal(frozen[name]) for name in ("previous", "current", "usage", "rate", "amount")}
    return {
        "serial_no": frozen["serial_no"],
        "previous": shown.reading(numbers["previous"]),
        "current": shown.reading(numbers["current"]),
        "usage": shown.reading(numbers["usage"]),
        "rate": shown.plain_rate(numbers["rate"]),
        "amount": shown.amount(numbers["amount"]),
    }
