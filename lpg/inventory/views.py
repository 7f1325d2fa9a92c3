from collections.abc import Callable
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg import work
from lpg.api.answers import shown
from lpg.api.door import Listed, Readable
from lpg.api.guard import actor_of
from lpg.api.inputs import ReasonInput
from lpg.errors import Invalid
from lpg.inventory import counts, services
from lpg.inventory.models import Balance, Count, Movement, Place
from lpg.inventory.places import Owner
from lpg.inventory.resolve import condition_at, equipment_in_use, place_named
from lpg.inventory.selectors import (
    balances_seen_by,
    counts_seen_by,
    movements_of,
    movements_seen_by,
    places_seen_by,
    quantities_after,
)
from lpg.inventory.serializers import (
    CountInput,
    CountQuery,
    CountRow,
    InventoryQuery,
    InventoryRow,
    MovementQuery,
    MovementRow,
    TransferInput,
    TransferRow,
    UpdateInput,
)


class InventoryDoor(Listed):
    """What every place holds: depots and trucks by condition, a customer's site as a plain count."""

    tag = "Stock"
    nouns = ("balance", "balances")
    needs = {  # noqa: RUF012
        "list": "stock.read",
        "change": "stock.write",
        "update_inventory": "stock.write",
        "transfers": "stock.write",
    }
    output = InventoryRow
    queries = {"list": InventoryQuery}  # noqa: RUF012
    bodies = {"change": UpdateInput, "update_inventory": UpdateInput, "transfers": TransferInput}  # noqa: RUF012
    answers = {"transfers": (201, TransferRow)}  # noqa: RUF012
    lookups = {  # noqa: RUF012
        "type": "place__kind",
        "depot": "place__depot",
        "vehicle": "place__vehicle",
        "customer": "place__customer",
    }

    def rows(self) -> QuerySet[Balance]:
        return balances_seen_by(actor_of(self.request))

    def list(self, request: Request) -> Response:
        """All that the caller may see, or one kind of place; with `at`, as it was at a moment in the past."""
        at = self.query_values.pop("at", None)
        if at is None:
            return super().list(request)
        if at > timezone.now():
            raise Invalid({"at": ["This moment has not come yet."]})
        with work.snapshot():
            rows: list[Balance] = cast(Any, self.paginate_queryset(self.narrowed(self.rows())))
            later = quantities_after(at, [row.place_id for row in rows])
        for row in rows:
            row.quantity -= later[row.place_id, row.equipment_id, row.condition]
        return self.get_paginated_response([shown(self.output, row) for row in rows])

    @action(detail=False, methods=["post"], url_path="update")
    def change(self, request: Request) -> HttpResponse:
        """Correct what a place holds, by `delta` or to `quantity`. The difference goes against the adjustment place."""
        return self._change(request)

    @action(detail=False, methods=["post"], url_name="change")
    def update_inventory(self, request: Request) -> HttpResponse:
        """The same as updating, under the owner's second name."""
        return self._change(request)

    def _change(self, request: Request) -> HttpResponse:
        def effect(values: Any) -> Balance:
            actor = actor_of(request)
            place = place_named(actor, values["entity"], values["entity_id"], field="entity_id")
            equipment_in_use(actor, [values["equipment_id"]], field="equipment_id")
            balance = services.change_quantity(
                actor=actor,
                place=place,
                equipment_id=values["equipment_id"],
                condition=condition_at(place, values.get("condition")),
                delta=values.get("delta"),
                quantity=values.get("quantity"),
                reason=values["reason"],
                now=timezone.now(),
            )
            return self.rows().get(pk=balance.pk)

        return self.write(request, effect)

    @action(detail=False, methods=["post"])
    def transfers(self, request: Request) -> HttpResponse:
        """Move stock between places: from and to the supplier, to scrap, between depots, or re-label at one place."""

        def effect(values: Any) -> Any:
            actor = actor_of(request)
            origin = place_named(actor, values["origin"]["type"], values["origin"].get("id"), field="origin.id")
            to = values["destination"]
            destination = place_named(actor, to["type"], to.get("id"), field="destination.id")
            equipment_in_use(actor, [item["equipment"] for item in values["items"]])
            items = [
                services.Item(item["equipment"], item["quantity"], item["condition"], item.get("to_condition") or "")
                for item in values["items"]
            ]
            return services.transfer(
                actor=actor,
                origin=origin,
                destination=destination,
                items=items,
                remarks=values["remarks"],
                now=timezone.now(),
            )

        return self.write(request, effect)


class MovementDoor(Listed):
    """The ledger: every movement of stock, with what both ends held after it. Nothing here can be changed."""

    tag = "Stock"
    nouns = ("movement", "movements")
    needs = {"list": "stock.read"}  # noqa: RUF012
    output = MovementRow
    queries = {"list": MovementQuery}  # noqa: RUF012
    lookups = {"since": "created_at__gte", "until": "created_at__lt"}  # noqa: RUF012
    default_ordering = "-id"

    def rows(self) -> QuerySet[Movement]:
        return movements_seen_by(actor_of(self.request))

    def list(self, request: Request) -> Response:
        """Newest first. With `type` and `id` the ledger of one place."""
        kind, id = self.query_values.pop("type", None), self.query_values.pop("id", None)
        if kind is None and id is None:
            return super().list(request)
        place = self._place(kind, id)
        return self.page(tuple(self.narrowed(branch) for branch in movements_of(place)))

    def _place(self, kind: str | None, id: int | None) -> Place:
        """The place asked for, retired or not, if the caller may see it; the outsides are for administrators."""
        physical = kind in {Place.Kind.DEPOT, Place.Kind.TRUCK, Place.Kind.CUSTOMER}
        if kind is None or physical != (id is not None):
            raise Invalid({"id": ["Send type and id together; supplier, adjustment and scrap have no id."]})
        place = places_seen_by(actor_of(self.request)).filter(key=Owner(kind, id or 0).key).first()
        if place is None:
            raise Invalid({"id": ["Nothing has moved there, or there is no such place that you may see."]})
        return place


class CountDoor(Readable):
    """Blind counts of a place. Approving posts the differences; who counted cannot approve."""

    tag = "Stock"
    nouns = ("count", "counts")
    needs = dict.fromkeys(("list", "retrieve", "create", "approve", "cancel"), "stock.write")
    output = CountRow
    queries = {"list": CountQuery}  # noqa: RUF012
    bodies = {"create": CountInput, "approve": ReasonInput, "cancel": ReasonInput}  # noqa: RUF012
    default_ordering = "-id"

    def rows(self) -> QuerySet[Count]:
        return counts_seen_by(actor_of(self.request))

    def create(self, request: Request) -> HttpResponse:
        """Enter what was counted; what should be there is not told."""

        def effect(values: Any) -> Count:
            actor = actor_of(request)
            place = place_named(actor, values["place"]["type"], values["place"]["id"], field="place.id")
            equipment_in_use(actor, [line["equipment"] for line in values["lines"]], field="lines")
            lines = [
                counts.Counted(
                    line["equipment"],
                    condition_at(place, line.get("condition"), field=f"lines.{number}.condition"),
                    line["quantity"],
                )
                for number, line in enumerate(values["lines"])
            ]
            count = counts.record(actor=actor, place=place, lines=lines, remarks=values["remarks"], now=timezone.now())
            return self.rows().get(pk=count.pk)

        return self.write(request, effect)

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, id: str) -> HttpResponse:
        """Post the differences, with a reason."""
        return self._decide(request, id, counts.approve)

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> HttpResponse:
        """Put a count aside, with a reason. Nothing moves."""
        return self._decide(request, id, counts.cancel)

    def _decide(self, request: Request, id: str, service: Callable[..., Count]) -> HttpResponse:
        def effect(values: Any) -> Count:
            count = service(actor=actor_of(request), count_id=int(id), reason=values["reason"], now=timezone.now())
            return self.rows().get(pk=count.pk)

        return self.write(request, effect)
