"""What happened already cannot be refused: readings that cannot join the chain of their meter."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.customers.services import change_customer
from lpg.meters import services as meters
from lpg.meters.models import MeterReading
from lpg.meters.selectors import unbilled
from lpg.payments.models import Payment
from lpg.payments.selectors import balance_of
from lpg.transactions.models import Transaction
from lpg.transactions.services import OnlyRead
from tests.sales import Shop, a_meter, a_reading, a_replacement, answer, delivered, refused, returned, served
from tests.stock import disagreements
from tests.told import Told, is_a_no_without_a_fact, noted_in_audit, tell

pytestmark = pytest.mark.django_db
OUTSIDE = [  # a chain that stands at 150 of 99,999
    ("100", False, "reading_regressed", "meter_reading_regressed"),
    ("100000", False, "reading_outside", "invalid"),
    ("160", True, "reading_outside", "invalid"),
]


@pytest.fixture
def shop(admin, driver):
    made = Shop(admin, driver)
    made.customer = made.another(meter_rate=Decimal("2.0000"))
    return made


@pytest.fixture
def meter(shop):
    made = a_meter(shop.admin, shop.customer, "120")
    a_reading(shop.admin, made, "150")
    return made


@pytest.fixture
def cylinder(shop):
    return shop.thing("38")


def shows(meter) -> tuple[Decimal, Decimal]:
    """And what is still due."""
    meter.refresh_from_db()
    return meter.current_reading, unbilled(meter).total


def outside(meter) -> list[Decimal]:
    return list(meter.readings.filter(kind="OUTSIDE").order_by("pk").values_list("reading", flat=True))


def sold(shop, *items, **more):
    return shop.sell(*items, by=shop.driver, **more)


@pytest.mark.parametrize(("reading", "is_rollover", "kind", "code"), OUTSIDE)
def test_goods_and_money_apply_and_the_reading_is_kept_unbilled(
    shop, meter, cylinder, reading, is_rollover, kind, code
):
    items = [delivered(cylinder, 2), returned(cylinder)]
    asked = {"reading": reading, "is_rollover": is_rollover, "paid": "20.00"}
    is_a_no_without_a_fact(code, sold, shop, *items, **asked)
    sale, fact = tell(sold, shop, *items, **asked)
    told, document = answer(sale)
    assert fact.kinds == noted_in_audit(sale.transaction) == [kind]
    assert (told["status"], told["total_amount"], told["meter"], told["meter_usage"]) == (
        "CONFIRMED",
        "76.00",
        None,
        None,
    )
    assert (document["total_amount"], document["balance_due"]) == ("76.00", "56.00")
    assert (outside(meter), shows(meter)) == ([Decimal(reading)], (150, 30))
    row = meter.readings.get(kind="OUTSIDE")
    assert (row.usage, row.transaction_id, noted_in_audit(row)) == (0, None, [kind])
    facts = fact.noted[0].facts
    assert (facts["meter"], Decimal(facts["reading"]), Decimal(facts["previous"])) == (meter.pk, Decimal(reading), 150)


@pytest.mark.parametrize(("reading", "is_rollover", "kind", "code"), OUTSIDE)
def test_a_reading_by_itself(shop, meter, reading, is_rollover, kind, code):
    asked = {"is_rollover": is_rollover}
    is_a_no_without_a_fact(code, a_reading, shop.driver, meter, reading, **asked)
    row, fact = tell(a_reading, shop.driver, meter, reading, **asked)
    assert (row.kind, row.usage, fact.kinds, noted_in_audit(row)) == ("OUTSIDE", 0, [kind], [kind])
    assert shows(meter) == (150, 30)


def test_the_chain_goes_on_as_if_it_were_not_there(shop, meter, cylinder):
    tell(sold, shop, delivered(cylinder), reading="100")
    tell(a_reading, shop.driver, meter, "90")
    sale, fact = tell(sold, shop, reading="155")
    told, _ = answer(sale)
    assert (told["last_meter_reading"], told["meter_usage"], fact.kinds) == ("120.000", "35.000", [])
    assert shows(meter) == (155, 0)
    tell(a_reading, shop.driver, meter, "1")
    shop.void(sale)  # which would be refused, were there a later reading in the chain
    assert (disagreements(), shows(meter)) == ({}, (150, 30))
    new = a_replacement(shop.admin, meter, "151")
    assert (disagreements(), unbilled(new).total) == ({}, 31)


def test_a_sale_with_a_reading_outside_is_voided_as_any(shop, meter, cylinder):
    sale, _ = tell(sold, shop, delivered(cylinder), reading="100")
    shop.void(sale)
    assert (disagreements(), outside(meter), shows(meter)) == ({}, [100], (150, 30))


def test_one_outside_is_taken_back_whatever_came_after(shop, meter):
    row, _ = tell(a_reading, shop.driver, meter, "100")
    a_reading(shop.admin, meter, "160")
    given = {"actor": shop.admin, "meter_id": meter.pk, "reading_id": row.pk, "reason": "x", "now": timezone.now()}
    assert meters.void(**given).voided_at
    refused("already_void", meters.void, **given)
    assert (disagreements(), shows(meter)) == ({}, (160, 40))


@pytest.mark.parametrize("paid", ["", "50.00"])
def test_a_sale_with_nothing_but_such_a_reading_is_that_reading_and_the_money(shop, meter, paid):
    made, fact = tell(sold, shop, reading="100", paid=paid)
    assert isinstance(made, OnlyRead)
    assert (made.reading.kind, noted_in_audit(made.reading)) == ("OUTSIDE", ["reading_regressed"])
    assert (fact.kinds, Transaction.objects.count()) == (["reading_regressed"], 0)
    assert [str(row.unallocated) for row in Payment.objects.all()] == ([paid] if paid else [])
    assert balance_of(shop.customer.pk) == -Decimal(paid or 0)
    assert (made.payment is not None) is bool(paid)


def test_a_reading_of_the_meter_that_was_replaced_since(shop, meter, cylinder):
    """Not named, it must not be taken for one of the new meter, which would bill what nobody used."""
    at = timezone.now()
    new = a_replacement(shop.admin, meter, "160", "0")
    for number, named in enumerate((None, meter), 1):
        sale, fact = tell(sold, shop, delivered(cylinder), reading="158", meter=named, at=at)
        assert (fact.kinds, sale.transaction.meter_id) == (["reading_outside"], None)
        assert outside(meter) == [158] * number
    row, fact = tell(a_reading, shop.driver, meter, "159", at=at)
    assert (row.meter_id, row.kind, fact.kinds) == (meter.pk, "OUTSIDE", ["reading_outside"])
    assert (outside(new), shows(new)) == ([], (0, 40))
    sale, fact = tell(sold, shop, reading="5")
    assert (sale.transaction.meter_id, sale.transaction.meter_usage, fact.kinds) == (new.pk, 45, [])


def test_no_meter_or_several_and_none_named_is_refused(shop, meter):
    refused("invalid", sold, shop, served("1"), reading="1", customer=shop.another(), fact=Told())
    a_meter(shop.admin, shop.customer)
    refused("invalid", sold, shop, served("1"), reading="160", fact=Told())
    refused("invalid", sold, shop, served("1"), reading="160", meter=a_meter(shop.admin, shop.another()), fact=Told())


def test_without_a_meter_rate_a_reading_that_fits_is_refused_and_goods_with_one_that_does_not_apply(shop, cylinder):
    shop.customer = shop.another()
    meter = a_meter(shop.admin, shop.customer, "120")
    refused("no_rate", sold, shop, delivered(cylinder), reading="130", fact=Told())
    sale, fact = tell(sold, shop, delivered(cylinder), reading="100")
    assert (sale.transaction.total_amount, fact.kinds, outside(meter)) == (38, ["reading_regressed"], [100])


@pytest.mark.parametrize(("ago", "kind"), [(timedelta(days=8), "late"), (-timedelta(hours=1), "early")])
@pytest.mark.parametrize("named", [True, False])
def test_a_reading_of_a_time_that_cannot_count(shop, meter, ago, kind, named):
    at = timezone.now() - ago
    row, fact = tell(a_reading, shop.driver, meter, "160", **({"read_at": at} if named else {"at": at}))
    assert (row.kind, fact.kinds, noted_in_audit(row)) == ("PLAIN", [kind], [kind])
    assert abs(row.read_at - timezone.now()) < timedelta(minutes=1)


def test_a_reading_at_a_customer_that_was_retired_since(shop, meter):
    change_customer(actor=shop.admin, customer_id=shop.customer.pk, values={"is_active": False})
    row, fact = tell(a_reading, shop.driver, meter, "160")
    assert (row.kind, fact.kinds) == (MeterReading.Kind.PLAIN, ["inactive_customer"])
