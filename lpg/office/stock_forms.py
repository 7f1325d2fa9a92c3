"""The forms that count stock and move it."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from lpg.depots.models import Vehicle
from lpg.depots.selectors import depots_with
from lpg.desk.grid import QuantityGrid
from lpg.equipment.selectors import equipment_in_use
from lpg.inventory.counts import Counted
from lpg.inventory.models import Condition, Place
from lpg.inventory.services import Item
from lpg.roles import Actor, sees

COLUMNS = {one.value: str(one.label) for one in (Condition.FULL, Condition.EMPTY, Condition.DAMAGED)}
SITE = {Condition.NONE.value: ""}  # a customer's site keeps no conditions


def _remarks() -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": 2})
    return forms.CharField(label="Remarks", required=False, max_length=500, widget=widget)


class CountForm(QuantityGrid):
    nothing = "Enter what you counted, at least in one cell."
    zero_counts = True

    remarks = _remarks()

    def __init__(self, actor: Actor, place: Place, data: Any = None):
        super().__init__(equipment_in_use(actor), COLUMNS if place.has_conditions else SITE, data)

    def lines(self) -> list[Counted]:
        return [Counted(cell.thing_id, cell.column, cell.quantity) for cell in self.entered()]


class MoveForm(QuantityGrid):
    nothing = "Enter how many of what are moved."

    origin = forms.ChoiceField(label="From", widget=UnfoldAdminSelectWidget())
    destination = forms.ChoiceField(label="To", widget=UnfoldAdminSelectWidget())
    to_condition = forms.ChoiceField(
        label="They become",
        required=False,
        choices=[("", "What they are"), *COLUMNS.items()],
        widget=UnfoldAdminSelectWidget(),
        help_text="To re-label cylinders, choose the same place in From and To.",
    )
    remarks = _remarks()

    def __init__(self, actor: Actor, data: Any = None, initial: dict[str, Any] | None = None):
        super().__init__(equipment_in_use(actor), COLUMNS, data, initial=initial)
        depots = depots_with(actor, "stock.write").filter(is_active=True)
        own = [
            ("Depots", [(f"{Place.Kind.DEPOT}:{depot.pk}", f"Depot {depot}") for depot in depots]),
            ("Trucks", [(f"{Place.Kind.TRUCK}:{truck.pk}", f"Truck {truck}") for truck in _trucks(actor)]),
        ]
        fields: Any = self.fields
        supplier = (Place.Kind.SUPPLIER.value, "Supplier")
        fields["origin"].choices = [("", "Choose a place"), supplier, *own]
        fields["destination"].choices = [("", "Choose a place"), *own, supplier, (Place.Kind.SCRAP.value, "Scrap")]

    def end(self, name: str) -> tuple[str, int | None]:
        """Which place, as kind and id."""
        kind, _, id = self.cleaned_data[name].partition(":")
        return kind, int(id) if id else None

    def items(self) -> list[Item]:
        become = self.cleaned_data["to_condition"]
        return [Item(cell.thing_id, cell.quantity, cell.column, become) for cell in self.entered()]


def _trucks(actor: Actor) -> QuerySet[Vehicle]:
    return Vehicle.objects.filter(sees(actor, "stock.write"), is_active=True).order_by("plate_no")
