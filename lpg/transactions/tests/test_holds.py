"""What makes a sale wait for a supervisor, and what approving it does."""

from decimal import Decimal

import pytest

from lpg.invoices.models import Invoice
from lpg.meters.models import MeterReading
from lpg.numbering.models import Series
from lpg.payments.selectors import balance_of
from lpg.transactions.models import Transaction
from tests.sales import (
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
from tests.stock import disagreements, held

pytestmark = pytest.mark.django_db


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


def status(sale) -> tuple[str, list[str]]:
    sold, invoice = answer(sale)
    assert bool(invoice) == (sold["status"] == "CONFIRMED")
    return sold["status"], sold["holds"]


CONFIRMED = ("CONFIRMED", [])
OVERRIDE, LIMIT = ("PENDING", ["rate_override"]), ("PENDING", ["credit_limit"])


# --- a driver's own rate ------------------------------------------------------------------------------------------


def test_a_drivers_own_rate_waits_with_the_stock_moved_and_no_document(shop, cylinder):
    before = held(shop.truck, cylinder)
    a_meter(shop.admin, shop.customer, "100")
    a_rate(shop.admin, shop.customer, "2.0000")
    sale = shop.sell(delivered(cylinder, 3, "50.0000"), returned(cylinder, 2), by=shop.driver, reading="110")
    assert status(sale) == OVERRIDE
    sold, _ = answer(sale)
    assert (sold["total_amount"], sold["payment_status"]) == ("170.00", "UNPAID")
    assert (sold["confirmed_at"], sold["approved_at"], sold["voided_at"]) == (None, None, None)
    assert (held(shop.truck, cylinder), held(shop.truck, cylinder, "EMPTY")) == (before - 3, 2)
    assert MeterReading.objects.get(kind="PLAIN").transaction_id == sale.transaction.pk
    assert not Invoice.objects.exists()
    assert set(Series.objects.values_list("series", flat=True)) == {"TRX"}
    assert balance_of(shop.customer.pk) == 0
    assert disagreements() == {}


@pytest.mark.parametrize("rate", ["0.0000", "54.4999", "54.5001", "99.0000"])
def test_any_other_rate_than_the_price_list_makes_it_wait_higher_too(shop, cylinder, rate):
    assert status(shop.sell(delivered(cylinder, 1, rate), by=shop.driver)) == OVERRIDE
    assert status(shop.sell(delivered(cylinder), full_back(cylinder, 1, rate), by=shop.driver)) == OVERRIDE


def test_the_rate_of_the_price_list_said_aloud_is_no_override(shop, cylinder):
    assert status(shop.sell(delivered(cylinder, 1, "54.5"), full_back(cylinder), by=shop.driver)) == CONFIRMED
    a_rate(shop.admin, shop.customer, "51.0000", cylinder)
    assert status(shop.sell(delivered(cylinder, 1, "51"), by=shop.driver)) == CONFIRMED
    assert status(shop.sell(delivered(cylinder, 1, "54.5"), by=shop.driver)) == OVERRIDE


def test_what_a_service_costs_is_the_drivers_to_say(shop, cylinder):
    assert status(shop.sell(served("17.5000"), delivered(cylinder), by=shop.driver)) == CONFIRMED


def test_a_driver_may_name_a_rate_where_the_price_list_has_none_and_it_waits(shop):
    assert status(shop.sell(delivered(shop.thing(), 1, "40.0000"), by=shop.driver)) == OVERRIDE


def test_supervisors_and_administrators_set_rates_without_waiting(shop, supervisor, cylinder):
    named = shop.sell(delivered(cylinder, 1, "1.0000"), full_back(cylinder, 1, "0.5000"))
    assert status(named) == CONFIRMED
    by_depot = shop.sell(delivered(cylinder, 1, "1.0000"), by=supervisor)
    assert (status(by_depot), by_depot.transaction.from_depot_id) == (CONFIRMED, shop.depot.id)


# --- the credit limit ---------------------------------------------------------------------------------------------


@pytest.fixture
def on_credit(shop):
    return shop.another(payment_type="CREDIT", credit_limit=Decimal("300.00"))


@pytest.mark.parametrize(("rate", "expected"), [("150.0000", CONFIRMED), ("150.0050", LIMIT), ("150.0049", CONFIRMED)])
def test_balance_and_what_waits_and_this_sale_may_reach_the_limit_and_not_pass_it(shop, on_credit, rate, expected):
    cylinder = shop.thing("100.0000", on_credit)
    assert status(shop.sell(delivered(cylinder), customer=on_credit)) == CONFIRMED
    assert status(shop.sell(delivered(cylinder, 1, "50.0000"), customer=on_credit, by=shop.driver)) == OVERRIDE
    assert status(shop.sell(served(rate), customer=on_credit)) == expected
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("rate", "paid", "expected"),
    [
        ("300.0000", "", CONFIRMED),
        ("300.0100", "", LIMIT),
        ("400.0000", "100.00", CONFIRMED),
        ("400.0000", "99.99", LIMIT),
        ("1000.0000", "1000.00", CONFIRMED),
        ("1000.0000", "2000.00", CONFIRMED),
    ],
)
def test_what_is_paid_with_the_sale_does_not_count(shop, on_credit, rate, paid, expected):
    assert status(shop.sell(served(rate), customer=on_credit, paid=paid)) == expected


def test_credit_makes_room_and_payments_do(shop, on_credit):
    shop.sell(served("300.0000"), customer=on_credit)
    assert status(shop.sell(served("0.0100"), customer=on_credit)) == LIMIT
    shop.pay("100.01", on_credit)
    assert status(shop.sell(served("100.0000"), customer=on_credit)) == CONFIRMED  # 199.99 + 0.01 waiting
    shop.pay("400.00", on_credit)  # 100.01 more than is owed
    assert balance_of(on_credit.pk) == Decimal("-100.01")
    assert status(shop.sell(served("400.0000"), customer=on_credit)) == CONFIRMED
    assert status(shop.sell(served("0.0100"), customer=on_credit)) == LIMIT


def test_money_that_came_with_a_sale_that_waits_makes_room_as_well(shop, on_credit):
    shop.sell(served("500.0000"), customer=on_credit, paid="199.99")
    assert balance_of(on_credit.pk) == Decimal("-199.99")  # and 500.00 wait
    assert status(shop.sell(served("0.0100"), customer=on_credit)) == LIMIT
    shop.pay("200.02", on_credit)  # 400.01 of credit, and 500.01 wait
    assert status(shop.sell(served("200.0100"), customer=on_credit)) == LIMIT
    shop.pay("200.01", on_credit)
    assert status(shop.sell(served("200.0000"), customer=on_credit)) == CONFIRMED


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"payment_type": "CASH", "credit_limit": Decimal("0.00")}, CONFIRMED),
        ({"payment_type": "CREDIT", "credit_limit": None}, CONFIRMED),
        ({"payment_type": "CREDIT", "credit_limit": Decimal("0.00")}, LIMIT),
        ({"payment_type": "MONTHLY", "credit_limit": Decimal("0.00")}, LIMIT),
        ({"payment_type": "MONTHLY", "credit_limit": Decimal("0.01")}, CONFIRMED),
    ],
)
def test_no_limit_is_none_and_nothing_is_a_limit_but_not_for_those_who_pay_cash(shop, values, expected):
    assert status(shop.sell(served("0.0100"), customer=shop.another(**values))) == expected


@pytest.mark.parametrize(("rate", "expected"), [("50.0000", CONFIRMED), ("50.0100", LIMIT)])
def test_where_prices_are_before_gst_the_limit_is_about_what_the_documents_come_to(shop, settings, rate, expected):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    settings.PRICES_INCLUDE_GST = False
    customer = shop.another(payment_type="CREDIT", credit_limit=Decimal("272.50"))
    cylinder = shop.thing("100.0000", customer)
    shop.sell(delivered(cylinder), customer=customer)  # 109.00
    shop.sell(delivered(cylinder, 1, "100.0001"), customer=customer, by=shop.driver)  # 109.00 waits
    assert status(shop.sell(served(rate), customer=customer)) == expected  # 54.50 or 54.51
    assert disagreements() == {}


def test_both_reasons_are_told(shop, on_credit):
    cylinder = shop.thing("100.0000", on_credit)
    sale = shop.sell(delivered(cylinder, 4, "99.0000"), customer=on_credit, by=shop.driver)
    assert status(sale) == ("PENDING", ["rate_override", "credit_limit"])


# --- approving ----------------------------------------------------------------------------------------------------


def test_approving_issues_the_document_at_the_rate_on_the_line(shop, cylinder):
    sale = shop.sell(delivered(cylinder, 2, "50.1250"), by=shop.driver)
    before = held(shop.truck, cylinder)
    a_rate(shop.admin, shop.customer, "77.0000", cylinder)
    sold, invoice = answer(shop.approve(sale))
    assert (sold["status"], sold["holds"], sold["items"][0]["rate"]) == ("CONFIRMED", ["rate_override"], "50.1250")
    assert sold["approved_at"] == sold["confirmed_at"] == invoice["generated_at"]
    assert (invoice["total_amount"], invoice["balance_due"]) == ("100.25", "100.25")
    assert invoice["transaction"]["user"] == shop.driver.pk
    assert held(shop.truck, cylinder) == before
    assert balance_of(shop.customer.pk) == Decimal("100.25")
    assert disagreements() == {}


def test_what_waits_below_zero_becomes_a_credit_note_and_at_nothing_a_paid_invoice(shop, cylinder):
    below = shop.sell(full_back(cylinder, 1, "10.0000"), by=shop.driver)
    nothing = shop.sell(delivered(cylinder, 1, "0"), by=shop.driver)
    _, note = answer(shop.approve(below))
    assert (note["document_type"], note["total_amount"], note["balance_due"]) == ("credit_note", "10.00", "-10.00")
    sold, invoice = answer(shop.approve(nothing))
    assert (invoice["document_type"], invoice["status"], sold["payment_status"]) == ("invoice", "paid", "PAID")
    assert disagreements() == {}


def test_it_is_due_from_the_day_it_is_approved(shop):
    customer = shop.another(payment_type="CREDIT", payment_terms_days=14, credit_limit=Decimal(0))
    sale = shop.sell(served("5"), customer=customer, now=singapore("2026-11-20T12:00:00"))
    _, invoice = answer(shop.approve(sale, now=singapore("2026-12-25T00:00:00")))
    assert (invoice["issued_on"], invoice["due_date"]) == ("2026-12-25", "2027-01-08")


def test_only_what_waits_can_be_approved(shop, cylinder):
    confirmed = shop.sell(delivered(cylinder))
    approved, voided = (shop.sell(delivered(cylinder, 1, "1"), by=shop.driver) for _ in range(2))
    shop.approve(approved)
    shop.void(voided)
    for sale in (confirmed, approved, voided):
        refused("not_pending", shop.approve, sale)
    shop.void(confirmed)
    refused("not_pending", shop.approve, confirmed)
    assert disagreements() == {}


def test_a_driver_approves_and_voids_nothing_not_even_their_own(shop, cylinder, other_driver, signed_in):
    sale = shop.sell(delivered(cylinder, 1, "1"), by=shop.driver).transaction
    for who in (shop.driver, other_driver):
        for action, body in (("approve", {}), ("void", {"reason": "x"})):
            answered = signed_in(who).post(f"/api/v1/transactions/{sale.pk}/{action}/", body, format="json")
            assert answered.status_code == 403
    assert Transaction.objects.get().status == "PENDING"


def test_approving_changes_the_status_and_its_times_and_nothing_else(shop, cylinder):
    sale = shop.sell(delivered(cylinder, 1, "1"), by=shop.driver)
    before, _ = answer(sale)
    after, _ = answer(shop.approve(sale))
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"status", "confirmed_at", "approved_at"}
