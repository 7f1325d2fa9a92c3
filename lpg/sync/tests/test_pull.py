"""Pulling: a new phone gets everything, a known one what has changed."""

import gzip
import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg import sql
from lpg.customers import services as customers
from lpg.depots import services as depots
from lpg.equipment import services as equipment
from lpg.meters import services as meters
from lpg.meters.models import Meter, MeterReading
from lpg.payments import services as payments
from lpg.sync import feed
from lpg.sync import pull as pulling
from lpg.transactions import services as sales
from lpg_client import Phone
from tests import make
from tests.bad import a_payment
from tests.phones import NAMES, changed, lists_of
from tests.sales import a_meter, a_reading, a_replacement, a_sale, delivered, full_back, site
from tests.stock import a_distribution, fill

PULL = "/api/v1/sync/pull/"

# --- the whole --------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_phone_gets_everything_that_its_lists_show(shop, driver, supervisor, admin, pocket):
    for user in (driver, supervisor, admin):
        phone = pocket(user)
        (page,) = phone.pull()
        assert list(page) == [
            "changes",
            "removed",
            "cursor",
            "has_more",
            "reset_required",
            "server_now",
            "min_client",
            "company",
        ]
        assert (page["has_more"], page["reset_required"], page["min_client"]) == (False, True, "1.0")
        assert list(page["changes"]) == list(page["removed"]) == NAMES
        phone.agrees()
    full = {name for name in NAMES if pocket(driver).page()["changes"][name]}
    assert full == set(NAMES), "the example has something of everything"


@pytest.mark.django_db
def test_a_snapshot_comes_in_pages_and_can_be_broken_off_and_gone_on_with(shop, driver, admin, pocket, monkeypatch):
    for _ in range(7):
        make.a_customer(admin, driver.depot)
    monkeypatch.setattr(pulling, "PAGE", 3)
    phone = pocket(driver)
    pages = phone.pull()
    assert [page["reset_required"] for page in pages] == [True] + [False] * (len(pages) - 1)
    assert all(sum(map(len, page["changes"].values())) == 3 for page in pages[:-1])
    phone.agrees()
    half = pages[1]["cursor"]
    assert phone.page(half)["changes"] == pages[2]["changes"], "the same page again, when its answer was lost"


@pytest.mark.django_db
def test_what_changes_while_a_snapshot_goes_on_is_not_lost(shop, driver, admin, pocket, monkeypatch):
    monkeypatch.setattr(pulling, "PAGE", 2)
    phone = pocket(driver)
    parts = 0
    while parts < 6:
        page = phone.page(phone.store.fact("cursor"))
        assert page["has_more"], "it has not ended meanwhile"
        phone.store.take(
            changes=page["changes"],
            removed=page["removed"],
            cursor=page["cursor"],
            afresh=page["reset_required"],
        )
        customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"name": f"Named {parts}"})
        make.a_customer(admin, driver.depot)
        parts += 1
    phone.pull()
    phone.agrees()


@pytest.mark.django_db
def test_a_snapshot_costs_the_same_few_statements_whatever_it_holds(
    admin, driver, shop, pocket, django_assert_num_queries, django_assert_max_num_queries
):
    feed.catch_up()
    phone = pocket(driver)
    with django_assert_max_num_queries(2 + 25) as few:
        phone.page()
    for number in range(20):
        customer = make.a_customer(admin, driver.depot, meter_rate=Decimal(2))
        a_meter(admin, customer, "0", f"S-{number}")
        fill(admin, site(customer), shop.cylinder, 5, "")
        a_sale(driver, customer, delivered(shop.cylinder))
        a_distribution(driver, driver.depot_id, (shop.cylinder, 1))
    feed.catch_up()
    with django_assert_num_queries(len(few)):
        phone.page()


# --- what has changed -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_pull_with_nothing_new_costs_two_statements(phone, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert changed(phone.pull()) == {}


@pytest.mark.django_db
def test_what_others_do_elsewhere_costs_one_more_and_brings_nothing(admin, union, phone, django_assert_num_queries):
    make.a_customer(admin, union)
    feed.catch_up()
    with django_assert_num_queries(3):
        assert changed(phone.pull()) == {}


@pytest.mark.django_db
def test_a_change_can_be_pulled_at_once(phone, shop, admin):
    begun = timezone.now()
    customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"phone": "+65 6123 4567"})
    (page,) = phone.pull()
    assert page["changes"]["customers"][0]["phone"] == "+65 6123 4567"
    assert timezone.now() - begun < timedelta(seconds=2)


@pytest.mark.django_db
def test_changes_come_in_pages_too(phone, shop, admin, driver, monkeypatch):
    monkeypatch.setattr(pulling, "PAGE", 4)
    for _ in range(9):
        make.a_customer(admin, driver.depot)
    pages = phone.pull()
    assert len(pages) > 2
    assert not any(page["reset_required"] for page in pages)
    phone.agrees()


@pytest.mark.django_db
def test_a_sale_brings_what_it_changed(phone, shop, driver):
    sale = a_sale(driver, shop.customer, delivered(shop.cylinder, 1), reading="110")
    found = changed(phone.pull())
    assert {name: len(ids) for name, ids in found.items()} == {
        "customers": 1,
        "meters": 1,
        "inventories": 2,
        "transactions": 1,
        "invoices": 1,
        "open_invoices": 1,
    }
    assert found["transactions"] == [sale.transaction.pk]
    phone.agrees()


@pytest.mark.django_db
def test_names_that_other_rows_show_bring_those_rows(phone, shop, admin, driver, supervisor, pocket):
    phones = [phone, pocket(supervisor), pocket(admin)]
    for other in phones:
        other.pull()
    changes = [
        lambda: customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"name": "Another"}),
        lambda: equipment.change_equipment(actor=admin, equipment_id=shop.cylinder.pk, values={"name": "Another"}),
        lambda: equipment.change_equipment(actor=admin, equipment_id=shop.cylinder.pk, values={"name": "ANOTHER"}),
        lambda: depots.change_vehicle(actor=admin, vehicle_id=driver.vehicle_id, values={"plate_no": "SXX 9 Z"}),
        lambda: depots.change_depot(actor=admin, depot_id=driver.depot_id, values={"name": "Another"}),
    ]
    for change in changes:
        change()
        assert changed(phone.pull())
        for other in phones:
            other.pull()
            other.agrees()


@pytest.mark.django_db
def test_an_equipment_that_changes_otherwise_leaves_the_stock_alone(phone, shop, admin):
    equipment.change_equipment(actor=admin, equipment_id=shop.cylinder.pk, values={"weight_kg": Decimal("14.20")})
    assert changed(phone.pull()) == {"equipment": [shop.cylinder.pk]}


# --- on the way -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        ("*", True),
        ("GZIP", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0, br", False),
        ("xgzip", False),
    ],
)
def test_it_is_compressed_for_who_accepts_that(accepted, packed, phone):
    answer = phone.client.get(PULL, HTTP_ACCEPT_ENCODING=accepted)
    assert (answer.get("Content-Encoding") == "gzip") is packed
    content = gzip.decompress(answer.content) if packed else answer.content
    assert int(answer["Content-Length"]) == len(answer.content)
    assert json.loads(content)["changes"]["customers"]
    assert "Accept-Encoding" in answer["Vary"]
    assert answer["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_only_the_pull_is_compressed(phone):
    assert "Content-Encoding" not in phone.client.get("/api/v1/customers/", HTTP_ACCEPT_ENCODING="gzip")


@pytest.mark.django_db
def test_the_oldest_client_is_what_the_setting_says(phone, settings):
    settings.MIN_CLIENT = "2.4.1"
    assert phone.page()["min_client"] == "2.4.1"


@pytest.mark.django_db
def test_a_reading_brings_the_meter_and_the_customer(phone, shop, driver):
    a_reading(driver, shop.meter, "120")
    assert changed(phone.pull()) == {"customers": [shop.customer.pk], "meters": [shop.meter.pk]}
    phone.agrees()


@pytest.mark.django_db
def test_what_a_meter_has_measured_and_no_sale_has_billed_is_told_as_it_changes(phone, shop, admin, driver):
    def told(meter: Meter) -> list[str | None]:
        phone.pull()
        phone.agrees()
        row = phone.copy()["meters"][meter.pk]
        return [row[name] for name in ("current_reading", "last_billed_reading", "unbilled_usage")]

    old = shop.meter
    assert told(old) == ["100.000", "100.000", "0.000"]
    a_reading(driver, old, "120")
    assert told(old) == ["120.000", "100.000", "20.000"]
    sale = a_sale(driver, shop.customer, reading="120")
    assert told(old) == ["120.000", "120.000", "0.000"], "it shows what it showed before, and that is billed now"
    sales.void(actor=admin, transaction_id=sale.transaction.pk, reason="Wrong", now=timezone.now())
    assert told(old) == ["120.000", "100.000", "20.000"]
    newest = MeterReading.objects.filter(meter=old, voided_at=None).latest("pk")
    void = {"meter_id": old.pk, "reading_id": newest.pk, "reason": "Read badly", "now": timezone.now()}
    meters.void(actor=admin, **void)
    assert told(old) == ["100.000", "100.000", "0.000"]
    a_sale(driver, shop.customer, reading="130")
    assert told(old) == ["130.000", "130.000", "0.000"]
    new = a_replacement(admin, old, "131.5", initial="7")
    assert told(new) == ["7.000", "130.000", "1.500"]
    assert told(old) == ["131.500", None, None]
    a_reading(driver, new, "9")
    assert told(new) == ["9.000", "130.000", "3.500"]
    sold = a_sale(driver, shop.customer, reading="9").transaction
    assert (sold.last_meter_reading, sold.meter_usage) == (Decimal(130), Decimal("3.5"))
    assert told(new) == ["9.000", "9.000", "0.000"]


@pytest.mark.django_db
def test_what_counts_beside_open_invoices_for_the_credit_limit_is_told_as_it_changes(phone, shop, admin, driver):
    """And a phone that adds it up says what the server does."""

    def told() -> list[str]:
        phone.pull()
        phone.agrees()
        row = phone.copy()["credits"][shop.customer.pk]
        return [row["credit"], row["waits"]]

    def owed() -> Decimal:
        rows = phone.copy()["open_invoices"].values()
        row = phone.copy()["credits"][shop.customer.pk]
        due = sum((Decimal(one["balance_due"]) for one in rows), Decimal(0))
        return due - Decimal(row["credit"]) + Decimal(row["waits"])

    assert (told(), owed()) == (["5.00", "0.00"], Decimal(14))
    limit = {"credit_limit": Decimal(40)}
    customers.change_customer(actor=admin, customer_id=shop.customer.pk, values=limit)
    held = a_sale(driver, shop.customer, delivered(shop.cylinder, 3)).transaction
    assert held.held_for == "credit_limit", "14 and 28.50 are more than 40"
    assert (told(), owed()) == (["5.00", "28.50"], Decimal("42.50"))
    sales.approve(actor=admin, transaction_id=held.pk, now=timezone.now())
    assert (told(), owed()) == (["5.00", "0.00"], Decimal("42.50"))
    sales.void(actor=admin, transaction_id=held.pk, reason="Wrong", now=timezone.now())
    assert (told(), owed()) == (["5.00", "0.00"], Decimal(14))
    note = a_sale(driver, shop.customer, full_back(shop.cylinder)).invoice
    assert (told(), owed()) == (["14.50", "0.00"], Decimal("4.50"))
    payments.allocate_credit(actor=admin, invoice_id=note.pk, now=timezone.now())
    assert (told(), owed()) == (["5.00", "0.00"], Decimal("4.50"))
    payments.reverse(actor=admin, payment_id=shop.payment.pk, reason="Bounced", now=timezone.now())
    assert (told(), owed()) == (["0.00", "0.00"], Decimal("9.50"))
    customers.change_customer(actor=admin, customer_id=shop.customer.pk, values={"payment_type": "CASH"})
    assert changed(phone.pull())["credits"] == [-shop.customer.pk]


@pytest.mark.django_db
def test_what_a_sale_that_waits_for_nobody_changes_is_not_told_of_credits(phone, shop, driver):
    a_sale(driver, shop.customer, delivered(shop.cylinder, 1))
    assert "credits" not in changed(phone.pull())


@pytest.mark.django_db
def test_money_is_told_of_with_what_it_settles(phone, shop, admin, driver):
    paid = a_payment(driver, shop.customer, "7", shop.sale.invoice.pk)
    assert changed(phone.pull())["payments"] == [paid.pk]
    assert phone.copy()["payments"][paid.pk]["allocations"] == [{"invoice": shop.sale.invoice.pk, "amount": "7.00"}]
    payments.allocate(actor=admin, payment_id=shop.payment.pk, now=timezone.now())
    assert changed(phone.pull())["payments"] == [shop.payment.pk]
    assert phone.copy()["payments"][shop.payment.pk]["unallocated"] == "0.00"
    payments.reverse(actor=admin, payment_id=paid.pk, reason="Bounced", now=timezone.now())
    assert changed(phone.pull())["payments"] == [paid.pk]
    assert phone.copy()["payments"][paid.pk]["reverse_reason"] == "Bounced"
    phone.agrees()
    shop.pay("3")
    assert "payments" not in changed(phone.pull()), "that was taken by somebody else"


@pytest.mark.django_db
def test_stock_of_a_depot_is_on_no_phone(phone, shop, admin):
    fill(admin, shop.depot, shop.cylinder, 7)
    assert changed(phone.pull()) == {}
    assert not sql.rows("SELECT 1 FROM sync_touched")


@pytest.mark.django_db(transaction=True)
def test_the_reference_client_keeps_a_copy_over_the_network(shop, driver, live_server, signed_in, tmp_path):
    phone = Phone(tmp_path / "phone.sqlite3", f"{live_server.url}/api/v1")
    try:
        phone.sign_in(driver.username, make.PASSWORD)
        assert phone.pull() > 10
        a_sale(driver, shop.customer, delivered(shop.cylinder, 1))
        assert phone.pull() == 5
        assert phone.pull() == 0
        listed = lists_of(signed_in(driver), driver)
        for name in set(NAMES) - {"invoices"}:  # they say where their PDF is, by the address that was asked
            assert phone.rows(name) == listed[name], name
        assert set(phone.rows("invoices")) == set(listed["invoices"])
    finally:
        phone.close()


@pytest.mark.django_db
def test_the_company_is_told_as_documents_name_it(phone, settings):
    settings.COMPANY = {**settings.COMPANY, "name": "HSH", "uen": "200012345W", "gst_reg_no": "M2-0012345-6"}
    settings.PRICES_INCLUDE_GST = False
    settings.GST_RATES = [(date(2023, 1, 1), Decimal(8)), (date(2024, 1, 1), Decimal("9.50"))]
    told = phone.page()["company"]
    assert (told["name"], told["uen"], told["gst_reg_no"]) == ("HSH", "200012345W", "M2-0012345-6")
    assert told["prices_include_gst"] is False
    assert told["gst_rates"] == [
        {"since": "2023-01-01", "percent": "8"},
        {"since": "2024-01-01", "percent": "9.5"},
    ]
