"""A sale over the API: lines, stock, meter, money and invoice, all of them or none."""

from decimal import Decimal

import pytest

from lpg.inventory.places import Owner
from lpg.transactions.models import Transaction
from tests import make
from tests.sales import API, a_meter, a_sale, books, delivered
from tests.stock import disagreements, fill, held


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin, rate="54.5000")


@pytest.fixture
def truck(admin, driver, cylinder):
    owner = Owner("truck", driver.vehicle_id)
    fill(admin, owner, cylinder, 10)
    return owner


@pytest.fixture
def customer(admin, singgas):
    return make.a_customer(admin, singgas, meter_rate=Decimal("2.3500"))


def test_one_request_leaves_lines_stock_meter_money_and_invoice(admin, driver, truck, cylinder, customer, signed_in):
    fill(admin, Owner("customer", customer.pk), cylinder, 2, "")
    meter = a_meter(admin, customer, "1500.000")
    client = signed_in(driver)
    body = {
        "customer": customer.pk,
        "items": [
            {"item_type": "DELIVERY", "equipment": cylinder.pk, "quantity": 2},
            {"item_type": "EMPTY_RETURN", "equipment": cylinder.pk, "quantity": 2},
            {"item_type": "SERVICE", "quantity": 1, "rate": "15.00", "description": "Hose changed"},
        ],
        "current_meter_reading": "1532.400",
        "payment": {"method": "CASH", "amount": "100.00"},
        "client_temp_id": "phone-1",
    }
    made = client.post(API, body, format="json")
    assert made.status_code == 201, made.content
    sale, invoice = made.json()["transaction"], made.json()["invoice"]
    assert sale["status"] == "CONFIRMED"
    assert sale["payment_status"] == "PARTIAL"
    assert (sale["last_meter_reading"], sale["meter_usage"], sale["usage_amount"]) == ("1500.000", "32.400", "76.14")
    assert [line["amount"] for line in sale["items"]] == ["109.00", "0.00", "15.00"]
    assert sale["total_amount"] == "200.14"
    assert (invoice["total_amount"], invoice["balance_due"]) == ("200.14", "100.14")
    assert invoice["document_type"] == "invoice"
    assert invoice["transaction"]["transaction_number"] == sale["transaction_number"]
    assert (held(truck, cylinder), held(truck, cylinder, "EMPTY")) == (8, 2)
    assert held(Owner("customer", customer.pk), cylinder, "") == 2
    meter.refresh_from_db()
    assert meter.current_reading == Decimal("1532.400")
    assert client.get(f"{API}{sale['id']}/").json() == made.json()
    assert client.get(API).json()["results"] == [sale]
    assert client.get(f"/api/v1/invoices/{invoice['id']}/").json() == invoice
    again = client.post(API, body, format="json")
    assert (again.status_code, again.json(), again["Idempotent-Replayed"]) == (201, made.json(), "true")
    assert Transaction.objects.count() == 1
    assert disagreements() == {}
    supervisor = signed_in(admin)
    voided = supervisor.post(f"{API}{sale['id']}/void/", {"reason": "Wrong shop"}, format="json")
    assert voided.status_code == 200, voided.content
    assert voided.json()["transaction"]["status"] == "VOIDED"
    assert disagreements() == {}
    assert supervisor.get(f"{API}{sale['id']}/").json() == voided.json()


def test_all_that_is_short_is_told_at_once_and_nothing_is_sold(admin, driver, truck, cylinder, customer, signed_in):
    other, client = make.some_equipment(admin), signed_in(driver)
    lines = [("DELIVERY", cylinder, 6), ("DELIVERY", cylinder, 6), ("DELIVERY", other, 1), ("EMPTY_RETURN", other, 2)]
    items = [{"item_type": kind, "equipment": thing.pk, "quantity": quantity} for kind, thing, quantity in lines]
    before = books()
    answer = client.post(API, {"customer": customer.pk, "items": items, "client_temp_id": "phone-1"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "insufficient_stock")
    short = {(row["equipment"], row["requested"], row["available"]) for row in answer.json()["shortages"]}
    assert short == {(cylinder.pk, 12, 10), (other.pk, 1, 0), (other.pk, 2, 1)}
    assert books() == before
    fill(admin, truck, cylinder, 12)
    items = items[:2]
    assert (
        client.post(API, {"customer": customer.pk, "items": items, "client_temp_id": "phone-1"}, format="json").json()[
            "transaction"
        ]["total_amount"]
        == "654.00"
    )


def test_a_decision_sent_twice_with_its_key_is_answered_the_same(admin, driver, truck, cylinder, customer, signed_in):
    client = signed_in(admin)
    waits = a_sale(driver, customer, delivered(cylinder, 1, "50")).transaction
    for action, body in (("approve", {}), ("void", {"reason": "Wrong shop"})):
        key = {"Idempotency-Key": action}
        first, again = (client.post(f"{API}{waits.pk}/{action}/", body, format="json", headers=key) for _ in range(2))
        assert (first.status_code, again.content) == (200, first.content)
        assert again["Idempotent-Replayed"] == "true"
        without = client.post(f"{API}{waits.pk}/{action}/", body, format="json")
        assert without.json()["code"] == ("not_pending" if action == "approve" else "already_void")
    assert disagreements() == {}
