"""What was sold."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.answers import shown
from lpg.api.door import Door
from lpg.api.exports import DaysQuery, as_file, export
from lpg.api.guard import actor_of
from lpg.api.inputs import Choice, Ref
from lpg.clock import days_between
from lpg.depots.selectors import depots_with
from lpg.invoices.reports import Sold, sales
from lpg.invoices.serializers import PlainDecimal, shown_money

BY = ["day", "driver", "depot", "equipment"]
MOST_DAYS = 366
NOTHING = Decimal("0.00")


class SalesRow(serializers.Serializer[Any]):
    key = serializers.CharField(help_text="The day, or the id; of what is no equipment: SERVICE or METER.")
    name = serializers.CharField()
    documents = serializers.IntegerField()
    quantity = PlainDecimal(allow_null=True, help_text="By equipment: sold less taken back.")
    invoiced = shown_money(help_text="By invoices, without GST.")
    credited = shown_money(help_text="By credit notes, without GST.")
    net = shown_money(help_text="Invoiced less credited, without GST.")
    tax = shown_money(allow_null=True, help_text="Not by equipment: GST is of the document, not of its lines.")
    total = shown_money(allow_null=True, help_text="Net and GST.")


class SalesTotals(serializers.Serializer[Any]):
    invoiced = shown_money()
    credited = shown_money()
    net = shown_money()
    tax = shown_money(allow_null=True)
    total = shown_money(allow_null=True)


TOTALS = {"invoiced": "1200.00", "credited": "100.00", "net": "1100.00", "tax": "99.00", "total": "1199.00"}


class SalesReport(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "by": "day",
        "since": "2026-11-01",
        "until": "2026-11-20",
        "results": [{"key": "2026-11-20", "name": "2026-11-20", "documents": 12, "quantity": None, **TOTALS}],
        "totals": TOTALS,
    }

    by = serializers.ChoiceField(BY)
    since = serializers.DateField()
    until = serializers.DateField()
    results = SalesRow(many=True)
    totals = SalesTotals()


class SalesQuery(DaysQuery):
    by = Choice(BY, required=False, default="day")
    depot = Ref(required=False)
    export = export()


class SalesDoor(Door):
    """What was sold, by the documents."""

    tag = "Reports"
    nouns = ("sales", "sales")
    needs = {"list": "reports.read"}  # noqa: RUF012
    output = SalesReport
    queries = {"list": SalesQuery}  # noqa: RUF012
    exports = ("list",)
    pagination_class = None

    def list(self, request: Request) -> HttpResponseBase:
        """What was sold by day, driver, depot or equipment: invoices less credit notes, by their day of issue.

        Both days are included; a year at most.
        """
        asked = self.query_values
        by = asked["by"]
        today = timezone.localdate()
        days = days_between(asked.get("since"), asked.get("until"), today=today, longest=MOST_DAYS)
        depots = depots_with(actor_of(request), "reports.read")
        if "depot" in asked:
            depots = depots.filter(pk=asked["depot"])
        rows = sales(by, days, depot_ids=list(depots.values_list("pk", flat=True)))
        if kind := asked.get("export"):
            return as_file(kind, f"sales-by-{by}-{days.since}-{days.until}", Sold._fields, lambda: rows)
        found = {"by": by, "since": days.since, "until": days.until, "results": rows, "totals": _totals(by, rows)}
        return Response(shown(SalesReport, found))


def _totals(by: str, rows: Sequence[Sold]) -> dict[str, Decimal | None]:
    names = ("invoiced", "credited", "net", "tax", "total")
    taxless = {"tax", "total"} if by == "equipment" else set()
    return {name: None if name in taxless else sum((getattr(row, name) for row in rows), NOTHING) for name in names}
