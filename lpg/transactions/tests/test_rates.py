"""Which rate a sale takes: dated rows, the customer's own before the default, by the business day in Singapore."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.invoices.models import Invoice
from tests.sales import (
    a_default_rate,
    a_meter,
    a_rate,
    answer,
    delivered,
    full_back,
    refused,
    returned,
    served,
    singapore,
)
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
NOON = singapore("2026-11-20T12:00:00")
TODAY, TOMORROW, YESTERDAY = date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 19)


@pytest.fixture
def cylinder(shop):
    """It has no rate yet."""
    return shop.thing()


def rates(sale) -> list[str]:
    return [line["rate"] for line in answer(sale)[0]["items"]]


def test_the_customers_own_rate_comes_before_the_default_however_old_it_is(shop, cylinder):
    a_default_rate(shop.admin, cylinder, "54.5000", TODAY)
    assert rates(shop.sell(delivered(cylinder), now=NOON)) == ["54.5000"]
    a_rate(shop.admin, shop.customer, "51.2500", cylinder, since=date(2020, 1, 1))
    assert rates(shop.sell(delivered(cylinder), now=NOON)) == ["51.2500"]
    assert rates(shop.sell(delivered(cylinder), now=NOON, customer=shop.another())) == ["54.5000"]


def test_the_latest_row_that_has_begun_is_in_force_and_one_of_tomorrow_is_not(shop, cylinder):
    for rate, since in (("50.0000", YESTERDAY), ("40.0000", date(2026, 1, 1)), ("60.0000", TOMORROW)):
        a_rate(shop.admin, shop.customer, rate, cylinder, since=since)
        a_default_rate(shop.admin, cylinder, str(Decimal(rate) + 1), since)
    other = shop.another()
    assert rates(shop.sell(delivered(cylinder), now=NOON)) == ["50.0000"]
    assert rates(shop.sell(delivered(cylinder), now=NOON, customer=other)) == ["51.0000"]
    next_day = NOON + timedelta(days=1)
    assert rates(shop.sell(delivered(cylinder), now=next_day)) == ["60.0000"]
    assert rates(shop.sell(delivered(cylinder), now=next_day, customer=other)) == ["61.0000"]


def test_of_two_rows_for_one_day_the_later_row_counts(shop, cylinder):
    for rate in ("50.0000", "49.0000", "52.0000", "47.5000"):
        a_rate(shop.admin, shop.customer, rate, cylinder, since=TODAY)
        a_rate(shop.admin, shop.customer, rate, None, since=TODAY)
        a_default_rate(shop.admin, cylinder, str(Decimal(rate) + 1), TODAY)
    a_meter(shop.admin, shop.customer, "0")
    sale = shop.sell(delivered(cylinder), reading="10", now=NOON)
    assert rates(sale) == ["47.5000"]
    assert answer(sale)[0]["meter_rate"] == "47.5000"
    assert rates(shop.sell(delivered(cylinder), now=NOON, customer=shop.another())) == ["48.5000"]


@pytest.mark.parametrize(
    ("occurred_at", "rate"),
    [
        ("2026-11-20T23:59:59+08:00", "50.0000"),
        ("2026-11-21T00:00:00+08:00", "60.0000"),
        ("2026-11-20T15:59:59.999999+00:00", "50.0000"),
        ("2026-11-20T16:00:00+00:00", "60.0000"),
        ("2026-11-21T01:29:59+09:30", "50.0000"),  # Adelaide
    ],
)
def test_a_rate_changes_at_midnight_in_singapore(shop, cylinder, occurred_at, rate):
    for value, since in (("50.0000", TODAY), ("60.0000", TOMORROW)):
        a_rate(shop.admin, shop.customer, value, cylinder, since=since)
        a_rate(shop.admin, shop.customer, value, None, since=since)
    a_meter(shop.admin, shop.customer, "0")
    now = singapore("2026-11-21T00:30:00")
    sold = datetime.fromisoformat(occurred_at)
    sale = shop.sell(delivered(cylinder), reading="1", now=now, occurred_at=sold)
    assert rates(sale) == [rate]
    assert (answer(sale)[0]["meter_rate"], answer(sale)[0]["total_amount"]) == (rate, f"{2 * Decimal(rate):.2f}")
    assert sale.transaction.transaction_number == "TRX-20261121-000001"  # numbered when it is recorded
    assert answer(sale)[1]["issued_on"] == "2026-11-21"


def test_without_a_rate_in_force_nothing_is_sold_and_no_rate_is_not_zero(shop, cylinder):
    other = shop.thing("12.0000")
    a_rate(shop.admin, shop.customer, "60.0000", cylinder, since=timezone.localdate() + timedelta(days=1))
    no = refused("no_rate", shop.sell, delivered(other), returned(other), delivered(cylinder))
    assert no.facts == {"line": 2, "equipment": cylinder.pk}
    assert refused("no_rate", shop.sell, full_back(cylinder)).facts == {"line": 0, "equipment": cylinder.pk}
    a_meter(shop.admin, shop.customer, "0")
    assert refused("no_rate", shop.sell, delivered(other), reading="1").facts == {"equipment": None}
    assert refused("no_rate", shop.sell, reading="0").facts == {"equipment": None}  # nor for no gas at all
    assert shop.sell(returned(cylinder), served("0")).transaction.total_amount == 0  # an empty needs none
    a_rate(shop.admin, shop.customer, "0.0000", cylinder)
    assert rates(shop.sell(delivered(cylinder))) == ["0.0000"]


def test_the_line_keeps_its_rate_whatever_is_agreed_later(shop, cylinder):
    a_rate(shop.admin, shop.customer, "50.0000", cylinder, since=TODAY)
    sale = shop.sell(delivered(cylinder, 2), now=NOON)
    before = answer(sale)
    a_rate(shop.admin, shop.customer, "99.0000", cylinder, since=TODAY)
    a_rate(shop.admin, shop.customer, "98.0000", cylinder, since=date(2020, 1, 1))
    assert answer(sale) == before
    assert rates(shop.sell(delivered(cylinder), now=NOON)) == ["99.0000"]
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("now", "occurred_at", "words"),
    [
        ("2026-11-20T12:00:00", "2026-11-20T12:05:00", ""),
        ("2026-11-20T12:00:00", "2026-11-20T12:05:01", "not come yet"),
        ("2026-11-20T12:00:00", "2027-11-20T12:00:00", "not come yet"),
        ("2026-11-20T12:00:00", "2026-11-13T12:00:00", ""),
        ("2026-11-20T12:00:00", "2026-11-13T11:59:59", "7 days"),
    ],
)
def test_a_sale_may_be_five_minutes_ahead_and_seven_days_late(shop, now, occurred_at, words):
    times = {"now": singapore(now), "occurred_at": singapore(occurred_at)}
    if words:
        errors = refused("invalid", shop.sell, served("1"), **times).errors
        assert list(errors) == ["occurred_at"]
        assert words in errors["occurred_at"][0]
    else:
        assert shop.sell(served("1"), **times).transaction.occurred_at == times["occurred_at"]


GST = [  # business day, percent, tax in 100.00
    ("2022-12-31T23:59:59", "7", "6.54"),
    ("2023-01-01T00:00:00", "8", "7.41"),
    ("2023-12-31T23:59:59", "8", "7.41"),
    ("2024-01-01T00:00:00", "9", "8.26"),
    ("2026-11-20T12:00:00", "9", "8.26"),
]


@pytest.mark.parametrize(("at", "percent", "tax"), GST)
def test_the_business_day_picks_the_gst_and_the_day_of_issue_dates_the_document(shop, settings, at, percent, tax):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    sold = singapore(at)
    now = sold + timedelta(hours=2)
    _, invoice = answer(shop.sell(served("100.00"), now=now, occurred_at=sold))
    assert (invoice["gst_rate"], invoice["tax_amount"], invoice["total_amount"]) == (percent, tax, "100.00")
    assert invoice["issued_on"] == f"{now:%Y-%m-%d}"
    assert invoice["invoice_number"] == f"INV-{now:%Y}-000001"
    assert Invoice.objects.get().seller["gst_reg_no"] == "M2-1234567-8"
    assert disagreements() == {}


@pytest.mark.parametrize(("at", "percent", "tax"), GST)
def test_a_sale_that_waited_keeps_the_gst_of_its_business_day(shop, settings, at, percent, tax):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    cylinder = shop.thing()
    sold = singapore(at)
    sale = shop.sell(delivered(cylinder, 1, "100.00"), by=shop.driver, now=sold)
    assert sale.invoice is None
    _, invoice = answer(shop.approve(sale, now=singapore("2027-03-01T09:00:00")))
    assert (invoice["gst_rate"], invoice["tax_amount"]) == (percent, tax)
    assert (invoice["issued_on"], invoice["invoice_number"]) == ("2027-03-01", "INV-2027-000001")
    assert disagreements() == {}
