"""What a sale comes to, to the cent, by tables worked by hand."""

from decimal import Decimal

import pytest

from lpg.transactions.services import Seller
from tests.sales import a_meter, answer, delivered, full_back, refused, returned, served
from tests.stock import disagreements, held

pytestmark = pytest.mark.django_db


DELIVERIES = [  # quantity, rate, amount
    (1, "54.5000", "54.50"),
    (3, "0.3333", "1.00"),  # 0.9999
    (1, "0.0050", "0.01"),  # half a cent
    (1, "0.0049", "0.00"),
    (3, "0.0050", "0.02"),  # 0.015
    (5, "0.0010", "0.01"),  # 0.005
    (1, "2.6750", "2.68"),  # a float would make 2.67 of it
    (1, "10.0250", "10.03"),  # and a banker 10.02
    (1, "1.0050", "1.01"),
    (7, "12.3450", "86.42"),  # 86.415
    (9, "33.3333", "300.00"),  # 299.9997
    (90_000, "0.0001", "9.00"),
    (12, "0.0000", "0.00"),
]
RETURNS = [  # of full ones: away from zero as well
    (2, "54.5000", "-109.00"),
    (1, "10.0250", "-10.03"),
    (3, "0.0050", "-0.02"),
    (1, "0.0050", "-0.01"),
    (1, "0.0049", "0.00"),
    (7, "12.3450", "-86.42"),
]
SERVICES = [(2, "7.5025", "15.01"), (1, "0.0000", "0.00"), (3, "19.9999", "60.00")]


def test_each_line_is_rounded_by_itself_half_a_cent_away_from_zero(shop):
    cylinder = shop.thing()
    deliveries = [delivered(cylinder, quantity, rate) for quantity, rate, _ in DELIVERIES]
    returns = [full_back(cylinder, quantity, rate) for quantity, rate, _ in RETURNS]
    services = [served(rate, quantity) for quantity, rate, _ in SERVICES]
    sale, invoice = answer(shop.sell(*deliveries, *returns, *services, returned(cylinder, 7)))
    amounts = [amount for _, _, amount in DELIVERIES + RETURNS + SERVICES]
    assert [line["amount"] for line in sale["items"]] == [*amounts, "0.00"]
    assert [line["amount"] for line in invoice["lines"]] == amounts
    # 464.68 delivered, 205.48 back, 75.01 of services
    assert (sale["total_amount"], invoice["total_amount"]) == ("334.21", "334.21")
    assert disagreements() == {}


def test_three_halves_of_a_cent_on_three_lines_are_three_cents_and_on_one_line_two(shop):
    cylinder = shop.thing("0.0050")
    apart, _ = answer(shop.sell(*[delivered(cylinder)] * 3))
    together, _ = answer(shop.sell(delivered(cylinder, 3)))
    assert (apart["total_amount"], together["total_amount"]) == ("0.03", "0.02")


@pytest.mark.parametrize(
    ("previous", "current", "rate", "usage", "amount"),
    [
        ("1500.000", "1532.400", "2.3500", "32.400", "76.14"),
        ("0.000", "0.001", "5.0000", "0.001", "0.01"),  # 0.005
        ("0.000", "0.001", "4.9999", "0.001", "0.00"),
        ("10.000", "12.500", "0.0020", "2.500", "0.01"),  # 0.005
        ("0.000", "0.333", "3.0030", "0.333", "1.00"),  # 0.999999
        ("100.100", "112.445", "1.2346", "12.345", "15.24"),  # 15.241137
        ("0.000", "99999.999", "2.3456", "99999.999", "234560.00"),  # 234559.9976544
        ("0.000", "49.999", "0.0001", "49.999", "0.00"),  # 0.0049999
        ("7.250", "7.250", "2.3500", "0.000", "0.00"),
        ("7.250", "57.250", "0.0000", "50.000", "0.00"),
    ],
)
def test_gas_is_its_usage_times_the_rate(shop, previous, current, rate, usage, amount):
    customer = shop.another(meter_rate=Decimal(rate))
    a_meter(shop.admin, customer, previous)
    sale, invoice = answer(shop.sell(customer=customer, reading=current))
    assert (sale["last_meter_reading"], sale["current_meter_reading"]) == (previous, current)
    assert (sale["meter_usage"], sale["meter_rate"], sale["usage_amount"]) == (usage, rate, amount)
    assert sale["total_amount"] == invoice["total_amount"] == amount
    assert [(line["item_type"], line["amount"]) for line in invoice["lines"]] == [("METER", amount)]
    assert disagreements() == {}


def test_mixed_lines_and_gas_are_rounded_apart_and_then_summed(shop):
    customer = shop.another(meter_rate=Decimal("1.2345"))
    big, small = shop.thing("148.7550", customer), shop.thing("38.3333", customer)
    a_meter(shop.admin, customer, "200.000")
    items = [delivered(big, 3), delivered(small, 2), returned(small, 5), full_back(big, 1), served("12.3450")]
    sale, invoice = answer(shop.sell(*items, customer=customer, reading="210.500"))
    assert [line["amount"] for line in sale["items"]] == ["446.27", "76.67", "0.00", "-148.76", "12.35"]
    assert sale["usage_amount"] == "12.96"  # 10.5 × 1.2345 = 12.96225
    assert (sale["total_amount"], invoice["total_amount"]) == ("399.49", "399.49")
    assert [line["item_type"] for line in invoice["lines"]] == [
        "DELIVERY",
        "DELIVERY",
        "FULL_RETURN",
        "SERVICE",
        "METER",
    ]
    assert disagreements() == {}


def test_a_sale_below_zero_is_a_credit_note_and_its_amount_is_credit(shop):
    cylinder = shop.thing("54.5000")
    sale, note = answer(shop.sell(delivered(cylinder), full_back(cylinder, 3), served("0.0000")))
    assert (sale["total_amount"], sale["payment_status"]) == ("-109.00", "PAID")
    assert note["document_type"] == "credit_note"
    assert note["invoice_number"].startswith("CN-")
    assert (note["total_amount"], note["balance_due"]) == ("109.00", "-109.00")
    assert [line["amount"] for line in note["lines"]] == ["-54.50", "163.50", "0.00"]
    assert [line["net_amount"] for line in note["lines"]] == ["-54.50", "163.50", "0.00"]
    assert (note["corrects"], note["paid_at"]) == (None, None)
    assert disagreements() == {}


@pytest.mark.parametrize("what", ["empties", "nothing used", "as much back"])
def test_a_sale_at_zero_is_an_invoice_that_is_paid_at_issue(shop, what):
    customer = shop.another(meter_rate=Decimal(2))
    cylinder = shop.thing("54.5000", customer)
    a_meter(shop.admin, customer, "5")
    items = {"empties": [returned(cylinder, 4)], "as much back": [delivered(cylinder), full_back(cylinder)]}
    reading = "5" if what == "nothing used" else None
    sale, invoice = answer(shop.sell(*items.get(what, []), customer=customer, reading=reading))
    assert (sale["total_amount"], sale["payment_status"], invoice["total_amount"]) == ("0.00", "PAID", "0.00")
    assert invoice["invoice_number"].startswith("INV-")
    assert (invoice["status"], invoice["balance_due"]) == ("paid", "0.00")
    assert invoice["paid_at"] == invoice["generated_at"]
    assert disagreements() == {}


def test_a_line_of_more_than_fits_is_refused_even_if_another_takes_it_back(shop):
    """The total would be 0.00, but neither line fits its column."""
    cylinder, rate = shop.thing(), "99999999999999.9999"
    much = [delivered(cylinder, 90_000, rate), full_back(cylinder, 90_000, rate)]
    assert list(refused("invalid", shop.sell, *much).errors) == ["items"]
    assert list(refused("invalid", shop.sell, served("9999999999.9950")).errors) == ["items"]
    assert answer(shop.sell(served("9999999999.9949")))[0]["total_amount"] == "9999999999.99"


def test_more_gas_than_fits_is_refused(shop):
    customer = shop.another(meter_rate=Decimal("99999999999999.9999"))
    meter = a_meter(shop.admin, customer, "0", digits=12)
    assert list(refused("invalid", shop.sell, customer=customer, reading="999999999999.999").errors) == [
        "current_meter_reading"
    ]
    meter.refresh_from_db()
    assert meter.current_reading == 0


def test_what_leaves_the_truck_is_at_the_customers_and_back_again(shop):
    cylinder = shop.thing("54.5000")
    before = {place: held(place, cylinder) for place in (shop.truck, shop.depot)}
    items = [
        delivered(cylinder, 10),
        returned(cylinder, 4),
        returned(cylinder, 2, "DAMAGED"),
        full_back(cylinder, 3),
        full_back(cylinder, 1, condition="DAMAGED"),
    ]
    shop.sell(*items)
    assert held(shop.truck, cylinder) == before[shop.truck] - 10 + 3
    assert (held(shop.truck, cylinder, "EMPTY"), held(shop.truck, cylinder, "DAMAGED")) == (4, 3)
    shop.sell(delivered(cylinder, 5), by=shop.admin, seller=Seller(depot_id=shop.depot.id))
    assert held(shop.depot, cylinder) == before[shop.depot] - 5
    assert disagreements() == {}
