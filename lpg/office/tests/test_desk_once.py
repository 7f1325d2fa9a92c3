"""A form that makes something, sent twice: one effect, the same page, the same words. Each race has its control."""

import threading
import time
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import reverse

from lpg import work
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer, Rate
from lpg.depots import services as depots
from lpg.depots.models import Depot, Vehicle
from lpg.distribution.models import Distribution
from lpg.equipment.models import DefaultRate
from lpg.idempotency import services as idempotency
from lpg.idempotency.models import Answer
from lpg.inventory import services as stock
from lpg.inventory.models import Count, Transfer
from lpg.inventory.places import Owner
from lpg.invoices.models import Delivery
from lpg.office.tests.desk import SIGN_IN, books, form_of, key_on, page_of, said, send, sign_in
from lpg.payments.models import Payment
from lpg.roles import Role
from lpg.transactions.services import Seller
from tests import make
from tests.races import all_well, together
from tests.sales import a_sale, served
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db
MOVE = "/admin/stock/move/"
ADD_CUSTOMER = "/admin/customers/customer/add/"


class Form(NamedTuple):
    """One form of the desk that makes something: where, what one types, what one changes later, and what it makes."""

    address: str
    typed: dict[str, Any]
    changed: dict[str, Any]
    made: Any
    words: str


@pytest.fixture
def customer(admin, singgas) -> Customer:
    return make.a_customer(admin, singgas)


@pytest.fixture(
    params=["move", "count", "distribution", "rate", "default rate", "customer", "truck", "payment", "email"]
)
def form(request, filled, truck, cylinder, customer) -> Form:
    invoice = a_sale(make.a_user(Role.ADMIN), customer, served("5"), seller=Seller(depot_id=filled.pk)).invoice
    here, rate = f"depot:{filled.pk}", {"rate": "36.5", "effective_from": "2026-12-01"}
    full, out = f"n_{cylinder.pk}_FULL", f"n_{cylinder.pk}_OUT-FULL"
    new = {"customer_code": "X-77", "name": "Kopi", "payment_type": "CASH", "payment_terms_days": "30"}
    return {
        "move": Form(
            MOVE, {"origin": here, "destination": "scrap", full: "2"}, {full: "3"}, Transfer, "Moved to Scrap"
        ),
        "count": Form(
            reverse("admin:stock_count", args=[here]),
            {full: "9"},
            {full: "8"},
            Count,
            "Count of Depot SINGGAS recorded",
        ),
        "distribution": Form(
            "/admin/distribution/distribution/add/",
            {"depot": filled.pk, "other": f"truck:{truck.pk}", out: "4"},
            {out: "5"},
            Distribution,
            "is recorded. Confirm it when the cylinders move.",
        ),
        "rate": Form(
            page_of("customers_customer", customer.pk, "add_rate"), rate, {"rate": "37"}, Rate, "Add rate, C-"
        ),
        "default rate": Form(
            page_of("equipment_equipment", cylinder.pk, "add_rate"),
            rate,
            {"effective_from": "2026-12-02"},
            DefaultRate,
            "Add default rate, Cylinder",
        ),
        "customer": Form(
            ADD_CUSTOMER,
            {**new, "depot": filled.pk, "is_active": "on"},
            {"name": "Kopi & Toast"},
            Customer,
            "The customer “X-77 Kopi” was added successfully.",
        ),
        "truck": Form(
            "/admin/depots/vehicle/add/",
            {"plate_no": "SBX 77 K", "depot": filled.pk, "is_active": "on"},
            {"plate_no": "SBX 78 K"},
            Vehicle,
            "The truck “SBX 77 K” was added successfully.",
        ),
        "payment": Form(
            f"/admin/payments/payment/add/?customer={customer.pk}",
            {"amount": "5", "method": "CASH", "reference": ""},
            {"amount": "6"},
            Payment,
            "S$5.00 received.",
        ),
        "email": Form(
            page_of("invoices_invoice", invoice.pk, "email"),
            {"to": "a@shop.example"},
            {"to": "b@shop.example"},
            Delivery,
            f"Email invoice {invoice}: done.",
        ),
    }[request.param]


def opened(client: Client, address: str) -> dict[str, str]:
    return key_on(client.get(address))


def test_sent_again_it_leads_to_the_same_page_with_the_same_words_and_does_nothing(desk, form):
    whole = {**form.typed, **opened(desk, form.address)}
    there = form.made.objects.count()
    first = desk.post(form.address, whole)
    assert first.status_code == 302, said(first)
    assert form.words in said(desk.get(first["Location"]))
    assert form.words not in said(desk.get(first["Location"]))  # it is said once
    before = books()
    again = desk.post(form.address, whole)
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert form.words in said(desk.get(again["Location"]))
    assert books() == before
    assert form.made.objects.count() == there + 1


def test_changed_after_it_was_saved_it_is_refused_in_words(desk, form):
    key = opened(desk, form.address)
    assert desk.post(form.address, {**form.typed, **key}).status_code == 302
    before, there = books(), form.made.objects.count()
    answer = desk.post(form.address, {**form.typed, **form.changed, **key})
    assert answer.status_code == 200
    words = "This form was already saved. What you changed after that was not; open a new form for it."
    assert words in said(answer)
    assert key_on(answer) == key
    assert books() == before
    assert form.made.objects.count() == there


def test_a_new_form_is_another_one_though_it_says_the_same(desk, filled, cylinder):
    typed = {"origin": f"depot:{filled.pk}", "destination": "scrap", f"n_{cylinder.pk}_FULL": "2"}
    for _ in range(2):
        assert send(desk, MOVE, typed).status_code == 302
    assert held(Owner("depot", filled.pk), cylinder) == 6


@pytest.mark.parametrize("key", [{}, {"once": ""}, {"once": "1"}, {"once": "desk:x"}, {"once": "é" * 200}])
def test_without_its_key_nothing_is_saved_and_the_page_carries_a_new_one(desk, form, key):
    before, there = books(), form.made.objects.count()
    answer = desk.post(form.address, {**form.typed, **key})
    assert "Nothing was saved: look it over, then save it again." in said(answer)
    assert (books(), form.made.objects.count(), Answer.objects.count()) == (before, there, 0)
    assert desk.post(form.address, {**form.typed, **key_on(answer)}).status_code == 302


def test_the_key_is_new_on_each_page_and_the_browser_is_told_not_to_keep_it(desk, form):
    pages = [desk.get(form.address) for _ in range(2)]
    assert key_on(pages[0]) != key_on(pages[1])
    assert len(key_on(pages[0])["once"]) == 36
    assert f'value="{key_on(pages[0])["once"]}" autocomplete="off">' in pages[0].content.decode()


def test_what_changes_an_entry_carries_no_key(desk, customer):
    assert key_on(desk.get(page_of("customers_customer", customer.pk))) == {}


# --- refusals


def test_a_refused_form_keeps_its_key_usable(desk, admin, filled, cylinder):
    key, cell = opened(desk, MOVE), f"n_{cylinder.pk}_FULL"
    whole = {"origin": f"depot:{filled.pk}", "destination": "scrap", cell: "11", **key}
    answer = desk.post(MOVE, whole)
    assert f"Depot SINGGAS {cylinder.name}, full 11 10" in said(answer)
    assert (key_on(answer), Answer.objects.count()) == (key, 0)
    assert "Enter how many of what are moved." in said(desk.post(MOVE, {**whole, cell: ""}))
    fill(admin, Owner("depot", filled.pk), cylinder, 12)
    assert desk.post(MOVE, whole).status_code == 302
    assert held(Owner("depot", filled.pk), cylinder) == 1


def test_an_added_entry_that_was_not_right_is_corrected_under_its_key(desk, admin, singgas):
    make.a_customer(admin, singgas, customer_code="X-7")
    page = desk.get(ADD_CUSTOMER)
    whole = {**form_of(page), **key_on(page), "customer_code": "X-7", "name": "Kopi", "depot": singgas.pk}
    answer = desk.post(ADD_CUSTOMER, {**whole, "payment_type": "CASH"})
    assert "Another customer has this code." in said(answer)
    assert (key_on(answer), Answer.objects.count()) == (key_on(page), 0)
    assert desk.post(ADD_CUSTOMER, {**whole, "payment_type": "CASH", "customer_code": "X-8"}).status_code == 302
    assert Customer.objects.filter(name="Kopi").count() == 1


def test_what_the_service_refuses_of_a_new_entry_leaves_its_key_usable(desk, monkeypatch):
    plain, address = depots.create_depot, "/admin/depots/depot/add/"

    def create_then_refuse(**given):
        plain(**given)
        raise work.Busy

    page = desk.get(address)
    whole = {**form_of(page), **key_on(page), "code": "NEW", "name": "New"}
    monkeypatch.setattr(depots, "create_depot", create_then_refuse)
    assert "Nothing was changed; try again." in said(desk.post(address, whole))
    assert not Depot.objects.filter(code="NEW").exists()
    monkeypatch.setattr(depots, "create_depot", plain)
    assert desk.post(address, whole).status_code == 302
    assert AuditLog.objects.filter(action="CREATE_DEPOT", payload__after__code="NEW").count() == 1


def test_a_key_is_good_for_one_page_and_one_person(desk, own, filled, truck, cylinder):
    key, cell = opened(desk, MOVE), f"n_{cylinder.pk}_FULL"
    whole = {"origin": f"depot:{filled.pk}", "destination": "scrap", cell: "1", **key}
    assert desk.post(MOVE, whole).status_code == 302
    count = reverse("admin:stock_count", args=[f"depot:{filled.pk}"])
    assert "This form was already saved." in said(desk.post(count, whole))
    assert own.post(MOVE, whole).status_code == 302
    assert Transfer.objects.count() == 2


# --- many at once


@pytest.fixture
def twice(admin, filled, cylinder, monkeypatch):
    """Send one form twice at once: the second comes while the first is in the middle of its work."""
    plain, at_work = stock.transfer, threading.Event()
    moved: list[Transfer] = []

    def slow(**given):
        row = plain(**given)
        moved.append(row)
        at_work.set()
        time.sleep(0.5)
        return row

    monkeypatch.setattr(stock, "transfer", slow)
    client = sign_in(admin)
    other = Client()
    other.cookies = client.cookies
    cell = f"n_{cylinder.pk}_FULL"
    whole = {"origin": f"depot:{filled.pk}", "destination": "scrap", cell: "2", **opened(client, MOVE)}

    def second() -> Any:
        assert at_work.wait(30)
        return other.post(MOVE, whole)

    def go() -> tuple[list[tuple[int, str | None]], int]:
        answers = all_well(together(lambda: client.post(MOVE, whole), second))
        return [(one.status_code, one.get("Location")) for one in answers], len(moved)

    return go


@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_key_move_the_stock_once(twice, filled, cylinder):
    assert twice() == ([(302, "/admin/stock/")] * 2, 1)
    assert held(Owner("depot", filled.pk), cylinder) == 8
    assert AuditLog.objects.filter(action="CREATE_TRANSFER").count() == 1
    assert disagreements() == {}


@pytest.mark.django_db(transaction=True)
def test_control_without_the_claim_they_move_it_twice(twice, filled, cylinder, monkeypatch):
    """The test above can fail."""
    monkeypatch.setattr(idempotency, "_claim", lambda *given: True)
    assert twice() == ([(302, "/admin/stock/")] * 2, 2)
    assert held(Owner("depot", filled.pk), cylinder) == 6


def test_who_is_signed_out_is_asked_to_sign_in_first(form):
    assert Client().post(form.address, form.typed)["Location"].startswith(SIGN_IN)
