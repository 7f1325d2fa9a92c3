from itertools import count
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from unfold.paginator import InfinitePaginator
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from lpg.customers.models import Customer
from lpg.customers.selectors import customers_seen_by
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with, vehicles_seen_by
from lpg.desk import filters, shown
from lpg.desk.admin import actor_of, allowed
from lpg.desk.decided import DecidedAdmin, Decision
from lpg.desk.grid import QuantityGrid
from lpg.desk.once import Saved, saved
from lpg.desk.searched import Searched
from lpg.desk.shown import display
from lpg.distribution import services
from lpg.distribution.models import Distribution, DistributionItem
from lpg.distribution.selectors import distributions_seen_by
from lpg.equipment.selectors import equipment_in_use
from lpg.errors import NotAllowed
from lpg.inventory.models import Condition, Place
from lpg.roles import Actor, require_at

COLUMNS = {
    "OUT-FULL": "Full, out",
    "IN-FULL": "Full, back",
    "IN-EMPTY": "Empty, back",
    "IN-DAMAGED": "Damaged, back",
}
FIELD_OF = {Place.Kind.TRUCK.value: "vehicle", Place.Kind.DEPOT.value: "to_depot"}


def own_depots(actor: Actor) -> QuerySet[Depot]:
    return depots_with(actor, "distributions.read")


def other_side(distribution: Distribution) -> str:
    if distribution.vehicle:
        return f"Truck {distribution.vehicle}"
    return f"Depot {distribution.to_depot}" if distribution.to_depot else str(distribution.customer)


class LinesOfDepot(QuantityGrid):
    nothing = "Enter how many go out of the depot or come back into it."

    depot = forms.ModelChoiceField(
        label="Depot", queryset=Depot.objects.none(), empty_label="Choose a depot", widget=UnfoldAdminSelectWidget()
    )


class NewDistribution(LinesOfDepot):
    """The other side, and the lines of one depot. Those of `further` depots are forms of their own below it."""

    other = forms.ChoiceField(label="Truck or other depot", required=False, widget=UnfoldAdminSelectWidget())
    customer = forms.ModelChoiceField(
        label="Or customer",
        required=False,
        queryset=Customer.objects.none(),
        widget=Searched(Distribution._meta.get_field("customer"), "Start of code, name or phone"),
    )
    remarks = forms.CharField(
        label="Remarks", required=False, max_length=500, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )

    def __init__(self, actor: Actor, data: Any = None, initial: dict[str, Any] | None = None, depots: int = 1):
        super().__init__(equipment_in_use(actor), COLUMNS, data, initial=initial)
        own = depots_with(actor, "distributions.write").filter(is_active=True)
        trucks = vehicles_seen_by(actor).filter(is_active=True).order_by("plate_no")
        fields: Any = self.fields
        fields["depot"].queryset = own
        fields["customer"].queryset = customers_seen_by(actor)
        fields["other"].choices = [
            ("", "Choose a truck or a depot"),
            ("Trucks", [(f"{Place.Kind.TRUCK}:{truck.pk}", f"Truck {truck}") for truck in trucks]),
            ("Depots", [(f"{Place.Kind.DEPOT}:{depot.pk}", f"Depot {depot}") for depot in own]),
        ]
        if len(own) == 1:
            self.initial.setdefault("depot", own[0].pk)
        self.further = [self._further(number, data, own) for number in range(2, depots + 1)]
        self.may_add_depot = depots < len(own)

    def _further(self, number: int, data: Any, own: QuerySet[Depot]) -> LinesOfDepot:
        """Left empty, it says nothing."""
        options: Any = {"prefix": _prefix(number), "empty_permitted": True, "use_required_attribute": False}
        grid = LinesOfDepot(self.things, COLUMNS, data, **options)
        depot: Any = grid.fields["depot"]
        depot.label, depot.queryset = "Another depot", own
        if data is None:
            grid.initial = {name: self.initial.get(grid.add_prefix(name)) for name in grid.fields}
        return grid

    def is_valid(self) -> bool:
        return all([super().is_valid(), *[grid.is_valid() for grid in self.further]])

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not self.errors.keys() & {"other", "customer"}:
            if values["other"] and values["customer"]:
                self.add_error("customer", "Choose one: this customer, or the truck or depot.")
            elif not (values["other"] or values["customer"]):
                self.add_error("other", "Choose a truck, another depot or a customer.")
        seen = {values.get("depot")}
        for grid in self.further:
            depot = grid.cleaned_data.get("depot") if grid.is_valid() else None
            if depot and depot in seen:
                grid.add_error("depot", "The lines of this depot stand above. Add these to them.")
            seen.add(depot)
        return values

    def items(self) -> list[services.Item]:
        grids = [(self, None), *[(grid, grid.cleaned_data.get("depot")) for grid in self.further]]
        items = []
        for grid, depot in grids:
            for cell in grid.entered():
                direction, condition = cell.column.split("-")
                items.append(services.Item(cell.thing_id, cell.quantity, direction, condition, depot and depot.pk))
        return items

    def other_side(self) -> services.OtherSide:
        if customer := self.cleaned_data["customer"]:
            return services.OtherSide(customer_id=customer.pk)
        kind, _, id = self.cleaned_data["other"].partition(":")
        return services.OtherSide(**{f"{FIELD_OF[kind]}_id": int(id)})


def _prefix(number: int) -> str:
    return f"depot{number}"


def depots_in(sent: QueryDict) -> int:
    """Of how many depots the lines are that a form was sent with."""
    return next(number for number in count(1) if f"{_prefix(number + 1)}-depot" not in sent)


@admin.register(Distribution)
class DistributionAdmin(DecidedAdmin):
    about = "distributions"
    empty = "A distribution says what goes from a depot onto a truck and what comes back. Drivers make them too."
    page_template = "desk/distribution.html"
    paginator = InfinitePaginator  # it only grows
    list_display = ("distribution_number", "shown_status", "depot", "shown_other_side", "user", "shown_time")
    list_filter = (
        filters.pick("status", "status", Distribution.Status.choices, all_words="Pending and decided"),
        filters.seen("depot", "depot", own_depots, all_words="All depots"),
        filters.Days,
    )
    search_fields = ("distribution_number",)
    search_help_text = "Start of number"
    ordering = ("-id",)
    sortable_by = ()
    decisions: ClassVar[dict[str, Decision]] = {
        "confirm": Decision(
            "Confirm distribution",
            "The cylinders move in the books now, all lines or none. This happens once and stays.",
            "{} is confirmed: the stock has moved.",
            lambda actor, id, values, now: services.confirm(actor=actor, distribution_id=id, now=now),
        ),
        "cancel": Decision(
            "Cancel distribution",
            "It is put aside for good and no stock moves. If the cylinders go after all, make a new one.",
            "{} is cancelled. No stock has moved.",
            lambda actor, id, values, now: services.cancel(actor=actor, distribution_id=id, now=now),
            style="desk-danger",
        ),
    }

    @display(description="Status", label={"PENDING": "warning", "CONFIRMED": "success", "CANCELLED": "default"})
    def shown_status(self, row: Distribution) -> tuple[str, str]:
        return row.status, Distribution.Status(row.status).label

    @display(description="Other side")
    def shown_other_side(self, row: Distribution) -> str:
        return other_side(row)

    @display(description="Made")
    def shown_time(self, row: Distribution) -> str:
        return shown.moment(row.created_at)

    def rows(self, actor: Actor) -> QuerySet[Distribution]:
        return distributions_seen_by(actor).select_related("depot", "vehicle", "to_depot", "customer", "user")

    def facts(self, actor: Actor, entry: Distribution) -> dict[str, Any]:
        items = entry.items.select_related("depot", "equipment").order_by("pk")
        return {
            "other_side": other_side(entry),
            "lines": [
                {
                    "way": ("Out of" if item.direction == DistributionItem.Direction.OUT else "Back into"),
                    "depot": item.depot,
                    "equipment": item.equipment,
                    "condition": Condition(item.condition).label,
                    "quantity": shown.number(item.quantity),
                }
                for item in items
            ],
        }

    def open_decisions(self, actor: Actor, entry: Distribution) -> list[str]:
        if entry.status != Distribution.Status.PENDING:
            return []
        try:
            require_at(actor, "distributions.write", *entry.items.values_list("depot", flat=True))
        except NotAllowed:
            return []
        return list(self.decisions)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return allowed(request, "distributions.write")

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Record what is to go out and come back. No stock moves yet."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        actor, post = actor_of(request), request.POST
        more = "another" in post  # what is written is kept, and shown again with a grid more
        data = post if request.method == "POST" and not more else None
        form = NewDistribution(actor, data, (post if more else request.GET).dict(), depots_in(post) + more)

        def effect() -> Saved:
            made = services.create(
                actor=actor,
                depot_id=form.cleaned_data["depot"].pk,
                items=form.items(),
                other_side=form.other_side(),
                remarks=form.cleaned_data["remarks"],
                now=timezone.now(),
            )
            there = reverse("admin:distribution_distribution_change", args=[made.pk])
            return Saved(there, f"{made} is recorded. Confirm it when the cylinders move.")

        context = {
            "form": form,
            "note": "What goes out of the depot and what comes back into it. Stock moves when it is confirmed.",
            "of": "Equipment",
            "button": "Add distribution",
            "back": reverse("admin:distribution_distribution_changelist"),
        }
        made = None if more else saved(request, form, effect, {"vehicle": "other", "to_depot": "other"})
        return made or self.page(request, "desk/grid_form.html", "Add distribution", **context)
