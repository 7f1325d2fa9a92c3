"""The desk's pages: all render, for each role, in a number of queries that does not grow, within one's sight."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib import admin as django_admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lpg import work
from lpg.accounts import services as accounts
from lpg.accounts.models import Session, User
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer
from lpg.desk.admin import DeskAdmin
from lpg.errors import Missing
from lpg.inventory.places import Owner
from lpg.meters import services as meters
from lpg.office.tests.desk import SIGN_IN, a_count, audited, list_of, page_of, queries, said, sign_in
from lpg.roles import Role
from lpg.transactions import services as sales
from lpg.transactions.services import Seller
from tests import make
from tests.day_closes import a_day_close
from tests.pushing import an_exception
from tests.sales import a_meter, a_sale, delivered
from tests.stock import a_distribution, fill

pytestmark = pytest.mark.django_db
LISTS = [
    "customers_customer",
    "equipment_equipment",
    "depots_depot",
    "depots_vehicle",
    "accounts_user",
    "accounts_session",
    "audit_auditlog",
    "distribution_distribution",
    "inventory_count",
    "day_close_dayclose",
    "transactions_transaction",
    "invoices_invoice",
    "invoices_delivery",
    "payments_payment",
    "meters_meter",
    "sync_syncexception",
    "sync_device",
]


@pytest.fixture
def desk(admin):
    return sign_in(admin)


@pytest.fixture
def own(supervisor):
    return sign_in(supervisor)


def some_of_all(admin: User, singgas, union) -> None:
    for depot in (singgas, union):
        customer, item = make.a_customer(admin, depot, meter_rate="2.1"), make.some_equipment(admin)
        vehicle = make.a_vehicle(admin, depot)
        person = make.a_user(Role.DRIVER, by=admin, depot=depot.pk, vehicle=vehicle.pk, depots=[depot.pk])
        fill(admin, Owner("depot", depot.pk), item, 9)
        some_sales(admin, depot, customer, item, person)
        a_distribution(admin, depot.pk, (item, 2), vehicle_id=vehicle.pk)
        a_count(admin, Owner("depot", depot.pk), item, 8)
        a_day_close(admin, vehicle.pk, (item, "FULL", 3), money={"CASH": "5.00"})
        accounts.open_session(user=person, user_agent="app/1", now=timezone.now())
        an_exception(person)
        for days in (0, 0):
            make.customers.add_rate(
                actor=admin,
                customer_id=customer.pk,
                equipment_id=item.pk,
                rate=days + 1,
                effective_from=timezone.localdate(),
            )


def some_sales(admin: User, depot, customer: Customer, item, driver: User) -> None:
    """A meter read and billed, a sale that is partly paid, one that was voided, and one that waits."""
    meter, seller = a_meter(admin, customer), Seller(depot_id=depot.pk)
    meters.record(actor=admin, meter_id=meter.pk, reading=Decimal(4), now=timezone.now())
    a_sale(admin, customer, delivered(item, 1), reading="9.5", paid="20", seller=seller, send_email=True)
    taken_back = a_sale(admin, customer, delivered(item, 1), paid="99", seller=seller).transaction
    sales.void(actor=admin, transaction_id=taken_back.pk, reason="Wrong shop", now=timezone.now())
    fill(admin, Owner("truck", driver.vehicle_id), item, 2)
    a_sale(driver, customer, delivered(item, 1, "1.5"))


def every_page(name: str) -> list[str]:
    """The pages of the first entry of this kind, that of the admin's depot first."""
    app, model = name.rsplit("_", 1)
    desk = next(one for one in django_admin.site._registry.values() if one.opts.label_lower == f"{app}.{model}")
    entry = desk.model.objects.order_by("pk").first()
    return [page_of(name, entry.pk), page_of(name, entry.pk, "history")]


def test_every_admin_of_the_desk_is_ours():
    assert all(isinstance(one, DeskAdmin) for one in django_admin.site._registry.values())
    assert {f"{one.opts.app_label}_{one.opts.model_name}" for one in django_admin.site._registry.values()} == set(LISTS)


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", ["admin", "supervisor"])
def test_every_list_renders_in_a_number_of_queries_that_does_not_grow(request, admin, singgas, union, role, name):
    client = sign_in(request.getfixturevalue(role))
    some_of_all(admin, singgas, union)
    few = queries(client, list_of(name))
    for _ in range(3):
        some_of_all(admin, singgas, union)
    assert queries(client, list_of(name)) == few
    assert few <= (22 if name == "audit_auditlog" else 16)


@pytest.mark.parametrize("name", LISTS)
def test_every_entry_renders_in_a_number_of_queries_that_does_not_grow(desk, admin, singgas, union, name):
    some_of_all(admin, singgas, union)
    pages = every_page(name)
    few = [queries(desk, page) for page in pages]
    for _ in range(3):
        some_of_all(admin, singgas, union)
    assert [queries(desk, page) for page in pages] == few
    assert max(few) <= (26 if name == "customers_customer" else 19)


def test_the_first_page_renders_in_a_number_of_queries_that_does_not_grow(desk, own, admin, singgas, union):
    some_of_all(admin, singgas, union)
    few = [queries(client, "/admin/") for client in (desk, own)]
    for _ in range(5):
        some_of_all(admin, singgas, union)
    assert [queries(client, "/admin/") for client in (desk, own)] == few


def test_the_first_page_counts_what_is_in_sight_and_in_use(desk, own, admin, singgas, union):
    for depot in (singgas, singgas, union):
        make.a_customer(admin, depot)
    make.a_customer(admin, singgas, is_active=False)
    assert desk.get("/admin/").context["cards"][0]["count"] == 3
    assert own.get("/admin/").context["cards"][0]["count"] == 2


def test_the_first_page_says_who_is_signed_in_and_what_happened(desk, own, admin, union):
    make.a_customer(admin, union, customer_code="C-99", name="Far away")
    page, mine = said(desk.get("/admin/")), said(own.get("/admin/"))
    assert "Added customer C-99 Far away" in page
    assert "C-99" not in mine
    assert "Signed in now" in page
    assert [one["session"].user.username for one in desk.get("/admin/").context["sign_ins"]] == ["supervisor", "admin"]
    assert [one["session"].user.username for one in own.get("/admin/").context["sign_ins"]] == ["supervisor"]


def test_a_supervisor_without_a_depot_is_told_what_to_do(admin):
    client = sign_in(make.a_user(Role.SUPERVISOR, by=admin))
    page = said(client.get("/admin/"))
    assert "no depot yet: ask an administrator to give you one" in page
    assert "Nothing yet at your depots." in page


def test_each_role_finds_its_own_ways_in_the_sidebar(desk, own):
    assert "Import & export" in said(desk.get("/admin/"))
    assert "Import & export" not in said(own.get("/admin/"))


# --- sight, search, filters


def rows(client: Client, name: str, **asked: str) -> list[str]:
    answer = client.get(list_of(name), asked)
    assert answer.status_code == 200, answer.get("Location")
    return [str(row) for row in answer.context["cl"].result_list]


def test_a_supervisor_sees_the_own_depots_customers_people_and_sign_ins(own, admin, singgas, union):
    some_of_all(admin, singgas, union)
    assert set(Customer.objects.values_list("depot__code", flat=True)) == {"SINGGAS", "UNION"}
    answer = own.get(list_of("customers_customer"))
    assert {row.depot for row in answer.context["cl"].result_list} == {singgas}
    answer = own.get(list_of("accounts_user"))
    assert {row.depot for row in answer.context["cl"].result_list} == {singgas}
    answer = own.get(list_of("accounts_session"))
    assert {row.user.username for row in answer.context["cl"].result_list} == {"supervisor"}
    answer = own.get(list_of("audit_auditlog"))
    assert {row.depot for row in answer.context["cl"].result_list} == {singgas}


def test_search_is_by_the_start_of_code_name_or_phone(desk, admin, singgas):
    make.a_customer(admin, singgas, customer_code="AB-1", name="Kopi & Toast", phone="+65 1")
    make.a_customer(admin, singgas, customer_code="CD-2", name="Toast Box", phone="+65 2")
    assert rows(desk, "customers_customer", q="ab-") == ["AB-1 Kopi & Toast"]
    assert rows(desk, "customers_customer", q="kopi & t") == ["AB-1 Kopi & Toast"]
    assert rows(desk, "customers_customer", q="Toast") == ["CD-2 Toast Box"]
    assert rows(desk, "customers_customer", q="+65 2") == ["CD-2 Toast Box"]
    assert rows(desk, "customers_customer", q="金") == []
    assert len(rows(desk, "customers_customer", q=" ")) == 2


def test_filters_narrow_and_what_they_do_not_offer_finds_nothing(desk, own, admin, singgas, union):
    make.a_customer(admin, singgas, customer_code="A", payment_type="CASH")
    make.a_customer(admin, union, customer_code="B", payment_type="MONTHLY", is_active=False)
    name = "customers_customer"
    assert len(rows(desk, name)) == 2
    assert len(rows(desk, name, depot=str(union.pk))) == 1
    assert len(rows(desk, name, payment_type="CASH")) == 1
    assert [row[0] for row in rows(desk, name, is_active="0")] == ["B"]
    assert [row[0] for row in rows(desk, name, is_active="1")] == ["A"]
    for nonsense in ("x", "0", "99999999999999999999999", "\x00"):
        assert rows(desk, name, depot=nonsense) == []
    assert rows(own, name, depot=str(union.pk)) == []


def test_the_audit_log_is_narrowed_by_action_kind_person_depot_and_day(desk, admin, supervisor, singgas, union):
    make.a_customer(admin, singgas)
    make.a_customer(supervisor, singgas)
    name, today = "audit_auditlog", timezone.localdate().isoformat()
    assert len(rows(desk, name, entity_type="Customer")) == 2
    assert len(rows(desk, name, entity_type="Customer", user=str(supervisor.pk))) == 1
    assert len(rows(desk, name, entity_type="Customer", action="CREATE", depot=str(singgas.pk))) == 2
    assert rows(desk, name, entity_type="Customer", action="UPDATE") == []
    assert rows(desk, name, entity_type="Customer", depot=str(union.pk)) == []
    assert len(rows(desk, name, action="CREATE_SESSION")) == 1
    everything = len(rows(desk, name))
    assert len(rows(desk, name, since=today, until=today)) == everything
    assert rows(desk, name, since="2199-01-01") == []
    assert rows(desk, name, until="2000-01-01") == []
    for nonsense in ("0000-00-00", "2026-13-45", "tomorrow", "9999-12-31"):
        assert len(rows(desk, name, since=nonsense, until=nonsense)) == everything


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("asked", ["p=x", "p=99999999999999999999999", "o=x.y", "q=%00", "all="])
def test_nonsense_in_an_address_is_no_mistake_of_ours(desk, name, asked):
    assert desk.get(f"{list_of(name)}?{asked}", follow=True).status_code == 200


@pytest.mark.parametrize("asked", ["password__startswith=a", "nonsense=1", "id__gt=1", "user__password__startswith=a"])
def test_nobody_guesses_at_columns_through_the_address(desk, asked):
    for name in LISTS:
        assert desk.get(f"{list_of(name)}?{asked}").status_code == 400


@pytest.mark.parametrize("number", ["0", "99999", "9" * 30, "x", "1 or 1=1", "١"])
def test_what_is_not_there_is_not_there(desk, number):
    for name in LISTS:
        for what in ("change", "history"):
            assert desk.get(reverse(f"admin:{name}_{what}", args=[number])).status_code == 404


def test_an_empty_list_says_what_belongs_there_and_how_to_make_the_first(desk, own):
    page = said(desk.get(list_of("customers_customer")))
    assert "Nothing here yet Customers buy gas, each at one site and from one depot. Add customer" in page
    assert "Nothing fits" in said(desk.get(list_of("customers_customer"), {"q": "zzz"}))
    assert "Add truck" not in said(own.get(list_of("depots_vehicle")))


def test_finding_by_keyboard_stays_within_sight(desk, own, admin, singgas, union):
    make.a_customer(admin, singgas, customer_code="FIND-1", name="Near")
    make.a_customer(admin, union, customer_code="FIND-2", name="Far")
    found = said(desk.get("/admin/search/", {"s": "find-"}))
    assert "FIND-1 Near Customer" in found
    assert "FIND-2 Far Customer" in found
    found = said(own.get("/admin/search/", {"s": "find-"}))
    assert "FIND-1" in found
    assert "FIND-2" not in found
    assert "Nothing begins with" in said(desk.get("/admin/search/", {"s": "\x00"}))
    assert desk.get("/admin/search/", {"s": "x", "page": "x"}).status_code == 200


# --- sign-ins


def test_a_sign_in_is_ended_by_its_button(desk, own, supervisor):
    session = Session.objects.get(user=supervisor)
    page = desk.get(list_of("accounts_session")).content.decode()
    address = page_of("accounts_session", session.pk, "end")
    assert f'formaction="{address}"' in page
    assert desk.get(address).status_code == 405
    assert own.get("/admin/").status_code == 200
    assert audited(lambda: desk.post(address)) == ["REVOKE_SESSION"]
    assert own.get("/admin/")["Location"].startswith(SIGN_IN)
    assert "Ended" in said(desk.get(list_of("accounts_session"), {"state": "ended"}))
    assert len(rows(desk, "accounts_session")) == 1
    assert len(rows(desk, "accounts_session", state="all")) == 2


def test_a_supervisor_ends_only_the_own_sign_ins(own, admin):
    other = accounts.open_session(user=admin, user_agent="x", now=timezone.now())
    assert audited(lambda: own.post(page_of("accounts_session", other.pk, "end"))) == []
    assert own.post(page_of("accounts_session", other.pk, "end")).status_code == 404
    mine = Session.objects.get(user__username="supervisor")
    assert audited(lambda: own.post(page_of("accounts_session", mine.pk, "end"))) == ["REVOKE_SESSION"]


@pytest.mark.parametrize(("refusal", "status"), [(Missing(), 404), (work.Busy(), 302)])
def test_a_sign_in_that_cannot_be_ended_is_said(desk, supervisor, monkeypatch, refusal, status):
    session = accounts.open_session(user=supervisor, user_agent="x", now=timezone.now())

    def refuse(**given):
        raise refusal

    monkeypatch.setattr(accounts, "revoke_session", refuse)
    assert desk.post(page_of("accounts_session", session.pk, "end")).status_code == status


def test_sign_ins_that_let_nobody_in_offer_no_button(desk, admin, supervisor, driver):
    accounts.open_session(user=supervisor, user_agent="x", now=timezone.now() - timedelta(days=30))
    accounts.open_session(user=driver, user_agent="x", now=timezone.now())
    User.objects.filter(pk=driver.pk).update(is_active=False)
    page = said(desk.get(list_of("accounts_session"), {"state": "ended"}))
    assert "Run out" in page
    assert "Switched off" in page
    assert "End this sign-in" not in page


def test_the_page_of_a_sign_in_offers_to_end_it_while_it_lives(desk, supervisor):
    session = accounts.open_session(user=supervisor, user_agent="okhttp/4", now=timezone.now())
    assert "End this sign-in" in said(desk.get(page_of("accounts_session", session.pk)))
    desk.post(page_of("accounts_session", session.pk, "end"))
    assert "End this sign-in" not in said(desk.get(page_of("accounts_session", session.pk)))


def test_sign_ins_are_neither_added_nor_changed_by_hand(desk, supervisor):
    session = accounts.open_session(user=supervisor, user_agent="x", now=timezone.now())
    assert desk.get(list_of("accounts_session") + "add/").status_code == 403
    assert desk.post(page_of("accounts_session", session.pk), {"revoked_at_0": "2026-01-01"}).status_code == 403


# --- what a page may load


def test_no_page_holds_a_script_or_loads_anything_from_elsewhere(desk, admin, singgas, union):
    some_of_all(admin, singgas, union)
    pages = ["/admin/", SIGN_IN, "/admin/password_change/", *map(list_of, LISTS)]
    pages += [f"/admin/reports/{name}/" for name in ("ageing", "sales", "takings", "cylinders")]
    pages += [page for name in LISTS for page in every_page(name)]
    pages += [
        list_of("customers_customer") + "add/",
        page_of("customers_customer", Customer.objects.first().pk, "add_rate"),
    ]
    for page in pages:
        client = Client() if page == SIGN_IN else desk
        answer = client.get(page)
        text = answer.content.decode()
        assert answer.status_code == 200
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), page
        assert not re.search(r"\son(?:click|change|input|submit|load)=", text), page
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text), page
        assert "script-src 'self' 'unsafe-eval';" in answer["Content-Security-Policy"] + ";"


# --- the audit log is only read


def test_audit_rows_cannot_be_added_or_changed(desk, admin):
    row = AuditLog.objects.latest("id")
    before = (row.action, row.payload)
    for address in (page_of("audit_auditlog", row.pk), page_of("audit_auditlog", row.pk, "history")):
        assert desk.post(address, {"action": "NOTHING"}).status_code == 403
    for method in (desk.get, desk.post):
        assert method(list_of("audit_auditlog") + "add/").status_code == 403
    row = AuditLog.objects.get(pk=row.pk)
    assert (row.action, row.payload) == before


def test_pages_of_our_own_answer_when_nothing_is_there(settings, desk):
    settings.DEBUG = False
    answer = desk.get("/admin/customers/customer/99999/change/")
    assert answer.status_code == 404
    assert "There is nothing at this address that you may see." in said(answer)
