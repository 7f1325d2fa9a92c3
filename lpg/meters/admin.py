"""Meters at the desk: found by serial number, with what they measured; installed, read, replaced by small forms."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from lpg.customers.chosen import OfCustomer, choose_customer, customer_named
from lpg.customers.models import Customer
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with
from lpg.desk import filters, shown
from lpg.desk.admin import actor_of, allowed, id_in
from lpg.desk.decided import ReadAdmin
from lpg.desk.forms import PlainForm
from lpg.desk.once import Saved, saved
from lpg.desk.shown import display
from lpg.errors import Invalid
from lpg.meters import services
from lpg.meters.fitting import MeterReadingRegressed
from lpg.meters.forms import InstallMeter, RecordReading, ReplaceMeter, VoidReading
from lpg.meters.models import Meter, MeterReading
from lpg.meters.selectors import meters_seen_by
from lpg.meters.usage import chains
from lpg.meters.words import chain_shown
from lpg.roles import Actor, may

READINGS_SHOWN = 50


def own_depots(actor: Actor) -> QuerySet[Depot]:
    return depots_with(actor, "meters.read")


class AtWork(filters.Pick):
    title = "state"
    parameter_name = "state"
    all_words = "At work and removed"

    def options(self, request: HttpRequest) -> filters.Options:
        return [("work", "At work"), ("removed", "Removed")]

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(removed_on__isnull=value == "work")


@admin.register(Meter)
class MeterAdmin(ReadAdmin):
    about = "meters"
    empty = "Gas meters at customers' sites. Install the first one from the page of its customer."
    adds = "Install meter"
    page_template = "desk/meter.html"
    list_display = ("serial_no", "customer", "shown_state", "shown_reading", "shown_installed")
    list_filter = (
        AtWork,
        filters.seen("depot", "depot", own_depots, all_words="All depots", column="customer__depot"),
        OfCustomer,
    )
    search_fields = ("serial_no",)
    search_help_text = "Start of serial number"
    ordering = ("-id",)
    sortable_by = ()

    @display(description="State", label={True: "success", False: "default"})
    def shown_state(self, row: Meter) -> tuple[bool, str]:
        if row.removed_on:
            return False, f"Removed {shown.day(row.removed_on)}"
        return True, "At work"

    @display(description="Shows", formatting="price")
    def shown_reading(self, row: Meter) -> str:
        return shown.reading(row.current_reading)

    @display(description="Installed")
    def shown_installed(self, row: Meter) -> str:
        return shown.day(row.installed_on)

    def rows(self, actor: Actor) -> QuerySet[Meter]:
        return meters_seen_by(actor)

    def facts(self, actor: Actor, entry: Meter) -> dict[str, Any]:
        together = Meter.objects.filter(Q(pk=entry.chain_id) | Q(first=entry.chain_id)).select_related("equipment")
        chain = chains(list(together), timezone.localdate(), readings=READINGS_SHOWN)[0]
        may_write = may(actor, "meters.write")
        return {
            "chain": chain_shown(chain, may_write=may_write),
            "shows": shown.reading(entry.current_reading),
            "may_write": may_write and entry.removed_on is None,
        }

    def history_of(self, obj: Any) -> Q:
        """Of the meter and of its readings."""
        readings = list(obj.readings.order_by("-id").values_list("pk", flat=True)[:1000])
        return super().history_of(obj) | Q(entity_type=MeterReading.__name__, entity_id__in=readings)

    def get_urls(self) -> list[Any]:
        return [
            self.own_path("<path:object_id>/read/", self.read_view, "read"),
            self.own_path("<path:object_id>/replace/", self.replace_view, "replace"),
            self.own_path("<path:object_id>/void/<str:reading_id>/", self.void_view, "void"),
            *super().get_urls(),
        ]

    # --- installing, reading, replacing, voiding

    def has_add_permission(self, request: HttpRequest) -> bool:
        return allowed(request, "meters.write")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Install a meter at a customer's site."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        customer = customer_named(request)
        if customer is None:
            return choose_customer(
                self,
                request,
                "Install meter",
                note="Find the customer at whose site the meter is installed.",
                fits=lambda one: one.is_active,
            )
        actor = actor_of(request)
        form = InstallMeter(actor, request.POST if request.method == "POST" else None)

        def effect() -> Meter:
            return services.install(actor=actor, customer_id=customer.pk, new=form.new(), now=timezone.now())

        note = "Its readings begin with what it shows now; what it measures from then on is billed."
        return self.meter_form(request, form, effect, customer, ("Install meter", note, "Install meter"))

    def read_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        meter = self._at_work(request, object_id, "readings.write")
        form = RecordReading(request.POST if request.method == "POST" else None)

        def effect() -> MeterReading:
            values = form.cleaned_data
            with in_words("reading"):
                return services.record(actor=actor_of(request), meter_id=meter.pk, **values, now=timezone.now())

        note = f"It showed {shown.reading(meter.current_reading)} last time. The next sale bills what was used since."
        words = (f"Record reading of {meter.serial_no}", note, "Record reading")
        return self.meter_form(request, form, effect, meter.customer, words)

    def replace_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A meter is taken away and another goes on in its place."""
        meter, actor = self._at_work(request, object_id, "meters.write"), actor_of(request)
        form = ReplaceMeter(actor, request.POST if request.method == "POST" else None)

        def effect() -> Meter:
            values = form.cleaned_data
            with in_words("final_reading"):
                return services.replace(
                    actor=actor,
                    meter_id=meter.pk,
                    final_reading=values["final_reading"],
                    is_rollover=values["is_rollover"],
                    new=form.new(),
                    now=timezone.now(),
                )

        note = f"It showed {shown.reading(meter.current_reading)} last time. What no sale has billed yet stays due."
        words = (f"Replace meter {meter.serial_no}", note, "Replace meter")
        return self.meter_form(request, form, effect, meter.customer, words)

    def void_view(self, request: HttpRequest, object_id: str, reading_id: str) -> HttpResponse:
        """The last reading was wrong."""
        meter = self._at_work(request, object_id, "meters.write")
        number = id_in(reading_id)
        reading = None if number is None else meter.readings.filter(pk=number).first()
        if reading is None:
            raise Http404
        form = VoidReading(request.POST if request.method == "POST" else None)

        def effect() -> MeterReading:
            return services.void(
                actor=actor_of(request),
                meter_id=meter.pk,
                reading_id=reading.pk,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )

        title = f"Void the reading {shown.reading(reading.reading)} of {meter.serial_no}"
        note = f"It counts on from {shown.reading(reading.previous)} then; {shown.reading(reading.usage)} go."
        if reading.kind == MeterReading.Kind.OUTSIDE:
            note = "It stands outside the chain: what the meter shows, and what is billed, stay as they are."
        return self.meter_form(request, form, effect, meter.customer, (title, note, "Void reading"))

    def meter_form(
        self,
        request: HttpRequest,
        form: PlainForm,
        effect: Callable[[], object],
        customer: Customer,
        words: tuple[str, str, str],
    ) -> HttpResponse:
        """A form that does one thing to a meter in one unit of work, once, then shows its customer."""
        title, note, button = words
        back = f"{reverse('admin:customers_customer_change', args=[customer.pk])}#meters"

        def done() -> Saved:
            effect()
            return Saved(back, f"{title}: done.")

        context = {"form": form, "button": button, "back": back, "note": f"{customer}. {note}"}
        return saved(request, form, done) or self.page(request, "desk/small_form.html", title, **context)

    def _at_work(self, request: HttpRequest, object_id: str, capability: str) -> Meter:
        meter: Meter = self.found(request, object_id)
        if not allowed(request, capability):
            raise PermissionDenied
        return meter


@contextmanager
def in_words(field: str) -> Iterator[None]:
    """What a service says of fields, as this page calls them."""
    try:
        yield
    except MeterReadingRegressed as lower:
        previous = lower.facts["previous"]
        words = (
            f"This is lower than last time, {previous}. Read it again; if it began again at zero, say so below; "
            "if it is another meter, replace the meter."
        )
        raise Invalid({field: [words]}) from lower
    except Invalid as invalid:
        errors = invalid.errors or {}
        if "is_rollover" in errors:
            words = "This is not below the last reading, so it has not begun again at zero. Take the tick away."
            raise Invalid({**errors, "is_rollover": [words]}) from invalid
        raise
