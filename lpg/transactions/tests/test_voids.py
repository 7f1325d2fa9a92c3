"""Taking a sale back: stock, meter, money and document, all of it or nothing."""

import json
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg import sql
from lpg.audit.models import AuditLog
from lpg.inventory import services as stock
from lpg.inventory.places import Owner, place_of
from lpg.invoices import services as invoices
from lpg.invoices.models import Invoice
from lpg.meters import services as meters
from lpg.meters.models import MeterReading
from lpg.payments.models import Allocation, Payment
from lpg.payments.selectors import balance_of
from tests.sales import (
    a_meter,
    a_reading,
    a_replacement,
    answer,
    delivered,
    full_back,
    refused,
    returned,
    served,
    site,
)
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


@pytest.fixture
def metered(shop):
    return shop.another(meter_rate=Decimal("2.0000"))


def stocks(shop, cylinder) -> list[int]:
    truck = [held(shop.truck, cylinder, condition) for condition in ("FULL", "EMPTY", "DAMAGED")]
    return [*truck, held(site(shop.customer), cylinder, "")]


def notes() -> list[Invoice]:
    return list(Invoice.objects.filter(is_correction=True).order_by("pk"))


# --- stock and documents ------------------------------------------------------------------------------------------


def test_a_sale_that_waited_is_voided_without_a_document_and_its_money_stays_as_credit(shop, cylinder):
    before = stocks(shop, cylinder)
    sale = shop.sell(delivered(cylinder, 3, "50"), returned(cylinder, 2), by=shop.driver, paid="60.00")
    sold, invoice = answer(shop.void(sale))
    assert (sold["status"], sold["payment_status"], sold["void_reason"], invoice) == ("VOIDED", None, "Wrong shop", {})
    assert (sold["confirmed_at"], sold["approved_at"]) == (None, None)
    assert stocks(shop, cylinder) == before
    assert not Invoice.objects.exists()
    assert balance_of(shop.customer.pk) == Decimal("-60.00")
    assert disagreements() == {}


def test_a_confirmed_sale_is_voided_by_a_credit_note_for_the_whole(shop, cylinder, settings):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    before = stocks(shop, cylinder)
    items = [
        delivered(cylinder, 3),
        returned(cylinder, 2),
        returned(cylinder, 1, "DAMAGED"),
        full_back(cylinder),
        full_back(cylinder, condition="DAMAGED"),
        served("0.0050"),
    ]
    sale = shop.sell(*items)
    sold, invoice = answer(shop.void(sale))
    (note,) = notes()
    assert (sold["status"], invoice["corrected_by"], invoice["balance_due"]) == ("VOIDED", note.pk, "0.00")
    assert (invoice["paid_at"], bool(invoice["credited_at"]), invoice["status"]) == (None, True, "generated")
    assert (note.invoice_number[:3], note.document_type, note.reason) == ("CN-", "credit_note", "Wrong shop")
    assert (note.subtotal, note.tax_amount, note.total_amount) == (Decimal("50.01"), Decimal("4.50"), Decimal("54.51"))
    assert [(line.quantity, line.amount) for line in note.lines.order_by("pk")] == [
        (3, Decimal("163.50")),
        (1, Decimal("-54.50")),
        (1, Decimal("-54.50")),
        (1, Decimal("0.01")),
    ]
    assert (note.balance_due, note.due_at_issue, note.gst_rate) == (0, 0, 9)
    assert stocks(shop, cylinder) == before
    assert balance_of(shop.customer.pk) == 0
    assert disagreements() == {}


def test_an_approved_sale_is_voided_like_a_confirmed_one(shop, cylinder):
    sale = shop.sell(delivered(cylinder, 1, "50"), by=shop.driver, paid="20.00")
    shop.approve(sale)
    sold, invoice = answer(shop.void(sale))
    assert (bool(sold["approved_at"]), invoice["corrected_by"]) == (True, notes()[0].pk)
    assert balance_of(shop.customer.pk) == Decimal("-20.00")
    assert disagreements() == {}


def test_voided_twice_is_refused_the_second_time(shop, cylinder):
    confirmed, waits = shop.sell(delivered(cylinder)), shop.sell(delivered(cylinder, 1, "1"), by=shop.driver)
    for sale in (confirmed, waits):
        shop.void(sale)
        refused("already_void", shop.void, sale, reason="Another reason")
    assert len(notes()) == 1


def test_a_void_that_the_customers_site_cannot_give_back_is_refused_whole(shop, admin):
    new = shop.another(meter_rate=Decimal(2))
    a_meter(admin, new, "0")
    cylinder = shop.thing("54.5000", shop.customer)
    sale = shop.sell(delivered(cylinder, 3), customer=new, reading="10", paid="20.00")
    shop.sell(returned(cylinder, 1), customer=new)
    no = refused("insufficient_stock", shop.void, sale)
    assert [(short["requested"], short["available"]) for short in no.facts["shortages"]] == [(3, 2)]
    fill(admin, site(new), cylinder, 3, "")
    shop.void(sale)
    assert held(site(new), cylinder, "") == 0
    assert disagreements() == {}


def test_a_void_that_the_truck_cannot_give_back_is_refused_whole(shop, admin, cylinder):
    sale = shop.sell(delivered(cylinder), returned(cylinder, 4))
    stock.transfer(
        actor=admin,
        origin=place_of(shop.truck),
        destination=place_of(shop.depot),
        items=[stock.Item(cylinder.pk, 2, "EMPTY")],
        remarks="",
        now=timezone.now(),
    )
    refused("insufficient_stock", shop.void, sale)


def test_stock_goes_back_to_where_it_came_from(shop, admin, supervisor, cylinder):
    before = held(shop.depot, cylinder)
    sale = shop.sell(delivered(cylinder, 5), by=supervisor)
    assert held(shop.depot, cylinder) == before - 5
    shop.void(sale)
    assert held(shop.depot, cylinder) == before
    assert held(Owner("truck", shop.truck.id), cylinder) == before
    assert disagreements() == {}


# --- money --------------------------------------------------------------------------------------------------------


def test_what_was_allocated_becomes_credit_again(shop, cylinder):
    sale = shop.sell(delivered(cylinder, 2), paid="40.00")
    other = shop.sell(delivered(cylinder, 1))
    later = shop.pay("100.00")  # 69.00 for the first, 31.00 for the second
    shop.void(sale)
    with_sale = Payment.objects.get(transaction=sale.transaction)
    later.refresh_from_db()
    assert (with_sale.unallocated, later.unallocated) == (Decimal("40.00"), Decimal("69.00"))
    left = Allocation.objects.filter(released_at=None, payment__isnull=False)
    assert [(row.invoice_id, row.amount) for row in left] == [(other.invoice.pk, Decimal("31.00"))]
    other.invoice.refresh_from_db()
    assert other.invoice.balance_due == Decimal("23.50")
    assert balance_of(shop.customer.pk) == Decimal("-85.50")  # 23.50 still to pay, 109.00 of credit
    assert disagreements() == {}


def test_a_sale_paid_in_full_is_no_longer_paid_when_it_is_voided(shop, cylinder):
    sale = shop.sell(delivered(cylinder), paid="54.50")
    assert answer(sale)[1]["status"] == "paid"
    _, invoice = answer(shop.void(sale))
    assert (invoice["status"], invoice["paid_at"], invoice["balance_due"]) == ("generated", None, "0.00")
    assert balance_of(shop.customer.pk) == Decimal("-54.50")
    assert disagreements() == {}


def use(note: Invoice, invoice: Invoice, amount: str) -> None:
    """Let so much of a credit note settle so much of an invoice, as the payment service will."""
    now = timezone.now()
    sql.add([Allocation(credit_note=note, invoice=invoice, amount=Decimal(amount), created_at=now)])
    for document in (note, invoice):
        document.refresh_from_db()
        invoices.settle(document, Decimal(amount), now=now)


def test_a_sale_below_zero_whose_credit_was_used_takes_it_back(shop, cylinder):
    below = shop.sell(full_back(cylinder, 2))  # 109.00 of credit
    bought = shop.sell(delivered(cylinder, 1))
    use(below.invoice, bought.invoice, "54.50")
    assert disagreements() == {}
    assert balance_of(shop.customer.pk) == Decimal("-54.50")
    sold, note = answer(shop.void(below))
    assert (sold["status"], note["document_type"], note["balance_due"]) == ("VOIDED", "credit_note", "0.00")
    (correction,) = notes()
    assert (correction.document_type, correction.total_amount) == ("credit_note", Decimal("-109.00"))
    assert correction.corrects_id == note["id"]
    bought.invoice.refresh_from_db()
    assert (bought.invoice.balance_due, bought.invoice.paid_at) == (Decimal("54.50"), None)
    assert balance_of(shop.customer.pk) == Decimal("54.50")
    assert disagreements() == {}


def test_an_invoice_settled_by_credit_gives_the_credit_back(shop, cylinder):
    below, bought = shop.sell(full_back(cylinder, 2)), shop.sell(delivered(cylinder, 1))
    use(below.invoice, bought.invoice, "54.50")
    shop.void(bought)
    below.invoice.refresh_from_db()
    assert below.invoice.balance_due == Decimal("-109.00")
    shop.void(below)
    assert balance_of(shop.customer.pk) == 0
    assert disagreements() == {}


def test_an_unused_credit_and_a_document_about_nothing_are_voided_too(shop, cylinder):
    for sale in (shop.sell(full_back(cylinder)), shop.sell(returned(cylinder)), shop.sell(served("0"))):
        _, document = answer(shop.void(sale))
        assert (document["balance_due"], bool(document["credited_at"]), document["paid_at"]) == ("0.00", True, None)
    assert [str(note.total_amount) for note in notes()] == ["-54.50", "0.00", "0.00"]
    assert not [row for row in AuditLog.objects.all() if '"-0.00"' in json.dumps(row.payload)]
    assert balance_of(shop.customer.pk) == 0
    assert disagreements() == {}


# --- the meter ----------------------------------------------------------------------------------------------------


def test_what_it_billed_is_due_again_and_the_meter_shows_what_it_showed(shop, metered):
    meter = a_meter(shop.admin, metered, "100")
    a_reading(shop.admin, meter, "110")
    a_reading(shop.admin, meter, "125")
    sale = shop.sell(customer=metered, reading="130")
    assert answer(sale)[0]["meter_usage"] == "30.000"
    shop.void(sale)
    meter.refresh_from_db()
    assert meter.current_reading == 125
    live = MeterReading.objects.filter(voided_at=None).order_by("pk").values_list("reading", "transaction")
    assert [(int(reading), sale) for reading, sale in live] == [(100, None), (110, None), (125, None)]
    assert disagreements() == {}
    again, _ = answer(shop.sell(customer=metered, reading="127.500"))
    assert (again["last_meter_reading"], again["meter_usage"], again["usage_amount"]) == ("100.000", "27.500", "55.00")
    assert disagreements() == {}


@pytest.mark.parametrize("later", ["reading", "sale", "waiting sale", "replacement"])
def test_a_sale_whose_meter_was_read_again_stands(shop, metered, later):
    meter = a_meter(shop.admin, metered, "100")
    cylinder = shop.thing("1.0000", metered)
    sale = shop.sell(delivered(cylinder), customer=metered, reading="110", paid="5.00")
    after = None
    if later == "reading":
        after = a_reading(shop.admin, meter, "110")  # nothing used, and read all the same
    elif later == "sale":
        after = shop.sell(customer=metered, reading="120")
    elif later == "waiting sale":
        after = shop.sell(delivered(cylinder, 1, "2"), customer=metered, by=shop.driver, reading="120")
        assert after.invoice is None
    else:
        a_replacement(shop.admin, meter, "120")
    refused("later_reading_exists", shop.void, sale)
    if later == "replacement":
        return
    if later == "reading":
        meters.void(actor=shop.admin, meter_id=meter.pk, reading_id=after.pk, reason="x", now=timezone.now())
    else:
        shop.void(after)
    shop.void(sale)
    meter.refresh_from_db()
    assert meter.current_reading == 100
    assert disagreements() == {}


def test_a_sale_that_read_no_meter_is_voided_whatever_was_read_since(shop, metered):
    meter = a_meter(shop.admin, metered, "100")
    sale = shop.sell(served("5"), customer=metered)
    a_reading(shop.admin, meter, "110")
    shop.void(sale)
    assert disagreements() == {}


def test_the_old_meters_last_usage_is_due_again_when_the_sale_that_billed_it_is_voided(shop, metered):
    old = a_meter(shop.admin, metered, "100")
    new = a_replacement(shop.admin, old, "150", "3")
    sale = shop.sell(customer=metered, reading="10")
    assert answer(sale)[0]["meter_usage"] == "57.000"
    shop.void(sale)
    assert disagreements() == {}
    again, _ = answer(shop.sell(customer=metered, reading="11"))
    assert (again["meter"], again["meter_usage"]) == (new.pk, "58.000")
    assert disagreements() == {}


def test_the_reason_is_asked_for(shop, admin, cylinder, signed_in):
    sale = shop.sell(delivered(cylinder)).transaction
    for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 201}):
        answered = signed_in(admin).post(f"/api/v1/transactions/{sale.pk}/void/", body, format="json")
        assert (answered.status_code, list(answered.json()["errors"])) == (400, ["reason"])
    sale.refresh_from_db()
    assert sale.status == "CONFIRMED"
