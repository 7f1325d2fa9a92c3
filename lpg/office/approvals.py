"""The sales that wait for a supervisor, the oldest first, each with why, and with the buttons that decide it."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from lpg.depots.selectors import depots_with
from lpg.desk import shown
from lpg.desk.admin import actor_of, id_in, only_with
from lpg.roles import Actor, may
from lpg.transactions.forms import APPROVALS, WhyVoided
from lpg.transactions.holds import why, with_lines
from lpg.transactions.models import Transaction
from lpg.transactions.selectors import transactions_seen_by
from lpg.transactions.words import comes_to, line_shown, meter_shown, seller, what_goes, why_shown

PAGE = 20


def waiting(actor: Actor) -> Any:
    """The sales that this actor may decide."""
    return transactions_seen_by(actor).filter(status=Transaction.Status.PENDING)


def how_many_wait(request: HttpRequest) -> str:
    """The number beside the way to this page; nothing when nothing waits."""
    actor: Any = request.user
    count = waiting(actor).count() if actor.is_authenticated and may(actor, "transactions.decide") else 0
    return str(count or "")


def urls(site: AdminSite) -> list[URLPattern]:
    def page(request: HttpRequest) -> HttpResponse:
        request.current_app = site.name
        context = {**site.each_context(request), "title": "Approvals", **_queue(request)}
        return TemplateResponse(request, "office/approvals.html", context)

    return [path("approvals/", only_with(site, "transactions.decide", page), name=APPROVALS)]


def _queue(request: HttpRequest) -> dict[str, Any]:
    """One page of the queue, in a number of queries that does not grow."""
    actor, asked = actor_of(request), request.GET.get("depot", "")
    rows = with_lines(waiting(actor)).select_related("customer__depot", "user", "vehicle", "from_depot", "meter")
    if asked:
        rows = rows.filter(customer__depot=id_in(asked))
    after = id_in(request.GET.get("after", ""))
    page = list(rows.filter(pk__gt=after or 0).order_by("pk")[: PAGE + 1])
    reasons = why(page[:PAGE])
    return {
        "sales": [_card(sale, why_shown(reasons[sale.pk])) for sale in page[:PAGE]],
        "after": after,
        "next": page[PAGE - 1].pk if len(page) > PAGE else None,
        "depots": [
            (str(depot.pk), str(depot), str(depot.pk) == asked) for depot in depots_with(actor, "transactions.decide")
        ],
        "narrowed": asked,
        "back_to": APPROVALS,
    }


def _card(sale: Transaction, reasons: dict[str, Any]) -> dict[str, Any]:
    return {
        "row": sale,
        "address": reverse("admin:transactions_transaction_change", args=[sale.pk]),
        "seller": seller(sale),
        "since": _since(sale),
        "comes_to": shown.money(comes_to(sale)),
        "why": reasons,
        "lines": [line_shown(line) for line in sale.in_order],
        "meter": meter_shown(sale),
        "goes": what_goes(sale),
        "form": WhyVoided(auto_id=f"void-{sale.pk}-%s"),
    }


def _since(sale: Transaction) -> str:
    """How long it has been waiting, roughly."""
    hours = int((timezone.now() - sale.created_at).total_seconds() // 3600)
    if hours < 1:
        return "for less than an hour"
    if hours < 24:  # noqa: PLR2004
        return f"for {hours} hour{'s' if hours > 1 else ''}"
    days = hours // 24
    return f"for {days} day{'s' if days > 1 else ''}"
