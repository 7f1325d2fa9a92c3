"""One row of a list becomes the values that the API would have got, and is judged by the API's own inputs."""

import re
from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from lpg.api.inputs import Amount, Flag, Input, Whole
from lpg.errors import Errors, Invalid
from lpg.problems import flat

_WHOLE = re.compile(r"-?[0-9]{1,18}")
MIDNIGHT = time()


class RowInput:
    """The input `body` of an API operation, fed from the cells of a row. Made once for all rows of a file."""

    def __init__(self, body: type[Input]):
        self._inputs = {partial: body(partial=partial) for partial in (False, True)}
        self._fields = self._inputs[False].fields

    def values(
        self, cells: Mapping[str, Any], *, partial: bool, found: Mapping[str, Any], wrong: Errors
    ) -> dict[str, Any]:
        """The validated values of `cells` and of what has been `found` by its key already.

        Raises Invalid with all that is wrong in the row, `wrong` included.
        """
        data, errors = dict(found), {**wrong}
        for name, cell in cells.items():
            if name in wrong or name in found:
                continue
            try:
                data[name] = api_value(self._fields[name], cell)
            except ValueError as error:
                errors[name] = [str(error)]
        try:
            values: dict[str, Any] = self._inputs[partial].run_validation(data)
        except serializers.ValidationError as error:
            errors = {**self._explained(flat(error.detail)), **errors}
        if errors:
            raise Invalid(errors)
        return values

    def _explained(self, errors: Errors) -> Errors:
        """In words for somebody at a spreadsheet: what is empty, and which choices there are."""
        for name, messages in errors.items():
            field = self._fields[name]
            if messages == [str(field.error_messages["required"])]:
                messages[:] = ["This is empty, and a new entry needs it. Fill it in."]
            elif isinstance(field, serializers.ChoiceField):
                messages[:] = [f"{messages[0]} Write one of {', '.join(field.choices)}."]
        return errors


def api_value(field: serializers.Field[Any, Any, Any, Any], cell: Any) -> Any:
    """What a client of the API would send for this cell. Raises ValueError where the spreadsheet garbled it."""
    if isinstance(cell, str):
        return _from_text(field, cell)
    if isinstance(cell, bool):
        return cell if isinstance(field, Flag) else str(cell).upper()
    if isinstance(cell, (int, float)):
        return _from_number(field, Decimal(repr(cell)))
    return _from_date(field, cell)


def as_text(cell: Any) -> str:
    """A key, in its spelling: a spreadsheet may have made a number of 1001."""
    return str(api_value(serializers.CharField(), cell))


def _from_text(field: Any, text: str) -> Any:
    if isinstance(field, Flag):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(field, Whole) and _WHOLE.fullmatch(text):
        return int(text)
    return text


def _from_number(field: Any, number: Decimal) -> Any:
    whole = number.is_finite() and number == number.to_integral_value()
    if isinstance(field, Amount):
        return number
    if isinstance(field, Whole):
        return int(number) if whole else number
    if isinstance(field, Flag):
        return number
    return format(number.to_integral_value() if whole else number, "f")


def _from_date(field: Any, moment: Any) -> str:
    if isinstance(field, serializers.DateField):
        if isinstance(moment, datetime) and moment.time() == MIDNIGHT:
            return moment.date().isoformat()
        raise ValueError("Write the day alone, without a time, such as 2026-12-01.")
    raise ValueError("The spreadsheet made a date or time of this. Format the column as text and write it again.")
