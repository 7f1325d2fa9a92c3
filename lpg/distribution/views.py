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
from lpg.distribution.serializers import DistributionInput, DistributionQuery, DistributionRow


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
    bodies = {"create": DistributionInput, "create_distribution": DistributionInput}  # noqa: RUF012
    answers = {"create_distribution": (201, DistributionRow)}  # noqa: RUF012
    queries = {"list": DistributionQuery}  # noqa: RUF012
    lookups = {"since": "created_at__gte", "until": "created_at__lt"}  # noqa: RUF012
    searched = ("distribution_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Distribution]:
        return with_items(distributions_seen_by(actor_of(self.request)))

    def create(self, request: Request) -> HttpResponse:
        """Record what is to go out of depots and come back into them. No stock moves yet."""

        def effect(values: Any) -> Distribution:
            return services.create(
                actor=actor_of(request),
                depot_id=values.get("depot"),
                items=[
                    services.Item(
                        item["equipment"], item["quantity"], item["direction"], item["condition"], item.get("depot")
                    )
                    for item in values["items"]
                ],
                other_side=services.OtherSide(values.get("vehicle"), values.get("to_depot"), values.get("customer")),
                remarks=values["remarks"],
                client_temp_id=values.get("client_temp_id") or "",
                now=timezone.now(),
            )

        return self.write(request, effect)

    @action(detail=False, methods=["post"], url_name="list")
    def create_distribution(self, request: Request) -> HttpResponse:
        """The same as making a new distribution, under the owner's second name."""
        return self.create(request)

    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, id: str) -> HttpResponse:
        """Move the stock. Happens once; what is short is told all at once."""
        return self.write(
            request,
            lambda values: services.confirm(actor=actor_of(request), distribution_id=int(id), now=timezone.now()),
        )

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, id: str) -> HttpResponse:
        """Put a pending one aside."""
        return self.write(
            request,
            lambda values: services.cancel(actor=actor_of(request), distribution_id=int(id), now=timezone.now()),
        )
