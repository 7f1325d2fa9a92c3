"""Decimals that mean the same on every database."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.migrations.writer import MigrationWriter
from django.db.models import Case, F, Max, Min, Sum, Value, When
from django.db.models.functions import Coalesce

from lpg.customers.models import Customer
from lpg.equipment.models import Equipment
from lpg.fields import FixedDecimalField, MoneyField, RateField, ReadingField, WeightField
from tests import make

LARGEST = Decimal("9999999999999999.99")
EXACT = Decimal("9007199254740993.11")  # not a float: 2 to the power of 53, and one

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(admin, singgas) -> Customer:
    return make.a_customer(admin, singgas)


def limit(customer: Customer, value: Any) -> Any:
    """What is read back after the credit limit was written; in one update, and in one save."""
    Customer.objects.filter(pk=customer.pk).update(credit_limit=value)
    return Customer.objects.get(pk=customer.pk).credit_limit


def cents(text: str) -> Value:
    return Value(Decimal(text), MoneyField())


@pytest.mark.parametrize("text", [str(EXACT), str(LARGEST), f"-{LARGEST}", "0.01", "-0.10", "0.00", "12.50"])
def test_an_amount_comes_back_as_it_went_in(customer, text):
    kept = limit(customer, Decimal(text)) if not text.startswith("-") else None
    equipment = Equipment(weight_kg=Decimal(text))
    assert WeightField().from_db_value(
        equipment._meta.get_field("weight_kg").get_prep_value(Decimal(text)), None, connection
    ) == Decimal(text)
    assert kept is None or (kept == Decimal(text) and str(kept) == text)


def test_what_is_saved_by_an_instance_comes_back_exactly_too(customer):
    customer.credit_limit = EXACT
    customer.save()
    customer.refresh_from_db()
    assert customer.credit_limit == EXACT
    with connection.cursor() as cursor:
        cursor.execute("SELECT credit_limit FROM customers_customer")
        assert cursor.fetchone() == (900719925474099311,)


def test_nothing_stays_nothing(customer):
    assert limit(customer, None) is None
    assert Customer.objects.aggregate(total=Sum("credit_limit")) == {"total": None}


def test_what_the_database_adds_up_is_found_by_equality(customer):
    limit(customer, Decimal("0.10"))
    Customer.objects.update(credit_limit=F("credit_limit") + cents("0.20"))
    assert Customer.objects.filter(credit_limit=Decimal("0.30")).count() == 1
    assert Customer.objects.annotate(more=F("credit_limit") + F("credit_limit")).get().more == Decimal("0.60")
    assert Customer.objects.annotate(less=F("credit_limit") - cents("0.29")).filter(less=Decimal("0.01")).exists()


def test_a_guarded_decrement_takes_the_last_tenth_and_no_more(customer):
    limit(customer, Decimal("0.30"))
    rich = Customer.objects.filter(credit_limit__gte=Decimal("0.10"))
    taken = [rich.update(credit_limit=F("credit_limit") - cents("0.10")) for _ in range(4)]
    assert taken == [1, 1, 1, 0]
    assert Customer.objects.get().credit_limit == 0


def test_large_sums_keep_their_cents(admin, singgas):
    for value in (EXACT, Decimal("0.01"), Decimal("0.02")):
        limit(make.a_customer(admin, singgas), value)
    figures = Customer.objects.aggregate(Sum("credit_limit"), Min("credit_limit"), Max("credit_limit"))
    assert figures == {
        "credit_limit__sum": EXACT + Decimal("0.03"),
        "credit_limit__min": Decimal("0.01"),
        "credit_limit__max": EXACT,
    }
    nobody = Customer.objects.none().aggregate(total=Coalesce(Sum("credit_limit"), cents("0.00")))
    assert nobody == {"total": Decimal("0.00")}


def test_a_quantity_of_something_costs_that_many_times_as_much(customer):
    limit(customer, Decimal("12.35"))
    times = Customer.objects.annotate(product=F("credit_limit") * F("payment_terms_days")).get()
    assert times.product == Decimal("370.50")
    assert Customer.objects.annotate(product=F("payment_terms_days") * F("credit_limit")).get().product == times.product
    assert Customer.objects.annotate(product=F("credit_limit") * 3).get().product == Decimal("37.05")


@pytest.mark.parametrize(
    ("lookup", "value", "found"),
    [
        ("exact", "1.10", [1]),
        ("exact", Decimal("1.1"), [1]),
        ("gt", Decimal("1.10"), [2]),
        ("gte", Decimal("1.10"), [1, 2]),
        ("lt", Decimal("1.10"), [0]),
        ("lte", Decimal("1.10"), [0, 1]),
        ("lte", 1, [0]),
        ("in", [Decimal("1.10"), Decimal("0.90"), Decimal("7.00")], [0, 1]),
        ("in", [], []),
        ("range", (Decimal("1.00"), Decimal("1.20")), [1, 2]),
        ("isnull", True, [3]),
        ("exact", F("credit_limit"), [0, 1, 2]),
        ("gt", F("credit_limit") - Value(Decimal("0.01"), MoneyField()), [0, 1, 2]),
        ("in", [Value(Decimal("1.10"), MoneyField())], [1]),
    ],
)
def test_lookups_compare_amounts(admin, singgas, lookup, value, found):
    made = [make.a_customer(admin, singgas) for _ in range(4)]
    for customer, kept in zip(made, ("0.90", "1.10", "1.20", None), strict=True):
        limit(customer, kept and Decimal(kept))
    answer = Customer.objects.filter(**{f"credit_limit__{lookup}": value}).order_by("pk")
    assert [made.index(customer) for customer in answer] == found


def test_a_subquery_of_the_same_unit_may_be_compared(customer):
    limit(customer, Decimal("1.10"))
    assert Customer.objects.filter(credit_limit__in=Customer.objects.values("credit_limit")).exists()


def test_amounts_can_be_chosen_by_case_and_changed_in_bulk(customer):
    customer.credit_limit = Decimal("5.55")
    Customer.objects.bulk_update([customer], ["credit_limit"])
    assert Customer.objects.get().credit_limit == Decimal("5.55")
    choice = Case(When(is_active=True, then=cents("1.25")), default=cents("0.00"))
    assert Customer.objects.annotate(choice=choice).get().choice == Decimal("1.25")


@pytest.mark.parametrize("value", [1.5, 0.1, float("nan"), float("inf")])
def test_a_float_is_refused_wherever_it_comes(customer, value):
    for attempt in (
        lambda: Customer.objects.update(credit_limit=value),
        lambda: list(Customer.objects.filter(credit_limit=value)),
        lambda: list(Customer.objects.filter(credit_limit__in=[value])),
        lambda: list(Customer.objects.filter(credit_limit__range=(value, value))),
    ):
        with pytest.raises(TypeError, match="float"):
            attempt()
    with pytest.raises(ValidationError):
        MoneyField().clean(value, None)


@pytest.mark.parametrize(
    "wrong",
    [
        F("credit_limit") + 1,
        F("credit_limit") + Decimal(1),
        F("credit_limit") - Value(1),
        F("credit_limit") + Value(Decimal(1), RateField()),
        F("credit_limit") + Value(Decimal(1), WeightField()),
        F("credit_limit") + Value(Decimal(1), ReadingField()),
        F("credit_limit") + F("payment_terms_days"),
        F("credit_limit") * F("credit_limit"),
        F("credit_limit") / 2,
        F("payment_terms_days"),
        Value(Decimal(1), RateField()),
        Value(Decimal(1), ReadingField()),
        Value(1, models.IntegerField()),
        Coalesce(F("credit_limit"), Value(0)),
    ],
    ids=str,
)
def test_bare_numbers_and_other_units_are_refused_in_expressions(customer, wrong):
    limit(customer, Decimal("1.00"))
    for attempt in (
        lambda: Customer.objects.update(credit_limit=wrong),
        lambda: list(Customer.objects.filter(credit_limit=wrong)),
        lambda: list(Customer.objects.filter(credit_limit__gte=wrong)),
        lambda: list(Customer.objects.filter(credit_limit__in=[wrong])),
        lambda: list(Customer.objects.filter(credit_limit__range=(wrong, wrong))),
    ):
        with pytest.raises(FieldError), transaction.atomic():
            attempt()
    assert Customer.objects.get().credit_limit == Decimal("1.00")


def test_a_subquery_of_another_unit_is_refused(customer):
    with pytest.raises(FieldError):
        list(Customer.objects.filter(credit_limit__in=Equipment.objects.values("weight_kg")))


@pytest.mark.parametrize(
    "value",
    [
        "0.001",
        "1.005",
        "1.00000000000000000000000000000000001",
        "10000000000000000.00",
        "-10000000000000000.00",
        "12345678901234567890123456789012345.00",
        "1E+999999",
        "1E-999999",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "twelve",
        "",
    ],
)
def test_what_does_not_fit_is_refused_and_never_rounded(customer, value):
    try:
        given = Decimal(value)
    except ArithmeticError:
        given = value
    for attempt in (
        lambda: Customer.objects.update(credit_limit=given),
        lambda: list(Customer.objects.filter(credit_limit=given)),
    ):
        with pytest.raises(ValueError, match="credit_limit"):
            attempt()
    for spelled in (value, given):
        with pytest.raises(ValidationError):
            MoneyField().clean(spelled, None)


@pytest.mark.parametrize("value", [True, b"1", (0, (1,), 0), [1]])
def test_only_numbers_are_amounts(customer, value):
    with pytest.raises(TypeError):
        Customer.objects.update(credit_limit=value)
    with pytest.raises(ValidationError):
        MoneyField().clean(value, None)


@pytest.mark.parametrize(
    ("given", "kept"), [("12.5", "12.50"), (12, "12.00"), (Decimal("12.500"), "12.50"), ("1e1", "10.00")]
)
def test_cleaning_brings_an_amount_to_its_places(given, kept):
    assert str(MoneyField().clean(given, None)) == kept


def test_cleaning_leaves_nothing_as_it_is():
    assert MoneyField(null=True, blank=True).clean(None, None) is None


def test_too_many_places_are_named_by_the_validators():
    with pytest.raises(ValidationError, match="no more than 2 decimal places"):
        MoneyField().clean(Decimal("0.001"), None)
    with pytest.raises(ValidationError, match="no more than 18 digits"):
        MoneyField().clean(Decimal("12345678901234567.00"), None)
    with pytest.raises(ValidationError, match="Write a number"):
        MoneyField().clean("twelve", None)


@pytest.mark.django_db
def test_by_raw_sql_a_fraction_is_never_kept(customer):
    statement = "UPDATE customers_customer SET credit_limit = 1.5"
    if connection.vendor == "sqlite":
        with pytest.raises(IntegrityError, match="CHECK"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
        with pytest.raises(IntegrityError, match="CHECK"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE customers_customer SET credit_limit = 'x'")
        assert Customer.objects.get().credit_limit is None
    else:  # a BIGINT rounds: what is kept is a whole number of cents all the same
        with connection.cursor() as cursor:
            cursor.execute(statement)
        assert Customer.objects.get().credit_limit == Decimal("0.02")


def test_a_form_takes_what_the_column_takes():
    field = MoneyField(blank=True, null=True).formfield()
    assert (field.clean("12.50"), field.clean("")) == (Decimal("12.50"), None)
    for wrong in ("0.001", "12345678901234567.00", "NaN", "twelve"):
        with pytest.raises(ValidationError):
            field.clean(wrong)


@pytest.mark.parametrize("kind", [MoneyField, RateField, ReadingField, WeightField])
def test_a_migration_names_the_field_by_its_class(kind):
    name, path, args, kwargs = kind(null=True).deconstruct()
    assert (name, path, args, kwargs) == (None, f"lpg.fields.{kind.__name__}", [], {"null": True})
    text, imports = MigrationWriter.serialize(kind(null=True))
    assert (text, imports) == (f"lpg.fields.{kind.__name__}(null=True)", {"import lpg.fields"})


@pytest.mark.django_db(transaction=True)
def test_a_migration_adds_and_changes_such_a_column(customer):
    new = MoneyField(null=True)
    new.set_attributes_from_name("deposit")
    new.model = Customer
    with connection.schema_editor() as editor:
        editor.add_field(Customer, new)
    try:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers_customer SET deposit = 150")
            cursor.execute("SELECT deposit FROM customers_customer")
            assert cursor.fetchone() == (150,)
            if connection.vendor == "sqlite":
                with pytest.raises(IntegrityError, match="CHECK"):
                    cursor.execute("UPDATE customers_customer SET deposit = 1.5")
    finally:
        with connection.schema_editor() as editor:
            editor.remove_field(Customer, new)


def test_dumped_and_loaded_an_amount_is_the_same(customer):
    limit(customer, EXACT)
    dumped = serializers.serialize("json", Customer.objects.all())
    assert json.loads(dumped)[0]["fields"]["credit_limit"] == str(EXACT)
    (loaded,) = serializers.deserialize("json", dumped)
    assert loaded.object.credit_limit == EXACT
    assert Customer._meta.get_field("credit_limit").value_to_string(Customer()) == ""


@pytest.mark.parametrize(
    ("kind", "text", "kept", "finer"),
    [
        (MoneyField, "-12.30", -1_230, "0.001"),
        (RateField, "38.0001", 380_001, "0.00001"),
        (ReadingField, "999999999999.999", 999_999_999_999_999, "0.0001"),
        (WeightField, "12.70", 1_270, "0.001"),
    ],
)
def test_each_kind_is_kept_in_its_own_smallest_unit_and_takes_nothing_finer(kind, text, kept, finer):
    field = kind()
    assert field.get_prep_value(Decimal(text)) == kept
    assert str(field.from_db_value(kept, None, connection)) == text
    with pytest.raises(ValueError, match=f"does not fit {kind.decimal_places} places"):
        field.get_prep_value(Decimal(finer))


def test_every_exact_decimal_has_a_unit_of_its_own():
    """Two of a kind may be added and compared: a kind that were two units would add what is not the same."""
    kinds = {kind: kind.decimal_places for kind in FixedDecimalField.__subclasses__()}
    assert kinds == {MoneyField: 2, RateField: 4, ReadingField: 3, WeightField: 2}
