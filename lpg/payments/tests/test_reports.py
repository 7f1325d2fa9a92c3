"""Reports on money: by age, by day, by who took it; as JSON and as files that a spreadsheet opens."""

import csv
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, StringIO

import openpyxl
import pytest
from django.utils import timezone

from lpg.payments import services as payments
from lpg.roles import Role
from tests import make
from tests.bad import a_payment, is_a_problem
from tests.sales import Shop, delivered, full_back, served, singapore, site
from tests.stock import fill

pytestmark = pytest.mark.django_db
API = "/api/v1/reports/"


@pytest.fixture
def shop(admin, driver, one_transaction):
    return Shop(admin, driver)


@pytest.fixture
def client(shop, signed_in):
    return signed_in(shop.admin)


def read(client, address: str) -> dict:
    answer = client.get(f"{API}{address}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def file(client, address: str) -> list[list]:
    answer = client.get(f"{API}{address}")
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content)
    if "export=csv" in address:
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        return list(csv.reader(StringIO(content.decode("utf-8-sig"), newline="")))
    assert answer["Content-Type"].startswith("application/vnd.openxmlformats")
    sheet = openpyxl.load_workbook(BytesIO(content)).worksheets[0]
    return [list(row) for row in sheet.iter_rows(values_only=True)]


def days_ago(days: int):
    return timezone.now() - timedelta(days=days)


# --- ageing -------------------------------------------------------------------------------------------------------


def test_what_is_open_is_put_by_the_days_since_it_was_issued(shop, client):
    for amount, days in (("1", 0), ("2", 30), ("4", 31), ("8", 60), ("16", 61), ("32", 90), ("64", 91), ("128", 400)):
        shop.sell(served(amount), now=days_ago(days))
    (row,) = read(client, "ageing/")["results"]
    ages = ("days_0_30", "days_31_60", "days_61_90", "days_over_90")
    assert [row[name] for name in ages] == ["3.00", "12.00", "48.00", "192.00"]
    assert (row["total"], row["credit"], row["net"]) == ("255.00", "0.00", "255.00")
    assert row["overdue"] == "254.00"  # cash: due at once, and overdue the day after
    assert (row["id"], row["customer_code"], row["depot"]) == (
        shop.customer.pk,
        shop.customer.customer_code,
        shop.depot.id,
    )


def test_credit_stands_apart_and_part_payments_count(shop, client):
    cylinder = shop.thing("5.0000")
    later = shop.another(payment_type="CREDIT", payment_terms_days=30)
    nothing = shop.another()
    shop.sell(served("10"), customer=nothing, paid="10.00")
    shop.sell(served("10"), customer=later, now=days_ago(40), paid="4.00")
    shop.sell(served("10"), customer=later, now=days_ago(20))
    shop.pay("1.00", later, invoice_ids=[])
    fill(shop.admin, site(later), cylinder, 1, "")
    shop.sell(full_back(cylinder), customer=later)
    (row,) = read(client, "ageing/")["results"]
    assert (row["days_0_30"], row["days_31_60"], row["overdue"]) == ("10.00", "6.00", "6.00")
    assert (row["total"], row["credit"], row["net"]) == ("16.00", "6.00", "10.00")


def test_a_past_day_is_as_it_was_whatever_was_paid_voided_or_reversed_since(shop, client):
    sale = shop.sell(served("10"), now=days_ago(10))
    shop.sell(served("20"), now=days_ago(10))
    early = shop.pay("5.00", now=days_ago(8))
    day = timezone.localdate(days_ago(7))
    then = read(client, f"ageing/?at={day}")["results"]
    assert [(row["total"], row["credit"]) for row in then] == [("25.00", "0.00")]
    payments.reverse(actor=shop.admin, payment_id=early.pk, reason="x", now=days_ago(4))
    shop.void(sale, now=days_ago(3))
    shop.pay("20.00", now=days_ago(2))
    assert read(client, "ageing/")["results"] == []
    assert read(client, f"ageing/?at={day}")["results"] == then
    assert read(client, f"ageing/?at={timezone.localdate(days_ago(11))}")["results"] == []
    tomorrow = timezone.localdate() + timedelta(days=1)
    for wrong in (tomorrow, "1999-12-31"):
        answer = client.get(f"{API}ageing/?at={wrong}")
        assert (answer.status_code, list(is_a_problem(answer)["errors"])) == (400, ["at"])


def test_a_supervisor_sees_customers_of_own_depots_and_a_filter_narrows_them(
    shop, client, supervisor, union, signed_in
):
    other = make.a_customer(shop.admin, union)
    for customer in (shop.customer, other):
        a_payment(shop.admin, customer, "5.00")
    for name in ("ageing/", f"ageing/?at={timezone.localdate() - timedelta(days=1)}"):
        mine = [row["id"] for row in read(signed_in(supervisor), name)["results"]]
        assert mine == ([shop.customer.pk] if "at" not in name else [])
    assert [row["id"] for row in read(client, "ageing/")["results"]] == [shop.customer.pk, other.pk]
    assert [row["id"] for row in read(client, f"ageing/?depot={union.pk}")["results"]] == [other.pk]
    assert read(signed_in(supervisor), f"ageing/?depot={union.pk}")["results"] == []
    assert len(file(signed_in(supervisor), "ageing/?export=csv")) == 2


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_ageing_as_a_file_holds_every_customer_and_no_formula(shop, client, kind):
    evil = shop.another(name='=HYPERLINK("http://x","y")')
    customers = [shop.another() for _ in range(3)]
    for customer in (evil, *customers):
        a_payment(shop.admin, customer, "5.25")
    head, *rows = file(client, f"ageing/?export={kind}&page_size=1")
    assert head[:4] == ["id", "customer_code", "name", "depot"]
    assert [row[1] for row in rows] == [customer.customer_code for customer in (evil, *customers)]
    assert rows[0][2] == "'" + evil.name
    assert {Decimal(str(row[-2])) for row in rows} == {Decimal("5.25")}


# --- takings ------------------------------------------------------------------------------------------------------


def test_takings_are_what_was_received_that_day_with_reversals_apart(shop, client, driver, admin):
    for amount in ("10.00", "5.00"):
        shop.sell(served(amount), by=driver, paid=amount)
    gone = a_payment(driver, shop.customer, "7.00")
    shop.pay("3.00")
    shop.pay("100.00", received_at=days_ago(1))
    payments.reverse(actor=admin, payment_id=gone.pk, reason="Mistyped", now=timezone.now())
    found = read(client, "takings/")
    today = timezone.localdate().isoformat()
    assert (found["since"], found["until"]) == (today, today)
    rows = {row["user_name"]: row for row in found["results"]}
    assert rows["driver"] == {
        "day": today,
        "user": driver.pk,
        "user_name": "driver",
        "method": "CASH",
        "payments": 3,
        "received": "22.00",
        "reversed": "7.00",
        "net": "15.00",
    }
    assert rows["admin"]["net"] == "3.00"
    assert found["totals"] == [
        {"method": "CASH", "payments": 4, "received": "25.00", "reversed": "7.00", "net": "18.00"}
    ]
    yesterday = timezone.localdate() - timedelta(days=1)
    assert read(client, f"takings/?day={yesterday}")["totals"][0]["net"] == "100.00"
    both = read(client, f"takings/?since={yesterday}")
    assert [row["day"] for row in both["results"]] == [yesterday.isoformat(), today, today]
    assert [row["user"] for row in read(client, f"takings/?user={driver.pk}")["results"]] == [driver.pk]
    assert len(file(client, "takings/?export=csv")) == 3


def test_the_day_of_receipt_is_singapores(shop, client):
    for text in ("2026-01-01T23:59:59", "2026-01-02T00:00:00"):
        shop.pay("1.00", received_at=singapore(text))
    found = read(client, "takings/?since=2026-01-01&until=2026-01-02")
    assert [row["day"] for row in found["results"]] == ["2026-01-01", "2026-01-02"]


def test_takings_of_days_that_cannot_be_are_refused(shop, client):
    today = timezone.localdate()
    for query, field in (
        (f"day={today + timedelta(days=1)}", "day"),
        (f"day={today}&since={today}", "day"),
        (f"since={today - timedelta(days=31)}", "since"),
        (f"since={today}&until={today - timedelta(days=1)}", "since"),
    ):
        answer = client.get(f"{API}takings/?{query}")
        assert (answer.status_code, list(is_a_problem(answer)["errors"])) == (400, [field]), query
    assert client.get(f"{API}takings/?since={today - timedelta(days=30)}").status_code == 200


def test_a_supervisor_counts_the_money_of_own_depots(shop, supervisor, union, signed_in):
    shop.pay("1.00")
    a_payment(shop.admin, make.a_customer(shop.admin, union), "2.00")
    client = signed_in(supervisor)
    assert [row["net"] for row in read(client, "takings/")["totals"]] == ["1.00"]
    assert read(client, f"takings/?depot={union.pk}")["results"] == []
    nobody = signed_in(make.a_user(Role.SUPERVISOR, by=shop.admin))
    for name in ("takings/", "sales/", "sales/?by=equipment", "ageing/", "cylinders/"):
        assert read(nobody, name)["results"] == []


# --- sales --------------------------------------------------------------------------------------------------------


def test_sales_are_invoices_less_credit_notes_by_whatever_is_asked(shop, client, settings, driver):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    cylinder = shop.thing("10.9000")
    shop.sell(delivered(cylinder, 4), full_back(cylinder, 1), served("21.80"))
    shop.sell(full_back(cylinder, 2))
    shop.void(shop.sell(delivered(cylinder, 5)))
    shop.void(shop.sell(full_back(cylinder, 1)))
    today = timezone.localdate().isoformat()
    (row,) = read(client, "sales/")["results"]
    assert (row["key"], row["documents"], row["quantity"]) == (today, 6, None)
    assert (row["net"], row["tax"], row["total"]) == ("30.00", "2.70", "32.70")
    assert Decimal(row["invoiced"]) - Decimal(row["credited"]) == 30
    for by, key, name in (
        ("driver", str(shop.admin.pk), "admin"),
        ("depot", str(shop.depot.id), str(driver.depot)),
    ):
        found = read(client, f"sales/?by={by}")
        assert [(row["key"], row["name"], row["net"]) for row in found["results"]] == [(key, name, "30.00")]
        assert found["totals"]["total"] == "32.70"
    found = read(client, "sales/?by=equipment")
    assert [(row["key"], row["quantity"], row["net"], row["tax"]) for row in found["results"]] == [
        (str(cylinder.pk), "1", "10.00", None),
        ("SERVICE", "1", "20.00", None),
    ]
    assert (found["totals"]["net"], found["totals"]["total"]) == ("30.00", None)
    assert [row[0] for row in file(client, "sales/?by=equipment&export=xlsx")] == ["key", str(cylinder.pk), "SERVICE"]


def test_sales_of_more_than_a_year_are_not_asked_for(shop, client):
    today = timezone.localdate()
    assert client.get(f"{API}sales/?since={today - timedelta(days=365)}").status_code == 200
    answer = client.get(f"{API}sales/?since={today - timedelta(days=366)}")
    assert (answer.status_code, list(is_a_problem(answer)["errors"])) == (400, ["since"])


# --- cylinders ----------------------------------------------------------------------------------------------------


def test_cylinders_out_are_those_at_customers_sites_now_or_then(shop, client):
    cylinder, other = (make.some_equipment(shop.admin, rate="1") for _ in range(2))
    gauge = make.some_equipment(shop.admin)
    type(gauge).objects.filter(pk=gauge.pk).update(equipment_type="METER")
    fill(shop.admin, shop.truck, cylinder, 10)
    for thing in (other, gauge):
        fill(shop.admin, site(shop.customer), thing, 2, "")
    before = timezone.now()
    shop.sell(delivered(cylinder, 3))
    fill(shop.admin, site(shop.customer), other, 0, "")
    (row,) = read(client, "cylinders/")["results"]
    assert (row["customer"], row["equipment"], row["quantity"]) == (shop.customer.pk, cylinder.pk, 3)
    moment = before.isoformat().replace("+", "%2B")
    (row,) = read(client, f"cylinders/?at={moment}")["results"]
    assert (row["equipment"], row["equipment_name"], row["quantity"]) == (other.pk, other.name, 2)
    assert read(client, f"cylinders/?equipment={other.pk}")["results"] == []
    head, *rows = file(client, f"cylinders/?export=csv&at={moment}")
    assert (head[-1], [row[-1] for row in rows]) == ("quantity", ["2"])


def test_each_report_takes_the_same_few_statements_whatever_it_covers(shop, client, django_assert_num_queries):
    cylinder = shop.thing("38.0000")
    for many in (1, 6):
        for _ in range(many):
            shop.sell(delivered(cylinder), customer=shop.another(), paid="5.00")
        for name, queries in (
            ("ageing/", 3),
            (f"ageing/?at={timezone.localdate()}", 3),
            ("takings/", 4),  # the depots, the money, the names
            ("sales/", 3),
            ("sales/?by=driver", 4),
            ("sales/?by=depot", 4),
            ("sales/?by=equipment", 4),
        ):
            with django_assert_num_queries(queries):
                read(client, name)
