from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request

from lpg.api.door import Readable, needs
from lpg.api.guard import actor_of
from lpg.distribution import services
from lpg.distribution.models import Distribution
from lpg.distribution.selectors import distributions_seen_by, with_items
from lpg.distribution.serializers import ConfirmInput, DistributionInput, DistributionQuery, DistributionRow
from lpg.facts import Fact
from lpg.roles import Actor


def recorded(actor: Actor, values: Any, *, now: datetime, fact: Fact | None = None) -> Distribution:
    """What the body of a distribution asks for, posted or pushed."""
    return services.create(
        actor=actor,
        depot_id=values.get("depot"),
        items=_items(values["items"]),
        other_side=services.OtherSide(values.get("vehicle"), values.get("to_depot"), values.get("customer")),
        remarks=values["remarks"],
        client_temp_id=values.get("client_temp_id") or "",
        now=now,
        fact=fact,
    )


def confirmed(actor: Actor, id: int, values: Any, *, now: datetime, fact: Fact | None = None) -> Distribution:
    """What the body of a confirmation asks for, posted or pushed."""
    seen = values.get("items")
    return services.confirm(
        actor=actor, distribution_id=id, moved=None if seen is None else _items(seen), fact=fact, now=now
    )


def _items(values: Any) -> list[services.Item]:
    return [
        services.Item(one["equipment"], one["quantity"], one["direction"], one["condition"], one.get("depot"))
        for one in values
    ]


class DistributionDoor(Readable):
    """Cylinders between depot and truck, in two steps. Nothing is edited or deleted."""

    tag = "Distributions"
    nouns = ("distribution", "distributions")
    needs = needs(
        "distributions",
        create_distribution="distributions.write",
        confirm="distributions.write",
        cancel="distributions.write",
    )
    output = DistributionRow
    bodies = {  # noqa: RUF012
        "create": DistributionInput,
        "create_distribution": DistributionInput,
        "confirm": ConfirmInput,
    }
    answers = {"create_distribution": (201, DistributionRow)}  # noqa: RUF012
    queries = {"list": DistributionQuery}  # noqa: RUF012
    lookups = {"since": "created_at__gte", "until": "created_at__lt"}  # noqa: RUF012
    searched = ("distribution_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Distribution]:
        return with_items(distributions_seen_by(actor_of(self.request)))

    def create(self, request: Request) -> HttpResponse:
        """Record what is to go out of depots and come back into them. No stock moves yet."""

        return self.write(request, lambda values: recorded(actor_of(request), values, now=timezone.now()))

    @action(detail=False, methods=["post"], url_name="list")
    def create_distribution(self, request: Request) -> HttpResponse:
        """The same as making a new distribution, under the owner's second name."""
        return self.create(request)

    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, id: str) -> HttpResponse:
        """Move the stock. Happens once; what is short is told all at once."""
        return self.write(request, lambda values: confirmed(actor_of(request), int(id), values, now=timezone.now()))

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> HttpResponse:
        """Put a pending one aside."""
        return self.write(
            request,
            lambda values: services.cancel(actor=actor_of(request), distribution_id=int(id), now=timezone.now()),
        )
