"""Sales at the desk: found, read with all they did, approved and voided by a button, refused in words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from lpg import work
from lpg.invoices.models import Invoice
from lpg.office.tests.desk import SIGN_IN, audited, list_of, page_of, said, sign_in
from lpg.payments.models import Payment
from lpg.transactions import services as sales
from lpg.transactions.admin import TransactionAdmin
from lpg.transactions.models import Transaction
from tests import make
from tests.sales import a_meter, a_rate, books, delivered, full_back, returned, served
from tests.stock import disagreements, held

pytestmark = pytest.mark.django_db
SALES = list_of("transactions_transaction")
APPROVE, VOID = {"do": "approve"}, {"do": "void", "reason": "Wrong shop"}


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


@pytest.fixture
def waiting(shop, cylinder):
    return shop.sell(delivered(cylinder, 2, "50.0000"), by=shop.driver, paid="40").transaction


def address(sale) -> str:
    return page_of("transactions_transaction", sale.pk)


# --- the page


def test_a_sale_is_read_with_everything_it_did(own, shop, cylinder):
    a_rate(shop.admin, shop.customer, "2.1050")
    meter = a_meter(shop.admin, shop.customer, "100")
    given_back = shop.thing("30.0000")
    lines = [delivered(cylinder, 2), returned(cylinder, 1, "DAMAGED"), full_back(given_back, 1), served("25")]
    sale = shop.sell(*lines, reading="112.5", paid="50", remarks="By the back door").transaction
    page = said(own.get(address(sale)))
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    for words in (
        f"{sale} Confirmed Part paid",
        f"Customer {shop.customer} Sold by admin, Truck {shop.driver.vehicle}",
        "Comes to S$130.31",
        "Remarks By the back door",
        f"{cylinder.name} Delivered Delivered 2 54.50 109.00",
        f"{cylinder.name} Empty returned, damaged Empty returned, damaged 1 — —",
        f"{given_back.name} Full returned Full returned 1 30.00 −30.00",
        "Hose changed Service Service 1 25.00 25.00",
        f"Meter {meter.serial_no} Previous Current Used Rate (S$) Amount (S$) 100.000 112.500 12.500 2.1050 26.31",
        f"{invoice} Part paid Invoice Part paid 130.31 80.31",
        f"{payment} Cash Cash",
        "50.00 50.00",
        "Issued invoice",
        "Received payment",
        "Read meter",
        "Recorded sale",
    ):
        assert words in page
    assert "Approve sale" not in page
    assert "Why it waits" not in page


def test_a_rate_that_differs_is_shown_beside_the_price_list(own, shop, cylinder, waiting):
    page = said(own.get(address(waiting)))
    assert "Waiting for approval" in page
    assert "Why it waits Rate differs from the price list" in page
    assert f"{cylinder.name} 54.50 50.00 −9.00" in page
    assert "Over the credit limit" not in page
    assert "The money waits with the sale" in page
    assert "Nothing has been paid" not in page
    a_rate(shop.admin, shop.customer, "50", cylinder)
    page = said(own.get(address(waiting)))
    assert "The price list was changed since, and now says the same." in page


def test_without_a_rate_in_the_list_that_is_said(own, shop):
    thing = shop.thing()
    sale = shop.sell(delivered(thing, 1, "10"), by=shop.driver).transaction
    assert f"{thing.name} none 10.00 —" in said(own.get(address(sale)))


def test_a_customer_over_the_limit_is_shown_with_all_figures(own, shop, cylinder):
    customer = shop.another(payment_type="CREDIT", credit_limit=Decimal(200))
    shop.sell(delivered(cylinder, 2), customer=customer)
    other = shop.sell(delivered(cylinder, 2), customer=customer).transaction
    sale = shop.sell(delivered(cylinder, 1), customer=customer).transaction
    assert (other.status, sale.status) == ("PENDING", "PENDING")
    page = said(own.get(address(sale)))
    figures = "Owes now 109.00 Other sales that wait 109.00 This sale 54.50 Together 272.50 Limit 200.00"
    assert f"Over the credit limit S$ {figures} Over the limit by 72.50" in page
    shop.pay("109", customer)
    shop.void(sales.Sale(other, None))
    page = said(own.get(address(sale)))
    assert "Owes now 0.00 This sale 54.50 Together 54.50 Limit 200.00 By now it is within the limit." in page


# --- the buttons


def test_approve_and_its_button(own, waiting):
    assert "Approve sale" in said(own.get(address(waiting)))
    happened = audited(lambda: own.post(address(waiting), APPROVE))
    assert happened[:2] == ["APPROVE_TRANSACTION", "CREATE_INVOICE"]
    page = said(own.get(address(waiting)))
    assert f"{waiting} is approved, and its invoice is issued." in page
    assert "It waited Rate differs from the price list" in page
    assert "Confirmed Part paid" in page
    assert "Approve sale" not in page
    assert disagreements() == {}
    before = books()
    assert "only a sale that waits can be approved" in said(own.post(address(waiting), APPROVE))
    assert books() == before


def test_void_says_what_goes_and_asks_why(own, shop, cylinder):
    a_rate(shop.admin, shop.customer, "2.0000")
    a_meter(shop.admin, shop.customer, "100")
    sale = shop.sell(delivered(cylinder, 3), returned(cylinder, 1), reading="110", paid="100").transaction
    there, invoice = held(shop.truck, cylinder), Invoice.objects.get()
    page = said(own.get(address(sale)))
    for words in (
        f"3 × {cylinder.name} go back from the customer to truck {shop.driver.vehicle}, full.",
        f"1 × {cylinder.name}, empty, go back from truck {shop.driver.vehicle} to the customer.",
        "The reading 110.000 of meter",
        f"{invoice} stays as it is, and a credit note over S$183.50 is issued.",
        "S$100.00 that settled it stays as credit of the customer.",
    ):
        assert words in page
    before = books()
    answer = own.post(address(sale), {"do": "void", "reason": " "})
    assert "Fill this in." in said(answer)
    assert '<details class="desk-card desk-apart" id="void" open>' in answer.content.decode()
    assert books() == before
    happened = audited(lambda: own.post(address(sale), VOID))
    assert happened[0] == "VOID_TRANSACTION"
    assert "CREATE_CREDIT_NOTE" in happened
    assert held(shop.truck, cylinder) == there + 3
    page = said(own.get(address(sale)))
    assert f"{sale} is voided." in page
    assert f"{invoice} Taken back Invoice Taken back 183.50 0.00" in page
    assert "Credit note Used −183.50 0.00" in page
    assert "Wrong shop" in page
    assert "Void sale" not in page
    assert disagreements() == {}


def test_void_of_one_that_waits_leaves_no_document(own, shop, waiting):
    assert "No invoice was issued, and none will be." in said(own.get(address(waiting)))
    own.post(address(waiting), VOID)
    assert Transaction.objects.get().status == "VOIDED"
    assert not Invoice.objects.exists()
    assert disagreements() == {}


def test_a_void_that_cannot_be_is_refused_in_words_and_changes_nothing(own, shop, cylinder):
    a_rate(shop.admin, shop.customer, "2.0000")
    meter = a_meter(shop.admin, shop.customer, "100")
    first = shop.sell(reading="110").transaction
    shop.sell(reading="120")
    before = books()
    answer = own.post(address(first), VOID)
    assert answer.status_code == 200
    assert f"{meter} was read again after this. Void the later reading first." in said(answer)
    assert 'value="Wrong shop"' in answer.content.decode()
    customer = shop.another()
    sold = shop.sell(delivered(cylinder, 5), customer=customer).transaction
    shop.sell(returned(cylinder, 3), customer=customer)
    before = books()
    page = said(own.post(address(sold), VOID))
    assert f"{customer} {cylinder.name} 5 2" in page
    assert books() == before


def test_decided_by_two_the_second_is_told(own, desk, waiting):
    own.post(address(waiting), VOID)
    page = said(desk.post(address(waiting), VOID))
    assert "Nothing was changed" in page
    assert "was voided before. Nothing is left to do." in page


def test_what_is_no_decision_is_none_and_busy_is_said(own, waiting, monkeypatch):
    assert own.post(address(waiting), {"do": "delete"}).status_code == 403
    assert own.post(address(waiting)).status_code == 403

    def busy(**given):
        raise work.Busy

    monkeypatch.setattr(sales, "approve", busy)
    assert "Nothing was changed; try again." in said(own.post(address(waiting), APPROVE))


# --- who may


def test_another_depots_sale_is_not_there(admin, union, waiting):
    other = sign_in(make.a_user("SUPERVISOR", by=admin, depot=union.pk))
    before = books()
    assert other.get(address(waiting)).status_code == 404
    assert other.get(page_of("transactions_transaction", waiting.pk, "history")).status_code == 404
    assert other.post(address(waiting), APPROVE).status_code == 404
    assert other.post(address(waiting), VOID).status_code == 404
    assert str(waiting) not in said(other.get(SALES))
    assert books() == before


def test_drivers_and_strangers_are_sent_to_the_sign_in(driver, waiting):
    client = Client()
    assert client.post(address(waiting), APPROVE)["Location"].startswith(SIGN_IN)
    refused = client.post(SIGN_IN, {"username": "driver", "password": make.PASSWORD})
    assert "The desk is for supervisors and administrators." in said(refused)
    assert client.post(address(waiting), APPROVE)["Location"].startswith(SIGN_IN)
    assert Transaction.objects.get().status == "PENDING"


def test_a_button_pressed_from_elsewhere_does_nothing(supervisor, waiting):
    strict = sign_in(supervisor)
    forged = Client(enforce_csrf_checks=True, headers={"cookie": "x=y"})
    forged.cookies = strict.cookies
    for sent in (APPROVE, VOID):
        assert forged.post(address(waiting), sent).status_code == 403
    assert Transaction.objects.get().status == "PENDING"


# --- the list


def test_sales_are_found_by_number_status_depot_customer_and_day(desk, own, shop, cylinder, waiting, admin, union):
    elsewhere = make.a_customer(admin, union)
    done = shop.sell(delivered(cylinder, 1), customer=elsewhere).transaction

    def found(client, **asked):
        return [row.pk for row in client.get(SALES, asked).context["cl"].result_list]

    assert found(desk) == [done.pk, waiting.pk]
    assert found(own) == [waiting.pk]
    assert found(desk, q=str(waiting).lower()) == [waiting.pk]
    assert found(desk, status="PENDING") == [waiting.pk]
    assert found(desk, depot=union.pk) == [done.pk]
    assert found(own, depot=union.pk) == []
    assert found(desk, customer=elsewhere.pk) == [done.pk]
    assert found(own, customer=elsewhere.pk) == []
    for nonsense in ("x", "0", "9" * 30):
        assert found(desk, customer=nonsense) == []
    assert found(desk, until=(timezone.localdate() - timedelta(days=1)).isoformat()) == []
    page = said(desk.get(SALES))
    assert "Comes to (S$)" in page
    assert f"{done} {elsewhere} admin" in page
    assert "Confirmed Unpaid 54.50" in page
    assert "Waiting — 100.00" in page
    assert "Add sale" not in page


def test_found_by_keyboard_it_is_called_a_sale(desk, waiting):
    assert f"{waiting} Sale" in said(desk.get("/admin/search/", {"s": str(waiting)[:12]}))


def test_an_empty_list_says_what_belongs_there(desk):
    assert "Nothing here yet Drivers record sales on the phone" in said(desk.get(SALES))


def test_the_list_goes_on_where_the_page_before_ended(own, shop, cylinder, monkeypatch):
    made = [shop.sell(delivered(cylinder, 1)).transaction.pk for _ in range(3)]
    monkeypatch.setattr(TransactionAdmin, "list_per_page", 2)
    pages = [own.get(SALES, {"p": page}).context["cl"].result_list for page in (1, 2, 3)]
    assert [[row.pk for row in page] for page in pages] == [[made[2], made[1]], [made[0]], []]
