"""Which customer a page of the desk is about: named in the address, or found by the start of code, name or phone."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from lpg.customers.models import Customer
from lpg.customers.selectors import customers_seen_by
from lpg.desk import filters
from lpg.desk.admin import DeskAdmin, actor_of, id_in
from lpg.search import starting_with

FOUND = 20
SOUGHT_BY = ("customer_code", "name", "phone")


class OfCustomer(filters.Pick):
    """Narrows a list to one customer. It is there only when the address names one: nobody scrolls through thousands."""

    title = "customer"
    parameter_name = "customer"
    all_words = "All customers"

    def options(self, request: HttpRequest) -> filters.Options:
        asked = id_in(str(self.value() or ""))
        if asked is None:
            return []
        return [(str(one.pk), str(one)) for one in customers_seen_by(actor_of(request)).filter(pk=asked)]

    def has_output(self) -> bool:
        return bool(self.value())


def customer_named(request: HttpRequest) -> Customer | None:
    """Who is named in the address, out of what one may see; None when nobody is yet."""
    asked = request.GET.get("customer")
    if asked is None:
        return None
    id = id_in(asked)
    customer = None if id is None else customers_seen_by(actor_of(request)).filter(pk=id).first()
    if customer is None:
        raise Http404
    return customer


def choose_customer(
    admin: DeskAdmin, request: HttpRequest, title: str, *, note: str, fits: Callable[[Customer], bool] = lambda _: True
) -> HttpResponse:
    """The page that asks for whom. A code written whole goes straight on."""
    sought = request.GET.get("q", "").strip().replace("\x00", "")[:100]
    found = []
    if sought:
        rows = customers_seen_by(actor_of(request)).filter(starting_with(SOUGHT_BY, sought)).select_related("depot")
        found = [one for one in rows.order_by("customer_code")[:FOUND] if fits(one)]
    exact = [one for one in found if one.customer_code.lower() == sought.lower()]
    if exact:
        return HttpResponseRedirect(f"{request.path}?customer={exact[0].pk}")
    context: dict[str, Any] = {"sought": sought, "found": found, "note": note, "most": len(found) == FOUND}
    return admin.page(request, "desk/choose_customer.html", title, **context)
