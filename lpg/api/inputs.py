"""What a client may send: strict bodies and strict query parameters, in the words of the contract."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache, cached_property
from itertools import islice
from typing import IO, Any, ClassVar

from django.core.validators import RegexValidator
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import SkipField, empty
from rest_framework.parsers import JSONParser

from lpg.errors import TooLarge

MAX_BODY = 1_000_000
BIGGEST_ID = 2**63 - 1
MAX_NAMED = 20  # unknown fields: nobody reads more, and the answer stays short
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # what a device says whose clock has stopped is before that
MAX_CURSOR = 2000  # holds the longest name there may be


class StrictJSONParser(JSONParser):
    """JSON up to 1 MB, or as a door says. Numbers with a point become exact decimals: no float to make money of."""

    most = MAX_BODY
    too_large = "The body is over 1 MB. Send less in one request."

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(self.most + 1)
        if len(raw) > self.most:
            raise TooLarge(self.too_large)
        try:
            return json.loads(raw.decode(), parse_float=Decimal, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:  # broken UTF-8, broken JSON, 5,000 digits, 100,000 brackets
            raise ParseError from error


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


class Input(serializers.Serializer[Any]):
    """A body. Unknown fields are refused; the message names the right one where the owner's documents used another."""

    renamed: ClassVar[dict[str, str]] = {}
    echoes: ClassVar[type[serializers.Serializer[Any]] | None] = None  # the resource: its read-only fields are ignored

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)  # which says so
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        partial = getattr(self.root, "partial", False)
        for name, field, judged in self._parts:  # as theirs, at half of its time: no field here is only shown
            missing = name not in data
            if missing and (partial or (field.default is empty and not field.required)):
                continue
            try:
                if missing and not field.required:
                    value = field.default() if callable(field.default) else field.default
                else:
                    value = field.run_validation(data.get(name, empty))
                values[field.source] = value if judged is None else judged(value)
            except serializers.ValidationError as error:
                errors[name] = error.detail
            except SkipField:
                pass
        unknown = islice((str(name)[:100] for name in data if not self._knows(name)), MAX_NAMED)
        errors |= {name: [self._unknown(name)] for name in unknown}
        if errors:
            raise serializers.ValidationError(errors)
        return values

    @cached_property
    def _parts(self) -> list[tuple[str, Any, Callable[[Any], Any] | None]]:
        """The fields, and for each the method that judges it further."""
        return [(name, field, getattr(self, f"validate_{name}", None)) for name, field in self.fields.items()]

    def _knows(self, name: Any) -> bool:
        return name in self.fields or (name in _shown(self.echoes) and name not in self.renamed)

    def _unknown(self, name: str) -> str:
        right = self.renamed.get(name)
        return f"This is called {right} here." if right else "There is no such field. Take it out."


@cache
def _shown(resource: type[serializers.Serializer[Any]] | None) -> frozenset[str]:
    """The names of all fields of a resource."""
    return frozenset(resource().fields) if resource else frozenset()


class Query(Input):
    """The query parameters of an address."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, QueryDict):
            twice = [name for name, given in data.lists() if len(given) > 1]
            if twice:
                raise serializers.ValidationError({name: ["Give this once only."] for name in twice})
            data = data.dict()
        return super().to_internal_value(data)

    def _unknown(self, name: str) -> str:
        return f"There is no such parameter. Use one of: {', '.join(sorted(self.fields))}."


_DIGITS = re.compile(r"-?[0-9]{1,20}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


class Text(serializers.CharField):
    """Text and nothing else: a number is not quietly made into one, and nothing invisible slips in."""

    default_error_messages: ClassVar = {"control": "Take out the invisible control characters."}

    def __init__(self, *, max_length: int, multiline: bool = False, **kwargs: Any):
        self.multiline = multiline
        super().__init__(max_length=max_length, **kwargs)

    def run_validation(self, data: Any = empty) -> Any:
        if data is None and self.allow_blank:
            return ""  # null and empty mean the same: nothing is known
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        value = super().to_internal_value(data)
        if _CONTROL.search(value) or (not self.multiline and "\n" in value):
            self.fail("control")
        return value


class Secret(Text):
    """A password: taken as it is, never shown."""

    def __init__(self, **kwargs: Any):
        super().__init__(
            max_length=128, trim_whitespace=False, write_only=True, style={"input_type": "password"}, **kwargs
        )


class Code(Text):
    """A key in plain ASCII, as people write it on paper."""

    def __init__(self, *, max_length: int, **kwargs: Any):
        super().__init__(max_length=max_length, **kwargs)
        self.validators.append(RegexValidator(r"\A[ -~]*\Z", "Use plain letters, digits and signs only."))


class Email(Text):
    def __init__(self, **kwargs: Any):
        super().__init__(max_length=254, **kwargs)
        self.validators.append(serializers.EmailField().validators[-1])


class Whole(serializers.IntegerField):
    """A whole number; in a body a JSON number, never a text or true; in a query plain digits."""

    def to_internal_value(self, data: Any) -> int:
        asked = isinstance(self.root, Query)
        fits = _DIGITS.fullmatch(data) if asked else isinstance(data, int) and not isinstance(data, bool)
        if not fits:
            self.fail("invalid")
        return super().to_internal_value(data)


class Ref(Whole):
    """The id of another entity. Whether it exists and may be seen is judged by the service, where it is locked."""

    def __init__(self, **kwargs: Any):
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)


class Choice(serializers.ChoiceField):
    """One of a few words, and text."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or data not in self.choices:
            self.fail("invalid_choice", input=data[:40] if isinstance(data, str) else "This")
        return data


class Day(serializers.DateField):
    """A date as 2026-11-20."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class Moment(serializers.DateTimeField):
    """A time as 2026-11-20T09:30:00+08:00, one that databases can hold in UTC too; in a body of this century."""

    default_error_messages: ClassVar = {"early": "This is long ago. Check the clock of the device."}

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and not value.isascii():  # digits of another script would do else
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+08:00")
        try:
            moment = super().to_internal_value(value)
            moment.astimezone(UTC)
        except OverflowError:
            self.fail("overflow")
        if moment < EARLIEST and not isinstance(self.root, Query):
            self.fail("early")
        return moment


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if isinstance(self.root, Query):
            data = {"true": True, "false": False}.get(data, data)
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Amount(serializers.DecimalField):
    """An exact decimal: text like "12.50", or a JSON number."""

    def __init__(self, *, decimal_places: int, min_value: int | None = 0, **kwargs: Any):
        kwargs = {"max_digits": 18, "min_value": None if min_value is None else Decimal(min_value), **kwargs}
        super().__init__(decimal_places=decimal_places, **kwargs)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return serializers.Field.validate_empty_values(self, data)  # an empty text is no number, nor is it null

    def to_internal_value(self, data: Any) -> Decimal:
        written = isinstance(data, str) and re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", data)
        counted = isinstance(data, (int, Decimal)) and not isinstance(data, bool)
        if not written and not counted:
            self.fail("invalid")
        return super().to_internal_value(data)


class ReasonInput(Input):
    """Why something is taken back or decided."""

    example: ClassVar[dict[str, Any]] = {"reason": "Recorded for the wrong shop"}

    reason = Text(max_length=200)


class ListQuery(Query):
    """What every list takes."""

    page_size = Whole(min_value=1, max_value=200, default=50, help_text="How many entries a page holds.")
    cursor = serializers.CharField(required=False, max_length=MAX_CURSOR, help_text="Taken from `next` or `previous`.")
