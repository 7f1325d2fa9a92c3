"""Phones at the desk: who carries which, what has not come from it yet, and the button that switches it off."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse

from lpg.accounts.selectors import users_seen_by
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.forms import PlainForm
from lpg.desk.shown import display
from lpg.roles import Actor
from lpg.sync.devices import switch_off
from lpg.sync.exceptions import exceptions_seen_by
from lpg.sync.models import Device, Operation, SyncException
from lpg.sync.selectors import devices_seen_by
from lpg.sync.words import CUSTOMER, clock_words, customer_in, gaps_words, page_of, type_words

State = Operation.State
LATEST = 25


def people(actor: Actor) -> QuerySet[Any]:
    return users_seen_by(actor).order_by("username")


class Switched(filters.Pick):
    title = "switched"
    parameter_name = "off"
    all_words = "On and off"

    def options(self, request: HttpRequest) -> filters.Options:
        return [("0", "In use"), ("1", "Switched off")]

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(switched_off_at__isnull=value == "0")


def _waiting(state: Operation.State) -> Coalesce:
    rows = Operation.objects.filter(state=state, user=OuterRef("user"), device=OuterRef("pk"))
    return Coalesce(Subquery(rows.order_by().values("device").annotate(count=Count("pk")).values("count")), 0)


@admin.register(Device)
class DeviceAdmin(DecidedAdmin):
    about = "devices"
    decides = "devices.switch_off"
    empty = "A phone comes here when somebody signs in on it for the first time."
    page_template = "desk/device.html"
    list_display = (
        "shown_who",
        "shown_name",
        "shown_contact",
        "shown_gaps",
        "shown_clock",
        "shown_waiting",
        "shown_state",
    )
    list_filter = (
        Switched,
        filters.seen(
            "depot",
            "depot",
            lambda actor: depots_with(actor, "devices.read"),
            all_words="All depots",
            column="user__depot",
        ),
        filters.seen("person", "user", people, all_words="Everybody"),
    )
    ordering = ("-last_contact_at", "-id")
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "off": Decision(
            "Switch off phone",
            "For a phone that is lost, or of somebody who left. It stays off, for good:",
            "The phone is switched off.",
            lambda actor, id, values, now: switch_off(actor=actor, device_pk=id, now=now),
            style="desk-danger",
            form=PlainForm,
        )
    }

    @display(description="Person")
    def shown_who(self, row: Device) -> str:
        return str(row.user)

    @display(description="Phone")
    def shown_name(self, row: Device) -> str:
        return f"{row}, {row.platform}" if row.platform else str(row)

    @display(description="Last contact")
    def shown_contact(self, row: Device) -> str:
        return shown.moment(row.last_contact_at)

    @display(description="Not come")
    def shown_gaps(self, row: Device) -> str:
        return gaps_words(row.gaps) or shown.NOTHING

    @display(description="Clock")
    def shown_clock(self, row: Device) -> str:
        return clock_words(row.skew_seconds)

    @display(description="Kept")
    def shown_waiting(self, row: Any) -> str:
        return kept_words(row) or shown.NOTHING

    @display(description="State", label={True: "danger", False: "success"})
    def shown_state(self, row: Device) -> tuple[bool, str]:
        return bool(row.switched_off_at), "Switched off" if row.switched_off_at else "In use"

    def rows(self, actor: Actor) -> QuerySet[Any]:
        waiting = {"blocked": _waiting(State.BLOCKED), "quarantined": _waiting(State.QUARANTINED)}
        return devices_seen_by(actor).select_related("user__depot").annotate(**waiting)

    def open_decisions(self, actor: Actor, entry: Device) -> list[str]:
        return [] if entry.switched_off_at else list(self.decisions)

    def facts(self, actor: Actor, entry: Any) -> dict[str, Any]:
        open_now = exceptions_seen_by(actor).filter(state=SyncException.State.OPEN)
        inbox = reverse("admin:sync_syncexception_changelist")
        latest = Operation.objects.filter(device=entry.pk).select_related("raw")
        named = list(latest.order_by("-seq", "-pk")[:LATEST])
        customers = CUSTOMER.rows(actor).in_bulk({id for id in map(customer_in, named) if id})
        others = devices_seen_by(actor).filter(device_id=entry.device_id).exclude(pk=entry.pk).order_by("pk")
        shared = [str(other.user) for other in others]
        return {
            "gaps": gaps_words(entry.gaps),
            "clock": clock_words(entry.skew_seconds),
            "kept": kept_words(entry),
            "to_look_at": open_now.filter(operation__device=entry.pk).count(),
            "inbox": f"{inbox}?device={entry.pk}",
            "shared": shared,
            "latest": [_line(row, customers.get(customer_in(row) or 0)) for row in named],
            "nothing_happened": "Nothing yet that you may see.",
            "goes": [
                f"Nobody gets in on it any more. Signed out at once: {', '.join([str(entry.user), *shared])}.",
                "What it still holds is not lost: sent later, it is kept for a person to decide (“To look at”).",
                "They can go on with another phone.",
            ],
        }


def kept_words(row: Any) -> str:
    """2 wait, 1 not done."""
    waits = f"{row.blocked} wait{'s' if row.blocked == 1 else ''}" if row.blocked else ""
    return ", ".join(part for part in (waits, f"{row.quarantined} not done" if row.quarantined else "") if part)


def _line(row: Operation, customer: Any) -> dict[str, Any]:
    state = State(row.state)
    style = {State.QUARANTINED: "desk-late", State.BLOCKED: "desk-waiting", State.WITH_EXCEPTION: "desk-waiting"}
    return {
        "row": row,
        "what": type_words(row),
        "customer": customer,
        "link": page_of(CUSTOMER, customer.pk) if customer else "",
        "at": shown.moment(row.captured_at or row.received_at),
        "state": state.label,
        "style": style.get(state, "desk-good" if row.is_done else "desk-quiet"),
    }
