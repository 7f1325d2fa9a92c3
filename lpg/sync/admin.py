"""What phones have sent and a person has to look at, at the desk: what happened, what was expected, what to do."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from lpg import work
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.admin import DeskList, allowed
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.forms import PlainForm
from lpg.desk.shown import display
from lpg.roles import Actor
from lpg.sync import device_admin, exceptions
from lpg.sync.causes import WHY
from lpg.sync.exceptions import exceptions_seen_by
from lpg.sync.models import Operation, SyncException
from lpg.sync.outcomes import CLONED
from lpg.sync.selectors import devices_seen_by
from lpg.sync.words import CUSTOMER, Reader, customer_in, made, moment_in, type_words

State = Operation.State
LATEST = 25
BECAME = {
    State.APPLIED: "It was done, and stands in the books.",
    State.WITH_EXCEPTION: "It was done, and stands in the books. Look into it, and put right what is wrong.",
    State.QUARANTINED: "It is kept, and was not done: it stands in no book.",
    State.BLOCKED: "It is kept, and is done by itself once what it waits for has come.",
    State.RESOLVED: "It was not done, and was settled in another way. It never will be done.",
    State.DISMISSED: "It was not done, and was dismissed. It never will be done.",
}
NOT_DONE = {State.QUARANTINED, State.BLOCKED}


class WhySettled(PlainForm):
    note = forms.CharField(
        label="What was done about it",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Such as: counted with the driver, the truck was loaded without a distribution.",
    )


class WhyDismissed(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="It stands here and in the audit log for good.",
    )


class Standing(filters.Pick):
    """It begins with what is open."""

    title = "state"
    parameter_name = "state"
    all_words = "Open"

    def options(self, request: HttpRequest) -> filters.Options:
        return [("resolved", "Settled"), ("dismissed", "Dismissed"), ("all", "Open and decided")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "all":
            return queryset
        return super().queryset(request, queryset) if self.value() else queryset.filter(state=SyncException.State.OPEN)


class OfPhone(filters.Pick):
    title = "phone"
    parameter_name = "device"
    all_words = "All phones"
    column = "operation__device"

    def options(self, request: HttpRequest) -> filters.Options:
        actor: Any = request.user
        rows = devices_seen_by(actor).order_by("user__username", "pk")[: filters.MOST]
        return [(str(row.pk), f"{row.user}: {row}") for row in rows]


class RaisedDays(filters.Days):
    column = "raised_at"


class ExceptionList(DeskList):
    """A page of them, with the customers that they name looked up once."""

    result_list: list[Any]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        actor: Any = request.user
        named = {row.pk: customer_in(row.operation) for row in self.result_list}
        called = CUSTOMER.rows(actor).in_bulk({id for id in named.values() if id})
        for row in self.result_list:
            row.customer = called.get(named[row.pk] or 0)


def how_many_open(request: HttpRequest) -> str:
    """The number beside the way to the list; nothing when nothing is open."""
    actor: Any = request.user
    count = still_open(actor).count() if allowed(request, "exceptions.read") else 0
    return str(count or "")


def still_open(actor: Actor) -> QuerySet[SyncException]:
    return exceptions_seen_by(actor).filter(state=SyncException.State.OPEN)


def _decided(decide: Any, actor: Actor, id: int, now: datetime, **words: str) -> SyncException:
    """Then what has waited for it goes on, each in a unit of work of its own."""
    row: SyncException = work.run(lambda: decide(actor=actor, exception_id=id, now=now, **words))
    exceptions.follow(id)
    return row


@admin.register(SyncException)
class ExceptionAdmin(DecidedAdmin):
    about = "exceptions"
    decides = "exceptions.decide"
    empty = (
        "Phones send what happened without a network. What did not fit the books, or could not be done, comes here; "
        "everything else is done by itself."
    )
    page_template = "desk/sync_exception.html"
    list_display = (
        "shown_why",
        "shown_became",
        "shown_what",
        "shown_who",
        "shown_captured",
        "shown_state",
    )
    list_filter = (
        Standing,
        filters.pick("why", "kind", list(WHY.items()), all_words="For any reason"),
        filters.seen("depot", "depot", lambda actor: depots_with(actor, "exceptions.read"), all_words="All depots"),
        filters.seen("person", "user", device_admin.people, all_words="Everybody", column="operation__user"),
        OfPhone,
        RaisedDays,
    )
    ordering = ("-id",)
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "retry": Decision(
            "Try again",
            "It is judged again as it was recorded, as who recorded it. First put right what was in its way, such as "
            "a rate or a depot.",
            "Tried again, and done.",
            lambda actor, id, values, now: exceptions.retry(actor=actor, exception_id=id, now=now),
            in_units=True,
        ),
        "resolve": Decision(
            "Mark as settled",
            "You have seen to it, or entered it in another way. Nothing moves by this. What was not done stays undone.",
            "Marked as settled.",
            lambda actor, id, values, now: _decided(exceptions.resolve, actor, id, now, note=values["note"]),
            style="",
            form=WhySettled,
            in_units=True,
        ),
        "dismiss": Decision(
            "Dismiss it",
            "Nothing is to be done about it, for good:",
            "Dismissed.",
            lambda actor, id, values, now: _decided(exceptions.dismiss, actor, id, now, reason=values["reason"]),
            style="desk-danger",
            form=WhyDismissed,
            in_units=True,
        ),
    }

    @display(description="Why")
    def shown_why(self, row: SyncException) -> str:
        return str(row)

    @display(description="What was recorded")
    def shown_what(self, row: Any) -> str:
        return f"{type_words(row.operation)}, {row.customer}" if row.customer else type_words(row.operation)

    @display(description="Recorded by")
    def shown_who(self, row: SyncException) -> str:
        return f"{row.operation.user}, {row.depot}" if row.depot else str(row.operation.user)

    @display(description="When")
    def shown_captured(self, row: SyncException) -> str:
        return shown.moment(row.operation.captured_at or row.operation.received_at)

    @display(
        description="Became of it",
        label={
            State.APPLIED: "success",
            State.WITH_EXCEPTION: "success",
            State.QUARANTINED: "danger",
            State.BLOCKED: "warning",
        },
    )
    def shown_became(self, row: SyncException) -> tuple[str, str]:
        state = State(row.operation.state)
        words = "Waits" if state == State.BLOCKED else "Not done"
        return state, "Done" if row.operation.is_done else words

    @display(description="State", label={"open": "warning", "resolved": "success"})
    def shown_state(self, row: SyncException) -> tuple[str, str]:
        return row.state, state_words(row)

    def rows(self, actor: Actor) -> QuerySet[SyncException]:
        return exceptions_seen_by(actor).select_related("depot", "decided_by", "operation__device")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskList]:
        return ExceptionList

    def open_decisions(self, actor: Actor, entry: SyncException) -> list[str]:
        if entry.state != SyncException.State.OPEN:
            return []
        return list(self.decisions) if entry.operation.state in NOT_DONE else ["resolve", "dismiss"]

    def tell(self, request: HttpRequest, decision: Decision, entry: SyncException, result: SyncException) -> None:
        if result.state == SyncException.State.OPEN:
            messages.warning(request, f"Tried again. It still cannot be done: {result.words}")
            return
        number = result.operation.number
        done = f"{decision.done[:-1]}: {number}." if number and result.operation.state != entry.operation.state else ""
        messages.success(request, done or decision.done)

    def facts(self, actor: Actor, entry: SyncException) -> dict[str, Any]:
        operation, expected = entry.operation, entry.expected
        needed = {"depends_on": operation.needed}
        reader = Reader(actor, operation.user_id, operation.payload, needed, expected)
        return {
            "operation": operation,
            "phone_is_seen": devices_seen_by(actor).filter(pk=operation.device_id).exists(),
            "type": type_words(operation),
            "state": state_words(entry),
            "is_open": entry.state == SyncException.State.OPEN,
            "recorded": reader.read(operation.payload),
            "needed": reader.read(needed),
            "expected": reader.read(expected),
            "shortages": expected.get("shortages", []),
            "became": BECAME[State(operation.state)],
            "is_done": operation.is_done,
            "made": made(actor, operation),
            "clock_differs": _by_its_clock(operation),
            "others": operation.exceptions.exclude(pk=entry.pk).order_by("pk")[:LATEST],
            "goes": _goes(entry),
            "nothing_happened": "Nobody has done anything about it yet.",
        }


def state_words(row: SyncException) -> str:
    return "Settled" if row.state == SyncException.State.RESOLVED else str(SyncException.State(row.state).label)


def _by_its_clock(operation: Operation) -> str:
    """What the phone's own clock showed, where that was something else."""
    by_phone, at = moment_in(operation.said_at), operation.captured_at
    return shown.moment(by_phone) if by_phone and at and abs(by_phone - at) >= timedelta(minutes=1) else ""


def _goes(row: SyncException) -> list[str]:
    """What a dismissal takes away."""
    operation = row.operation
    if operation.is_done:
        return ["It only leaves this list. What was done stays in the books as it is."]
    if row.kind == CLONED:
        return ["It only leaves this list. Whether the operation is done is decided apart from this."]
    what = f"{type_words(operation)} of {operation.user}"
    at = shown.moment(operation.captured_at or operation.received_at)
    return [
        f"{what}, {at}: never done, though it happened. No stock moves, no invoice and no money is entered by it.",
        "What depends on it cannot be done either, and comes here for you to decide.",
        "What the phone recorded is kept, to be read.",
    ]
