"""The small forms that install, read and replace a meter, and void a reading."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from lpg.depots.models import Vehicle
from lpg.depots.selectors import depots_with
from lpg.desk import rates
from lpg.desk.forms import PlainForm
from lpg.equipment.models import Equipment
from lpg.equipment.selectors import equipment_in_use
from lpg.fields import ReadingField
from lpg.inventory.models import Place
from lpg.meters.models import LEAST_DIGITS, MOST_DIGITS
from lpg.meters.services import NewMeter
from lpg.roles import Actor, sees


def a_reading(label: str, *, help_text: str = "", initial: Decimal | None = None) -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        initial=initial,
        max_digits=MOST_DIGITS + ReadingField.decimal_places,
        decimal_places=ReadingField.decimal_places,
        validators=[MinValueValidator(Decimal(0), "A meter never shows less than 0.")],
        widget=UnfoldAdminDecimalFieldWidget(attrs={"class": "desk-number", "step": "any", "inputmode": "decimal"}),
        help_text=help_text,
    )


def began_again(label: str) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanWidget())


class RecordReading(PlainForm):
    reading = a_reading("The meter shows")
    is_rollover = began_again("It has counted to its end and began again at zero")
    read_at = forms.DateTimeField(
        label="Read at",
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "datetime-local"}),
        help_text="Left empty: now.",
    )


class InstallMeter(PlainForm):
    """A meter as it is to be installed."""

    serial_no = forms.RegexField(
        r"\A[!-~](?:[ -~]*[!-~])?\Z",
        label="Serial number",
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        error_messages={"invalid": "Use plain letters, digits and signs only, as on the meter."},
    )
    initial_reading = a_reading("It shows", initial=Decimal(0))
    digits = forms.IntegerField(
        label="Digits before the point",
        initial=5,
        min_value=LEAST_DIGITS,
        max_value=MOST_DIGITS,
        widget=UnfoldAdminIntegerFieldWidget(attrs={"class": "desk-number"}),
        help_text="A meter of 5 digits counts to 99,999 and begins again at zero.",
    )
    installed_on = forms.DateField(
        label="Installed on", initial=rates.today, widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    equipment = forms.ModelChoiceField(
        label="Out of our stock",
        queryset=Equipment.objects.none(),
        required=False,
        empty_label="No, it is not from our stock",
        widget=UnfoldAdminSelectWidget(),
        help_text="With a kind of meter chosen, one of them moves from the place below to the customer.",
    )
    taken_from = forms.ChoiceField(label="Taken from", required=False, widget=UnfoldAdminSelectWidget())

    def __init__(self, actor: Actor, data: Any = None):
        super().__init__(data)
        fields: Any = self.fields
        kinds = equipment_in_use(actor).filter(equipment_type=Equipment.Type.METER)
        fields["equipment"].queryset = kinds
        depots = depots_with(actor, "meters.write").filter(is_active=True)
        trucks = Vehicle.objects.filter(sees(actor, "meters.write"), is_active=True).order_by("plate_no")
        fields["taken_from"].choices = [
            ("", "Choose a depot or a truck"),
            ("Depots", [(f"{Place.Kind.DEPOT}:{depot.pk}", f"Depot {depot}") for depot in depots]),
            ("Trucks", [(f"{Place.Kind.TRUCK}:{truck.pk}", f"Truck {truck}") for truck in trucks]),
        ]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("equipment") and not values.get("taken_from"):
            self.add_error("taken_from", "Choose the depot or truck that it comes from.")
        if values.get("taken_from") and not values.get("equipment"):
            self.add_error("equipment", "Choose which kind of meter it is.")
        return values

    def new(self) -> NewMeter:
        values = self.cleaned_data
        kind, _, id = values["taken_from"].partition(":")
        return NewMeter(
            serial_no=values["serial_no"],
            digits=values["digits"],
            initial_reading=values["initial_reading"],
            installed_on=values["installed_on"],
            equipment_id=values["equipment"].pk if values["equipment"] else None,
            vehicle_id=int(id) if kind == Place.Kind.TRUCK else None,
            depot_id=int(id) if kind == Place.Kind.DEPOT else None,
        )


class ReplaceMeter(InstallMeter):
    final_reading = a_reading("The old meter shows", help_text="What it measured and no sale has billed stays due.")
    is_rollover = began_again("The old meter has counted to its end and began again at zero")
    field_order = (
        "final_reading",
        "is_rollover",
        "serial_no",
        "initial_reading",
        "digits",
        "installed_on",
        "equipment",
        "taken_from",
    )

    def __init__(self, actor: Actor, data: Any = None):
        super().__init__(actor, data)
        self.fields["serial_no"].label = "Serial number of the new meter"
        self.fields["initial_reading"].label = "The new meter shows"


class VoidReading(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="Why it was wrong. The reading stays in the books, marked as voided.",
    )
