"""The desk's pages of stock: who holds what, the ledger of a place, counting it, and moving stock by decision."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from lpg.depots.selectors import depots_with
from lpg.desk.admin import actor_of, allowed, id_in, only_with
from lpg.desk.once import Saved, saved
from lpg.inventory import counts, services
from lpg.inventory.models import Place
from lpg.inventory.resolve import equipment_in_use, place_named
from lpg.office import stock
from lpg.office.stock_forms import CountForm, MoveForm


def urls(site: AdminSite) -> list[URLPattern]:
    """The addresses under `stock/`, for the desk's site."""

    pages = Pages(site)
    return [
        path("stock/", only_with(site, "stock.read", pages.grid), name="stock"),
        path("stock/<str:key>/ledger/", only_with(site, "stock.read", pages.ledger), name="stock_ledger"),
        path("stock/<str:key>/count/", only_with(site, "stock.write", pages.count), name="stock_count"),
        path("stock/move/", only_with(site, "stock.write", pages.move), name="stock_move"),
    ]


class Pages:
    """The views, as pages of this site."""

    def __init__(self, site: AdminSite):
        self.site = site

    def grid(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        depots = list(depots_with(actor, "stock.read"))
        asked = request.GET.get("depot", "")
        sections, together = stock.grid(actor, id_in(asked) or 0 if asked else None)
        context = {
            "sections": sections,
            "together": together,
            "depots": [(str(depot.pk), str(depot), str(depot.pk) == asked) for depot in depots],
            "narrowed": bool(asked),
            "conditions": [one.label for one in stock.CONDITIONS],
            "may_write": allowed(request, "stock.write"),
            "may_distribute": allowed(request, "distributions.write"),
        }
        return self._page(request, "office/stock_grid.html", "Stock", **context)

    def ledger(self, request: HttpRequest, key: str) -> HttpResponse:
        """Newest first. `before` and `after` say behind which movement the page begins."""
        place = self._place(request, key)
        asked = {name: id_in(request.GET.get(name, "")) for name in ("equipment", "before", "after")}
        page = stock.ledger(actor_of(request), place, **asked)
        equipment = [(str(id), name, id == asked["equipment"]) for id, name in stock.equipment_at(place)]
        context = {
            "place": place,
            "page": page,
            "equipment": equipment,
            "only": asked["equipment"],
            "deep": asked["before"] is not None or asked["after"] is not None,
            "may_count": stock.is_in_use(place) and allowed(request, "stock.write"),
            "may_distribute": stock.is_in_use(place) and allowed(request, "distributions.write"),
        }
        return self._page(request, "office/stock_ledger.html", f"Ledger of {place.name}", **context)

    def count(self, request: HttpRequest, key: str) -> HttpResponse:
        """Blind: what should be there is not told. The count then waits for somebody else's approval."""
        place, actor = self._place(request, key), actor_of(request)
        if not place.is_physical:
            raise Http404
        form = CountForm(actor, place, request.POST if request.method == "POST" else None)

        def effect() -> Saved:
            counted = place_named(actor, place.kind, place.owner_id, field="place")
            equipment_in_use(actor, [line.equipment_id for line in form.lines()], field="lines")
            remarks = form.cleaned_data["remarks"]
            made = counts.record(actor=actor, place=counted, lines=form.lines(), remarks=remarks, now=timezone.now())
            there = reverse("admin:inventory_count_change", args=[made.pk])
            return Saved(there, f"Count of {place.name} recorded. Somebody else approves it under Counts.")

        context = {
            "form": form,
            "note": "Write what you see, not what should be there. An empty cell was not counted; 0 means none.",
            "of": "Equipment",
            "button": "Record count",
            "back": reverse("admin:stock"),
        }
        title = f"Count {place.name}"
        return saved(request, form, effect) or self._page(request, "desk/grid_form.html", title, **context)

    def move(self, request: HttpRequest) -> HttpResponse:
        """Deliveries of the supplier and returns to him, scrap, re-labels, and from place to place."""
        actor = actor_of(request)
        initial = {name: request.GET.get(name, "") for name in ("origin", "destination")}
        form = MoveForm(actor, request.POST if request.method == "POST" else None, initial)

        def effect() -> Saved:
            (kind, id), (to_kind, to_id) = form.end("origin"), form.end("destination")
            origin = place_named(actor, kind, id, field="origin")
            destination = place_named(actor, to_kind, to_id, field="destination")
            items = form.items()
            equipment_in_use(actor, [item.equipment_id for item in items])
            made = services.transfer(
                actor=actor,
                origin=origin,
                destination=destination,
                items=items,
                remarks=form.cleaned_data["remarks"],
                now=timezone.now(),
            )
            at_home = made.origin_id == made.destination_id
            moved = f"Re-labelled at {made.origin.name}" if at_home else f"Moved to {made.destination.name}"
            return Saved(reverse("admin:stock"), f"{moved}: the ledger has it.")

        context = {
            "form": form,
            "note": "Deliveries of the supplier, returns to the supplier, scrap, and between depots and trucks. "
            "Stock moves at once, all lines or none.",
            "of": "Equipment",
            "button": "Move stock",
            "back": reverse("admin:stock"),
        }
        return saved(request, form, effect) or self._page(request, "desk/grid_form.html", "Move stock", **context)

    @staticmethod
    def _place(request: HttpRequest, key: str) -> Place:
        place = stock.place_seen(actor_of(request), key)
        if place is None:
            raise Http404
        return place

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        request.current_app = self.site.name
        return TemplateResponse(request, template, {**self.site.each_context(request), "title": title, **context})
