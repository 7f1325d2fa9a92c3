"""Day closes at the desk: what was counted beside what the books held, why they may differ, and the approval."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Exists, F, OuterRef, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from lpg.day_close import services
from lpg.day_close.models import CountedMoney, CountedStock, DayClose
from lpg.day_close.selectors import Flow, day_closes_seen_by, moved_since, with_lines
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depots_with, vehicles_seen_by
from lpg.desk import filters, shown
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.forms import PlainForm
from lpg.desk.shown import display
from lpg.errors import NotAllowed
from lpg.inventory.models import Condition
from lpg.payments.models import Payment
from lpg.roles import Actor, require_at


class Reason(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Needed where something differs: what lay behind it, or what is done about it. The ledger keeps it.",
    )
    recorded_since = forms.BooleanField(
        label="It has been recorded since",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="What differs was entered after the count: what has moved the same way since is not posted again.",
    )


class ClosedDays(filters.Days):
    title = "closed day"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """By the day itself: it has no time of day."""
        if since := self._day("since"):
            queryset = queryset.filter(date__gte=since)
        if until := self._day("until"):
            queryset = queryset.filter(date__lte=until)
        return queryset


def own_depots(actor: Actor) -> QuerySet[Depot]:
    return depots_with(actor, "day_closes.read")


def trucks(actor: Actor) -> QuerySet[Vehicle]:
    return vehicles_seen_by(actor).filter(depot__in=own_depots(actor)).order_by("plate_no")


def _since(flow: Flow | None) -> str:
    """What has come and gone on the truck since it was counted."""
    return " ".join(shown.change(count) for count in (flow.came, -flow.went) if count) if flow else ""


@admin.register(DayClose)
class DayCloseAdmin(DecidedAdmin):
    about = "day_closes"
    decides = "day_closes.approve"
    empty = "At the end of the day a driver counts the truck and the money on the phone. It waits here for approval."
    page_template = "desk/day_close.html"
    form_of_decision = Reason
    list_display = ("shown_truck", "shown_day", "shown_status", "shown_differs", "shown_who", "shown_time")
    list_filter = (
        filters.pick("status", "status", DayClose.Status.choices, all_words="Waiting and approved"),
        filters.seen("depot", "depot", own_depots, all_words="All depots"),
        filters.seen("truck", "vehicle", trucks, all_words="All trucks"),
        ClosedDays,
    )
    ordering = ("-id",)
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "approve": Decision(
            "Approve day close",
            "What the truck holds more or less than the books is posted now. Money stays as it was counted: what "
            "differs is settled with the driver, or by recording or reversing a payment.",
            "{} is approved.",
            lambda actor, id, values, now: services.approve(actor=actor, close_id=id, now=now, **values),
        )
    }

    @display(description="Truck")
    def shown_truck(self, row: DayClose) -> str:
        return str(row.vehicle)

    @display(description="Day")
    def shown_day(self, row: DayClose) -> str:
        return shown.day(row.date)

    @display(description="Status", label={"PENDING": "warning", "APPROVED": "success"})
    def shown_status(self, row: DayClose) -> tuple[str, str]:
        return row.status, DayClose.Status(row.status).label

    @display(description="Count", label={True: "danger", False: "success"})
    def shown_differs(self, row: Any) -> tuple[bool, str]:
        return row.differs, "Differs" if row.differs else "Agrees"

    @display(description="Counted by")
    def shown_who(self, row: DayClose) -> str:
        return str(row.user)

    @display(description="Counted")
    def shown_time(self, row: DayClose) -> str:
        return shown.moment(row.counted_at)

    def rows(self, actor: Actor) -> QuerySet[Any]:
        stock = CountedStock.objects.filter(close=OuterRef("pk")).exclude(quantity=F("expected"))
        money = CountedMoney.objects.filter(close=OuterRef("pk")).exclude(amount=F("expected"))
        rows = day_closes_seen_by(actor).annotate(differs=Exists(stock) | Exists(money))
        return rows.select_related("vehicle", "depot", "user", "approved_by")

    def facts(self, actor: Actor, entry: DayClose) -> dict[str, Any]:
        close = with_lines(DayClose.objects.all()).get(pk=entry.pk)
        since = moved_since(close) if entry.status == DayClose.Status.PENDING else {}
        return {
            "truck": f"truck:{entry.vehicle_id}",
            "variances": [{"label": one.code.label, "words": one.words} for one in close.variances],
            "counted_here": actor.pk == entry.user_id and entry.status == DayClose.Status.PENDING,
            "stock": [
                {
                    "equipment": one.equipment,
                    "condition": Condition(one.condition).label,
                    "counted": shown.number(one.quantity),
                    "expected": shown.number(one.expected),
                    "difference": shown.change(one.difference) if one.difference else "0",
                    "agrees": not one.difference,
                    "since": _since(since.get((one.equipment_id, one.condition))),
                }
                for one in close.stock.all()
            ],
            "money": [
                {
                    "method": Payment.Method(one.method).label,
                    "counted": shown.amount(one.amount),
                    "expected": shown.amount(one.expected),
                    "difference": f"{one.difference:+,.2f}".replace("-", "−") if one.difference else "0.00",
                    "agrees": not one.difference,
                }
                for one in close.money.all()
            ],
        }

    def open_decisions(self, actor: Actor, entry: DayClose) -> list[str]:
        if entry.status != DayClose.Status.PENDING or entry.user_id == actor.pk:
            return []
        try:
            require_at(actor, self.decides, entry.depot_id)
        except NotAllowed:
            return []
        return list(self.decisions)
