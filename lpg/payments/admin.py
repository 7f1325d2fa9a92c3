"""Payments at the desk: recorded by a form, found, read with what they settled, used up, and reversed with a reason."""

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.validators import MinValueValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from lpg.accounts.selectors import users_seen_by
from lpg.customers.chosen import OfCustomer, choose_customer, customer_named
from lpg.customers.models import Customer
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.admin import actor_of, allowed, id_in
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.forms import PlainForm
from lpg.desk.once import Saved, saved
from lpg.desk.shown import display
from lpg.errors import NotAllowed
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import open_invoices_of
from lpg.invoices.words import state_of
from lpg.payments import services
from lpg.payments.models import Payment
from lpg.payments.selectors import balance_of, payments_seen_by
from lpg.roles import Actor, require_at

OPEN_SHOWN = 20
THIS, OLDEST = "this", "oldest"


def own_depots(actor: Actor) -> QuerySet[Depot]:
    return depots_with(actor, "payments.read")


class RecordPayment(PlainForm):
    amount = forms.DecimalField(
        label="Amount (S$)",
        max_digits=12,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"), "Write an amount above 0.")],
        widget=UnfoldAdminDecimalFieldWidget(attrs={"class": "desk-number", "step": "0.01", "inputmode": "decimal"}),
        help_text="What is kept; change is not counted.",
    )
    method = forms.ChoiceField(
        label="How it was paid", choices=[("", "Choose"), *Payment.Method.choices], widget=UnfoldAdminSelectWidget()
    )
    reference = forms.CharField(
        label="Reference",
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Such as the number of the cheque or of the bank transfer.",
    )


class RecordPaymentOf(RecordPayment):
    """The same, begun from one invoice."""

    settles = forms.ChoiceField(label="It settles", widget=UnfoldAdminSelectWidget())
    field_order = ("amount", "method", "settles", "reference")

    def __init__(self, invoice: Invoice, data: Any = None):
        super().__init__(data, initial={"amount": invoice.balance_due, "settles": THIS})
        offered: Any = self.fields["settles"]
        offered.choices = [
            (THIS, f"{invoice}, {shown.money(invoice.balance_due)} to be paid"),
            (OLDEST, "The oldest invoices first"),
        ]


class WhyReversed(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="It stands on the receipt and on the customer’s statement.",
    )


def takers(actor: Actor) -> QuerySet[Any]:
    """Who may have taken money: whoever is in sight."""
    return users_seen_by(actor).order_by("username")


class ReceivedDays(filters.Days):
    column = "received_at"


@admin.register(Payment)
class PaymentAdmin(DecidedAdmin):
    about = "payments"
    decides = "payments.reverse"
    empty = "Money that customers hand over stands here, each with its receipt. Drivers record it with the sale."
    adds = "Record payment"
    page_template = "desk/payment.html"
    paginator = InfinitePaginator  # it only grows
    list_display = (
        "payment_number",
        "customer",
        "shown_method",
        "shown_who",
        "shown_time",
        "shown_amount",
        "shown_left",
    )
    list_filter = (
        filters.pick("method", "method", Payment.Method.choices, all_words="All ways to pay"),
        filters.seen("depot", "depot", own_depots, all_words="All depots", column="customer__depot"),
        filters.seen("person", "user", takers, all_words="Taken by anybody"),
        OfCustomer,
        ReceivedDays,
    )
    search_fields = ("payment_number",)
    search_help_text = "Start of number"
    ordering = ("-id",)
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "use": Decision(
            "Use credit",
            "What is left of it settles this customer’s open invoices, the oldest first.",
            "What was left of {} is used.",
            lambda actor, id, values, now: services.allocate(actor=actor, payment_id=id, now=now),
        ),
        "reverse": Decision(
            "Reverse payment",
            "Such as a cheque that came back, or a number mistyped. It counts no more, for good:",
            "{} is reversed.",
            lambda actor, id, values, now: services.reverse(
                actor=actor, payment_id=id, reason=values["reason"], now=now
            ),
            style="desk-danger",
            form=WhyReversed,
        ),
    }

    @display(description="Paid by")
    def shown_method(self, row: Payment) -> str:
        return str(Payment.Method(row.method).label)

    @display(description="Taken by")
    def shown_who(self, row: Payment) -> str:
        return str(row.user)

    @display(description="Received")
    def shown_time(self, row: Payment) -> str:
        return shown.moment(row.received_at)

    @display(description="Amount (S$)", formatting="price")
    def shown_amount(self, row: Payment) -> str:
        return shown.amount(row.amount)

    @display(description="Left as credit (S$)", formatting="price")
    def shown_left(self, row: Payment) -> str:
        return "Reversed" if row.reversed_at else shown.amount(row.unallocated)

    def rows(self, actor: Actor) -> QuerySet[Payment]:
        return payments_seen_by(actor).select_related("customer", "user", "transaction")

    def open_decisions(self, actor: Actor, entry: Payment) -> list[str]:
        """Credit may be used as long as something is open; money of a sale that waits goes with the sale."""
        try:
            require_at(actor, self.decides, entry.depot_id)
        except NotAllowed:
            return []
        if entry.reversed_at:
            return []
        usable = entry.unallocated and not _waits(entry) and open_invoices_of(entry.customer_id).exists()
        return ["use", "reverse"] if usable else ["reverse"]

    def facts(self, actor: Actor, entry: Payment) -> dict[str, Any]:
        settled = list(entry.allocations.select_related("invoice").order_by("pk"))
        return {
            "goes": _goes(entry, [one for one in settled if not one.released_at]),
            "amount": shown.money(entry.amount),
            "left": shown.money(entry.unallocated) if entry.unallocated else "",
            "waits": _waits(entry),
            "settled": [
                {
                    "invoice": one.invoice,
                    "state": state_of(one.invoice),
                    "total": shown.amount(one.invoice.total_amount),
                    "amount": shown.amount(one.amount),
                    "at": one.created_at,
                    "released_at": one.released_at,
                }
                for one in settled
            ],
        }

    def history_of(self, obj: Any) -> Q:
        return Q(entity_type=Payment.__name__, entity_id=obj.pk)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return allowed(request, "payments.write")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Record money that a customer handed over; it settles the oldest invoices first."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        customer = customer_named(request)
        if customer is None:
            note = "Find the customer first; then what they owe is shown beside the amount."
            return choose_customer(self, request, "Record payment", note=note)
        data = request.POST if request.method == "POST" else None
        invoice = _invoice_named(request, customer)
        form = RecordPaymentOf(invoice, data) if invoice else RecordPayment(data)

        def done() -> Saved:
            values = form.cleaned_data
            made = services.record(
                actor=actor_of(request),
                customer_id=customer.pk,
                money=services.Money(values["method"], values["amount"], values["reference"]),
                invoice_ids=[invoice.pk] if invoice and values["settles"] == THIS else None,
                now=timezone.now(),
            )
            first = str(invoice) if invoice and values["settles"] == THIS else ""
            return Saved(reverse("admin:payments_payment_change", args=[made.pk]), f"{made}: {_told(made, first)}")

        context = {"form": form, **_owing(customer)}
        return saved(request, form, done) or self.page(request, "desk/record_payment.html", "Record payment", **context)


def _waits(payment: Payment) -> bool:
    """Whether it came with a sale that waits for approval."""
    return bool(payment.transaction and payment.transaction.status == "PENDING")


def _goes(payment: Payment, live: list[Any]) -> list[str]:
    """What a reversal takes back."""
    open_again = [f"{one.invoice}: {shown.money(one.amount)} of it is to be paid again." for one in live]
    left = [f"{shown.money(payment.unallocated)} of credit goes."] if payment.unallocated else []
    return [*open_again, *left, f"Its receipt says that it was reversed; {payment} keeps its number."]


def _invoice_named(request: HttpRequest, customer: Customer) -> Invoice | None:
    """The open invoice that this payment is begun from. One that is paid by now is no longer offered."""
    asked = id_in(request.GET.get("invoice", ""))
    return None if asked is None else open_invoices_of(customer.pk).filter(pk=asked).first()


def _told(made: Payment, first: str = "") -> str:
    taken = f"{shown.money(made.amount)} received."
    if made.unallocated == made.amount:
        return f"{taken} Nothing was open, so it stays as credit."
    left = f" {shown.money(made.unallocated)} stays as credit." if made.unallocated else ""
    return f"{taken} It settles {first or 'the oldest invoices first'}.{left}"


def _owing(customer: Customer) -> dict[str, Any]:
    """What the customer has to pay, the oldest first, as the payment will settle it."""
    balance, rows = balance_of(customer.pk), list(open_invoices_of(customer.pk)[: OPEN_SHOWN + 1])
    return {
        "customer": customer,
        "owes": shown.money(balance) if balance > 0 else "",
        "credit": shown.money(-balance) if balance < 0 else "",
        "open": [
            {
                "invoice": one,
                "state": state_of(one),
                "due": shown.day(one.due_date),
                "balance": shown.amount(one.balance_due),
            }
            for one in rows[:OPEN_SHOWN]
        ],
        "more": len(rows) > OPEN_SHOWN,
        "back": reverse("admin:customers_customer_change", args=[customer.pk]),
    }
