"""Sales at the desk: found, read with all they did, approved when they wait, and voided with a reason."""

from collections import defaultdict
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from unfold.paginator import InfinitePaginator

from lpg.customers.chosen import OfCustomer
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.shown import display
from lpg.errors import NotAllowed
from lpg.invoices.models import Invoice
from lpg.invoices.words import state_of
from lpg.meters.models import MeterReading
from lpg.payments.models import Allocation, Payment
from lpg.roles import Actor, require_at
from lpg.transactions import services
from lpg.transactions.forms import APPROVALS, WhyVoided
from lpg.transactions.holds import why
from lpg.transactions.models import Transaction
from lpg.transactions.selectors import ISSUED, transactions_seen_by
from lpg.transactions.words import (
    comes_to,
    line_shown,
    meter_shown,
    paid_words,
    seller,
    status_words,
    what_goes,
    why_shown,
)


def own_depots(actor: Actor) -> QuerySet[Depot]:
    return depots_with(actor, "transactions.read")


class HappenedDays(filters.Days):
    column = "occurred_at"


@admin.register(Transaction)
class TransactionAdmin(DecidedAdmin):
    about = "transactions"
    decides = "transactions.decide"
    empty = (
        "Drivers record sales on the phone: what was delivered, what came back, what the meter shows, what was paid."
    )
    page_template = "desk/sale.html"
    paginator = InfinitePaginator  # it only grows
    list_display = (
        "transaction_number",
        "customer",
        "shown_who",
        "shown_time",
        "shown_status",
        "shown_payment",
        "shown_total",
    )
    list_filter = (
        filters.pick("status", "status", Transaction.Status.choices, all_words="Waiting and decided"),
        filters.seen("depot", "depot", own_depots, all_words="All depots", column="customer__depot"),
        OfCustomer,
        HappenedDays,
    )
    search_fields = ("transaction_number",)
    search_help_text = "Start of number"
    ordering = ("-id",)
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "approve": Decision(
            "Approve sale",
            "It goes ahead at the rates on its lines, and its invoice is issued now. The stock has moved already.",
            "{} is approved, and its invoice is issued.",
            lambda actor, id, values, now: services.approve(actor=actor, transaction_id=id, now=now),
        ),
        "void": Decision(
            "Void sale",
            "The sale is taken back whole, for good:",
            "{} is voided.",
            lambda actor, id, values, now: services.void(
                actor=actor, transaction_id=id, reason=values["reason"], now=now
            ),
            style="desk-danger",
            form=WhyVoided,
        ),
    }

    @display(description="Sold by")
    def shown_who(self, row: Transaction) -> str:
        return str(row.user)

    @display(description="Status", label={"PENDING": "warning", "CONFIRMED": "success", "VOIDED": "default"})
    def shown_status(self, row: Transaction) -> tuple[str, str]:
        return row.status, status_words(row)

    @display(description="When")
    def shown_time(self, row: Transaction) -> str:
        return shown.moment(row.occurred_at)

    @display(
        description="Payment", label={"PAID": "success", "PARTIAL": "warning", "UNPAID": "warning", "none": "default"}
    )
    def shown_payment(self, row: Transaction) -> tuple[str, str]:
        return paid_words(row)

    @display(description="Comes to (S$)", formatting="price")
    def shown_total(self, row: Transaction) -> str:
        return shown.amount(comes_to(row))

    def rows(self, actor: Actor) -> QuerySet[Transaction]:
        rows = transactions_seen_by(actor).select_related("customer__depot", "user", "vehicle", "from_depot", "meter")
        return rows.prefetch_related(ISSUED)

    def open_decisions(self, actor: Actor, entry: Transaction) -> list[str]:
        if entry.status == Transaction.Status.VOIDED:
            return []
        try:
            require_at(actor, self.decides, entry.depot_id)
        except NotAllowed:
            return []
        return list(self.decisions) if entry.status == Transaction.Status.PENDING else ["void"]

    def then(self, request: HttpRequest) -> str:
        return reverse("admin:approvals") if request.POST.get("then") == APPROVALS else super().then(request)

    def history_of(self, obj: Any) -> Q:
        """Of the sale, of its documents, of what was paid with it, and of what it billed on the meter."""
        told = super().history_of(obj)
        kinds: list[Any] = [Invoice, Payment, MeterReading]
        for kind in kinds:
            ids = list(kind.objects.filter(transaction=obj.pk).values_list("pk", flat=True))
            told |= Q(entity_type=kind.__name__, entity_id__in=ids)
        return told

    def facts(self, actor: Actor, entry: Transaction) -> dict[str, Any]:
        waits = entry.status == Transaction.Status.PENDING
        entry.in_order = list(entry.items.select_related("equipment").order_by("pk"))
        return {
            "customer": entry.customer,
            "seller": seller(entry),
            "paid": paid_words(entry),
            "comes_to": shown.money(comes_to(entry)),
            "lines": [line_shown(line) for line in entry.in_order],
            "meter": meter_shown(entry),
            "waits": waits,
            "holds": [str(Transaction.Hold(hold).label) for hold in entry.holds],
            "why": why_shown(why([entry])[entry.pk]) if waits else None,
            "documents": _documents(entry),
            "payments": _payments(entry),
            "goes": what_goes(entry),
        }


def _documents(sale: Transaction) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "type": Invoice.Type(row.document_type).label,
            "state": state_of(row),
            "total": shown.amount(row.sign * row.total_amount),
            "balance": shown.amount(row.balance_due),
        }
        for row in Invoice.objects.filter(transaction=sale).order_by("pk")
    ]


def _payments(sale: Transaction) -> list[dict[str, Any]]:
    """What was paid with the sale, and what has settled its document since."""
    allocated = Allocation.objects.filter(invoice__transaction=sale, released_at=None, payment__isnull=False)
    used: dict[int | None, Decimal] = defaultdict(Decimal)
    for payment_id, amount in allocated.values_list("payment", "amount"):
        used[payment_id] += amount
    return [
        {
            "row": row,
            "method": Payment.Method(row.method).label,
            "amount": shown.amount(row.amount),
            "used": shown.amount(used.get(row.pk)),
        }
        for row in Payment.objects.filter(Q(transaction=sale) | Q(pk__in=list(used))).order_by("pk")
    ]
