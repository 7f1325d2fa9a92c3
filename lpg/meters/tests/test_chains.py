"""Chains of readings: what was used, what is still due, and that no usage is lost or billed twice."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from lpg.customers.services import change_customer
from lpg.equipment import services as equipment
from lpg.meters import services
from lpg.meters.models import Meter, MeterReading
from lpg.meters.selectors import installed_at, unbilled
from tests import make
from tests.sales import a_meter, a_rate, a_reading, a_replacement, answer, refused, site
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db


@pytest.fixture
def customer(shop):
    return shop.another(meter_rate=Decimal("2.0000"))


def billed(shop, customer, reading, **more) -> tuple[str, str, str]:
    """The last billed reading, the usage and the amount of a sale that reads the meter."""
    sold, _ = answer(shop.sell(customer=customer, reading=reading, **more))
    assert disagreements() == {}
    return sold["last_meter_reading"], sold["meter_usage"], sold["usage_amount"]


def due(meter: Meter) -> str:
    meter.refresh_from_db()
    return f"{unbilled(meter).total:.3f}"


def void(shop, meter, reading, **more) -> MeterReading:
    given = {"reason": "Misread", "now": timezone.now(), **more}
    return services.void(actor=shop.admin, meter_id=meter.pk, reading_id=reading.pk, **given)


# --- plain readings and rollovers ---------------------------------------------------------------------------------


def test_each_sale_bills_from_the_last_billed_reading_and_its_own_chain(shop, customer):
    a_meter(shop.admin, customer, "1500.000")
    assert billed(shop, customer, "1532.400") == ("1500.000", "32.400", "64.80")
    assert billed(shop, customer, "1532.400") == ("1532.400", "0.000", "0.00")
    assert billed(shop, customer, "1532.401") == ("1532.400", "0.001", "0.00")
    assert billed(shop, customer, "1600.000") == ("1532.401", "67.599", "135.20")


def test_a_sale_bills_what_was_read_without_being_billed(shop, customer):
    meter = a_meter(shop.admin, customer, "100")
    a_reading(shop.admin, meter, "110.500")
    a_reading(shop.admin, meter, "125.250")
    assert due(meter) == "25.250"
    assert billed(shop, customer, "130.000") == ("100.000", "30.000", "60.00")
    assert due(meter) == "0.000"
    a_reading(shop.admin, meter, "131.000")
    assert billed(shop, customer, "131.000") == ("130.000", "1.000", "2.00")


def test_a_meter_to_be_read_tells_its_last_bill_unless_something_waits_to_be_billed(shop, customer):
    def last_billed() -> Decimal | None:
        (meter,) = installed_at(customer.pk)
        assert meter.last_billed is None or unbilled(meter) == (meter.last_billed, {})
        return meter.last_billed

    meter = a_meter(shop.admin, customer, "100")
    assert last_billed() is None
    shop.sell(customer=customer, reading="110.500")
    assert last_billed() == Decimal("110.500")
    plain = a_reading(shop.admin, meter, "111")
    assert last_billed() is None
    void(shop, meter, plain)
    assert last_billed() == Decimal("110.500")
    new = a_replacement(shop.admin, meter, "112", initial="5")
    assert last_billed() is None
    assert billed(shop, customer, "7") == ("110.500", "3.500", "7.00")
    assert last_billed() == 7
    new.refresh_from_db()
    assert unbilled(new) == (Decimal(7), {})


def test_from_99998_to_12_is_14(shop, customer):
    meter = a_meter(shop.admin, customer, "99998")
    refused("meter_reading_regressed", shop.sell, customer=customer, reading="12")
    assert billed(shop, customer, "12", is_rollover=True) == ("99998.000", "14.000", "28.00")
    assert billed(shop, customer, "20") == ("12.000", "8.000", "16.00")
    meter.refresh_from_db()
    assert meter.current_reading == 20


@pytest.mark.parametrize(
    ("digits", "previous", "current", "usage"),
    [
        (3, "999.999", "0.000", "0.001"),
        (5, "99998.500", "12.250", "13.750"),
        (12, "999999999999.999", "0.001", "0.002"),
        (4, "5000.000", "4999.999", "9999.999"),
    ],
)
def test_a_rollover_counts_through_the_highest_reading_of_its_digits(shop, customer, digits, previous, current, usage):
    a_meter(shop.admin, customer, previous, digits=digits)
    assert billed(shop, customer, current, is_rollover=True)[1] == usage


def test_a_rollover_between_sales_is_billed_with_the_next(shop, customer):
    meter = a_meter(shop.admin, customer, "99990")
    a_reading(shop.admin, meter, "5", is_rollover=True)
    a_reading(shop.admin, meter, "7")
    assert billed(shop, customer, "10") == ("99990.000", "20.000", "40.00")


def test_a_meter_does_not_run_backwards(shop, customer):
    meter = a_meter(shop.admin, customer, "200")
    no = refused("meter_reading_regressed", a_reading, shop.admin, meter, "199.999")
    assert no.facts == {"meter": meter.pk, "previous": "200.000", "reading": "199.999"}
    refused("meter_reading_regressed", shop.sell, customer=customer, reading="0")
    refused("meter_reading_regressed", a_replacement, shop.admin, meter, "199.999")
    assert list(refused("invalid", a_reading, shop.admin, meter, "200", is_rollover=True).errors) == ["is_rollover"]
    assert list(refused("invalid", a_reading, shop.admin, meter, "100000").errors) == ["reading"]
    much = {"customer": customer, "reading": "100000"}
    assert list(refused("invalid", shop.sell, **much).errors) == ["current_meter_reading"]
    assert list(refused("invalid", a_replacement, shop.admin, meter, "100000").errors) == ["final_reading"]
    assert a_reading(shop.admin, meter, "99999.999").usage == Decimal("99799.999")


def test_a_reading_needs_a_meter_and_of_several_the_sale_names_one(shop, customer):
    assert list(refused("invalid", shop.sell, customer=customer, reading="5").errors) == ["current_meter_reading"]
    kitchen, boiler = (a_meter(shop.admin, customer, reading) for reading in ("100", "200"))
    strangers = a_meter(shop.admin, shop.another(meter_rate=Decimal(2)), "0")
    assert list(refused("invalid", shop.sell, customer=customer, reading="210").errors) == ["meter"]
    unknown = {"customer": customer, "reading": "210", "meter": strangers}
    assert list(refused("invalid", shop.sell, **unknown).errors) == ["meter"]
    a_reading(shop.admin, kitchen, "150")
    assert billed(shop, customer, "210", meter=boiler) == ("200.000", "10.000", "20.00")
    assert (due(kitchen), due(boiler)) == ("50.000", "0.000")
    assert billed(shop, customer, "150", meter=kitchen) == ("100.000", "50.000", "100.00")


def test_a_chain_is_ordered_by_when_it_was_recorded_whatever_the_clock_of_a_phone_says(shop, customer):
    meter = a_meter(shop.admin, customer, "100")
    a_rate(shop.admin, customer, "2.0000", since=date(2020, 1, 1))
    now = timezone.now()
    a_reading(shop.admin, meter, "110", read_at=now)
    billed(shop, customer, "120", occurred_at=now - timedelta(days=1))
    readings = list(meter.readings.order_by("pk").values_list("reading", flat=True))
    assert readings == [100, 110, 120]


# --- replacement --------------------------------------------------------------------------------------------------


def test_a_meter_swapped_mid_month_leaves_its_last_usage_to_be_billed_with_the_new_ones(shop, customer):
    old = a_meter(shop.admin, customer, "1000.000")
    assert billed(shop, customer, "1010.250") == ("1000.000", "10.250", "20.50")
    new = a_replacement(shop.admin, old, "1040.750", "3.500")
    assert (due(old), due(new)) == ("30.500", "30.500")  # of one chain
    sold, invoice = answer(shop.sell(customer=customer, reading="10.000"))
    assert (sold["meter"], sold["last_meter_reading"], sold["current_meter_reading"]) == (
        new.pk,
        "1010.250",
        "10.000",
    )
    assert (sold["meter_usage"], sold["usage_amount"]) == ("37.000", "74.00")  # 30.500 of the old, 6.500 of the new
    assert invoice["lines"][0]["description"] == f"Metered gas, meter {new.serial_no}"
    assert (due(new), MeterReading.objects.filter(transaction=sold["id"]).count()) == ("0.000", 2)
    assert billed(shop, customer, "11.000") == ("10.000", "1.000", "2.00")


def test_a_chain_of_three_with_unbilled_readings_in_each_is_billed_at_once(shop, customer):
    meter = a_meter(shop.admin, customer, "99990")
    a_reading(shop.admin, meter, "99995")
    meter = a_replacement(shop.admin, meter, "2", "50", is_rollover=True)  # 5, and 7 over the top
    a_reading(shop.admin, meter, "60")
    meter = a_replacement(shop.admin, meter, "61", "99999")
    assert due(meter) == "23.000"
    assert billed(shop, customer, "1", is_rollover=True) == ("99990.000", "25.000", "50.00")


def test_what_was_removed_is_read_no_more(shop, customer):
    old = a_meter(shop.admin, customer, "5")
    new = a_replacement(shop.admin, old, "5", "0")
    refused("inactive", a_reading, shop.admin, old, "6")
    refused("inactive", a_replacement, shop.admin, old, "6")
    assert list(refused("invalid", shop.sell, customer=customer, reading="6", meter=old).errors) == ["meter"]
    old.refresh_from_db()
    assert (old.removed_on, old.serial_in_use) == (timezone.localdate(), None)
    assert (new.first_id, new.removed_on) == (old.pk, None)


def test_the_same_serial_number_may_come_back_but_not_hang_twice(shop, customer):
    meter = a_meter(shop.admin, customer, "5", "G4-1")
    assert list(refused("invalid", a_meter, shop.admin, shop.another(), "5", "G4-1").errors) == ["serial_no"]
    values = services.NewMeter("G4-1", 5, Decimal(7))
    again = services.replace(
        actor=shop.admin, meter_id=meter.pk, final_reading=Decimal(6), new=values, now=timezone.now()
    )
    assert (again.serial_no, due(again)) == ("G4-1", "1.000")
    assert billed(shop, customer, "8") == ("5.000", "2.000", "4.00")


def test_a_meter_out_of_stock_moves_to_the_site_and_the_old_one_back(shop, customer, admin):
    values = {"sku": "G4", "name": "Gas meter G4", "equipment_type": "METER"}
    thing = equipment.create_equipment(actor=admin, values=values)
    for place in (shop.truck, shop.depot):
        fill(admin, place, thing, 2)

    def where() -> tuple[int, int, int]:
        there = held(site(customer), thing, "")
        return held(shop.truck, thing), held(shop.depot, thing), there

    def swap(meter: Meter, **source: int) -> Meter:
        new = services.NewMeter(f"{meter.serial_no}+", 5, Decimal(0), **source)
        given = {"actor": admin, "meter_id": meter.pk, "final_reading": Decimal(0), "now": timezone.now()}
        made = services.replace(new=new, **given)
        assert disagreements() == {}
        return made

    new = services.NewMeter("A", 5, Decimal(0), equipment_id=thing.pk, vehicle_id=shop.truck.id)
    meter = services.install(actor=admin, customer_id=customer.pk, new=new, now=timezone.now())
    assert where() == (1, 2, 1)
    meter = swap(meter, equipment_id=thing.pk, depot_id=shop.depot.id)  # the old one goes where the new one was
    assert where() == (1, 2, 1)
    swap(meter)  # the new one is none of ours: the old one goes back
    assert where() == (1, 3, 0)
    cylinder = shop.thing()
    for wrong, field in (
        ({"equipment_id": thing.pk}, "depot"),
        ({"depot_id": shop.depot.id}, "equipment"),
        ({"equipment_id": thing.pk, "depot_id": shop.depot.id, "vehicle_id": shop.truck.id}, "depot"),
        ({"equipment_id": cylinder.pk, "depot_id": shop.depot.id}, "equipment"),
    ):
        new = services.NewMeter("B", 5, Decimal(0), **wrong)
        given = {"actor": admin, "customer_id": customer.pk, "new": new, "now": timezone.now()}
        assert field in refused("invalid", services.install, **given).errors
    empty = make.a_vehicle(admin, shop.driver.depot)
    new = services.NewMeter("B", 5, Decimal(0), equipment_id=thing.pk, vehicle_id=empty.pk)
    given = {"actor": admin, "customer_id": customer.pk, "new": new, "now": timezone.now()}
    refused("insufficient_stock", services.install, **given)


def test_it_is_installed_on_a_day_that_has_come_and_not_before_the_one_it_replaces(shop, customer):
    today = timezone.localdate()
    values = services.NewMeter("A", 5, Decimal(0), installed_on=today + timedelta(days=1))
    given = {"actor": shop.admin, "customer_id": customer.pk, "new": values, "now": timezone.now()}
    assert list(refused("invalid", services.install, **given).errors) == ["installed_on"]
    given["new"] = values._replace(installed_on=date(2020, 1, 1))
    old = services.install(**given)
    earlier = services.NewMeter("B", 5, Decimal(0), installed_on=date(2019, 12, 31))
    swap = {"actor": shop.admin, "meter_id": old.pk, "final_reading": Decimal(0), "now": timezone.now()}
    assert list(refused("invalid", services.replace, new=earlier, **swap).errors) == ["installed_on"]


# --- taking a reading back ----------------------------------------------------------------------------------------


def test_only_the_last_reading_is_taken_back_and_the_meter_shows_the_one_before(shop, customer):
    meter = a_meter(shop.admin, customer, "100")
    first, second = (a_reading(shop.admin, meter, reading) for reading in ("150", "170"))
    refused("later_reading_exists", void, shop, meter, first)
    void(shop, meter, second)
    assert due(meter) == "50.000"
    assert meter.current_reading == 150
    refused("already_void", void, shop, meter, second)
    void(shop, meter, first)
    assert (due(meter), meter.current_reading) == ("0.000", 100)
    assert billed(shop, customer, "101") == ("100.000", "1.000", "2.00")


def test_a_rollover_taken_back_is_as_if_it_had_not_been(shop, customer):
    meter = a_meter(shop.admin, customer, "99998")
    void(shop, meter, a_reading(shop.admin, meter, "12", is_rollover=True))
    assert billed(shop, customer, "99999") == ("99998.000", "1.000", "2.00")


def test_what_a_sale_has_billed_and_what_began_or_ended_a_meter_stays(shop, customer):
    meter = a_meter(shop.admin, customer, "100")
    reading = a_reading(shop.admin, meter, "110")
    billed(shop, customer, "120")
    refused("billed", void, shop, meter, reading)
    refused("billed", void, shop, meter, meter.readings.latest("pk"))
    refused("later_reading_exists", void, shop, meter, meter.readings.earliest("pk"))
    last = a_reading(shop.admin, meter, "130")
    a_replacement(shop.admin, meter, "131")
    refused("later_reading_exists", void, shop, meter, meter.readings.latest("pk"))
    refused("later_reading_exists", void, shop, meter, last)
    other = a_meter(shop.admin, shop.another(), "0")
    refused("not_found", void, shop, other, reading)


def test_what_cannot_be_is_refused_by_name(shop, customer):
    now = timezone.now()
    meter = a_meter(shop.admin, customer, "5")
    tomorrow = {"read_at": now + timedelta(days=1)}
    assert list(refused("invalid", a_reading, shop.admin, meter, "6", **tomorrow).errors) == ["read_at"]
    new = services.NewMeter("B", 3, Decimal(1000))
    given = {"actor": shop.admin, "customer_id": customer.pk, "now": now}
    assert list(refused("invalid", services.install, new=new, **given).errors) == ["initial_reading"]
    change_customer(actor=shop.admin, customer_id=customer.pk, values={"is_active": False})
    refused("inactive", services.install, new=new._replace(initial_reading=Decimal(0)), **given)
    assert [str(meter), str(meter.readings.get())] == [f"Meter {meter.serial_no}", f"5.000 on Meter {meter.serial_no}"]
