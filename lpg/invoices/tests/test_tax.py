"""GST by tables worked by hand: which rate on which day, and how a total and its lines are split."""

from datetime import date
from decimal import Decimal

import pytest

from lpg.invoices.tax import cents, gst_rate, taxed

DAYS = {"9": date(2026, 11, 20), "8": date(2023, 6, 1), "7": date(2022, 6, 1)}


@pytest.fixture(autouse=True)
def registered(settings):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    settings.PRICES_INCLUDE_GST = True


def split(percent: str, *amounts: str) -> tuple[list[str], str, str, str]:
    made = taxed([Decimal(amount) for amount in amounts], DAYS[percent])
    assert made.rate == Decimal(percent)
    assert sum(made.net_lines) == made.subtotal
    return [str(net) for net in made.net_lines], str(made.subtotal), str(made.tax), str(made.total)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [
        ("0.005", "0.01"),
        ("0.0049999", "0.00"),
        ("-0.005", "-0.01"),
        ("1.005", "1.01"),
        ("2.675", "2.68"),
        ("0.015", "0.02"),
        ("0.025", "0.03"),  # a banker would leave 0.02
        ("-10.025", "-10.03"),
        ("99.995", "100.00"),
    ],
)
def test_half_a_cent_goes_away_from_zero(amount, rounded):
    assert str(cents(Decimal(amount))) == rounded


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(1994, 3, 31), 0),
        (date(1994, 4, 1), 3),
        (date(2003, 12, 31), 4),
        (date(2004, 1, 1), 5),
        (date(2007, 6, 30), 5),
        (date(2007, 7, 1), 7),
        (date(2022, 12, 31), 7),
        (date(2023, 1, 1), 8),
        (date(2023, 12, 31), 8),
        (date(2024, 1, 1), 9),
        (date(2026, 11, 20), 9),
    ],
)
def test_the_rate_is_that_of_the_day(settings, day, percent):
    assert gst_rate(day) == percent
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": ""}
    assert gst_rate(day) == 0


@pytest.mark.parametrize(
    ("percent", "total", "tax", "net"),
    [
        ("9", "109.00", "9.00", "100.00"),
        ("9", "100.00", "8.26", "91.74"),  # 8.2568…
        ("9", "1000.00", "82.57", "917.43"),  # 82.5688…
        ("9", "0.01", "0.00", "0.01"),
        ("9", "0.06", "0.00", "0.06"),  # 0.00495…
        ("9", "0.07", "0.01", "0.06"),  # 0.00577…
        ("9", "54.50", "4.50", "50.00"),
        ("9", "-100.00", "-8.26", "-91.74"),
        ("9", "9999999999.99", "825688073.39", "9174311926.60"),  # …073.3936
        ("8", "108.00", "8.00", "100.00"),
        ("8", "100.00", "7.41", "92.59"),  # 7.4074…
        ("8", "200.14", "14.83", "185.31"),  # 14.8251…
        ("7", "107.00", "7.00", "100.00"),
        ("7", "100.00", "6.54", "93.46"),  # 6.5420…
    ],
)
def test_the_tax_within_a_price(percent, total, tax, net):
    assert split(percent, total) == ([net], net, tax, total)


@pytest.mark.parametrize(
    ("percent", "before", "tax", "total"),
    [
        ("9", "100.00", "9.00", "109.00"),
        ("9", "0.50", "0.05", "0.55"),  # 0.045
        ("9", "1.50", "0.14", "1.64"),  # 0.135
        ("9", "-0.50", "-0.05", "-0.55"),
        ("9", "0.05", "0.00", "0.05"),  # 0.0045
        ("9", "917.43", "82.57", "1000.00"),  # 82.5687
        ("8", "100.00", "8.00", "108.00"),
        ("8", "0.50", "0.04", "0.54"),
        ("8", "0.06", "0.00", "0.06"),  # 0.0048
        ("7", "100.00", "7.00", "107.00"),
        ("7", "0.50", "0.04", "0.54"),  # 0.035
        ("7", "1.50", "0.11", "1.61"),  # 0.105
        ("7", "-1.50", "-0.11", "-1.61"),
    ],
)
def test_the_tax_on_top_of_a_price(settings, percent, before, tax, total):
    settings.PRICES_INCLUDE_GST = False
    assert split(percent, before) == ([before], before, tax, total)


@pytest.mark.parametrize(
    ("amounts", "nets", "tax"),
    [
        (["10.00", "20.00", "30.00"], ["9.17", "18.35", "27.53"], "4.95"),  # 27.52 and the cent that is missing
        (["0.05", "0.05", "0.05"], ["0.04", "0.05", "0.05"], "0.01"),  # one too many: the first of equals
        (["33.33", "33.33", "33.33"], ["30.57", "30.58", "30.58"], "8.26"),
        (["109.00", "-54.50"], ["100.00", "-50.00"], "4.50"),
        (["10.00", "-33.33"], ["9.17", "-30.57"], "-1.93"),  # the largest is the largest without its sign
        (["10.00", "-10.00"], ["9.17", "-9.17"], "0.00"),
        (["0.00", "1.00"], ["0.00", "0.92"], "0.08"),
        (["0.03"] * 10, ["0.01", *["0.03"] * 9], "0.02"),  # 0.0275… each, two cents too many together
        ([], [], "0.00"),
    ],
)
def test_the_residual_cents_are_on_the_largest_line(amounts, nets, tax):
    made = split("9", *amounts)
    assert (made[0], made[2]) == (nets, tax)


def test_lines_before_tax_stay_as_they_are(settings):
    settings.PRICES_INCLUDE_GST = False
    assert split("9", "10.10", "20.20", "-5.05") == (["10.10", "20.20", "-5.05"], "25.25", "2.27", "27.52")  # 2.2725


def test_who_is_not_registered_charges_nothing(settings):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": ""}
    for settings.PRICES_INCLUDE_GST in (True, False):
        made = taxed([Decimal("10.01"), Decimal("-0.01")], DAYS["9"])
        assert (made.rate, made.tax, made.subtotal, made.total) == (0, 0, Decimal("10.00"), Decimal("10.00"))
        assert made.net_lines == [Decimal("10.01"), Decimal("-0.01")]
