"""What a client may send: strict bodies and strict query parameters, in the words of the contract."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, ClassVar

from django.core.validators import RegexValidator
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.fields import empty
from rest_framework.parsers import JSONParser

from lpg.errors import TooLarge

MAX_BODY = 1_000_000
BIGGEST_ID = 2**63 - 1


class StrictJSONParser(JSONParser):
    """JSON up to 1 MB. Numbers with a point become exact decimals: there is never a float to make money of."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise TooLarge("The body is over 1 MB. Send less in one request.")
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
        errors: dict[str, Any] = {}
        if isinstance(data, Mapping):
            errors = {str(name)[:100]: [self._unknown(str(name))] for name in data if not self._knows(name)}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if isinstance(error.detail, dict):
                errors = {**error.detail, **errors}
        if errors:
            raise serializers.ValidationError(errors)
        return values

    def _knows(self, name: Any) -> bool:
        echoed = self.echoes._declared_fields if self.echoes else {}
        return name in self.fields or (name in echoed and name not in self.renamed)

    def _unknown(self, name: str) -> str:
        right = self.renamed.get(name)
        return f"This is called {right} here." if right else "There is no such field. Take it out."


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


class ListQuery(Query):
    """What every list takes."""

    page_size = serializers.IntegerField(
        min_value=1, max_value=200, default=50, help_text="How many entries a page holds."
    )
    cursor = serializers.CharField(required=False, max_length=1000, help_text="Taken from `next` or `previous`.")


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


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
    """A whole number; in a body a JSON number, never a text or true."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(self.root, Query) and (isinstance(data, bool) or not isinstance(data, int)):
            self.fail("invalid")
        return super().to_internal_value(data)


class Ref(Whole):
    """The id of another entity. Whether it exists and may be seen is judged by the service, where it is locked."""

    def __init__(self, **kwargs: Any):
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)


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

    def to_internal_value(self, data: Any) -> Decimal:
        written = isinstance(data, str) and re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", data)
        counted = isinstance(data, (int, Decimal)) and not isinstance(data, bool)
        if not written and not counted:
            self.fail("invalid")
        return super().to_internal_value(data)
