"""A form that asks for many quantities at once: a row for each thing, a column for each state it may be in."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from django import forms
from django.db.models import Model

from lpg.desk.forms import PlainForm

MOST = 100_000  # in one cell, as at the API


class Entered(NamedTuple):
    """A cell that somebody filled in."""

    thing_id: int
    column: str
    quantity: int


class QuantityGrid(PlainForm):
    """Fields of a subclass stand beside the grid. An empty cell says nothing; `entered()` is what was filled in."""

    nothing: ClassVar[str] = "Enter at least one quantity."
    zero_counts: ClassVar[bool] = False  # whether 0 says something

    def __init__(self, things: Iterable[Model], columns: Mapping[str, str], data: Any = None, **options: Any):
        super().__init__(data, **options)
        self.columns = columns
        self.things = list(things)
        self.beside = list(self.fields)
        for thing in self.things:
            for column, words in columns.items():
                self.fields[self._name(thing.pk, column)] = _quantity(f"{thing}, {words}" if words else str(thing))

    @staticmethod
    def _name(thing_id: int, column: str) -> str:
        return f"n_{thing_id}_{column}"

    def rows(self) -> list[tuple[Model, list[forms.BoundField]]]:
        return [(thing, [self[self._name(thing.pk, column)] for column in self.columns]) for thing in self.things]

    def wrong_cells(self) -> list[str]:
        """What is wrong in the grid, each named: there is no room for it in the cells."""
        return [
            f"{self.fields[name].label}: {message}"
            for name, messages in self.errors.items()
            if name in self.fields and name not in self.beside
            for message in messages
        ]

    def fields_beside(self) -> list[forms.BoundField]:
        return [self[name] for name in self.beside]

    def clean(self) -> dict[str, Any]:
        if not self.wrong_cells() and not self.entered():
            self.add_error(None, self.nothing)
        return self.cleaned_data

    def entered(self) -> list[Entered]:
        cells = [
            (thing.pk, column, self.cleaned_data.get(self._name(thing.pk, column)))
            for thing in self.things
            for column in self.columns
        ]
        return [
            Entered(thing, column, quantity)
            for thing, column, quantity in cells
            if quantity is not None and (quantity or self.zero_counts)
        ]


def _quantity(label: str) -> forms.IntegerField:
    attrs = {"class": "desk-cell", "inputmode": "numeric", "autocomplete": "off", "maxlength": "6", "aria-label": label}
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=MOST,
        widget=forms.TextInput(attrs=attrs),
        error_messages={
            "invalid": "Write a whole number.",
            "min_value": "Write 0 or more.",
            "max_value": f"This is more than {MOST:,}.",
        },
    )
