"""The form that adds a rate, for customers and for default rates alike. Rates are added, never overwritten."""

from datetime import date
from decimal import Decimal

from django import forms
from django.core.validators import MinValueValidator
from django.utils import timezone
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextInputWidget

from lpg.desk.forms import PlainForm
from lpg.fields import RateField

MOST_TO_COME = 50  # shown on a page


class PlainDecimal(forms.DecimalField):
    """A rate as one writes it: four places, never below zero."""

    def __init__(self, *, label: str, required: bool = True, help_text: str = ""):
        super().__init__(
            label=label,
            required=required,
            help_text=help_text,
            max_digits=RateField.max_digits,
            decimal_places=RateField.decimal_places,
            validators=[MinValueValidator(Decimal(0), "A rate is never below zero.")],
            widget=UnfoldAdminDecimalFieldWidget(attrs={"class": "desk-number", "step": "any", "inputmode": "decimal"}),
        )


def today() -> date:
    return timezone.localdate()


class AddRate(PlainForm):
    """A rate from a day on."""

    rate = PlainDecimal(label="Rate (S$)")
    effective_from = forms.DateField(
        label="From",
        initial=today,
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text="The first day it counts. Of two rates from one day the later entry counts; a day in the past "
        "touches only sales not yet recorded.",
    )
