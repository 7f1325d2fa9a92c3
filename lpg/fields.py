"""Columns that mean the same on every database: exact decimals, and ASCII text compared byte by byte.

SQLite keeps a DecimalField as a float and loses cents; MariaDB finds "José" when asked for "JOSE". So amounts are
scaled integers behind one field, and codes, keys and hashes are binary ASCII.
"""

from decimal import Decimal, InvalidOperation
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
            number = Decimal(value) if isinstance(value, (Decimal, int, str)) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValidationError("Write a number, such as 12.50.")
        kept = number.scaleb(self.decimal_places)
        if abs(kept) >= 10**self.max_digits or kept != kept.to_integral_value():
            return number  # the validators say what is wrong with it
        return number.quantize(Decimal(1).scaleb(-self.decimal_places))

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        if value is None or hasattr(value, "resolve_expression"):
            return value
        if isinstance(value, float):
            raise TypeError(f"{self.name}: a float is not exact, use Decimal")
        scaled = Decimal(value).scaleb(self.decimal_places)
        whole = int(scaled)
        if whole != scaled or abs(whole) >= 10**self.max_digits:
            raise ValueError(f"{self.name}: {value} does not fit {self.decimal_places} places")
        return whole

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


class WeightField(FixedDecimalField):
    """Kilograms."""

    decimal_places = 2


for _field in (MoneyField, RateField, WeightField):
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
        if isinstance(value, str) and not value.isascii():
            raise ValueError(f"{self.name}: only ASCII fits")
        return super().get_db_prep_save(value, connection)


_printable_ascii = validators.RegexValidator(
    r"\A[!-~](?:[ -~]*[!-~])?\Z", "Use plain letters, digits and signs only, without spaces at the ends."
)


class _AsciiOnly:
    """Nothing outside ASCII is in such a column, and MariaDB answers the question itself with an error."""

    rhs: Any

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        if isinstance(self.rhs, str) and not self.rhs.isascii():
            raise EmptyResultSet
        return super().as_sql(compiler, connection)  # type: ignore[misc]  # a mixin, as above


for _text_lookup in (lookups.Exact, lookups.IExact, lookups.StartsWith, lookups.IStartsWith, lookups.IContains):
    AsciiField.register_lookup(type(f"Ascii{_text_lookup.__name__}", (_AsciiOnly, _text_lookup), {}))
