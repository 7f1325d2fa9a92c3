"""What a sale costs the database does not grow with its lines."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.sales import API, a_meter, a_reading, delivered, returned

pytestmark = pytest.mark.django_db
KINDS = ("DELIVERY", "EMPTY_RETURN", "FULL_RETURN")


def statements(client, path: str, body: dict) -> int:
    with CaptureQueriesContext(connection) as seen:
        answer = client.post(f"{API}{path}", body, format="json")
    assert answer.status_code < 300, answer.content
    return len(seen)


def test_the_usual_sale_takes_nineteen_statements(shop, signed_in):
    """Who asks, the key, the customer; equipment with rates, the meter with its last bill, places, balances twice, the
    meter, what the site holds, the numbers; sale, lines, reading, movements, invoice, lines, audit; the answer."""
    client = signed_in(shop.driver)
    customer = shop.another(meter_rate=Decimal("2.0000"))
    items = [{"item_type": "DELIVERY", "equipment": shop.thing("54.5000", customer).pk, "quantity": 1}] * 3
    a_meter(shop.admin, customer, "0")
    body = {"customer": customer.pk, "items": items}
    seen = []
    for reading in ("100", "200"):  # the first of a meter and of a site takes a few more
        again = {**body, "current_meter_reading": reading, "client_temp_id": f"phone-{reading}"}
        with CaptureQueriesContext(connection) as captured:
            assert client.post(API, again, format="json").status_code == 201
        seen = [one["sql"] for one in captured if "SAVEPOINT" not in one["sql"]]
    assert len(seen) == 19, seen


@pytest.mark.parametrize("waits", [False, True])
def test_one_item_and_thirty_items_take_as_many_statements(shop, signed_in, waits):
    client, boss = signed_in(shop.driver), signed_in(shop.admin)
    customers = [shop.another(meter_rate=Decimal("2.0000")) for _ in range(2)]
    things = [shop.thing("54.5000", *customers) for _ in range(30)]
    costs = []
    for customer, count in zip(customers, (1, 30), strict=True):
        meter = a_meter(shop.admin, customer, "0")
        for reading in range(1, count + 1):  # unbilled readings may be as many, too
            a_reading(shop.admin, meter, str(reading))
        shop.sell(*[item(thing) for thing in things for item in (delivered, returned)], customer=customer)
        items = [
            {"item_type": KINDS[number % 3], "equipment": thing.pk, "quantity": 2}
            for number, thing in enumerate(things[:count])
        ]
        items[0]["rate"] = "50.0000" if waits else "54.5000"
        body = {
            "customer": customer.pk,
            "items": items,
            "current_meter_reading": "100.000",
            "payment": {"method": "CASH", "amount": "20.00"},
            "client_temp_id": f"phone-{count}",
        }
        sold = statements(client, "", body)
        last = client.get(API).json()["results"][0]
        assert (last["status"], len(last["items"])) == ("PENDING" if waits else "CONFIRMED", count)
        approved = statements(boss, f"{last['id']}/approve/", {}) if waits else 0
        costs.append((sold, approved, statements(boss, f"{last['id']}/void/", {"reason": "x"})))
    assert costs[0] == costs[1]
    assert costs[0][0] <= 35
