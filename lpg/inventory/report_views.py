"""Where the cylinders are."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from typing import Any, ClassVar, cast

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from lpg import work
from lpg.api.answers import shown
from lpg.api.door import Door
from lpg.api.exports import as_file, export
from lpg.api.guard import actor_of
from lpg.api.inputs import Choice, ListQuery, Moment, Ref
from lpg.errors import Invalid
from lpg.inventory.models import Balance
from lpg.inventory.reports import all_cylinders_out, as_of, cylinders_out


class CylindersRow(serializers.ModelSerializer[Balance]):
    example: ClassVar[dict[str, Any]] = {
        "id": 21,
        "customer": 1,
        "customer_code": "C-0001",
        "customer_name": "Golden Dragon Restaurant",
        "depot": 1,
        "equipment": 3,
        "equipment_name": "14 kg cylinder",
        "quantity": 4,
    }

    customer = serializers.IntegerField(source="place.customer_id")
    customer_code = serializers.CharField(source="place.customer.customer_code")
    customer_name = serializers.CharField(source="place.customer.name")
    depot = serializers.IntegerField(source="place.customer.depot_id")
    equipment_name = serializers.CharField(source="equipment.name")
    quantity = serializers.IntegerField()

    class Meta:
        model = Balance
        fields = (
            "id",
            "customer",
            "customer_code",
            "customer_name",
            "depot",
            "equipment",
            "equipment_name",
            "quantity",
        )


class CylindersQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    depot = Ref(required=False)
    customer = Ref(required=False)
    equipment = Ref(required=False)
    at = Moment(required=False, help_text="What stood there at this moment in the past.")
    export = export()


class CylindersDoor(Door):
    """Cylinders at customers' sites."""

    tag = "Reports"
    nouns = ("balance of cylinders", "cylinders out")
    needs = {"list": "reports.read"}  # noqa: RUF012
    output = CylindersRow
    queries = {"list": CylindersQuery}  # noqa: RUF012
    exports = ("list",)
    lookups = {"depot": "place__customer__depot", "customer": "place__customer"}  # noqa: RUF012

    def list(self, request: Request) -> HttpResponseBase:
        """How many cylinders stand at each customer's, of each kind; with `at`, as it was at a moment in the past."""
        asked = self.query_values
        at, kind = asked.pop("at", None), asked.pop("export", None)
        if at is not None and at > timezone.now():
            raise Invalid({"at": ["This moment has not come yet."]})
        rows = self.narrowed(cylinders_out(actor_of(request), at))
        if kind:
            name = f"cylinders-{timezone.localdate(at)}"
            return as_file(kind, name, CylindersRow.Meta.fields, lambda: _cells(rows, at))
        with work.snapshot() if at else nullcontext():
            page = as_of(cast(Any, self.paginate_queryset(rows)), at)
        return self.get_paginated_response([shown(CylindersRow, row) for row in page])


def _cells(rows: QuerySet[Balance], at: datetime | None) -> Iterator[tuple[Any, ...]]:
    for row in all_cylinders_out(rows, at):
        yield tuple(shown(CylindersRow, row).values())
