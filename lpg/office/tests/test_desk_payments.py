"""Payments at the desk: recorded once by a form, oldest invoice first, and read with what they settled."""

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from lpg import work
from lpg.office.tests.desk import key_on, list_of, page_of, queries, said, send, sign_in
from lpg.payments import services as payments
from lpg.payments.models import Allocation, Payment
from lpg.payments.selectors import balance_of
from lpg.roles import Role
from tests import make
from tests.sales import books, delivered
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
PAYMENTS = list_of("payments_payment")
ADD = PAYMENTS + "add/"
CASH = {"amount": "60", "method": "CASH", "reference": ""}


@pytest.fixture
def cylinder(shop):
    return shop.thing("54.5000")


@pytest.fixture
def form(shop) -> str:
    return f"{ADD}?customer={shop.customer.pk}"


def test_a_payment_settles_the_oldest_invoices_first(own, shop, cylinder, form):
    first, second = (shop.sell(delivered(cylinder, 1)).invoice for _ in range(2))
    page = said(own.get(form))
    assert f"Record payment, {shop.customer}" in page
    assert "Owes S$109.00." in page
    assert page.index(str(first)) < page.index(str(second))
    answer = send(own, form, {**CASH, "method": "CHEQUE", "reference": "DBS 000123"})
    made = Payment.objects.get()
    assert answer["Location"] == page_of("payments_payment", made.pk)
    page = said(own.get(answer["Location"]))
    for words in (
        f"{made}: S$60.00 received. It settles the oldest invoices first.",
        "Paid by Cheque, DBS 000123",
        f"{first} Paid Paid",
        "54.50 54.50",
        f"{second} Part paid Part paid",
        "54.50 5.50",
        "Received payment",
    ):
        assert words in page
    assert "Left as credit" not in page
    assert "Owes S$49.00." in said(own.get(form))
    assert disagreements() == {}


def test_begun_from_an_invoice_it_settles_that_one_unless_the_oldest_are_chosen(own, shop, cylinder, form):
    first, second = (shop.sell(delivered(cylinder, 1)).invoice for _ in range(2))
    there = f"{form}&invoice={second.pk}"
    assert f"&amp;invoice={second.pk}" in own.get(page_of("invoices_invoice", second.pk)).content.decode()
    page = own.get(there)
    assert 'value="54.50"' in page.content.decode()
    assert f"{second}, S$54.50 to be paid" in said(page)
    answer = send(own, there, {**CASH, "settles": "this"})
    assert f"S$60.00 received. It settles {second}. S$5.50 stays as credit." in said(own.get(answer["Location"]))
    assert [one.invoice_id for one in Allocation.objects.all()] == [second.pk]
    assert "It settles the oldest invoices first" in said(own.get(there))  # it is paid by now
    third = shop.sell(delivered(cylinder, 1)).invoice
    assert send(own, f"{form}&invoice={third.pk}", {**CASH, "settles": "oldest"}).status_code == 302
    assert [one.invoice_id for one in Allocation.objects.order_by("pk")] == [second.pk, first.pk, third.pk]
    assert send(own, f"{form}&invoice={third.pk}", {**CASH, "settles": "nothing"}).status_code == 200
    assert own.get(f"{form}&invoice=x").status_code == 200


def test_a_payment_is_reversed_with_a_reason_and_says_first_what_goes(own, shop, cylinder):
    invoice = shop.sell(delivered(cylinder, 1)).invoice
    made = shop.pay("60")
    page = page_of("payments_payment", made.pk)
    asked = said(own.get(page))
    for words in (
        "Reverse payment",
        f"{invoice}: S$54.50 of it is to be paid again.",
        "S$5.50 of credit goes.",
        f"{made} keeps its number.",
    ):
        assert words in asked
    before = books()
    assert "Fill this in." in said(own.post(page, {"do": "reverse", "reason": ""}))
    assert books() == before
    assert own.post(page, {"do": "reverse", "reason": "Cheque came back"})["Location"] == page
    shown = said(own.get(page))
    for words in (f"{made} is reversed.", "Reversed S$60.00", "Cheque came back", "Given back", "Reversed payment"):
        assert words in shown
    assert "Reverse payment…" not in shown
    assert "Left as credit" not in shown
    assert balance_of(shop.customer.pk) == Decimal("54.50")
    again = own.post(page, {"do": "reverse", "reason": "Cheque came back"})
    assert f"{made} was reversed before. Nothing is left to do." in said(again)
    assert "Reversed" in said(own.get(PAYMENTS))
    assert disagreements() == {}


def test_what_is_left_is_used_for_the_oldest_open_invoices(own, shop, cylinder):
    made = shop.pay("60")
    page = page_of("payments_payment", made.pk)
    assert "Use credit" not in said(own.get(page))  # nothing is open
    invoice = shop.sell(delivered(cylinder, 1)).invoice
    assert "What is left of it settles this customer’s open invoices" in said(own.get(page))
    for _ in range(2):
        assert own.post(page, {"do": "use"})["Location"] == page
    shown = said(own.get(page))
    assert f"What was left of {made} is used." in shown
    assert f"{invoice} Paid" in shown
    assert Allocation.objects.count() == 1
    assert disagreements() == {}


def test_money_of_a_sale_that_waits_is_not_offered_for_others(own, shop, cylinder):
    shop.sell(delivered(cylinder, 1))
    shop.sell(delivered(cylinder, 1, "50.0000"), by=shop.driver, paid="40")
    page = said(own.get(page_of("payments_payment", Payment.objects.get().pk)))
    assert "Use credit" not in page
    assert "Reverse payment" in page


def test_who_took_it_narrows_the_list(desk, own, shop, admin):
    mine = shop.pay("5")
    theirs = payments.record(
        actor=shop.driver, customer_id=shop.customer.pk, money=payments.Money("CASH", Decimal(7)), now=timezone.now()
    )
    found = [row.pk for row in desk.get(PAYMENTS, {"user": shop.driver.pk}).context["cl"].result_list]
    assert found == [theirs.pk]
    assert mine.pk in [row.pk for row in own.get(PAYMENTS).context["cl"].result_list]


def test_what_is_over_stays_as_credit_and_is_said(own, shop, cylinder, form):
    shop.sell(delivered(cylinder, 1))
    page = said(own.get(send(own, form, CASH)["Location"]))
    assert "It settles the oldest invoices first. S$5.50 stays as credit." in page
    assert "Left as credit S$5.50" in page
    page = said(own.get(form))
    assert "Owes nothing and has a credit of S$5.50." in page
    assert "Nothing is open. A payment recorded now stays as credit." in page
    page = said(own.get(send(own, form, CASH)["Location"]))
    assert "Nothing was open, so it stays as credit." in page
    assert "the whole amount stands as credit of the customer" in page
    assert balance_of(shop.customer.pk) == Decimal("-65.50")


def test_sent_twice_it_is_recorded_once(own, form):
    whole = {**CASH, **key_on(own.get(form))}
    first, again = own.post(form, whole), own.post(form, whole)
    assert first["Location"] == again["Location"]
    assert Payment.objects.count() == 1
    assert "This form was already saved." in said(own.post(form, {**whole, "amount": "70"}))
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": "0"}, "Write an amount above 0."),
        ({"amount": "-5"}, "Write an amount above 0."),
        ({"amount": "1.005"}, "2 decimal places"),
        ({"amount": "10000000000.00"}, "no more than"),
        ({"amount": ""}, "Fill this in."),
        ({"amount": "NaN"}, "Enter a number."),
        ({"method": ""}, "Fill this in."),
        ({"method": "SHELLS"}, "Choose one from the list."),
        ({"reference": "x" * 101}, "at most 100 characters"),
    ],
)
def test_a_payment_that_cannot_be_is_refused_with_the_input_kept(own, form, wrong, words):
    before = books()
    answer = send(own, form, {**CASH, "reference": "kept", **wrong})
    assert words in said(answer)
    assert f'value="{wrong.get("reference", "kept")}"' in answer.content.decode()
    assert books() == before


def test_busy_is_said(own, form, monkeypatch):
    def busy(**given):
        raise work.Busy

    monkeypatch.setattr(payments, "record", busy)
    assert "Nothing was changed; try again." in said(send(own, form, CASH))


def test_for_whom_is_found_by_code_name_or_phone_within_sight(own, shop, admin, union):
    far = make.a_customer(admin, union, customer_code="FAR-1")
    retired = make.a_customer(admin, shop.driver.depot, customer_code="C-OLD", is_active=False)
    assert "Record payment: for which customer?" in said(own.get(ADD))
    page = own.get(ADD, {"q": "c-"})
    assert f'href="?customer={shop.customer.pk}"' in page.content.decode()
    assert "C-OLD" in said(page)  # a debt may outlive the custom
    assert own.get(ADD, {"q": "c-old"})["Location"] == f"{ADD}?customer={retired.pk}"
    assert "No customer of yours begins with “FAR”" in said(own.get(ADD, {"q": "FAR"}))
    before = books()
    assert own.post(f"{ADD}?customer={far.pk}", CASH).status_code == 404
    assert books() == before


def test_money_paid_with_a_sale_that_waits_is_told_apart(own, shop, cylinder):
    sale = shop.sell(delivered(cylinder, 1, "50.0000"), by=shop.driver, paid="40")
    made = Payment.objects.get()
    page = said(own.get(page_of("payments_payment", made.pk)))
    assert f"With the sale {sale.transaction} , which waits for approval" in page
    assert "it settles the invoice when the sale is approved" in page
    shop.void(shop.approve(sale))
    assert "Given back" in said(own.get(page_of("payments_payment", made.pk)))


def test_payments_are_found_by_number_method_depot_and_day(desk, own, shop, admin, union):
    near, elsewhere = shop.pay("5"), make.a_customer(admin, union)
    far = payments.record(
        actor=admin, customer_id=elsewhere.pk, money=payments.Money("PAYNOW", Decimal(7)), now=timezone.now()
    )

    def found(client, **asked):
        return [row.pk for row in client.get(PAYMENTS, asked).context["cl"].result_list]

    assert found(desk) == [far.pk, near.pk]
    assert found(own) == [near.pk]
    assert found(desk, method="PAYNOW") == [far.pk]
    assert found(desk, depot=union.pk) == [far.pk]
    assert found(desk, customer=shop.customer.pk) == [near.pk]
    assert found(desk, q=str(near)) == [near.pk]
    assert found(desk, since="2199-01-01") == []
    assert "Record payment" in said(desk.get(PAYMENTS))


def test_another_depots_payment_is_not_there(admin, union, shop):
    made = shop.pay("5")
    other = sign_in(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))
    for what in ("change", "history"):
        assert other.get(page_of("payments_payment", made.pk, what)).status_code == 404
    assert other.get(f"{ADD}?customer={shop.customer.pk}").status_code == 404


def test_a_form_sent_from_elsewhere_does_nothing(supervisor, form):
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = sign_in(supervisor).cookies
    assert forged.post(form, CASH).status_code == 403
    assert not Payment.objects.exists()


def test_payments_are_not_changed_by_hand(desk, shop):
    made = shop.pay("5")
    assert desk.post(page_of("payments_payment", made.pk), {"amount": "500"}).status_code == 403


def test_the_form_costs_the_same_however_much_is_open(own, shop, cylinder, form):
    shop.sell(delivered(cylinder, 1))
    few = queries(own, form)
    for _ in range(22):
        shop.sell(delivered(cylinder, 1))
    assert queries(own, form) == few
    assert "There are more." in said(own.get(form))
