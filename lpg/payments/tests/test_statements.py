"""A statement says of any days what was owed and held, what happened, and what was owed and held after it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from lpg.payments import services as payments
from lpg.payments import statements
from lpg.payments.selectors import balance_of
from tests import make
from tests.bad import is_a_problem
from tests.sales import Shop, delivered, full_back, returned, served, site
from tests.stock import a_distribution, fill, held

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


@pytest.fixture
def shop(admin, driver, one_transaction):
    return Shop(admin, driver)


@pytest.fixture
def client(shop, signed_in):
    return signed_in(shop.admin)


def path(shop, query: str = "", pdf: str = "") -> str:
    return f"/api/v1/customers/{shop.customer.pk}/statement/{pdf}{query}"


def read(client, address: str) -> dict:
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    return json.loads(b"".join(answer.streaming_content))


def in_short(entry: dict) -> tuple:
    moved = [(one["brought"], one["taken"], one["held"]) for one in entry["cylinders"]]
    return entry["kind"], entry["amount"], entry["balance"], moved


def test_each_thing_that_happened_stands_in_it_once_with_its_money_and_its_cylinders(shop, client):
    cylinder = make.some_equipment(shop.admin, rate="54.5000")
    for owner in (shop.depot, shop.truck):
        fill(shop.admin, owner, cylinder, 100)
    sale = shop.sell(delivered(cylinder, 3), paid="100.00")
    shop.sell(delivered(cylinder), returned(cylinder, 2))
    back = shop.sell(full_back(cylinder)).invoice
    payments.reverse(
        actor=shop.admin, payment_id=sale.transaction.payments.get().pk, reason="Cheque came back", now=timezone.now()
    )
    fill(shop.admin, site(shop.customer), cylinder, 5, "")
    waits = shop.sell(delivered(cylinder, 1, "50"), by=shop.driver)
    shop.approve(waits)
    shop.void(sale)
    gift = a_distribution(shop.admin, shop.driver.depot_id, (cylinder, 2), customer_id=shop.customer.pk)
    assert client.post(f"/api/v1/distributions/{gift.pk}/confirm/").status_code == 200
    found = read(client, path(shop))
    assert [in_short(entry) for entry in found["entries"]] == [
        ("invoice", "163.50", "163.50", [(3, 0, 3)]),
        ("payment", "-100.00", "63.50", []),
        ("invoice", "54.50", "118.00", [(1, 2, 2)]),
        ("credit_note", "-54.50", "63.50", [(0, 1, 1)]),
        ("reversal", "100.00", "163.50", []),
        ("update", None, "163.50", [(4, 0, 5)]),
        ("transaction", None, "163.50", [(1, 0, 6)]),  # the stock of a sale that waits
        ("invoice", "50.00", "213.50", []),
        ("credit_note", "-163.50", "50.00", [(0, 3, 3)]),
        ("distribution", None, "50.00", [(2, 0, 5)]),
    ]
    names = {"equipment": cylinder.pk, "equipment_name": cylinder.name}
    assert found["opening"] == {"balance": "0.00", "cylinders": []}
    assert found["closing"] == {"balance": "50.00", "cylinders": [{**names, "quantity": 5}]}
    assert found["totals"] == {
        "invoiced": "268.00",
        "credited": "218.00",
        "paid": "100.00",
        "reversed": "100.00",
        "cylinders": [{**names, "brought": 11, "taken": 6, "held": 5}],
    }
    assert (str(balance_of(shop.customer.pk)), held(site(shop.customer), cylinder, "")) == ("50.00", 5)
    whats = [entry["what"] for entry in found["entries"]]
    assert whats[1] == "Cash"
    assert whats[4] == "Payment reversed: Cheque came back"
    assert whats[8] == "Credit note: Wrong shop"
    assert found["entries"][3]["number"] == back.invoice_number
    assert found["entries"][6]["id"] == waits.transaction.pk
    assert found["entries"][6]["number"] == waits.transaction.transaction_number


def test_both_days_are_included_and_what_lies_before_is_the_opening(shop, client):
    now = timezone.now()
    for days in (3, 2, 1, 0):
        shop.sell(served("10"), now=now - timedelta(days=days))
    day = TODAY(now)
    one, two = (day - timedelta(days=days) for days in (2, 1))
    found = read(client, path(shop, f"?since={one}&until={two}"))
    assert (found["since"], found["until"]) == (one.isoformat(), two.isoformat())
    assert (found["opening"]["balance"], len(found["entries"]), found["closing"]["balance"]) == ("10.00", 2, "30.00")
    assert [entry["at"][:10] for entry in found["entries"]] == [one.isoformat(), two.isoformat()]
    after = read(client, path(shop, f"?since={day}"))
    assert (after["opening"], len(after["entries"])) == (found["closing"], 1)
    plain = read(client, path(shop))
    assert (plain["since"], plain["until"]) == (day.replace(day=1).isoformat(), day.isoformat())


def test_midnight_in_singapore_parts_the_days(shop, client):
    day = TODAY() - timedelta(days=1)
    begins = statements.Days(day, day).begins
    shop.sell(served("1"), now=begins - timedelta(microseconds=1))
    shop.sell(served("2"), now=begins)
    found = read(client, path(shop, f"?since={day}&until={day}"))
    assert (found["opening"]["balance"], [entry["amount"] for entry in found["entries"]]) == ("1.00", ["2.00"])


@pytest.mark.parametrize("pdf", ["", "pdf/"])
def test_days_that_cannot_be_are_refused(shop, client, pdf):
    tomorrow = TODAY() + timedelta(days=1)
    for query, field in (
        (f"?until={tomorrow}", "until"),
        (f"?since={tomorrow}", "since"),
        ("?since=1999-12-31", "since"),
        ("?until=1999-12-31", "until"),
        ("?since=2020-01-02&until=2020-01-01", "since"),
    ):
        answer = client.get(path(shop, query, pdf))
        assert (answer.status_code, list(is_a_problem(answer)["errors"])) == (400, [field]), query


def test_a_customer_with_whom_nothing_was_ever_done_has_one_too(shop, client):
    found = read(client, path(shop, "?since=2000-01-01"))
    nothing = {"balance": "0.00", "cylinders": []}
    assert (found["opening"], found["entries"], found["closing"]) == (nothing, [], nothing)
    assert client.get(path(shop, pdf="pdf/")).content.startswith(b"%PDF-")


def test_the_pdf_takes_so_many_entries_and_asks_for_a_shorter_period_beyond(shop, client, monkeypatch):
    monkeypatch.setattr(statements, "MOST_ON_PAPER", 3)
    for _ in range(3):
        shop.sell(served("10"))
    answer = client.get(path(shop, pdf="pdf/"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    shop.sell(served("10"))
    answer = client.get(path(shop, pdf="pdf/"))
    problem = is_a_problem(answer)
    assert (answer.status_code, problem["code"]) == (409, "too_long")
    assert "shorter period" in problem["detail"]


def test_what_is_on_paper_is_what_is_answered(shop, client):
    cylinder = shop.thing("54.5000")
    shop.sell(delivered(cylinder, 2), returned(cylinder, 1), paid="9.00")
    today = TODAY()
    facts = statements.on_paper(shop.customer, statements.Days(today, today))
    found = read(client, path(shop, f"?since={today}"))
    assert str(facts["closing"]["balance"]) == found["closing"]["balance"]
    assert [str(entry["amount"]) for entry in facts["entries"] if entry["amount"] is not None] == [
        entry["amount"] for entry in found["entries"] if entry["amount"] is not None
    ]
    assert facts["entries"][-2]["moved"] == [(cylinder.name, 2), (cylinder.name, -1)]
    assert (str(facts["invoiced"]), str(facts["received"])) == ("109.00", "9.00")
    assert facts["buyer"]["customer_code"] == shop.customer.customer_code


def test_a_statement_takes_the_same_few_statements_whatever_is_in_it(shop, client, django_assert_num_queries):
    for many in (1, 5):
        for _ in range(many):
            shop.sell(served("10"), paid="5.00")
        with django_assert_num_queries(7):  # who asks; customer, names, site, money and stock before, entries
            read(client, path(shop))
