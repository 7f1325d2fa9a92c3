from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request

from lpg.api.door import Readable, needs
from lpg.api.guard import actor_of
from lpg.day_close import services
from lpg.day_close.models import DayClose
from lpg.day_close.selectors import day_closes_seen_by, with_lines
from lpg.day_close.serializers import ApproveInput, DayCloseInput, DayCloseQuery, DayCloseRow
from lpg.facts import Fact
from lpg.roles import Actor


def recorded(
    actor: Actor,
    values: Any,
    *,
    now: datetime,
    queue: services.Queue = services.EMPTY,
    fact: Fact | None = None,
) -> DayClose:
    """The day close that the values of its body ask for, ready to be shown."""
    made = services.close(
        actor=actor,
        date=values["date"],
        vehicle_id=values.get("vehicle"),
        counts=[services.Counted(one["equipment"], one["condition"], one["quantity"]) for one in values["counts"]],
        money=[services.Carried(one["method"], one["amount"]) for one in values["money"]],
        client_temp_id=values.get("client_temp_id") or "",
        now=now,
        queue=queue,
        fact=fact,
    )
    return with_lines(DayClose.objects.all()).get(pk=made.pk)


class DayCloseDoor(Readable):
    """The end of a truck's day: a blind count, what the books held, and what most likely lies behind the difference."""

    tag = "Day closes"
    nouns = ("day close", "day closes")
    needs = needs("day_closes", approve="day_closes.approve")
    output = DayCloseRow
    bodies = {"create": DayCloseInput, "approve": ApproveInput}  # noqa: RUF012
    queries = {"list": DayCloseQuery}  # noqa: RUF012
    lookups = {"since": "date__gte", "until": "date__lte"}  # noqa: RUF012
    default_ordering = "-id"

    def rows(self) -> QuerySet[DayClose]:
        return with_lines(day_closes_seen_by(actor_of(self.request)))

    def queue(self, request: Request) -> services.Queue:
        """What the device of this session has still to send."""
        raise NotImplementedError  # `lpg.sync` knows the devices

    def create(self, request: Request) -> HttpResponse:
        """Enter what is on the truck and what was taken. What should be there is told once it is entered.

        409 `queue_not_empty` while this device has operations that have not arrived, wait or are to be decided.
        """

        def effect(values: Any) -> DayClose:
            return recorded(actor_of(request), values, now=timezone.now(), queue=self.queue(request))

        return self.write(request, effect)

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, id: str) -> HttpResponse:
        """Post what differs, with a reason. Not by who counted."""

        def effect(values: Any) -> DayClose:
            services.approve(actor=actor_of(request), close_id=int(id), now=timezone.now(), **values)
            return self.rows().get(pk=int(id))

        return self.write(request, effect)
