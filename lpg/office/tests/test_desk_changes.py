"""Changes at the desk: each by its service with one audit row; a refusal leaves none and keeps the input."""

import sqlite3
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.db import DatabaseError
from django.utils import timezone

from lpg import work
from lpg.accounts.models import User
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.customers.admin import CustomerAdmin
from lpg.customers.models import Customer, Rate
from lpg.depots import services as depots
from lpg.equipment.models import DefaultRate
from lpg.errors import Inactive, Invalid, Missing
from lpg.office.tests.desk import audited, fill, form_of, list_of, page_of, said, send, sign_in
from lpg.roles import Role
from tests import make

pytestmark = pytest.mark.django_db
ADD_CUSTOMER = "/admin/customers/customer/add/"
NEW_CUSTOMER = {"customer_code": "C-7", "name": "Kopi 金龙", "payment_type": "CREDIT", "credit_limit": "1500.50"}


@pytest.fixture
def desk(admin):
    return sign_in(admin)


@pytest.fixture
def own(supervisor):
    return sign_in(supervisor)


def test_each_kind_of_entry_is_added_with_one_audit_row(desk, singgas):
    vehicle = make.a_vehicle(User.objects.get(username="admin"), singgas)
    added = [
        ("/admin/depots/depot/add/", {"code": "D-1", "name": "North"}, "CREATE_DEPOT"),
        ("/admin/depots/vehicle/add/", {"plate_no": "SBX 77 K", "depot": singgas.pk}, "CREATE_VEHICLE"),
        ("/admin/equipment/equipment/add/", {"sku": "X-1", "name": "X", "equipment_type": "METER"}, "CREATE_EQUIPMENT"),
        (ADD_CUSTOMER, {**NEW_CUSTOMER, "depot": singgas.pk}, "CREATE_CUSTOMER"),
        (
            "/admin/accounts/user/add/",
            {
                "username": "Mei.Ling",
                "employee_id": "E-77",
                "role": "DRIVER",
                "depot": singgas.pk,
                "depots": [singgas.pk],
                "vehicle": vehicle.pk,
                "new_password": "four-green-lamps",
            },
            "CREATE_USER",
        ),
    ]
    for address, typed, action in added:
        answers = []
        left = audited(
            lambda address=address, typed=typed, answers=answers: answers.append(fill(desk, address, **typed))
        )
        assert answers[0].status_code == 302, said(answers[0])
        assert left == [action]
    customer = Customer.objects.get(customer_code="C-7")
    assert (customer.name, customer.credit_limit, customer.depot) == ("Kopi 金龙", Decimal("1500.50"), singgas)
    user = User.objects.get(username="mei.ling")
    assert user.check_password("four-green-lamps")
    assert (user.vehicle, list(user.depots.all())) == (vehicle, [singgas])
    assert not LogEntry.objects.exists()


def test_each_kind_of_entry_is_changed_with_one_audit_row_that_says_before_and_after(desk, admin, singgas, union):
    vehicle, item = make.a_vehicle(admin, singgas), make.some_equipment(admin)
    customer = make.a_customer(admin, singgas)
    user = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk)
    changed = [
        ("depots_depot", union.pk, "name", "Union depot", "UPDATE_DEPOT"),
        ("depots_vehicle", vehicle.pk, "depot", union.pk, "UPDATE_VEHICLE"),
        ("equipment_equipment", item.pk, "weight_kg", "14.20", "UPDATE_EQUIPMENT"),
        ("customers_customer", customer.pk, "credit_limit", "20.00", "UPDATE_CUSTOMER"),
        ("accounts_user", user.pk, "depots", [singgas.pk, union.pk], "UPDATE_USER"),
    ]
    for name, pk, field, value, action in changed:
        typed, address = {field: value}, page_of(name, pk)
        assert audited(lambda typed=typed, address=address: fill(desk, address, **typed)) == [action]
        payload = AuditLog.objects.latest("id").payload
        differ = {key for key in payload["after"] if payload["before"][key] != payload["after"][key]}
        assert differ == {field}
        assert payload["after"][field] == value


def test_a_form_sent_back_untouched_changes_nothing(desk, admin, singgas, supervisor):
    customer = make.a_customer(admin, singgas, credit_limit=Decimal("12.30"), meter_rate=Decimal("2.1000"))
    item = make.some_equipment(admin)
    for name, pk in (
        ("customers_customer", customer.pk),
        ("equipment_equipment", item.pk),
        ("accounts_user", supervisor.pk),
        ("depots_depot", singgas.pk),
    ):
        address = page_of(name, pk)
        assert audited(lambda address=address: fill(desk, address)) == []
    assert Rate.objects.count() == 1


def test_retiring_is_a_change_like_any_other(desk, admin, singgas):
    customer = make.a_customer(admin, singgas)
    assert audited(lambda: fill(desk, page_of("customers_customer", customer.pk), is_active=None)) == [
        "UPDATE_CUSTOMER"
    ]
    customer.refresh_from_db()
    assert not customer.is_active


# --- rates


def test_another_meter_rate_adds_a_rate_from_today_and_an_empty_one_adds_none(desk, admin, singgas):
    customer = make.a_customer(admin, singgas, meter_rate=Decimal("2.1000"))
    address = page_of("customers_customer", customer.pk)
    assert audited(lambda: fill(desk, address, meter_rate="2.5000")) == ["CREATE_RATE"]
    assert audited(lambda: fill(desk, address, meter_rate="")) == []
    newest = Rate.objects.latest("id")
    assert (newest.rate, newest.effective_from, newest.equipment) == (Decimal("2.5"), timezone.localdate(), None)


def test_a_rate_for_equipment_is_added_on_a_page_of_its_own_and_shown(desk, admin, singgas):
    customer, item = make.a_customer(admin, singgas), make.some_equipment(admin)
    tomorrow = timezone.localdate() + timedelta(days=1)
    typed = {"equipment": item.pk, "rate": "36.5", "effective_from": tomorrow.isoformat()}
    answers = []
    address = page_of("customers_customer", customer.pk, "add_rate")
    assert audited(lambda: answers.append(send(desk, address, typed))) == ["CREATE_RATE"]
    assert answers[0]["Location"] == page_of("customers_customer", customer.pk)
    rate = Rate.objects.get()
    assert (rate.equipment, rate.rate, rate.effective_from) == (item, Decimal("36.5"), tomorrow)
    page = said(desk.get(answers[0]["Location"]))
    assert f"{item.name} S$36.50" in page
    assert "To come" in page


def test_of_the_rates_those_in_force_and_to_come_are_shown(desk, admin, singgas):
    customer, item = make.a_customer(admin, singgas), make.some_equipment(admin)
    today = timezone.localdate()
    for days, rate in ((-30, "11.11"), (-10, "22.22"), (0, "33.33"), (0, "44.44"), (5, "55.55")):
        customers.add_rate(
            actor=admin,
            customer_id=customer.pk,
            equipment_id=item.pk,
            rate=Decimal(rate),
            effective_from=today + timedelta(days=days),
        )
    page = said(desk.get(page_of("customers_customer", customer.pk)))
    assert [rate in page for rate in ("S$11.11", "S$22.22", "S$33.33", "S$44.44", "S$55.55")] == [
        False,
        False,
        False,
        True,
        True,
    ]


def test_a_default_rate_is_added_by_its_page_and_by_the_field(desk, admin):
    item = make.some_equipment(admin, "38.0000")
    address = page_of("equipment_equipment", item.pk, "add_rate")
    typed = {"rate": "40.1234", "effective_from": "2020-01-01"}
    assert audited(lambda: send(desk, address, typed)) == ["CREATE_DEFAULT_RATE"]
    address = page_of("equipment_equipment", item.pk)
    assert audited(lambda: fill(desk, address, default_rate="41")) == ["CREATE_DEFAULT_RATE"]
    assert "S$41.00" in said(desk.get(address))


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"rate": "-1"}, "A rate is never below zero."),
        ({"rate": "1.23456"}, "no more than 4 decimal places"),
        ({"rate": "NaN"}, "Enter a number."),
        ({"rate": ""}, "Fill this in."),
        ({"effective_from": "0000-01-01"}, "Enter a valid date."),
        ({"equipment": "999999"}, "Choose one from the list."),
    ],
)
def test_a_rate_that_will_not_do_stays_on_its_page(desk, admin, singgas, typed, words):
    address = page_of("customers_customer", make.a_customer(admin, singgas).pk, "add_rate")
    answers, whole = [], {"rate": "36.5", "effective_from": "2026-12-01", **typed}
    assert audited(lambda: answers.append(send(desk, address, whole))) == []
    assert words in said(answers[0])
    assert not Rate.objects.exists()


def test_a_rate_refused_by_the_service_stays_on_its_page(desk, admin, singgas, monkeypatch):
    def refuse(**given):
        raise Inactive("Cylinder 14 is no longer in use. Choose other equipment.")

    monkeypatch.setattr(customers, "add_rate", refuse)
    address = page_of("customers_customer", make.a_customer(admin, singgas).pk, "add_rate")
    answer = send(desk, address, {"rate": "36.5", "effective_from": "2026-12-01"})
    assert "Cylinder 14 is no longer in use." in said(answer)
    assert 'value="36.5"' in answer.content.decode()


def test_a_rate_for_a_customer_gone_from_sight_meanwhile_is_not_added(desk, admin, singgas, monkeypatch):
    def missing(**given):
        raise Missing

    monkeypatch.setattr(customers, "add_rate", missing)
    address = page_of("customers_customer", make.a_customer(admin, singgas).pk, "add_rate")
    assert send(desk, address, {"rate": "36.5", "effective_from": "2026-12-01"}).status_code == 404


# --- refusals


def test_what_the_form_refuses_keeps_the_input(desk, admin, singgas):
    make.a_customer(admin, singgas, customer_code="C-7")
    answers = []
    typed = {**NEW_CUSTOMER, "depot": singgas.pk, "uen": "123", "meter_rate": "-1"}
    assert audited(lambda: answers.append(fill(desk, ADD_CUSTOMER, **typed))) == []
    page = said(answers[0])
    assert "Another customer has this code." in page
    assert "This is not a UEN" in page
    assert "A rate is never below zero." in page
    assert form_of(answers[0])["name"] == "Kopi 金龙"


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Invalid({"name": ["This name says nothing."]}), "This name says nothing."),
        (Invalid({"colour": ["There is no such field."]}), "There is no such field."),
        (Inactive("Depot SINGGAS is no longer in use. Choose another depot."), "Depot SINGGAS is no longer in use."),
        (work.Busy(), "Many people are saving at this moment. Nothing was changed; try again."),
    ],
)
def test_what_a_service_refuses_rolls_everything_back_and_keeps_the_input(
    desk, admin, singgas, monkeypatch, refusal, words
):
    plain = customers.change_customer

    def change_then_refuse(**given):
        plain(**given)
        raise refusal

    monkeypatch.setattr(customers, "change_customer", change_then_refuse)
    customer = make.a_customer(admin, singgas, name="Before")
    answers = []
    address = page_of("customers_customer", customer.pk)
    assert audited(lambda: answers.append(fill(desk, address, name="After"))) == []
    assert answers[0].status_code == 200
    assert words in said(answers[0])
    assert form_of(answers[0])["name"] == "After"
    customer.refresh_from_db()
    assert customer.name == "Before"


def test_the_last_administrator_stays_one(desk, admin):
    answers = []
    address = page_of("accounts_user", admin.pk)
    assert audited(lambda: answers.append(fill(desk, address, role="DRIVER"))) == []
    assert "This is the last administrator. Make somebody else an administrator first." in said(answers[0])
    assert form_of(answers[0])["role"] == "DRIVER"


def test_a_weak_password_is_refused_at_its_field_and_never_sent_back(desk, supervisor):
    answers = []
    address = page_of("accounts_user", supervisor.pk)
    assert audited(lambda: answers.append(fill(desk, address, new_password="123"))) == []
    assert answers[0].context["adminform"].form.errors["new_password"]
    assert "This password is too short" in said(answers[0])
    assert 'value="123"' not in answers[0].content.decode()


def test_a_new_password_ends_the_sign_ins_of_that_person(desk, supervisor):
    client = sign_in(supervisor)
    address = page_of("accounts_user", supervisor.pk)
    left = audited(lambda: fill(desk, address, new_password="four-green-lamps"))
    assert left == ["CHANGE_PASSWORD", "REVOKE_SESSION"]
    assert client.get("/admin/").status_code == 302
    sign_in(supervisor, "four-green-lamps")


def test_an_entry_gone_from_sight_meanwhile_is_not_there(desk, admin, singgas, monkeypatch):
    customer = make.a_customer(admin, singgas)
    typed = form_of(desk.get(page_of("customers_customer", customer.pk)))

    def missing(**given):
        raise Missing

    monkeypatch.setattr(customers, "change_customer", missing)
    assert desk.post(page_of("customers_customer", customer.pk), {**typed, "name": "x"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_unit_of_work_that_is_tried_again_happens_once_and_is_said_once(admin, singgas, desk, monkeypatch):
    error = DatabaseError(1213, "deadlock")
    error.__cause__ = sqlite3.OperationalError("database is locked")
    error.__cause__.sqlite_errorcode = sqlite3.SQLITE_BUSY
    plain, tries = CustomerAdmin.response_change, []

    def locked_at_the_end(*given):
        done = plain(*given)
        tries.append(1)
        if len(tries) == 1:
            raise error
        return done

    monkeypatch.setattr(CustomerAdmin, "response_change", locked_at_the_end)
    monkeypatch.setattr(work, "close_old_connections", lambda: None)
    address = page_of("customers_customer", make.a_customer(admin, singgas).pk)
    assert audited(lambda: fill(desk, address, name="After")) == ["UPDATE_CUSTOMER"]
    assert len(tries) == 2
    assert said(desk.get("/admin/")).count("was changed successfully") == 1


def test_what_is_retired_is_not_offered_but_what_one_has_is_kept(desk, admin, singgas, union):
    vehicle = make.a_vehicle(admin, union)
    for depot in (singgas, union):
        depots.change_depot(actor=admin, depot_id=depot.pk, values={"is_active": False})
    address = page_of("depots_vehicle", vehicle.pk)
    page = desk.get(address).content.decode()
    assert "related-widget-wrapper" not in page  # no windows upon windows
    assert "UNION" in page
    assert "SINGGAS" not in page
    assert audited(lambda: fill(desk, address, plate_no="SBA 99 Z")) == ["UPDATE_VEHICLE"]
    answers = []
    assert audited(lambda: answers.append(fill(desk, address, depot=singgas.pk))) == []
    assert "There is no such entry. Choose one from the list." in said(answers[0])


# --- roles


def test_a_supervisor_writes_customers_of_the_own_depots_only(own, admin, singgas, union):
    customer, other = make.a_customer(admin, singgas), make.a_customer(admin, union)
    assert audited(lambda: fill(own, page_of("customers_customer", customer.pk), name="New")) == ["UPDATE_CUSTOMER"]
    assert audited(lambda: fill(own, ADD_CUSTOMER, **NEW_CUSTOMER, depot=singgas.pk)) == ["CREATE_CUSTOMER"]
    answers = []
    assert audited(lambda: answers.append(fill(own, ADD_CUSTOMER, **NEW_CUSTOMER, depot=union.pk))) == []
    assert "There is no such entry. Choose one from the list." in said(answers[0])
    for what in ("change", "history", "add_rate"):
        assert own.get(page_of("customers_customer", other.pk, what)).status_code == 404
    typed = {"name": "Mine", "customer_code": "C-8", "payment_type": "CASH", "depot": singgas.pk}
    assert audited(lambda: own.post(page_of("customers_customer", other.pk), typed)) == []
    assert own.post(page_of("customers_customer", other.pk), typed).status_code == 404
    rate = {"rate": "1", "effective_from": "2026-12-01"}
    assert own.post(page_of("customers_customer", other.pk, "add_rate"), rate).status_code == 404


def test_what_a_supervisor_may_only_read_cannot_be_written_by_posting_either(own, admin, supervisor, singgas):
    vehicle, item = make.a_vehicle(admin, singgas), make.some_equipment(admin)
    entries = {
        "depots_depot": (singgas.pk, {"code": "SINGGAS", "name": "Mine"}),
        "depots_vehicle": (vehicle.pk, {"plate_no": "MINE 1", "depot": singgas.pk}),
        "equipment_equipment": (item.pk, {"sku": "MINE", "name": "Mine", "equipment_type": "METER"}),
        "accounts_user": (supervisor.pk, {"username": "supervisor", "employee_id": "E-9", "role": "ADMIN"}),
    }
    for name, (pk, typed) in entries.items():
        page = own.get(page_of(name, pk))
        assert page.status_code == 200
        assert 'name="_save"' not in page.content.decode()
        add = list_of(name) + "add/"

        def try_all(name=name, pk=pk, typed=typed, add=add):
            assert own.post(page_of(name, pk), typed).status_code == 403
            assert own.get(add).status_code == 403
            assert own.post(add, {**typed, "new_password": "four-green-lamps"}).status_code == 403

        assert audited(try_all) == []
    rate = {"rate": "1", "effective_from": "2026-12-01"}
    assert own.post(page_of("equipment_equipment", item.pk, "add_rate"), rate).status_code == 403
    assert not DefaultRate.objects.exclude(rate=Decimal(38)).exists()
    supervisor.refresh_from_db()
    assert supervisor.role == Role.SUPERVISOR


def test_nothing_can_be_deleted_by_anybody(desk, admin, singgas, supervisor):
    customer, vehicle = make.a_customer(admin, singgas), make.a_vehicle(admin, singgas)
    item, row = make.some_equipment(admin), AuditLog.objects.latest("id")
    session = supervisor.sessions.create(
        created_at=timezone.now(), last_used_at=timezone.now(), expires_at=timezone.now() + timedelta(days=1)
    )
    entries = {
        "customers_customer": customer,
        "depots_vehicle": vehicle,
        "depots_depot": singgas,
        "equipment_equipment": item,
        "accounts_user": supervisor,
        "accounts_session": session,
        "audit_auditlog": row,
    }
    for name, entry in entries.items():
        for method in (desk.get, desk.post):
            assert method(page_of(name, entry.pk, "delete"), {"post": "yes"}).status_code == 403
        desk.post(
            list_of(name), {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes", "index": 0}
        )
        assert type(entry).objects.filter(pk=entry.pk).exists()


def test_a_form_without_the_token_of_its_page_is_refused(admin, singgas):
    client = sign_in(admin)
    client.handler.enforce_csrf_checks = True
    customer = make.a_customer(admin, singgas)
    assert client.post(page_of("customers_customer", customer.pk), {"name": "x"}).status_code == 403
    assert client.post("/admin/password_change/", {}).status_code == 403
