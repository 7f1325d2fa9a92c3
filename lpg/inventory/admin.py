from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminTextInputWidget

from lpg.desk import filters, shown
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.forms import PlainForm
from lpg.desk.shown import display
from lpg.errors import NotAllowed
from lpg.inventory import counts
from lpg.inventory.models import Condition, Count
from lpg.inventory.selectors import counts_seen_by
from lpg.roles import Actor, require_at


class Reason(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Why the books and the shelf differ, or why the count is put aside. It stays in the ledger.",
    )


@admin.register(Count)
class CountAdmin(DecidedAdmin):
    about = "stock"
    empty = "Open Stock, choose a depot or truck and count what is there. The count waits here for somebody's approval."
    page_template = "desk/count.html"
    form_of_decision = Reason
    list_display = ("shown_place", "shown_status", "user", "shown_time", "shown_decider")
    list_filter = (filters.pick("status", "status", Count.Status.choices, all_words="Waiting and decided"),)
    ordering = ("-id",)
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "approve": Decision(
            "Approve count",
            "The differences are posted now. What has moved since the count stays moved.",
            "{} is approved and its differences are posted.",
            lambda actor, id, values, now: counts.approve(actor=actor, count_id=id, reason=values["reason"], now=now),
        ),
        "cancel": Decision(
            "Cancel count",
            "The count is put aside for good and nothing moves.",
            "{} is cancelled. Nothing has moved.",
            lambda actor, id, values, now: counts.cancel(actor=actor, count_id=id, reason=values["reason"], now=now),
            style="desk-danger",
        ),
    }

    @display(description="Where")
    def shown_place(self, row: Count) -> str:
        return row.place.name

    @display(description="Status", label={"PENDING": "warning", "APPROVED": "success", "CANCELLED": "default"})
    def shown_status(self, row: Count) -> tuple[str, str]:
        return row.status, Count.Status(row.status).label

    @display(description="Counted")
    def shown_time(self, row: Count) -> str:
        return shown.moment(row.created_at)

    @display(description="Decided by")
    def shown_decider(self, row: Count) -> str:
        return str(row.decided_by) if row.decided_by else shown.NOTHING

    def rows(self, actor: Actor) -> QuerySet[Count]:
        return counts_seen_by(actor).prefetch_related(None).select_related("user", "decided_by", *OWNERS)

    def facts(self, actor: Actor, entry: Count) -> dict[str, Any]:
        """Whoever counted is not told what should be there before it is decided."""
        lines = entry.lines.select_related("equipment").order_by("pk")
        return {
            "place": entry.place,
            "blind": self._is_blind(actor, entry),
            "counted_here": actor.pk == entry.user_id,
            "lines": [
                {
                    "equipment": line.equipment,
                    "condition": Condition(line.condition).label,
                    "counted": shown.number(line.quantity),
                    "expected": shown.number(line.expected),
                    "difference": shown.change(line.difference) if line.difference else "0",
                    "agrees": not line.difference,
                }
                for line in lines
            ],
        }

    def open_decisions(self, actor: Actor, entry: Count) -> list[str]:
        if entry.status != Count.Status.PENDING:
            return []
        try:
            require_at(actor, "stock.write", entry.depot_id)
        except NotAllowed:
            return []
        return ["cancel"] if actor.pk == entry.user_id else list(self.decisions)

    def _is_blind(self, actor: Actor, entry: Count) -> bool:
        return entry.status == Count.Status.PENDING and actor.pk == entry.user_id


OWNERS = ("place__depot", "place__vehicle", "place__customer")
