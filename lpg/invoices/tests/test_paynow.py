"""The text of a PayNow code, field by field, and its check."""

from datetime import date
from decimal import Decimal

import pytest

from lpg.invoices.paynow import paynow_code, sealed

PUBLIC = (
    "00020101021126400009SG.PAYNOW010120213200002150HWCF030115204000053037025802SG"
    "5923NATIONAL HEALTHCARE GRO6009Singapore6304DF3F"
)


def fields_of(code: str) -> dict[str, str]:
    found = {}
    while code:
        found[code[:2]] = code[4 : 4 + int(code[2:4])]
        code = code[4 + int(code[2:4]) :]
    return found


def code_for(**more) -> str:
    given = {"uen": "200012345W", "amount": Decimal("1357.79"), "reference": "INV-2026-000123", "merchant": "HSH LPG"}
    return paynow_code(**{**given, **more})


def test_the_check_is_that_of_the_standard_and_of_a_code_in_use():
    assert sealed("123456789") == "12345678929B1"
    assert sealed(PUBLIC[:-4]) == PUBLIC


def test_a_code_holds_every_field_in_order():
    code = code_for(expires=date(2026, 12, 5))
    assert code == sealed(
        "00020101021226490009SG.PAYNOW010120210200012345W030100408202612055204000053037025407"
        "1357.795802SG5907HSH LPG6009Singapore62190115INV-2026-0001236304"
    )
    assert list(fields_of(code)) == ["00", "01", "26", "52", "53", "54", "58", "59", "60", "62", "63"]
    account = fields_of(fields_of(code)["26"])
    assert account == {"00": "SG.PAYNOW", "01": "2", "02": "200012345W", "03": "0", "04": "20261205"}


def test_without_an_end_there_is_no_field_for_it():
    assert "04" not in fields_of(fields_of(code_for())["26"])


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.05", "0.05"), ("1000", "1000.00"), ("1234567.80", "1234567.80"), ("12.3", "12.30")]
)
def test_the_amount_has_two_decimals_and_nothing_else(amount, shown):
    assert fields_of(code_for(amount=Decimal(amount)))["54"] == shown


@pytest.mark.parametrize(
    ("merchant", "shown"),
    [
        ("HSH LPG Pte Ltd", "HSH LPG Pte Ltd"),
        ("NATIONAL HEALTHCARE GROUP PTE LTD", "NATIONAL HEALTHCARE GROUP"),
        ("A company of a name with a space", "A company of a name with"),
        ("Café  Zoë\n& Söhne", "Cafe Zoe & Sohne"),
        ("新加坡 Gas 公司", "Gas"),
        ("石油气", "200012345W"),
        ("", "200012345W"),
    ],
)
def test_the_name_is_ascii_and_fits(merchant, shown):
    code = code_for(merchant=merchant)
    assert fields_of(code)["59"] == shown
    assert code.isascii()


def test_a_reference_fits():
    assert fields_of(fields_of(code_for(reference="R" * 40))["62"])["01"] == "R" * 25
