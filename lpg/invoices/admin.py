"""Documents at the desk: found, read as they were issued, emailed and printed; and the emails, tried again.

Nothing is changed on a document; corrections are credit notes.
"""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminTextInputWidget

from lpg.customers.chosen import OfCustomer
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.admin import actor_of
from lpg.desk.decided import ReadAdmin
from lpg.desk.forms import PlainForm
from lpg.desk.shown import display
from lpg.invoices import deliveries
from lpg.invoices.models import Delivery, Invoice
from lpg.invoices.selectors import deliveries_seen_by, invoices_seen_by
from lpg.invoices.words import EMAIL_LABELS, LABELS, email_state_of, state_of
from lpg.roles import Actor

NOTE = Invoice.Type.CREDIT_NOTE
FAILED = Delivery.State.FAILED


class EmailDocument(PlainForm):
    to = forms.EmailField(
        label="To",
        max_length=254,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "email", "autocomplete": "off", "inputmode": "email"}),
        help_text="The customer’s own address, or another one for this time.",
    )


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
        """Of the document, its emails and, where there is one, of the credit note that took it back."""
        notes = [obj.corrected_by.pk] if obj.corrected_by else []
        emails = list(Delivery.objects.filter(invoice=obj.pk).values_list("pk", flat=True))
        told = Q(entity_type=Invoice.__name__, entity_id__in=[obj.pk, *notes])
        return told | Q(entity_type=Delivery.__name__, entity_id__in=emails)

    def get_urls(self) -> list[Any]:
        return [
            self.own_path("<path:object_id>/email/", self.email, "email"),
            self.own_path("<path:object_id>/printed/", self.printed, "printed"),
            *super().get_urls(),
        ]

    def email(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let it go to an address; a worker sends it."""
        invoice = self.found(request, object_id)
        to = {"to": invoice.customer.email}
        form = EmailDocument(request.POST if request.method == "POST" else None, initial=to)
        title = f"Email {_kind(invoice)} {invoice}"

        def effect() -> Invoice:
            address = form.cleaned_data["to"]
            return deliveries.email(actor=actor_of(request), invoice_id=invoice.pk, to=address, now=timezone.now())

        return self.small_form(request, form, effect, obj=invoice, title=title, button=f"Email {_kind(invoice)}")

    def printed(self, request: HttpRequest, object_id: str) -> HttpResponse:
        invoice = self.found(request, object_id)
        back = reverse("admin:invoices_invoice_change", args=[invoice.pk])
        if request.method != "POST":
            return HttpResponseRedirect(back)

        def effect() -> Invoice:
            return deliveries.mark_printed(actor=actor_of(request), invoice_id=invoice.pk, now=timezone.now())

        return self.button(request, effect, back=back, words=f"{invoice} is marked as printed.")

    def facts(self, actor: Actor, entry: Invoice) -> dict[str, Any]:
        email = EmailDocument(initial={"to": entry.customer.email}, auto_id="email-%s")
        return {
            "kind": _kind(entry),
            "email": email,
            "emails": [
                {"row": one, "state": email_state_of(one), "why": why_failed(one)}
                for one in entry.deliveries.select_related("user").order_by("-pk")
            ],
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


class EmailState(filters.Pick):
    title = "state"
    parameter_name = "state"
    all_words = "Sent, waiting and failed"

    def options(self, request: HttpRequest) -> filters.Options:
        return [("failed", "Failed"), ("waiting", "On their way"), ("sent", "Sent")]

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        waiting = [Delivery.State.QUEUED, Delivery.State.SENDING]
        return rows.filter(state__in=waiting) if value == "waiting" else rows.filter(state=value)


@admin.register(Delivery)
class DeliveryAdmin(ReadAdmin):
    about = "invoices"
    empty = "Documents on their way to customers’ mailboxes stand here: when each arrived, or why it did not."
    page_template = "desk/email.html"
    list_before_template = "desk/again.html"
    paginator = InfinitePaginator  # it only grows
    list_display = ("shown_invoice", "customer", "shown_state", "again", "shown_why", "shown_to", "shown_asked")
    list_filter = (
        EmailState,
        filters.seen("depot", "depot", own_depots, all_words="All depots", column="invoice__customer__depot"),
    )
    search_fields = ("invoice__invoice_number",)
    search_help_text = "Start of the document’s number"
    ordering = ("-id",)
    sortable_by = ()

    @display(description="Document")
    def shown_invoice(self, row: Delivery) -> str:
        return row.invoice.invoice_number

    @display(description="Customer")
    def customer(self, row: Delivery) -> str:
        return str(row.invoice.customer)

    @display(description="To")
    def shown_to(self, row: Delivery) -> str:
        return row.to or shown.NOTHING

    @display(description="State", label=EMAIL_LABELS)
    def shown_state(self, row: Delivery) -> tuple[str, str]:
        state = email_state_of(row)
        return state.key, state.words

    @display(description="Why")
    def shown_why(self, row: Delivery) -> str:
        return why_failed(row)

    @display(description="Asked for")
    def shown_asked(self, row: Delivery) -> str:
        return shown.moment(row.created_at)

    @display(description="")
    def again(self, row: Delivery) -> str:
        """A button of the form above the list."""
        if row.state != FAILED:
            return ""
        if not row.to:  # nothing to try: it needs an address first
            there = reverse("admin:invoices_invoice_email", args=[row.invoice_id])
            return format_html('<a class="desk-button" href="{}">Email to an address</a>', there)
        there = reverse("admin:invoices_delivery_again", args=[row.pk])
        button = '<button class="desk-button" form="again" formaction="{}" aria-label="Try again {}">Try again</button>'
        return format_html(button, there, row.invoice)

    def rows(self, actor: Actor) -> QuerySet[Delivery]:
        return deliveries_seen_by(actor).select_related("invoice__customer", "user")

    def facts(self, actor: Actor, entry: Delivery) -> dict[str, Any]:
        return {"state": email_state_of(entry), "why": why_failed(entry), "may_try": entry.state == FAILED and entry.to}

    def get_urls(self) -> list[Any]:
        return [self.own_path("<path:object_id>/again/", self.try_again, "again"), *super().get_urls()]

    def try_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Try a failed email for another day; then back to where the button stood."""
        delivery = self.found(request, object_id)
        backs = {
            "list": f"{reverse('admin:invoices_delivery_changelist')}?state=failed",
            "invoice": reverse("admin:invoices_invoice_change", args=[delivery.invoice_id]),
        }
        back = backs.get(request.POST.get("back", ""), reverse("admin:invoices_delivery_change", args=[delivery.pk]))
        if request.method != "POST":
            return HttpResponseRedirect(back)

        def effect() -> Invoice:
            return deliveries.retry(
                actor=actor_of(request),
                invoice_id=delivery.invoice_id,
                delivery_id=delivery.pk,
                now=timezone.now(),
            )

        words = f"{delivery.invoice} is on its way to {delivery.to} again."
        return self.button(request, effect, back=back, words=words)


def why_failed(delivery: Delivery) -> str:
    """What the last try met with; nothing once it has arrived."""
    if delivery.last_error == deliveries.NO_ADDRESS:
        return "The customer has no email address."
    return delivery.last_error


def _kind(invoice: Invoice) -> str:
    return "credit note" if invoice.is_credit_note else "invoice"


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
