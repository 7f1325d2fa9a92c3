"""Columns that mean the same on every database: exact decimals, and ASCII text compared byte by byte.

SQLite keeps a DecimalField as a float and loses cents; MariaDB finds "José" when asked for "JOSE". So amounts are
scaled integers behind one field, and codes, keys and hashes are binary ASCII.
"""

import re
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core import validators
from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import lookups
from django.db.models.expressions import Combinable, register_combinable_fields

if TYPE_CHECKING:
    DecimalBase = models.Field[Decimal | int | str, Decimal]
    TextBase = models.CharField[str, str]
else:
    DecimalBase = models.Field
    TextBase = models.CharField


class FixedDecimalField(DecimalBase):
    """A decimal kept as an integer of its smallest unit. The number of places belongs to the class, never to a column:
    that is what lets the database add and compare two of a kind, and refuse two of different kinds."""

    decimal_places: ClassVar[int]
    max_digits: ClassVar[int] = 18

    def get_internal_type(self) -> str:
        return "BigIntegerField"

    def db_check(self, connection: BaseDatabaseWrapper) -> str | None:
        if connection.vendor == "sqlite":  # SQLite would keep 1.5 in an integer column
            return f"typeof({connection.ops.quote_name(self.column or '')}) IN ('integer', 'null')"
        return None

    def to_python(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            number = Decimal(value) if _is_number(value) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValidationError("Write a number, such as 12.50.")
        try:
            return self._kept(number)
        except ArithmeticError:
            return number  # the validators say what is wrong with it

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if not _is_number(value):
            raise TypeError(f"{self.name}: a {type(value).__name__} is not exact, use Decimal")
        try:
            return int(self._kept(Decimal(value)).scaleb(self.decimal_places))
        except ArithmeticError as error:
            raise ValueError(f"{self.name}: {value} does not fit {self.decimal_places} places") from error

    def _kept(self, number: Decimal) -> Decimal:
        """The same number with all its places. Raises ArithmeticError when it does not fit, or is none."""
        if not number.is_finite():
            raise InvalidOperation
        exact = Context(prec=self.max_digits, traps=[Inexact, InvalidOperation])
        kept = number.quantize(Decimal(1).scaleb(-self.decimal_places), context=exact)
        return kept or abs(kept)  # there is one nothing, not two

    def from_db_value(self, value: int | None, expression: Any, connection: BaseDatabaseWrapper) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.decimal_places)

    @property
    def validators(self) -> list[Any]:
        return [*super().validators, validators.DecimalValidator(self.max_digits, self.decimal_places)]

    def formfield(self, **kwargs: Any) -> Any:
        limits = {"max_digits": self.max_digits, "decimal_places": self.decimal_places}
        return super().formfield(**{"form_class": forms.DecimalField, **limits, **kwargs})

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(value)

    def get_placeholder_sql(self, value: Any, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        if not hasattr(value, "as_sql"):
            return "%s", (value,)
        _same_unit(self, value)
        return compiler.compile(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (Decimal, int, str)) and not isinstance(value, bool)


def _same_unit(field: Any, expression: Any) -> None:
    if type(expression.output_field) is not type(field):  # output_field itself raises FieldError for mixed types
        raise FieldError(f"{type(expression.output_field).__name__} used as {type(field).__name__}")


class _SameUnit:
    """A comparison that refuses money against rates, and fields against bare expressions."""

    lhs: Any
    rhs: Any

    def get_prep_lookup(self) -> Any:
        for rhs in self.rhs if isinstance(self.rhs, (list, tuple, set)) else [self.rhs]:
            if hasattr(rhs, "output_field"):
                _same_unit(self.lhs.output_field, rhs)
        return super().get_prep_lookup()  # type: ignore[misc]  # a mixin: the lookup beside it has the method


for _lookup in (
    lookups.Exact,
    lookups.GreaterThan,
    lookups.GreaterThanOrEqual,
    lookups.LessThan,
    lookups.LessThanOrEqual,
    lookups.In,
    lookups.Range,
):
    FixedDecimalField.register_lookup(type(f"SameUnit{_lookup.__name__}", (_SameUnit, _lookup), {}))


class MoneyField(FixedDecimalField):
    """Dollars and cents."""

    decimal_places = 2


class RateField(FixedDecimalField):
    """Dollars for one cylinder or one unit of gas."""

    decimal_places = 4


class ReadingField(FixedDecimalField):
    """What a meter shows, or how much gas went through it."""

    decimal_places = 3


class WeightField(FixedDecimalField):
    """Kilograms."""

    decimal_places = 2


for _field in (MoneyField, RateField, ReadingField, WeightField):
    for _operation in (Combinable.ADD, Combinable.SUB):
        register_combinable_fields(_field, _operation, _field, _field)
    register_combinable_fields(_field, Combinable.MUL, models.IntegerField, _field)
    register_combinable_fields(models.IntegerField, Combinable.MUL, _field, _field)


class AsciiField(TextBase):
    """Text that is a key: ASCII only, compared byte by byte on every database."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        plain = f"varchar({self.max_length})"
        return plain if connection.vendor == "sqlite" else f"{plain} CHARACTER SET ascii COLLATE ascii_bin"

    def rel_db_type(self, connection: BaseDatabaseWrapper) -> str:
        return self.db_type(connection)

    @property
    def validators(self) -> list[Any]:
        return [*super().validators, _printable_ascii]

    def get_db_prep_save(self, value: Any, connection: BaseDatabaseWrapper) -> Any:
        return super().get_db_prep_save(self.kept(value), connection)

    def kept(self, value: Any) -> Any:
        """The same value. Raises ValueError when the column cannot hold it."""
        if _is_foreign(value):
            raise ValueError(f"{self.name}: only ASCII fits, without spaces at the ends")
        return value


_printable_ascii = validators.RegexValidator(
    r"\A[!-~](?:[ -~]*[!-~])?\Z", "Use plain letters, digits and signs only, without spaces at the ends."
)


def _is_foreign(value: Any) -> bool:
    """Whether no such column can hold this. MariaDB takes "A " for "A", and answers a question about é by an error."""
    return isinstance(value, str) and (not value.isascii() or value != value.strip(" "))


class _Whole:
    """Equality with what is in no such column."""

    rhs: Any

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if _is_foreign(self.rhs):
            raise EmptyResultSet
        return super().as_sql(compiler, connection)  # type: ignore[misc]  # a mixin, as above


class _Part:
    """A search for what is in no such column."""

    rhs: Any

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if isinstance(self.rhs, str) and not self.rhs.isascii():
            raise EmptyResultSet
        return super().as_sql(compiler, connection)  # type: ignore[misc]  # a mixin, as above


class _EitherCase(_Part):
    """A search in a binary column that takes large and small letters for the same, as SQLite does by itself."""

    def process_lhs(self, compiler: Any, connection: Any, lhs: Any = None) -> Any:
        sql, params = super().process_lhs(compiler, connection, lhs)  # type: ignore[misc]  # a mixin, as above
        return (sql if connection.vendor == "sqlite" else f"{sql} COLLATE ascii_general_ci"), params


class _Members:
    """Of a list, what such a column can hold."""

    rhs: Any

    def get_prep_lookup(self) -> Any:
        if isinstance(self.rhs, (list, tuple, set, frozenset)):
            self.rhs = [value for value in self.rhs if not _is_foreign(value)]
        return super().get_prep_lookup()  # type: ignore[misc]  # a mixin, as above


class _Ordered:
    """A place in the order of such a column: whatever is not ASCII comes behind all that is."""

    def get_prep_lookup(self) -> Any:
        given = super().get_prep_lookup()  # type: ignore[misc]  # a mixin, as above
        return [_place(one) for one in given] if isinstance(given, (list, tuple)) else _place(given)


def _place(value: Any) -> Any:
    return value if not isinstance(value, str) or value.isascii() else f"{_ASCII_START.match(value)[0]}\x7f"  # type: ignore[index]  # it always matches


_ASCII_START = re.compile(r"[\x00-\x7f]*")

_ASCII_LOOKUPS: dict[type, tuple[Any, ...]] = {
    _Whole: (lookups.Exact,),
    _Part: (lookups.StartsWith, lookups.IStartsWith, lookups.EndsWith, lookups.Contains, lookups.Regex, lookups.IRegex),
    _EitherCase: (lookups.IExact, lookups.IEndsWith, lookups.IContains),
    _Members: (lookups.In,),
    _Ordered: (
        lookups.GreaterThan,
        lookups.GreaterThanOrEqual,
        lookups.LessThan,
        lookups.LessThanOrEqual,
        lookups.Range,
    ),
}
for _mixin, _kinds in _ASCII_LOOKUPS.items():
    for _kind in _kinds:
        AsciiField.register_lookup(type(f"Ascii{_kind.__name__}", (_mixin, _kind), {}))
