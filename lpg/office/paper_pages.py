"""Papers at the desk: PDFs of documents, receipts and statements for this browser, e-invoices, and the statement page.

A PDF is the same that the API gives. It may be shown inside a page of ours, and nowhere else.
"""

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin

from lpg.api.paper import PDF, Known, a_pdf
from lpg.clock import Days
from lpg.customers.models import Customer
from lpg.customers.selectors import customers_seen_by
from lpg.desk import shown
from lpg.desk.admin import actor_of, only_with
from lpg.desk.forms import PlainForm
from lpg.desk.once import Saved, saved
from lpg.errors import Refused
from lpg.invoices import pdfs
from lpg.invoices.selectors import invoices_seen_by, with_lines
from lpg.invoices.ubl import e_invoice
from lpg.office.report_pages import asked_days
from lpg.paper.keeping import attempted
from lpg.paper.render import render
from lpg.paper.turns import turn
from lpg.payments import receipts, services
from lpg.payments.selectors import balance_of, payments_seen_by
from lpg.payments.statements import Closing, Entry, Moved, Standing, Statement, TooLong, on_paper, statement_of

MOST_SHOWN = 500
LAST_DAYS = (30, 90, 365)
PAGES = {  # which page tells of an entry
    "invoice": "invoices_invoice",
    "credit_note": "invoices_invoice",
    "payment": "payments_payment",
    "reversal": "payments_payment",
    "transaction": "transactions_transaction",
    "distribution": "distribution_distribution",
    "meter": "meters_meter",
    "count": "inventory_count",
}


def urls(site: AdminSite) -> list[URLPattern]:
    """The addresses under `papers/`, which may be shown in a frame, and those of pages about them."""
    pages = Pages(site)
    return [
        path("papers/<int:id>.pdf", only_with(site, "invoices.read", invoice_pdf), name="invoice_pdf"),
        path("papers/receipt-<int:id>.pdf", only_with(site, "payments.read", receipt_pdf), name="receipt_pdf"),
        path("papers/statement-<int:id>.pdf", only_with(site, "statements.read", statement_pdf), name="statement_pdf"),
        path("e-invoices/<int:id>.xml", only_with(site, "invoices.read", pages.e_invoice), name="e_invoice"),
        path("statements/<int:id>/", only_with(site, "statements.read", pages.statement), name="statement"),
        path("credit/<int:id>/use/", only_with(site, "payments.write", pages.use_credit), name="use_credit"),
    ]


def in_a_frame(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A PDF for a frame of our own; in its place, when there is none just now, why."""

    def framed(request: HttpRequest, **named: Any) -> HttpResponse:
        try:
            return view(request, **named)
        except Refused as refused:
            headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
            return HttpResponse(refused.detail, "text/plain; charset=utf-8", refused.status, headers=headers)

    return xframe_options_sameorigin(framed)


@in_a_frame
def invoice_pdf(request: HttpRequest, id: int) -> HttpResponse:
    invoice = invoices_seen_by(actor_of(request)).filter(pk=id).first()
    if invoice is None:
        raise Http404
    known = pdfs.latest_of(invoice.pk)

    def fetch() -> tuple[str, bytes]:
        paper = pdfs.at_once(invoice.pk)
        return paper.pdf.content_hash, paper.content

    return a_pdf(request, invoice.invoice_number, Known(known.content_hash, known.size) if known else None, fetch)


@in_a_frame
def receipt_pdf(request: HttpRequest, id: int) -> HttpResponse:
    payment = payments_seen_by(actor_of(request)).filter(pk=id).first()
    if payment is None:
        raise Http404
    known = receipts.latest_of(payment)

    def fetch() -> tuple[str, bytes]:
        paper = receipts.ensure(payment.pk, now=timezone.now())
        return paper.pdf.content_hash, paper.content

    return a_pdf(request, payment.payment_number, Known(known.content_hash, known.size) if known else None, fetch)


@in_a_frame
def statement_pdf(request: HttpRequest, id: int) -> HttpResponse:
    customer = _customer(request, id)
    days, wrong = asked_days(request)
    if days is None:
        return HttpResponse(wrong, "text/plain; charset=utf-8", 400)
    facts = on_paper(customer, days)
    with turn():
        content = attempted(lambda: render("statement", facts)).content
    name = f"statement-{customer.customer_code}-{days.since}-{days.until}"
    quoted = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in name)
    headers = {"Content-Disposition": f'inline; filename="{quoted}.pdf"', "Cache-Control": "private, no-cache"}
    return HttpResponse(content, content_type=PDF, headers=headers)


class Pages:
    """The views, as pages of this site."""

    def __init__(self, site: AdminSite):
        self.site = site

    def e_invoice(self, request: HttpRequest, id: int) -> HttpResponse:
        """The e-invoice as a file, or what the records lack for one."""
        seen = with_lines(invoices_seen_by(actor_of(request))).select_related("corrects")
        invoice = seen.filter(pk=id).first()
        if invoice is None:
            raise Http404
        back = reverse("admin:invoices_invoice_change", args=[invoice.pk])
        try:
            content = e_invoice(invoice)
        except Refused as refused:
            context = {"refused": refused, "back": back, "invoice": invoice}
            return self._page(request, "desk/no_e_invoice.html", f"E-invoice {invoice}", **context)
        headers = {"Content-Disposition": f'attachment; filename="{invoice.invoice_number}.xml"'}
        return HttpResponse(content, content_type="application/xml", headers=headers)

    def statement(self, request: HttpRequest, id: int) -> HttpResponse:
        customer = _customer(request, id)
        days, wrong = asked_days(request)
        today = timezone.localdate()
        context: dict[str, Any] = {"customer": customer, "wrong": wrong, "days": days or Days(today, today)}
        context["periods"] = _periods(days)
        if days is not None:
            with closing(statement_of(customer, days)) as parts:
                try:
                    context |= _told(parts)
                except TooLong as long:
                    context |= {"wrong": long.detail, "is_long": True}
            context["pdf"] = _address("statement_pdf", customer, days)
        return self._page(request, "office/statement.html", f"Statement, {customer}", **context)

    def use_credit(self, request: HttpRequest, id: int) -> HttpResponse:
        """What is left of a credit note settles the customer's open invoices, the oldest first."""
        note = invoices_seen_by(actor_of(request)).filter(pk=id).select_related("customer").first()
        if note is None or not note.is_credit_note:
            raise Http404
        back = reverse("admin:invoices_invoice_change", args=[note.pk])
        form = PlainForm(request.POST if request.method == "POST" else None)

        def effect() -> Saved:
            before = note.balance_due
            used = services.allocate_credit(actor=actor_of(request), invoice_id=note.pk, now=timezone.now())
            amount = used.balance_due - before
            words = f"{shown.money(amount)} of it is used for the oldest open invoices."
            return Saved(back, words if amount else "Nothing is open that it could be used for; it stays as credit.")

        owes = shown.money(max(balance_of(note.customer_id) - note.balance_due, type(note.balance_due)(0)))
        words = f"{note} has {shown.money(-note.balance_due)} left; without it, {note.customer} owes {owes}. "
        context = {
            "form": form,
            "note": words + "It settles the oldest invoices first; what is over stays as credit.",
            "button": "Use credit",
            "back": back,
        }
        title = f"Use credit, {note}"
        return saved(request, form, effect) or self._page(request, "desk/small_form.html", title, **context)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        request.current_app = self.site.name
        return TemplateResponse(request, template, {**self.site.each_context(request), "title": title, **context})


def _customer(request: HttpRequest, id: int) -> Customer:
    customer = customers_seen_by(actor_of(request)).filter(pk=id).first()
    if customer is None:
        raise Http404
    return customer


def _address(name: str, customer: Customer, days: Days) -> str:
    return f"{reverse(f'admin:{name}', args=[customer.pk])}?since={days.since}&until={days.until}"


def _periods(chosen: Days | None) -> list[tuple[str, str, bool]]:
    """What one most often asks for: this month, the last one, and so many days."""
    today = timezone.localdate()
    first = today.replace(day=1)
    last = first - timedelta(days=1)
    named = [("This month", Days(first, today)), (f"{last:%B}", Days(last.replace(day=1), last))]
    named += [(f"Last {days} days", Days(today - timedelta(days=days - 1), today)) for days in LAST_DAYS]
    return [(words, f"?since={days.since}&until={days.until}", days == chosen) for words, days in named]


def _told(parts: Statement) -> dict[str, Any]:
    """A statement in the words of a page. Raises TooLong."""
    entries: list[dict[str, Any]] = []
    told: dict[str, Any] = {"entries": entries}
    for part in parts:
        if isinstance(part, Standing):
            told["opening"] = _standing(part)
        elif isinstance(part, Closing):
            told["closing"] = _standing(part.standing)
            totals = part.totals
            told["invoiced"] = shown.money(totals.invoiced - totals.credited)
            told["received"] = shown.money(totals.paid - totals.reversed)
        elif len(entries) == MOST_SHOWN:
            words = f"There are over {MOST_SHOWN} entries in these days. Choose a shorter period, or open the PDF."
            raise TooLong(words)
        else:
            entries.append(_entry(part))
    return told


def _standing(standing: Standing) -> dict[str, Any]:
    """Above nothing they owe, below they have credit."""
    owes = standing.balance
    return {
        "words": "Owes" if owes >= 0 else "Has a credit of",
        "balance": shown.money(abs(owes)),
        "amount": shown.amount(owes),
        "cylinders": [(name, shown.number(quantity)) for _, name, quantity in standing.cylinders],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    page = PAGES.get(entry.kind)
    return {
        "at": entry.at,
        "number": entry.number or entry.what,
        "what": entry.what if entry.number else "",
        "link": reverse(f"admin:{page}_change", args=[entry.id]) if page else "",
        "amount": "" if entry.amount is None else shown.amount(entry.amount),
        "balance": "" if entry.amount is None else shown.amount(entry.balance),
        "moved": [_moved(one) for one in entry.moved],
    }


def _moved(moved: Moved) -> dict[str, str]:
    changes = [shown.change(quantity) for quantity in (moved.brought, -moved.taken) if quantity]
    return {"name": moved.name, "changes": ", ".join(changes), "held": shown.number(moved.held)}
