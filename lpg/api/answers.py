"""Showing rows: what a serializer says of a shape, put together once, so that a row costs a few calls, not hundreds."""

from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any

from rest_framework.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    DecimalField,
    EmailField,
    IntegerField,
)
from rest_framework.relations import ManyRelatedField, PrimaryKeyRelatedField
from rest_framework.serializers import ListSerializer, ModelSerializer, Serializer

from lpg.clock import local

type Show = Callable[[Any], Any]

AS_IT_IS = {
    BooleanField: bool,
    CharField: str,
    ChoiceField: str,
    EmailField: str,
    IntegerField: int,
    PrimaryKeyRelatedField: int,
}  # what they show just as it is


def shown(shape: type[Serializer[Any]], row: Any) -> Any:
    """A row as it is answered."""
    return _of_shape(shape)(row)


def columns_of(shape: type[Serializer[Any]]) -> list[tuple[str, str, Show | None]]:
    """For each field its name, the lookup that finds its value, and how that is shown; None: just as it is."""
    fields = shape().fields
    return [
        (name, _find_path(field), None if type(field) in AS_IT_IS else _show(field)) for name, field in fields.items()
    ]


def _find_path(field: Any) -> str:
    source: str = field.source.replace(".", "__")
    return f"{source}_id" if type(field) is PrimaryKeyRelatedField else source


@cache
def _of_shape(shape: type[Serializer[Any]]) -> Show:
    return _show(shape())


def _show(field: Any) -> Show:
    """What turns a value into what is answered of it."""
    if isinstance(field, ListSerializer):
        one = _show(field.child)
        return lambda rows: [one(row) for row in (rows.all() if hasattr(rows, "all") else rows)]
    if type(field) is PrimaryKeyRelatedField:
        return lambda id: id
    if type(field) is DateTimeField:
        return _moment
    if type(field) is DecimalField:  # columns keep exactly their places
        return f"{{:.{field.decimal_places}f}}".format
    if not isinstance(field, Serializer) or type(field).to_representation is not Serializer.to_representation:
        show: Show = field.to_representation
        return show
    parts = [
        (name, _find(part, field), part.get_attribute, AS_IT_IS.get(type(part)), _show(part))
        for name, part in field.fields.items()
        if not part.write_only
    ]

    def whole(row: Any) -> dict[str, Any]:
        answer = {}
        by_name = not isinstance(row, Mapping)
        for name, find, search, plain, show in parts:
            try:
                value = find(row) if by_name else search(row)
            except AttributeError:  # something on the way there is none
                value = search(row)
            answer[name] = value if value is None or type(value) is plain else show(value)
        return answer

    return whole


def _moment(value: Any) -> str:
    """A time in the company's time zone, at a third of what DRF's own way takes."""
    if isinstance(value, str):
        return value
    text: str = local(value).isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _find(field: Any, within: Serializer[Any]) -> Callable[[Any], Any]:
    """Where a row has the value of a field; of a reference, the id that it holds already."""
    if isinstance(field, ManyRelatedField):
        get: Callable[[Any], Any] = field.get_attribute
        return get
    source = field.source
    if type(field) is PrimaryKeyRelatedField and isinstance(within, ModelSerializer):
        model: Any = within.Meta.model
        source = model._meta.get_field(source).attname
    return attrgetter(source)
