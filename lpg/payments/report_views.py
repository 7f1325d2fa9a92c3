"""Reports on money: what is open and since when, and what was taken."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, cast

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.answers import shown
from lpg.api.door import Door
from lpg.api.exports import DaysQuery, as_file, export
from lpg.api.guard import actor_of
from lpg.api.inputs import Choice, Day, ListQuery, Ref
from lpg.clock import Days, days_between
from lpg.customers.models import Customer
from lpg.depots.selectors import depots_with
from lpg.errors import Invalid
from lpg.invoices.serializers import shown_money
from lpg.payments.models import Payment
from lpg.payments.reports import Aged, Taken, aged, all_aged, customers_with_something_open, takings

MOST_DAYS = 31


class AgeingRow(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "id": 1,
        "customer_code": "C-0001",
        "name": "Golden Dragon Restaurant",
        "depot": 1,
        "days_0_30": "109.00",
        "days_31_60": "54.50",
        "days_61_90": "0.00",
        "days_over_90": "0.00",
        "total": "163.50",
        "overdue": "54.50",
        "credit": "11.00",
        "net": "152.50",
    }

    id = serializers.IntegerField(help_text="Of the customer.")
    customer_code = serializers.CharField()
    name = serializers.CharField()
    depot = serializers.IntegerField()
    days_0_30 = shown_money(help_text="Open on invoices issued up to 30 days before the day of the report.")
    days_31_60 = shown_money()
    days_61_90 = shown_money()
    days_over_90 = shown_money()
    total = shown_money()
    overdue = shown_money(help_text="Of the total, what is past its due date.")
    credit = shown_money(help_text="Credit notes and money not yet used.")
    net = shown_money(help_text="Total less credit: what the customer owes.")


class AgeingQuery(ListQuery):
    ordering = Choice(["id", "-id", "customer_code", "-customer_code", "name", "-name"], required=False)
    depot = Ref(required=False)
    at = Day(required=False, help_text="As it was at the end of this day. Left out: today.")
    export = export()


class AgeingDoor(Door):
    """Who owes what, and for how long: by the days since each invoice was issued."""

    tag = "Reports"
    nouns = ("customer with something open", "customers with something open")
    needs = {"list": "reports.read"}  # noqa: RUF012
    output = AgeingRow
    queries = {"list": AgeingQuery}  # noqa: RUF012
    exports = ("list",)

    def list(self, request: Request) -> HttpResponseBase:
        """What customers owe by the age of their invoices, with their credit. Only those with something open.

        Ages are counted from the day of issue to the day of the report; `overdue` goes by the due date.
        """
        asked, today = self.query_values, timezone.localdate()
        day, kind = asked.pop("at", None) or today, asked.pop("export", None)
        at = None if day == today else self._end_of(day)
        customers = self.narrowed(customers_with_something_open(actor_of(request), at))
        if kind:
            return as_file(kind, f"ageing-{day}", Aged._fields, lambda: all_aged(customers, day, at))
        page: Sequence[Customer] = cast(Any, self.paginate_queryset(customers))
        return self.get_paginated_response([shown(AgeingRow, row) for row in aged(page, day, at)])

    @staticmethod
    def _end_of(day: date) -> datetime:
        try:
            return days_between(day, day, today=timezone.localdate()).ends
        except Invalid as error:
            raise Invalid({"at": next(iter((error.errors or {}).values()))}) from error


class TakingsRow(serializers.Serializer[Any]):
    day = serializers.DateField()
    user = serializers.IntegerField()
    user_name = serializers.CharField()
    method = serializers.ChoiceField(Payment.Method.choices)
    payments = serializers.IntegerField()
    received = shown_money()
    reversed = shown_money(help_text="Of what was received that day, what was reversed since.")
    net = shown_money(help_text="What is to be counted: received less reversed.")


class TakingsTotal(serializers.Serializer[Any]):
    method = serializers.ChoiceField(Payment.Method.choices)
    payments = serializers.IntegerField()
    received = shown_money()
    reversed = shown_money()
    net = shown_money()


TAKEN = {"method": "CASH", "payments": 7, "received": "763.00", "reversed": "109.00", "net": "654.00"}


class TakingsReport(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "since": "2026-11-20",
        "until": "2026-11-20",
        "results": [{"day": "2026-11-20", "user": 3, "user_name": "driver", **TAKEN}],
        "totals": [TAKEN],
    }

    since = serializers.DateField()
    until = serializers.DateField()
    results = TakingsRow(many=True)
    totals = TakingsTotal(many=True)


class TakingsQuery(DaysQuery):
    since = Day(required=False, help_text="The first day. Left out: the last day.")
    day = Day(required=False, help_text="One day, instead of since and until.")
    user = Ref(required=False)
    depot = Ref(required=False)
    export = export()


class TakingsDoor(Door):
    """What was taken: what a manager counts in the evening."""

    tag = "Reports"
    nouns = ("takings", "takings")
    needs = {"list": "reports.read"}  # noqa: RUF012
    output = TakingsReport
    queries = {"list": TakingsQuery}  # noqa: RUF012
    exports = ("list",)
    pagination_class = None

    def list(self, request: Request) -> HttpResponseBase:
        """What was received, by day of receipt, by whom and how. What was reversed since stands apart.

        Today's, if no day is named; 31 days at most, the last one included.
        """
        asked = self.query_values
        days = self._days()
        depots = depots_with(actor_of(request), "reports.read")
        if "depot" in asked:
            depots = depots.filter(pk=asked["depot"])
        ids = list(depots.values_list("pk", flat=True))
        rows = takings(days, depot_ids=ids, user_id=asked.get("user"))
        if kind := asked.get("export"):
            return as_file(kind, f"takings-{days.since}-{days.until}", Taken._fields, lambda: rows)
        found = {"since": days.since, "until": days.until, "results": rows, "totals": _by_method(rows)}
        return Response(shown(TakingsReport, found))

    def _days(self) -> Days:
        asked, today = self.query_values, timezone.localdate()
        day = asked.get("day")
        if day and {"since", "until"} & set(asked):
            raise Invalid({"day": ["Name one day, or the first and the last, not both."]})
        until = day or asked.get("until") or today
        try:
            return days_between(asked.get("since", until), until, today=today, longest=MOST_DAYS)
        except Invalid as error:
            raise (Invalid({"day": next(iter((error.errors or {}).values()))}) if day else error) from None


def _by_method(rows: Sequence[Taken]) -> Sequence[dict[str, Any]]:
    counted: Counter[str] = Counter()
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counted[row.method] += row.payments
        for name in ("received", "reversed", "net"):
            sums[row.method][name] += getattr(row, name)
    return [
        {"method": method, "payments": counted[method], **{name: Decimal(sums[method][name]) for name in sums[method]}}
        for method in Payment.Method.values
        if method in counted
    ]
