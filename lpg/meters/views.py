from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.answers import shown
from lpg.api.door import Door
from lpg.api.guard import actor_of
from lpg.api.inputs import ReasonInput
from lpg.customers.selectors import customers_seen_by
from lpg.meters import services
from lpg.meters.models import Meter
from lpg.meters.selectors import meters_seen_by, readings_of, with_unbilled
from lpg.meters.serializers import (
    InstallInput,
    MeterQuery,
    MeterRow,
    ReadingInput,
    ReadingQuery,
    ReadingRow,
    ReplaceInput,
)

BY_NUMBER = r"[0-9]{1,18}"


def _new(values: Any) -> services.NewMeter:
    return services.NewMeter(
        serial_no=values["serial_no"],
        digits=values["digits"],
        initial_reading=values["initial_reading"],
        installed_on=values.get("installed_on"),
        equipment_id=values.get("equipment"),
        vehicle_id=values.get("vehicle"),
        depot_id=values.get("depot"),
    )


class CustomerMeterDoor(Door):
    """The meters at a customer's site."""

    tag = "Meters"
    nouns = ("meter", "meters")
    needs = {"meters": "meters.read", "install": "meters.write"}  # noqa: RUF012
    output = MeterRow
    bodies = {"install": InstallInput}  # noqa: RUF012
    queries = {"meters": MeterQuery}  # noqa: RUF012
    answers = {"install": (201, MeterRow)}  # noqa: RUF012

    @action(detail=True, methods=["get"])
    def meters(self, request: Request, id: str) -> Response:
        """The meters of this customer, those taken away too."""
        customer = self.found(customers_seen_by(actor_of(request)), id)
        return self.page(Meter.objects.filter(customer=customer))

    def paginate_queryset(self, queryset: Any) -> Any:
        return with_unbilled(super().paginate_queryset(queryset) or ())

    @meters.mapping.post
    def install(self, request: Request, id: str) -> HttpResponse:
        """Install a meter. With `equipment` and `vehicle` or `depot` it leaves stock for the customer's site."""

        def effect(values: Any) -> Meter:
            made = services.install(actor=actor_of(request), customer_id=int(id), new=_new(values), now=timezone.now())
            return with_unbilled([made])[0]

        return self.write(request, effect)


class MeterDoor(Door):
    """One meter and its chain of readings."""

    tag = "Meters"
    nouns = ("meter", "meters")
    needs = {  # noqa: RUF012
        "retrieve": "meters.read",
        "readings": "meters.read",
        "read_meter": "readings.write",
        "void_reading": "meters.write",
        "replace": "meters.write",
    }
    output = MeterRow
    bodies = {"read_meter": ReadingInput, "void_reading": ReasonInput, "replace": ReplaceInput}  # noqa: RUF012
    queries = {"readings": ReadingQuery}  # noqa: RUF012
    answers = {  # noqa: RUF012
        "readings": (200, ReadingRow),
        "read_meter": (201, ReadingRow),
        "void_reading": (200, ReadingRow),
        "replace": (201, MeterRow),
    }
    default_ordering = "-id"

    def rows(self) -> QuerySet[Meter]:
        return meters_seen_by(actor_of(self.request))

    def retrieve(self, request: Request, id: str) -> Response:
        return Response(shown(self.output, with_unbilled([self.found(self.rows(), id)])[0]))

    @action(detail=True, methods=["get"])
    def readings(self, request: Request, id: str) -> Response:
        """What the meter showed, newest first, with the sale that billed each reading."""
        return self.page(self.narrowed(readings_of(self.found(self.rows(), id))))

    @readings.mapping.post
    def read_meter(self, request: Request, id: str) -> HttpResponse:
        """Keep what the meter shows, without a sale; the next sale bills it."""
        return self.write(
            request,
            lambda values: services.record(actor=actor_of(request), meter_id=int(id), now=timezone.now(), **values),
        )

    @action(detail=True, methods=["post"], url_path=f"readings/(?P<reading>{BY_NUMBER})/void")
    def void_reading(self, request: Request, id: str, reading: str) -> HttpResponse:
        """Take back the last reading, unless a sale has billed it."""
        return self.write(
            request,
            lambda values: services.void(
                actor=actor_of(request), meter_id=int(id), reading_id=int(reading), now=timezone.now(), **values
            ),
        )

    @action(detail=True, methods=["post"])
    def replace(self, request: Request, id: str) -> HttpResponse:
        """The last reading of this meter, and the meter that takes its place. What was not billed stays due."""

        def effect(values: Any) -> Meter:
            made = services.replace(
                actor=actor_of(request),
                meter_id=int(id),
                final_reading=values["final_reading"],
                is_rollover=values["is_rollover"],
                new=_new(values),
                now=timezone.now(),
            )
            return with_unbilled([made])[0]

        return self.write(request, effect)
