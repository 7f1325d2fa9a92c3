"""Reports at the desk: the API's figures in a table, by period and depot, within one's sight, and as files."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.utils import timezone

from lpg.invoices.models import Invoice
from lpg.office import report_pages
from lpg.office.tests.desk import queries, said, sign_in
from lpg.roles import Role
from lpg.transactions.services import Seller
from tests import make
from tests.sales import a_sale, delivered, served

pytestmark = pytest.mark.django_db
AGEING, SALES, TAKINGS, CYLINDERS = (f"/admin/reports/{name}/" for name in ("ageing", "sales", "takings", "cylinders"))
REPORTS = [AGEING, SALES, TAKINGS, CYLINDERS]


@pytest.fixture
def some(admin, shop, union) -> dict:
    """Debts of three ages at one depot, one at the other; some credit."""
    now = timezone.now()
    old = make.a_customer(admin, shop.driver.depot, name="Old debts", payment_type="CREDIT")
    far = make.a_customer(admin, union, name="Far away")
    for days, amount in ((100, "10.01"), (45, "20.02"), (1, "30.03")):
        shop.sell(served(amount), customer=old, now=now - timedelta(days=days))
    a_sale(admin, far, served("40.04"), seller=Seller(depot_id=union.pk), paid="50.00", now=now)
    shop.sell(served("7"), paid="2")
    return {"old": old, "far": far}


def rows(answer) -> list[list[str]]:
    return [[cell.text for cell in row] for row in answer.context["table"].rows]


def test_ageing_has_the_late_ones_first_with_sums_and_leads_to_what_is_open(desk, shop, some):
    shop.sell(served("500"), customer=shop.another(name="Not late", payment_type="CREDIT"))
    answer = desk.get(AGEING)
    assert rows(answer) == [
        ["Old debts", "30.03", "20.02", "—", "10.01", "60.06", "30.03", "—", "60.06"],
        ["Not late", "500.00", "—", "—", "—", "500.00", "—", "—", "500.00"],
        [shop.customer.name, "5.00", "—", "—", "—", "5.00", "—", "—", "5.00"],
        ["Far away", "—", "—", "—", "—", "—", "—", "9.96", "−9.96"],
    ]
    totals = [cell.text for cell in answer.context["table"].totals]
    assert totals == ["4 customers", "535.03", "20.02", "0.00", "10.01", "565.06", "30.03", "9.96", "555.10"]
    for place, expected in ((5, "60.06"), (6, "30.03")):
        listed = desk.get(answer.context["table"].rows[0][place].link).context["cl"].result_list
        assert sum(row.balance_due for row in listed) == Decimal(expected)


def test_a_supervisor_sees_the_own_depots_and_depots_narrow(desk, own, admin, shop, some, union, one_transaction):
    assert "Far away" not in said(own.get(AGEING))
    assert [row[0] for row in rows(desk.get(AGEING, {"depot": union.pk}))] == ["Far away"]
    assert rows(own.get(AGEING, {"depot": union.pk})) == []
    assert rows(desk.get(AGEING, {"depot": "x"})) == []
    nobody = sign_in(make.a_user(Role.SUPERVISOR, by=admin))
    for report in REPORTS:
        assert rows(nobody.get(report)) == []
        assert nobody.get(f"{report}?export=csv").status_code == 200


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", [["1", "30.03", "—", "30.03", "0.00", "30.03"], ["2", "47.04", "—", "47.04", "0.00", "47.04"]]),
        ("depot", [["2", "37.03", "—", "37.03", "0.00", "37.03"], ["1", "40.04", "—", "40.04", "0.00", "40.04"]]),
        ("driver", [["3", "77.07", "—", "77.07", "0.00", "77.07"]]),
        ("equipment", [["3", "3", "77.07", "—", "77.07"]]),
    ],
)
def test_sales_by_day_depot_driver_or_equipment(desk, some, by, expected):
    yesterday = timezone.localdate() - timedelta(days=1)
    table = desk.get(SALES, {"by": by, "since": yesterday.isoformat()}).context["table"]
    assert [[cell.text for cell in row[1:]] for row in table.rows] == expected
    assert table.totals[-1].text == "77.07"


def test_each_row_of_sales_leads_to_its_documents(desk, some):
    for by in ("day", "depot"):
        for row in desk.get(SALES, {"by": by}).context["table"].rows:
            listed = desk.get(row[0].link).context["cl"].result_list
            assert sum(one.sign * one.total_amount for one in listed) == Decimal(row[-1].text)


def test_takings_are_todays_by_person_and_method_and_lead_to_the_payments(desk, own, shop, some):
    shop.pay("3.50")
    answer = desk.get(TAKINGS)
    assert [row[1:4] + row[6:] for row in rows(answer)] == [["admin", "Cash", "3", "55.50"]]
    listed = desk.get(answer.context["table"].rows[0][6].link).context["cl"].result_list
    assert sorted(row.amount for row in listed) == [Decimal(2), Decimal("3.50"), Decimal(50)]
    assert [row[6] for row in rows(own.get(TAKINGS))] == ["5.50"]
    assert rows(desk.get(TAKINGS, {"until": (timezone.localdate() - timedelta(days=3)).isoformat()})) == []


def test_cylinders_out_are_read_page_by_page(desk, own, shop, admin, union, monkeypatch):
    monkeypatch.setattr(report_pages, "PAGE", 2)
    first, second = (shop.thing("1.0000") for _ in range(2))
    shop.sell(delivered(first, 3))
    shop.sell(delivered(second, 2))
    third = shop.another()
    shop.sell(delivered(first, 4), customer=third)
    page = desk.get(CYLINDERS)
    assert rows(page)[0] == [shop.customer.name, first.name, "100,003"]
    assert len(rows(page)) == 2
    assert rows(desk.get(CYLINDERS + page.context["after"])) == rows(desk.get(f"{CYLINDERS}?page=1"))
    assert rows(desk.get(f"{CYLINDERS}?page=1")) == [[third.name, first.name, "4"]]
    assert rows(own.get(f"{CYLINDERS}?page=9999999999")) == []


@pytest.mark.parametrize("report", REPORTS)
def test_each_report_goes_out_as_the_same_file_as_at_the_api(
    desk, shop, some, cylinder, signed_in, admin, report, one_transaction
):
    shop.sell(delivered(shop.thing("1.0000")))
    name = report.removeprefix("/admin/")
    asked = "?since=2026-01-01&export=csv" if report == SALES else "?export=csv"
    mine, theirs = desk.get(report + asked), signed_in(admin).get(f"/api/v1/{name}{asked}")
    assert mine.status_code == theirs.status_code == 200
    assert mine.getvalue() == theirs.getvalue()
    assert mine["Content-Disposition"] == theirs["Content-Disposition"]
    book = openpyxl.load_workbook(BytesIO(desk.get(report + asked.replace("csv", "xlsx")).getvalue()))
    assert book.worksheets[0].max_row > 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("since=yesterday", "This is no day. Write it as 2026-11-20."),
        ("since=2026-02-30", "This is no day."),
        ("since=2199-01-01&until=2199-01-02", "This day has not come yet."),
        ("since=2026-11-02&until=2026-11-01", "This is after the last day."),
        ("since=1999-01-01&until=1999-01-02", "There is nothing from before 2000-01-01."),
        ("since=2024-01-01", "days at most."),
    ],
)
def test_a_period_that_cannot_be_is_said_and_gives_no_figures(desk, some, asked, words):
    for report in (SALES, TAKINGS):
        answer = desk.get(f"{report}?{asked}&export=csv")
        assert words in said(answer)
        assert rows(answer) == []


def test_empty_reports_say_what_belongs_there(desk):
    for report, words in zip(
        REPORTS,
        ("Nobody owes anything", "No document was issued", "Nobody took money", "No cylinder is at"),
        strict=True,
    ):
        assert words in said(desk.get(report))


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_costs_the_same_however_much_there_is(desk, admin, shop, some, report):
    shop.sell(delivered(shop.thing("1.0000")))
    few = queries(desk, report)
    for _ in range(4):
        customer = make.a_customer(admin, shop.driver.depot)
        shop.sell(served("5"), customer=customer, paid="3")
        shop.sell(delivered(shop.thing("2.0000")), customer=customer)
    assert queries(desk, report) == few
    assert few <= 10
    assert Invoice.objects.count() > 8
