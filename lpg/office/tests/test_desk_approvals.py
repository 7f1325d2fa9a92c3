"""The sales that wait: the oldest first, each with why, decided from there; and how many there are, said everywhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from lpg.office import approvals
from lpg.office.tests.desk import SIGN_IN, list_of, page_of, queries, said, sign_in
from lpg.roles import Role
from lpg.transactions.models import Transaction
from tests import make
from tests.sales import Shop, a_default_rate, a_meter, a_rate, delivered, returned
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
QUEUE = reverse("admin:approvals")


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


def overridden(shop: Shop, cylinder, **more) -> Transaction:
    return shop.sell(delivered(cylinder, 1, "50.0000"), by=shop.driver, **more).transaction


def beyond(shop: Shop, cylinder, **more) -> Transaction:
    customer = shop.another(payment_type="CREDIT", credit_limit=Decimal(50))
    return shop.sell(delivered(cylinder, 1), customer=customer, **more).transaction


def numbers(answer) -> list[str]:
    return [str(sale["row"]) for sale in answer.context["sales"]]


def test_the_oldest_comes_first_and_each_says_why(own, shop, cylinder):
    now = timezone.now()
    a_default_rate(shop.admin, cylinder, "54.5000", timezone.localdate(now - timedelta(days=3)))
    first = overridden(shop, cylinder, now=now - timedelta(days=2), remarks="Asked for it")
    second = beyond(shop, cylinder, now=now - timedelta(hours=3))
    a_rate(shop.admin, shop.customer, "2")
    a_meter(shop.admin, shop.customer, "10")
    third = shop.sell(delivered(cylinder, 1, "1"), returned(cylinder, 2), by=shop.driver, reading="12").transaction
    shop.sell(delivered(cylinder, 1))  # goes ahead: it is not here
    answer = own.get(QUEUE)
    assert numbers(answer) == [str(first), str(second), str(third)]
    page = said(answer)
    for words in (
        f"{first} {shop.customer} S$50.00 driver, Truck {shop.driver.vehicle} · SINGGAS",
        "waits for 2 days “Asked for it”",
        "Rate differs from the price list Equipment Price list (S$) Rate taken (S$) Difference (S$)",
        f"Difference (S$) {cylinder.name} 54.50 50.00 −4.50",
        "waits for 3 hours Over the credit limit",
        "Owes now 0.00 This sale 54.50 Together 54.50 Limit 50.00 Over the limit by 4.50",
        f"{cylinder.name} Delivered Delivered 1 50.00 50.00",
        "waits for less than an hour",
        "10.000 12.000 2.000 2.00 4.00",
        "Approve sale Void sale",
        "No invoice was issued, and none will be.",
    ):
        assert words in page


def test_one_is_approved_from_there_and_one_goes_back_there(own, shop, cylinder):
    first, second = overridden(shop, cylinder), beyond(shop, cylinder)
    page = own.get(QUEUE).content.decode()
    address = page_of("transactions_transaction", first.pk)
    assert f'action="{address}"' in page
    answer = own.post(address, {"do": "approve", "then": "approvals"})
    assert answer["Location"] == QUEUE
    answer = own.get(QUEUE)
    assert f"{first} is approved, and its invoice is issued." in said(answer)
    assert numbers(answer) == [str(second)]
    void = {"do": "void", "reason": "Not ordered", "then": "approvals"}
    assert own.post(page_of("transactions_transaction", second.pk), void)["Location"] == QUEUE
    page = said(own.get(QUEUE))
    assert f"{second} is voided." in page
    assert "Nothing waits A sale waits here when a driver took another rate" in page
    assert disagreements() == {}


def test_nobody_is_led_elsewhere_by_the_way_back(own, shop, cylinder):
    sale = overridden(shop, cylinder)
    address = page_of("transactions_transaction", sale.pk)
    assert own.post(address, {"do": "approve", "then": "https://example.org/"})["Location"] == address


def test_what_is_refused_stands_on_the_page_of_the_sale(own, shop, cylinder):
    sale = overridden(shop, cylinder)
    own.post(page_of("transactions_transaction", sale.pk), {"do": "void", "reason": "Not ordered"})
    answer = own.post(page_of("transactions_transaction", sale.pk), {"do": "approve", "then": "approvals"})
    assert "only a sale that waits can be approved" in said(answer)
    answer = own.post(page_of("transactions_transaction", sale.pk), {"do": "void", "reason": "", "then": "approvals"})
    assert answer.status_code == 200


def test_how_many_wait_is_said_beside_the_way_and_on_the_first_page(own, desk, shop, cylinder, admin, union):
    def badge(client) -> list[str]:
        html = client.get(list_of("customers_customer")).content.decode()
        beside = html.partition(f'href="{QUEUE}"')[2].partition("</a>")[0]
        return beside.partition("sidebar-badge")[2].partition(">")[2].partition("<")[0].split()

    def card(client):
        return next(one for one in client.get("/admin/").context["waiting"] if one["title"] == "Sales to approve")

    assert (badge(own), card(own)["count"]) == ([], 0)
    overridden(shop, cylinder)
    beyond(shop, cylinder)
    elsewhere = make.a_customer(admin, union, payment_type="CREDIT", credit_limit=Decimal(1))
    shop.sell(delivered(cylinder, 1), customer=elsewhere)
    assert (badge(own), badge(desk)) == (["2"], ["3"])
    assert (card(own)["count"], card(own)["link"]) == (2, QUEUE)
    assert card(desk)["count"] == 3


def test_a_supervisor_sees_those_of_the_own_depots_and_narrows_them(desk, own, shop, cylinder, admin, union):
    mine = overridden(shop, cylinder)
    elsewhere = make.a_customer(admin, union, payment_type="CREDIT", credit_limit=Decimal(1))
    other = shop.sell(delivered(cylinder, 1), customer=elsewhere).transaction
    assert numbers(own.get(QUEUE)) == [str(mine)]
    assert numbers(desk.get(QUEUE)) == [str(mine), str(other)]
    assert numbers(desk.get(QUEUE, {"depot": union.pk})) == [str(other)]
    for nonsense in ("x", "0", "9" * 30, "\x00"):
        answer = desk.get(QUEUE, {"depot": nonsense})
        assert numbers(answer) == []
        assert "Nothing more waits" in said(answer)
        assert answer.status_code == 200


def test_it_comes_in_pages(desk, shop, cylinder, monkeypatch):
    monkeypatch.setattr(approvals, "PAGE", 2)
    made = [str(overridden(shop, cylinder)) for _ in range(3)]
    first = desk.get(QUEUE)
    assert numbers(first) == made[:2]
    assert numbers(desk.get(QUEUE, {"after": first.context["next"]})) == made[2:]
    assert "Nothing more waits" in said(desk.get(QUEUE, {"after": "9" * 18}))
    assert numbers(desk.get(QUEUE, {"after": "x"})) == made[:2]


def test_it_renders_in_a_number_of_queries_that_does_not_grow(own, desk, shop, cylinder):
    def more() -> None:
        overridden(shop, cylinder)
        beyond(shop, cylinder)

    more()
    few = [queries(client, QUEUE) for client in (own, desk)]
    for _ in range(4):
        more()
    assert [queries(client, QUEUE) for client in (own, desk)] == few
    assert max(few) <= 16


def test_only_who_may_decide_may_look(client, admin, driver):
    assert client.get(QUEUE)["Location"].startswith(SIGN_IN)
    client.force_login(driver)
    assert client.get(QUEUE)["Location"].startswith(SIGN_IN)
    lost = sign_in(make.a_user(Role.SUPERVISOR, by=admin))
    assert "Nothing waits" in said(lost.get(QUEUE))
