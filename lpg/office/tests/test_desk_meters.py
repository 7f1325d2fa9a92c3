"""Meters at the desk: installed, read, replaced and voided by small forms; what they measured, as chart and table."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from lpg.equipment import services as equipment
from lpg.meters import services as meters
from lpg.meters.models import Meter, MeterReading
from lpg.meters.usage import chains
from lpg.meters.words import chain_shown
from lpg.office.tests.desk import audited, list_of, page_of, queries, said, send, sign_in
from lpg.roles import Role
from tests import make
from tests.sales import a_meter, a_rate, a_reading, a_replacement, books, singapore, site
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db
METERS = list_of("meters_meter")
ADD = METERS + "add/"


@pytest.fixture
def meter(shop):
    return a_meter(shop.admin, shop.customer, "100", "G4-1")


def of_customer(shop) -> str:
    return page_of("customers_customer", shop.customer.pk)


def installing(**more) -> dict[str, str]:
    today = timezone.localdate().isoformat()
    return {"serial_no": "G4-77", "initial_reading": "12.5", "digits": "5", "installed_on": today, **more}


# --- installing


def test_a_meter_is_installed_from_the_page_of_its_customer(own, shop):
    page = own.get(of_customer(shop)).content.decode()
    address = f"{ADD}?customer={shop.customer.pk}"
    assert f'href="{address}"' in page
    assert "No meter is installed here. Install one" in said(own.get(of_customer(shop)))
    actions = audited(lambda: send(own, address, installing()))
    assert actions == ["CREATE_METER", "CREATE_METER_READING"]
    made = Meter.objects.get()
    assert (made.customer, made.serial_no, made.current_reading, made.digits) == (
        shop.customer,
        "G4-77",
        Decimal("12.500"),
        5,
    )
    page = said(own.get(of_customer(shop)))
    assert "Install meter: done." in page
    assert "G4-77 shows 12.500" in page


def test_without_a_customer_in_the_address_one_is_found_first(own, shop, admin, union):
    far = make.a_customer(admin, union, customer_code="FAR-1")
    retired = make.a_customer(admin, shop.driver.depot, customer_code="C-OLD", is_active=False)
    assert "Install meter: for which customer?" in said(own.get(ADD))
    found = said(own.get(ADD, {"q": "c-"}))
    assert str(shop.customer.name) in found
    assert str(retired) not in found
    assert "No customer of yours begins with “far”" in said(own.get(ADD, {"q": "far"}))
    assert own.get(ADD, {"q": shop.customer.customer_code.lower()})["Location"] == f"{ADD}?customer={shop.customer.pk}"
    for nobody in (far.pk, "x", "0", "9" * 30):
        assert own.get(ADD, {"customer": nobody}).status_code == 404
    assert own.get(ADD, {"q": "\x00"}).status_code == 200


def test_a_meter_out_of_stock_moves_to_the_site(own, admin, shop):
    values = {"sku": "MTR-1", "name": "Gas meter G4", "equipment_type": "METER"}
    kind = equipment.create_equipment(actor=admin, values=values)
    fill(admin, shop.depot, kind, 2)
    address = f"{ADD}?customer={shop.customer.pk}"
    place = f"depot:{shop.depot.id}"
    assert "Choose the depot or truck that it comes from." in said(send(own, address, installing(equipment=kind.pk)))
    assert "Choose which kind of meter it is." in said(send(own, address, installing(taken_from=place)))
    truck = installing(equipment=kind.pk, taken_from=f"truck:{shop.truck.id}")
    assert "you need 1" in said(send(own, address, truck))
    assert send(own, address, installing(equipment=kind.pk, taken_from=place)).status_code == 302
    assert (held(shop.depot, kind), held(site(shop.customer), kind, "")) == (1, 1)
    made = Meter.objects.get()
    assert "Gas meter G4 out of stock" in said(own.get(page_of("meters_meter", made.pk)))
    replacing = {**installing(serial_no="G4-78", equipment=kind.pk, taken_from=place), "final_reading": "20"}
    send(own, page_of("meters_meter", made.pk, "replace"), replacing)
    assert (held(shop.depot, kind), held(site(shop.customer), kind, "")) == (1, 1)
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"serial_no": "G4-1"}, "A meter with this serial number is installed."),
        ({"serial_no": "表"}, "Use plain letters, digits and signs only"),
        ({"initial_reading": "-1"}, "A meter never shows less than 0."),
        ({"initial_reading": "100000"}, "A meter of 5 digits cannot show this."),
        ({"initial_reading": "1.2345"}, "3 decimal places"),
        ({"digits": "2"}, "greater than or equal to 3"),
        ({"installed_on": "2199-01-01"}, "This day has not come yet."),
        ({"serial_no": ""}, "Fill this in."),
    ],
)
def test_a_meter_that_cannot_be_is_refused_in_words(own, shop, meter, wrong, words):
    before = books()
    answer = send(own, f"{ADD}?customer={shop.customer.pk}", installing(**wrong))
    assert answer.status_code == 200
    assert words in said(answer)
    assert books() == before


# --- reading


def test_a_reading_is_recorded_and_waits_for_the_next_sale(own, shop, meter):
    address = page_of("meters_meter", meter.pk, "read")
    assert f"{shop.customer}. It showed 100.000 last time." in said(own.get(address))
    actions = audited(lambda: send(own, address, {"reading": "112.345"}))
    assert actions == ["CREATE_METER_READING"]
    page = said(own.get(of_customer(shop)))
    assert "Record reading of G4-1: done." in page
    assert "G4-1 shows 112.345 12.345 not billed yet" in page
    assert "112.345 12.345 Read supervisor Not billed yet Void reading" in page


def test_a_reading_of_yesterday_keeps_its_time(own, meter):
    yesterday = timezone.localtime() - timedelta(days=1)
    send(own, page_of("meters_meter", meter.pk, "read"), {"reading": "101", "read_at": f"{yesterday:%Y-%m-%dT%H:%M}"})
    assert MeterReading.objects.latest("pk").read_at == yesterday.replace(second=0, microsecond=0)


def test_a_meter_that_began_again_at_zero(own, shop):
    meter = a_meter(shop.admin, shop.customer, "99998", "G4-2")
    address = page_of("meters_meter", meter.pk, "read")
    before = books()
    page = said(send(own, address, {"reading": "12"}))
    assert "This is lower than last time, 99998.000." in page
    assert "if it began again at zero, say so below" in page
    assert "has not begun again at zero" in said(send(own, address, {"reading": "99999", "is_rollover": "on"}))
    assert books() == before
    send(own, address, {"reading": "12", "is_rollover": "on"})
    assert "12.000 14.000 Read, began again at zero" in said(own.get(page_of("meters_meter", meter.pk)))
    assert disagreements() == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reading": "100000"}, "G4-1 has 5 digits. Check the reading."),
        ({"reading": "101", "read_at": "2199-01-01T10:00"}, "This time has not come yet."),
        ({"reading": "101", "read_at": "soon"}, "Enter a valid date/time."),
        ({"reading": ""}, "Fill this in."),
    ],
)
def test_a_reading_that_cannot_be_is_refused_in_words(own, meter, wrong, words):
    before = books()
    assert words in said(send(own, page_of("meters_meter", meter.pk, "read"), wrong))
    assert books() == before


# --- replacing and voiding


def test_a_meter_is_replaced_and_the_chain_goes_on(own, shop, meter):
    a_rate(shop.admin, shop.customer, "2")
    sale = shop.sell(reading="130").transaction
    address = page_of("meters_meter", meter.pk, "replace")
    before = books()
    page = said(send(own, address, {**installing(), "final_reading": "129"}))
    assert "This is lower than last time, 130.000." in page
    assert books() == before
    actions = audited(lambda: send(own, address, {**installing(), "final_reading": "141"}))
    assert set(actions) == {"CREATE_METER_READING", "REMOVE_METER", "CREATE_METER"}
    page = said(own.get(of_customer(shop)))
    assert "G4-77 shows 12.500 11.000 not billed yet" in page
    assert "141.000 11.000 At removal" in page
    assert f"130.000 30.000 Read admin {sale}" in page
    new = Meter.objects.latest("pk")
    assert "Chain G4-1 , then G4-77" in said(own.get(page_of("meters_meter", new.pk)))
    old = said(own.get(page_of("meters_meter", meter.pk)))
    assert "Removed" in old
    assert "Record reading" not in old
    assert "was removed on" in said(send(own, page_of("meters_meter", meter.pk, "read"), {"reading": "150"}))


def test_the_last_reading_is_voided_with_a_reason(own, shop, meter):
    a_reading(shop.admin, meter, "110")
    last = a_reading(shop.admin, meter, "125")
    page = own.get(page_of("meters_meter", meter.pk)).content.decode()
    address = f"/admin/meters/meter/{meter.pk}/void/{last.pk}/"
    assert f'href="{address}"' in page
    assert len(set(meters_void_links(page))) == 1
    assert "It counts on from 110.000 then; 15.000 go." in said(own.get(address))
    assert "Fill this in." in said(send(own, address, {"reason": ""}))
    assert audited(lambda: send(own, address, {"reason": "Misread"})) == ["VOID_METER_READING"]
    page = said(own.get(page_of("meters_meter", meter.pk)))
    assert "125.000 15.000 Read admin Voided Misread" in page
    assert "Shows 110.000" in page
    before = books()
    assert "was voided before" in said(send(own, address, {"reason": "Misread"}))
    assert books() == before


def meters_void_links(html: str) -> list[str]:
    return [part.partition('"')[0] for part in html.split('href="/admin/meters/meter/')[1:] if "/void/" in part[:40]]


def test_a_reading_that_a_sale_has_billed_stays(own, shop, meter):
    a_rate(shop.admin, shop.customer, "2")
    shop.sell(reading="130")
    row = MeterReading.objects.latest("pk")
    assert meters_void_links(own.get(of_customer(shop)).content.decode()) == []
    address = f"/admin/meters/meter/{meter.pk}/void/{row.pk}/"
    assert "Void that sale, and the reading goes with it." in said(send(own, address, {"reason": "Misread"}))
    for nothing in ("0", "x", "9" * 30):
        assert own.get(f"/admin/meters/meter/{meter.pk}/void/{nothing}/").status_code == 404


# --- who may


def test_another_depots_meter_is_not_there(admin, union, shop, meter):
    row = a_reading(admin, meter, "110")
    other = sign_in(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))
    pages = [page_of("meters_meter", meter.pk, what) for what in ("change", "history", "read", "replace")]
    pages += [f"/admin/meters/meter/{meter.pk}/void/{row.pk}/", f"{ADD}?customer={shop.customer.pk}"]
    before = books()
    for page in pages:
        assert other.get(page).status_code == 404
        assert other.post(page, {"reading": "120", "reason": "x"}).status_code in {403, 404}
    assert "G4-1" not in said(other.get(METERS))
    assert books() == before


def test_a_form_sent_from_elsewhere_does_nothing(supervisor, meter):
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = sign_in(supervisor).cookies
    assert forged.post(page_of("meters_meter", meter.pk, "read"), {"reading": "120"}).status_code == 403


# --- the list, the chart


def test_meters_are_found_by_serial_number_and_state(desk, own, shop, meter, admin, union):
    a_replacement(admin, meter, "120")
    far = a_meter(admin, make.a_customer(admin, union), "0", "K9-1")

    def found(client, **asked):
        return [row.serial_no for row in client.get(METERS, asked).context["cl"].result_list]

    assert found(desk, state="removed") == ["G4-1"]
    assert found(desk, q="k9") == ["K9-1"]
    assert found(desk, depot=union.pk) == ["K9-1"]
    assert found(desk, customer=far.customer_id) == ["K9-1"]
    assert "K9-1" not in found(own)
    assert len(found(own, state="work")) == 1
    assert "Install meter" in said(own.get(METERS))


def test_the_chart_counts_by_the_month_of_the_reading_and_leaves_out_what_was_voided(shop, admin):
    def at(month: int, day: int) -> datetime:
        return singapore(f"2026-{month:02d}-{day:02d}T09:00")

    new = meters.NewMeter("G4-9", 5, Decimal(0))
    meter = meters.install(actor=admin, customer_id=shop.customer.pk, new=new, now=at(3, 10))
    for when, reading in ((at(3, 31), "40"), (at(5, 1), "60"), (at(5, 20), "100")):
        meters.record(actor=admin, meter_id=meter.pk, reading=Decimal(reading), now=when)
    wrong = meters.record(actor=admin, meter_id=meter.pk, reading=Decimal(900), now=at(5, 21))
    meters.void(actor=admin, meter_id=meter.pk, reading_id=wrong.pk, reason="Misread", now=at(5, 22))
    chain = chains([Meter.objects.get()], date(2026, 6, 15), readings=3)[0]
    assert [(month.first_day.month, month.usage, month.height) for month in chain.months] == [
        (3, 40, 67),
        (4, 0, 0),
        (5, 60, 100),
        (6, 0, 0),
    ]
    assert [row.reading for row in chain.readings] == [900, 100, 60]
    shown = chain_shown(chain, may_write=False)
    assert [month["short"] for month in shown["months"]] == ["40", "0", "60", "0"]
    later = chains([Meter.objects.get()], date(2027, 4, 1), readings=3)[0]
    assert [(month.first_day.month, month.usage) for month in later.months][:2] == [(5, 60), (6, 0)]
    assert chains([], date(2026, 6, 15), readings=3) == []


def test_two_meters_are_two_charts_and_the_pages_cost_the_same(own, shop, meter):
    few = queries(own, of_customer(shop))
    second = a_meter(shop.admin, shop.customer, "5", "G4-2")
    for reading in ("6", "7", "8"):
        a_reading(shop.admin, second, reading)
    assert queries(own, of_customer(shop)) == few
    html = own.get(of_customer(shop)).content.decode()
    assert html.count('class="desk-chain"') == 2
    assert "<script>" not in html
