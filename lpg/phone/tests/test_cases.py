"""Cases that the phone's own tests run too (`web/cases/`): it works out what the server will."""

import json
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from lpg.equipment.models import Equipment
from lpg.errors import Refused
from lpg.invoices.paynow import paynow_code
from lpg.invoices.tax import taxed
from lpg.meters.fitting import usage_of
from lpg.transactions.lines import Item, priced
from lpg.transactions.services import _metered
from tests.running import ROOT

CASES = json.loads((ROOT / "web" / "cases" / "money.json").read_text())
PAYNOW = json.loads((ROOT / "web" / "cases" / "paynow.json").read_text())


def amounts(values: Any) -> list[str]:
    return [f"{value:.2f}" for value in values]


@pytest.mark.parametrize("case", CASES["lines"])
def test_a_line(case):
    line = priced(0, Item("DELIVERY", case["quantity"], 3), {3: Equipment(pk=3)}, {3: Decimal(case["rate"])})
    assert str(line.amount) == case["amount"]


@pytest.mark.parametrize("case", CASES["usages"])
def test_metered_gas(case):
    _, amount = _metered(SimpleNamespace(total=Decimal(case["usage"])), {None: Decimal(case["rate"])})
    assert str(amount) == case["amount"]


@pytest.mark.parametrize("case", CASES["taxes"])
def test_tax(case, settings):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-0012345-6" if case.get("registered", True) else ""}
    settings.PRICES_INCLUDE_GST = case["inclusive"]
    done = taxed([Decimal(amount) for amount in case["amounts"]], date.fromisoformat(case["day"]))
    assert amounts(done.net_lines) == case["net"]
    assert amounts([done.subtotal, done.tax, done.total]) == [case["subtotal"], case["tax"], case["total"]]


@pytest.mark.parametrize("case", CASES["usage_of"])
def test_a_reading(case):
    meter: Any = SimpleNamespace(
        pk=1, removed_on=None, digits=case["digits"], current_reading=Decimal(case["previous"])
    )
    try:
        usage = str(usage_of(meter, Decimal(case["current"]), is_rollover=case["rollover"], field="reading"))
    except Refused:
        usage = None
    assert usage == case["usage"]


@pytest.mark.parametrize("case", PAYNOW)
def test_a_paynow_code(case):
    expires = date.fromisoformat(case["expires"]) if "expires" in case else None
    code = paynow_code(case["uen"], Decimal(case["amount"]), case["reference"], case["merchant"], expires)
    assert code == case["code"]
