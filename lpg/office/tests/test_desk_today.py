"""The first page: figures of a day made by hand, to the cent, within one's sight, leading to what explains them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from lpg.inventory.places import Owner
from lpg.invoices import deliveries
from lpg.invoices.models import Delivery
from lpg.office.tests.desk import queries, said, sign_in
from lpg.payments import services as payments
from lpg.payments.services import Money
from lpg.roles import Role
from lpg.transactions.services import Item, Seller
from tests import make
from tests.sales import a_rate, a_sale, delivered, served
from tests.stock import fill

pytestmark = pytest.mark.django_db
HOME = "/admin/"
WEEK = timedelta(days=7)


@pytest.fixture
def cylinder(shop):
    made = shop.thing()
    a_rate(shop.admin, shop.customer, "54.5000", made, timezone.localdate() - timedelta(days=30))
    return made


@pytest.fixture
def noon(monkeypatch) -> Any:
    """It is noon in Singapore, so that an hour more or less is the same day."""
    now = timezone.localtime().replace(hour=12, minute=0)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


def text(client) -> str:
    return said(client.get(HOME))


def some_days(shop, cylinder, now) -> None:
    """Today 163.50 in two sales, and one taken back; last week 54.50 by noon and 109.00 more after it."""
    shop.sell(delivered(cylinder, 1), now=now - WEEK - timedelta(hours=1))
    shop.sell(delivered(cylinder, 2), now=now - WEEK + timedelta(hours=1))
    shop.sell(delivered(cylinder, 1), now=now - timedelta(days=2))
    shop.sell(delivered(cylinder, 1), now=now - timedelta(days=14))
    shop.sell(delivered(cylinder, 2), now=now)
    shop.sell(delivered(cylinder, 1), now=now)
    shop.void(shop.sell(delivered(cylinder, 1), now=now), now=now)


def test_todays_sales_stand_beside_those_of_the_same_weekday_to_the_cent(desk, shop, cylinder, noon):
    some_days(shop, cylinder, noon)
    answer = desk.get(HOME)
    sales, page = answer.context["sales"], said(answer)
    weekday = f"{noon - WEEK:%A}"
    assert "Sales today S$163.50 2 sales" in page
    assert f"▲ 200 % more than last {weekday} by this time (S$54.50); S$163.50 that whole day" in page
    bars = sales["chart"]["series"][0]["values"]
    assert len(bars) == 14
    assert [bars[-1], bars[-3], bars[-8]] == [163.5, 54.5, 163.5]
    assert sum(bars) == 381.5  # what is fifteen days old has gone from it
    assert sales["chart"]["strong"] == [6, 13]
    assert f"{shop.driver.depot.code} {shop.driver.depot.name} 2 sales 163.50 163.50" in page


@pytest.mark.parametrize(
    ("last_week", "today", "words"),
    [
        ("2", "1", "▼ 50 % less than last"),
        ("1", "1", "= as much as last"),
        ("", "1", "Nothing last"),
    ],
)
def test_less_as_much_or_nothing_to_compare_with_is_said(desk, shop, cylinder, noon, last_week, today, words):
    if last_week:
        shop.sell(delivered(cylinder, int(last_week)), now=noon - WEEK - timedelta(minutes=5))
    shop.sell(delivered(cylinder, int(today)), now=noon)
    assert words in text(desk)


def test_each_figure_of_sales_leads_to_the_documents_that_make_it(desk, shop, cylinder, noon):
    some_days(shop, cylinder, noon)
    sales = desk.get(HOME).context["sales"]

    def total(link: str) -> Decimal:
        rows = desk.get(link).context["cl"].result_list
        return sum((row.sign * row.total_amount for row in rows), Decimal("0.00"))

    assert total(sales["link"]) == Decimal("163.50")
    assert total(sales["link_last_week"]) == Decimal("163.50")
    assert total(sales["depots"][0]["link"]) == Decimal("163.50")
    assert [total(link) for link in sales["chart"]["links"]] == [
        Decimal(str(value)) for value in sales["chart"]["series"][0]["values"]
    ]


def test_what_was_taken_stands_by_person_and_method_without_what_was_reversed(desk, shop, cylinder, noon):
    shop.sell(delivered(cylinder, 1), by=shop.driver, paid="54.50", now=noon)
    for method, amount in (("PAYNOW", "20.20"), ("CHEQUE", "7")):
        money = Money(method, Decimal(amount))
        payments.record(actor=shop.driver, customer_id=shop.customer.pk, money=money, now=noon)
    back = shop.pay("99", now=noon)
    payments.reverse(actor=shop.admin, payment_id=back.pk, reason="Mistyped", now=noon)
    shop.pay("3.30", now=noon)
    shop.pay("400", now=noon - timedelta(days=1))
    answer = desk.get(HOME)
    taken, page = answer.context["taken"], said(answer)
    assert "Taken today S$85.00 Cash S$57.80 · PayNow S$20.20 · Cheque S$7.00" in page
    assert "S$ Cash PayNow Cheque Together driver 54.50 20.20 7.00 81.70 admin 3.30 — — 3.30" in page
    assert "Together 57.80 20.20 7.00 85.00" in page
    assert taken["chart"]["labels"] == ["driver", "admin"]
    rows = desk.get(taken["people"][0]["link"]).context["cl"].result_list
    assert sorted(str(row.amount) for row in rows) == ["20.20", "54.50", "7.00"]


def test_cylinders_stand_by_place_and_size_full_and_empty(desk, own, admin, singgas, union, shop):
    size = make.some_equipment(admin)
    truck = make.a_vehicle(admin, singgas)
    fill(admin, Owner("depot", singgas.pk), size, 12)
    fill(admin, Owner("depot", singgas.pk), size, 5, "EMPTY")
    fill(admin, Owner("depot", singgas.pk), size, 1, "DAMAGED")
    fill(admin, Owner("depot", union.pk), size, 7)
    fill(admin, Owner("truck", truck.pk), size, 3)
    fill(admin, Owner("customer", shop.customer.pk), size, 4, "")
    whole, mine = text(desk), text(own)
    assert "SINGGAS 12 full 5 empty 1 damaged UNION 7 full On trucks 3 full At customers 4 there Together 32" in whole
    assert "SINGGAS 12 full 5 empty 1 damaged On trucks 3 full At customers 4 there Together 25" in mine
    assert "UNION" not in mine


def test_overdue_money_is_summed_and_the_worst_come_first(desk, own, admin, shop, singgas, union):
    today = timezone.localdate()
    hose, late = served("10.10"), timezone.now() - timedelta(days=40)

    def owes(depot, times: int) -> Any:
        customer = make.a_customer(admin, depot)
        for _ in range(times):
            a_sale(admin, customer, hose, seller=Seller(depot_id=depot.pk), now=late)
        return customer

    small, far = owes(singgas, 1), owes(union, 3)
    others = [owes(singgas, 2) for _ in range(5)]
    shop.sell(served("77"))  # due today, which is not yet late
    page, found = text(desk), desk.get(HOME).context["overdue"]
    assert "Overdue S$141.40 14 invoices of 7 customers" in page
    assert "3 invoices, the oldest due 40 days ago 30.30" in page
    assert [one["customer"].pk for one in found["worst"]] == [far.pk, *[one.pk for one in others[:4]]]
    assert own.get(HOME).context["overdue"]["total"] == "S$111.10"
    assert far.name not in text(own)
    rows = desk.get(found["worst"][0]["link"]).context["cl"].result_list
    assert {(row.customer_id, row.due_date < today) for row in rows} == {(far.pk, True)}
    payments.record(actor=admin, customer_id=small.pk, money=Money("CASH", Decimal("0.10")), now=timezone.now())
    assert desk.get(HOME).context["overdue"]["total"] == "S$141.30"


def test_emails_that_failed_and_sales_that_wait_are_counted_in_ones_own_depots(desk, own, shop, cylinder, union):
    shop.sell(delivered(cylinder, 1), send_email=True)  # there is no address
    shop.sell(delivered(cylinder, 1, "50"), by=shop.driver)
    far = sign_in(make.a_user(Role.SUPERVISOR, by=shop.admin, depot=union.pk))
    for client in (desk, own):
        assert "Sales to approve 1" in text(client)
        assert "Emails that failed 1" in text(client)
    assert "Emails that failed 0" in text(far)
    link = next(one["link"] for one in desk.get(HOME).context["waiting"] if one["title"] == "Emails that failed")
    assert [row.pk for row in desk.get(link).context["cl"].result_list] == [Delivery.objects.get().pk]


def test_a_supervisor_sees_only_what_the_own_depots_sold_and_took(own, admin, shop, cylinder, union, noon):
    shop.sell(delivered(cylinder, 1), paid="54.50", now=noon)
    far = make.a_customer(admin, union)
    a_sale(admin, far, served("1000"), seller=Seller(depot_id=union.pk), paid="999", now=noon)
    page = text(own)
    assert "Sales today S$54.50 1 sale" in page
    assert "Taken today S$54.50" in page
    assert "1,000" not in page


def test_on_an_empty_day_each_card_says_in_words_what_belongs_there(desk, singgas):
    page = text(desk)
    for words in (
        "Sales today S$0.00 0 sales Nothing last",
        "No sale in the last 14 days.",
        "Nobody has taken money yet today.",
        "No cylinder anywhere yet.",
        "Nothing is overdue.",
        "Nobody owes anything that is past its day",
    ):
        assert words in page


def test_a_supervisor_without_a_depot_opens_it_too(admin):
    assert "No sale in the last 14 days." in text(sign_in(make.a_user(Role.SUPERVISOR, by=admin)))


def test_it_costs_the_same_however_much_was_sold(desk, own, admin, shop, cylinder, noon):
    def a_day() -> None:
        customer = make.a_customer(admin, shop.driver.depot, email="a@b.example")
        fill(admin, Owner("customer", customer.pk), cylinder, 2, "")
        sold = a_sale(admin, customer, served("10"), seller=Seller(depot_id=shop.depot.id), paid="4", now=noon)
        deliveries.email(actor=admin, invoice_id=sold.invoice.pk, now=noon)
        a_sale(admin, customer, Item("SERVICE", 1, None, Decimal(3), description="x"), now=noon - WEEK)
        a_sale(make.a_user(Role.ADMIN, by=admin), customer, served("5"), paid="5", now=noon)

    a_day()
    few = [queries(client, HOME) for client in (desk, own)]
    for _ in range(7):
        a_day()
    assert [queries(client, HOME) for client in (desk, own)] == few
    assert max(few) <= 32
