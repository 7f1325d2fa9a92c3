"""History at the desk: what happened to an entry, in words, before and after, as far as one may see."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from lpg.accounts import services as accounts
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.desk import admin as desk_admin
from lpg.desk import changes, shown
from lpg.inventory import services as stock
from lpg.inventory.places import SCRAP, Owner, place_of
from lpg.office.tests.desk import a_count, list_of, page_of, queries, said, sign_in
from tests import make
from tests.stock import fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(admin):
    return sign_in(admin)


def rename(admin, customer, name):
    customers.change_customer(actor=admin, customer_id=customer.pk, values={"name": name})


def test_the_history_says_who_changed_what_from_what_to_what(desk, admin, singgas, union):
    customer = make.a_customer(admin, singgas, name="Before", credit_limit=Decimal("1234.50"))
    customers.change_customer(
        actor=admin,
        customer_id=customer.pk,
        values={
            "name": "After",
            "depot": union.pk,
            "credit_limit": None,
            "payment_type": "MONTHLY",
            "is_active": False,
        },
    )
    page = said(desk.get(page_of("customers_customer", customer.pk, "history")))
    assert "Changed customer admin ·" in page
    for words in (
        "Name Before After",
        "Depot SINGGAS UNION",
        "Credit limit (S$) S$1,234.50 —",
        "Pays Cash Monthly",
        "In use Yes No",
    ):
        assert words in page
    assert "Added customer" in page


def test_the_history_of_a_customer_tells_of_the_rates_too(desk, admin, singgas):
    customer = make.a_customer(admin, singgas, meter_rate=Decimal("2.1050"))
    other = make.a_customer(admin, singgas, meter_rate=Decimal("9.9900"))
    page = said(desk.get(page_of("customers_customer", customer.pk, "history")))
    assert "Added rate" in page
    assert "S$2.1050" in page
    assert "S$9.99" not in page
    assert other.pk != customer.pk


def test_the_history_shows_only_what_one_may_see(supervisor, admin, singgas, union):
    customer = make.a_customer(admin, union, name="Secret")
    rename(admin, customer, "Still secret")
    customers.change_customer(actor=admin, customer_id=customer.pk, values={"depot": singgas.pk})
    rename(admin, customer, "Open")
    page = said(sign_in(supervisor).get(page_of("customers_customer", customer.pk, "history")))
    assert "Still secret Open" in page
    assert "Secret Still secret" not in page
    item = make.some_equipment(admin)
    page = said(sign_in(supervisor).get(page_of("equipment_equipment", item.pk, "history")))
    assert "that belongs to your depots" in page


def test_the_history_comes_in_pages(desk, admin, singgas, monkeypatch):
    monkeypatch.setattr(desk_admin, "HISTORY_PAGE", 2)
    customer = make.a_customer(admin, singgas, name="N0")
    for number in range(1, 4):
        rename(admin, customer, f"N{number}")
    address, pages, older = page_of("customers_customer", customer.pk, "history"), [], ""
    while older is not None:
        answer = desk.get(address, {"before": older})
        pages.append([entry.changes[0].after if not entry.is_new else "new" for entry in answer.context["entries"]])
        older = answer.context["older"]
    assert pages == [["N3", "N2"], ["N1", "new"]]
    assert "This is where the history begins." in said(desk.get(address, {"before": "1"}))
    for nonsense in ("x", "-1", "9" * 40, "\x00"):
        assert len(desk.get(address, {"before": nonsense}).context["entries"]) == 2


def test_the_page_of_a_row_shows_the_change_and_the_ids_to_copy(desk, admin, singgas):
    customer = make.a_customer(admin, singgas, name="Before")
    answer = desk.post(page_of("customers_customer", customer.pk), {"customer_code": "C"})
    assert answer.status_code == 200  # refused, and without a row
    desk.get("/admin/", headers={"X-Request-ID": "seen-by-a-person"})
    rename(admin, customer, "After")
    row = AuditLog.objects.latest("id")
    page = desk.get(page_of("audit_auditlog", row.pk))
    assert "Name Before After" in said(page)
    for fact in (str(row.pk), "UPDATE_CUSTOMER", f"Customer {customer.pk}", "SINGGAS"):
        assert f'<code class="desk-code">{fact}</code>' in page.content.decode()
    assert page_of("customers_customer", customer.pk) in page.content.decode()


def test_a_supervisor_cannot_open_a_row_of_another_depot(supervisor, admin, union):
    make.a_customer(admin, union)
    row = AuditLog.objects.latest("id")
    assert sign_in(supervisor).get(page_of("audit_auditlog", row.pk)).status_code == 404


def test_a_password_leaves_no_trace_but_the_fact(desk, admin, supervisor):
    accounts.change_user(actor=admin, user_id=supervisor.pk, values={"password": "four-green-lamps"})
    page = said(desk.get(page_of("accounts_user", supervisor.pk, "history")))
    assert "Changed the password" in page
    assert "four-green-lamps" not in page
    assert "argon2" not in page


def test_what_happened_to_a_person_names_depots_and_truck(desk, admin, supervisor, singgas, union):
    vehicle = make.a_vehicle(admin, union)
    values = {"depots": [singgas.pk, union.pk], "vehicle": vehicle.pk}
    accounts.change_user(actor=admin, user_id=supervisor.pk, values=values)
    page = said(desk.get(page_of("accounts_user", supervisor.pk, "history")))
    assert "Further depots — SINGGAS, UNION" in page
    assert f"Truck — {vehicle.plate_no}" in page


def test_the_system_itself_is_named(desk, admin):
    assert "system" in said(desk.get(page_of("accounts_user", admin.pk, "history")))


# --- stock


def titles(client) -> dict[str, str]:
    """What each row of the audit log says it is of, the newest of each action."""
    rows = client.get(list_of("audit_auditlog")).context["cl"].result_list
    return {row.action: row.entry.entity for row in reversed(rows)}


def test_what_happened_to_stock_is_named_by_what_it_is_and_where(desk, admin, singgas):
    item, site = make.some_equipment(admin), Owner("customer", make.a_customer(admin, singgas).pk)
    here = Owner("depot", singgas.pk)
    fill(admin, here, item, 10, "DAMAGED")
    assert titles(desk)["UPDATE_INVENTORY"] == f"{item.name}, damaged, Depot SINGGAS"
    row = AuditLog.objects.get(action="UPDATE_INVENTORY")
    assert f"Changed inventory: {item.name}, damaged, Depot SINGGAS" in said(
        desk.get(page_of("audit_auditlog", row.pk))
    )
    fill(admin, site, item, 2, "")
    assert titles(desk)["UPDATE_INVENTORY"] == f"{item.name}, {place_of(site).name}"
    a_count(admin, here, item, 8)
    moved = [stock.Item(item.pk, 1, "DAMAGED")]
    stock.transfer(
        actor=admin, origin=place_of(here), destination=place_of(SCRAP), items=moved, remarks="", now=timezone.now()
    )
    assert (titles(desk)["CREATE_COUNT"], titles(desk)["CREATE_TRANSFER"]) == ("Depot SINGGAS", "Scrap")


def test_the_names_of_stock_are_not_asked_for_row_by_row(desk, admin, singgas):
    def at_another_place() -> None:
        item = make.some_equipment(admin)
        for owner in (Owner("truck", make.a_vehicle(admin, singgas).pk), Owner("depot", make.a_depot(admin).pk)):
            fill(admin, owner, item, 5)
            a_count(admin, owner, item, 5)

    at_another_place()
    few = queries(desk, list_of("audit_auditlog"))
    for _ in range(4):
        at_another_place()
    assert queries(desk, list_of("audit_auditlog")) == few


def entry(**columns):
    row = {"action": "POKE_THING", "entity_type": "Thing", "entity_id": 7, "payload": None, "pk": 1, **columns}
    return changes.read([SimpleNamespace(**row)])[0]


def test_rows_of_kinds_that_are_no_more_are_still_readable():
    strange = entry(payload={"before": None, "after": {"some_thing": [1, {"a": "é"}], "on": True, "off": None}})
    assert (strange.action, strange.entity, strange.link) == ("Poke thing", "Thing 7", "")
    assert [(one.label, one.before, one.after) for one in strange.changes] == [
        ("Some thing", "—", '[1, {"a": "é"}]'),
        ("On", "—", "Yes"),
    ]
    assert entry(payload="nonsense").changes == []
    assert entry(payload=None).changes == []


def test_values_that_fit_no_longer_are_shown_as_they_were_written():
    odd = {"credit_limit": "much", "payment_type": "SHELLS", "depot": 424242, "gone": "x", "name": "N"}
    shown_as = {one.label: one.after for one in entry(entity_type="Customer", payload={"after": odd}).changes}
    assert shown_as == {
        "Credit limit (S$)": "much",
        "Pays": "SHELLS",
        "Depot": "#424242",
        "Gone": "x",
        "Name": "N",
    }
    odd = {"effective_from": "someday", "rate": "1.5", "created_at": "x"}
    shown_as = {one.label: one.after for one in entry(entity_type="Rate", payload={"after": odd}).changes}
    assert shown_as == {"Effective from": "someday", "Rate": "S$1.50"}


def test_how_amounts_days_and_devices_are_written():
    assert shown.money(Decimal("1234.5")) == "S$1,234.50"
    assert shown.money(None) == "—"
    assert [shown.rate(Decimal(rate)) for rate in ("38.0000", "2.1050", "1234.5678")] == [
        "S$38.00",
        "S$2.1050",
        "S$1,234.5678",
    ]
    at = timezone.make_aware(timezone.datetime(2026, 11, 20, 14, 5))
    assert (shown.moment(at), shown.day(at.date())) == ("20 Nov 2026, 14:05", "20 Nov 2026")
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142 Safari/537.36"
    iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19 Mobile Safari/604.1"
    assert [shown.device(agent) for agent in (chrome, iphone, "Firefox/140", "hsh-app/2 (x)", "")] == [
        "Chrome on Windows",
        "Safari on iPhone",
        "Firefox",
        "hsh-app",
        "Unknown device",
    ]
