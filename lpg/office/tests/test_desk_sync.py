"""What phones have sent, at the desk: the list of what is to be looked at, its buttons, and the phones."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lpg.accounts.models import Session
from lpg.distribution.models import Distribution
from lpg.equipment.services import add_default_rate
from lpg.office.tests.desk import at, audited, books, list_of, page_of, queries, said, sign_in
from lpg.sync.models import Device, SyncException
from lpg.transactions.models import Transaction
from tests import make
from tests.phones import a_device
from tests.pushing import Sender, a_key, row_of, statuses
from tests.stock import fill

pytestmark = pytest.mark.django_db
INBOX, PHONES = list_of("sync_syncexception"), list_of("sync_device")


@pytest.fixture
def phone(driver):
    return Sender(driver)


@pytest.fixture
def thing(shop):
    return shop.thing("38")


def open_of(operation):
    return SyncException.objects.get(operation__client_temp_id=operation["client_temp_id"], state="open")


def page(exception):
    return page_of("sync_syncexception", exception.pk)


def short(phone, shop, thing):
    """A sale of three, where the truck held one by the books."""
    fill(shop.admin, shop.truck, thing, 1)
    empties = {"item_type": "EMPTY_RETURN", "equipment": thing.pk, "quantity": 1}
    sale = phone.sale(shop.customer, thing, 3)
    sale["payload"]["items"].append(empties)
    sale["payload"]["payment"] = {"method": "CASH", "amount": "54.50", "reference": "R 7"}
    assert statuses(phone.push(sale)) == ["applied_with_exception"]
    return open_of(sale)


def without_rate(phone, shop):
    sale = phone.sale(shop.customer, shop.thing())
    assert statuses(phone.push(sale)) == ["quarantined"]
    return sale, open_of(sale)


# --- what happened, in words


def test_it_says_what_was_recorded_what_the_books_held_and_what_became_of_it(own, phone, shop, thing, driver):
    exception = short(phone, shop, thing)
    answer = own.get(page(exception))
    shown = said(answer)
    sale = Transaction.objects.get()
    assert f"Customer {shop.customer}" in shown
    assert f"Delivered: 3 × {thing.name}" in shown
    assert f"Empty returned: 1 × {thing.name}" in shown
    assert "Paid Cash: S$54.50, reference R 7" in shown
    assert f"In the books Taken Truck {driver.vehicle.plate_no} {thing.name}, full 1 3" in shown
    assert "It was done, and stands in the books." in shown
    link = f'<a class="desk-link" href="{page_of("transactions_transaction", sale.pk)}">{sale}</a>'
    assert link in answer.content.decode()
    assert "Mark as settled" in shown
    assert "It only leaves this list." in shown
    assert "Try again" not in shown


def test_the_list_begins_with_what_is_open_and_is_narrowed(desk, phone, shop, thing, driver, other_driver):
    first = short(phone, shop, thing)
    _, second = without_rate(phone, shop)
    far = Sender(other_driver)
    far.push(5)
    third = SyncException.objects.get(kind="malformed")
    desk.post(page(first), {"do": "resolve", "note": "Counted"})
    for query, found in {
        "": {second, third},
        "state=resolved": {first},
        "state=dismissed": set(),
        "state=all": {first, second, third},
        "kind=no_rate": {second},
        f"depot={other_driver.depot_id}": {third},
        f"user={driver.pk}": {second},
        f"device={far.device.pk}&state=all": {third},
        "until=2020-01-01": set(),
    }.items():
        assert set(desk.get(f"{INBOX}?{query}").context["cl"].result_list) == found, query
    shown = said(desk.get(INBOX))
    assert f"No rate to sell at Not done Sale, {shop.customer} driver, {driver.depot}" in shown
    assert "Cannot be read Not done Something that cannot be read" in shown


def test_the_number_that_is_open_stands_in_the_sidebar_and_on_the_first_page(own, desk, phone, shop, other_driver):
    assert "Phones: to look at 0" in said(own.get("/admin/"))
    without_rate(phone, shop)
    Sender(other_driver).push(5)
    for client, count in ((own, 1), (desk, 2)):
        answer = said(client.get("/admin/"))
        assert f"Phones: to look at {count}" in answer
        assert f"To look at {count}" in answer.replace("Phones: to look at", "")


def test_an_empty_list_says_what_comes_there(desk):
    assert "What did not fit the books, or could not be done, comes here" in said(desk.get(INBOX))
    assert "A phone comes here when somebody signs in on it" in said(desk.get(PHONES))


def test_names_of_another_depot_are_not_given_away(own, desk, admin, phone, shop, union):
    far = make.a_customer(admin, union, name="Far away")
    sale = phone.sale(far, shop.thing("5"))
    phone.push(sale)
    assert "Far away" in said(desk.get(page(open_of(sale))))
    shown = said(own.get(page(open_of(sale))))
    assert "Far away" not in shown
    assert f"Customer number {far.pk}: not known, or of another depot" in shown
    assert "Far away" not in said(own.get(INBOX))


@pytest.mark.parametrize(
    "payload",
    [
        {"customer": "x", "items": "none", "payment": [1, [2, [3, [4, [5, [6]]]]]]},
        {"customer": 2**70, "items": [{"equipment": True, "quantity": "1e999999", "rate": "NaN"}, None, 7]},
        {"items": [{"rate": "1e999999999", "amount": "-1e400", "equipment": None}], "occurred_at": "9999-99-99"},
        {"occurred_at": "0001-01-01T00:00:00+14:00", "customer": {"client_temp_id": "金"}, "<b>": "<script>"},
        {"customer_id": -1, "vehicle_no": "SBA 1", "meter": [], "read_at": "2026-01-01T00:00:00", "date": "2026-02-31"},
        {"remarks": "x" * 5000, "is_rollover": False, "type": "x", "errors": {"a": [1]}, "shortages": 5},
    ],
)
def test_whatever_a_phone_says_can_be_shown(desk, phone, shop, payload):
    for kind in ("day.close", "transaction.create", "meter.read", "no.such"):
        operation = phone.op(kind, payload)
        phone.push(operation)
        answer = desk.get(page(open_of(operation)))
        assert answer.status_code == 200
        assert b"<script>\n" not in answer.content
        assert desk.get(page_of("sync_device", phone.device.pk)).status_code == 200
    assert desk.get(INBOX).status_code == 200


def test_each_type_is_read_with_its_names(desk, phone, shop, thing, driver):
    """None of them can be done: the version is from the future."""
    truck, meter = driver.vehicle, shop.customer
    day = {"date": "2026-11-20", "vehicle": truck.pk, "counts": [], "money": [{"method": "PAYNOW", "amount": "12"}]}
    day["counts"].append({"equipment": thing.pk, "condition": "EMPTY", "quantity": 4})
    moved = {"equipment": thing.pk, "quantity": 2, "movement_type": "EMPTY_RETURN"}
    for kind, payload, words in [
        ("day.close", day, f"Truck {truck} What was counted 4 × {thing.name}, empty Money PayNow: S$12.00"),
        ("distribution.create", {"depot": driver.depot_id, "items": [moved]}, f"Empty return: 2 × {thing.name}"),
        ("payment.create", {"customer": meter.pk, "method": "CARD", "amount": 5}, "Paid by Card Amount S$5.00"),
        ("meter.read", {"reading": "1532.4", "read_at": "2026-11-20T09:30:00+08:00"}, "Read as 1,532.400"),
    ]:
        operation = phone.op(kind, payload, version=9)
        phone.push(operation)
        assert words in said(desk.get(page(open_of(operation))))


def test_what_waits_says_for_what(desk, phone, shop):
    sale, exception = without_rate(phone, shop)
    after = phone.sale(shop.customer, shop.thing("5"), depends_on=[sale["client_temp_id"]])
    phone.push(after)
    assert "It depends on" not in said(desk.get(page(exception)))
    desk.post(page(exception), {"do": "dismiss", "reason": "A trial"})
    shown = said(desk.get(page(open_of(after))))
    assert "What it depends on was set aside" in shown
    assert "It depends on Sale 1 (dismissed)" in shown


def test_a_phone_of_another_depot_is_named_without_a_way_to_it(own, desk, other_driver, shop):
    far = Sender(other_driver)
    operation = far.op("no.such", {"depot": shop.depot.id})
    far.push(operation)
    way = page_of("sync_device", far.device.pk)
    shown = own.get(page(open_of(operation))).content.decode()
    assert str(far.device) in shown
    assert way not in shown
    assert way in desk.get(page(open_of(operation))).content.decode()


# --- the buttons


def test_tried_again_it_says_what_came_of_it(own, admin, phone, shop):
    sale, exception = without_rate(phone, shop)
    after = phone.sale(shop.customer, shop.thing("5"), depends_on=[sale["client_temp_id"]])
    phone.push(after)
    again = said(own.post(page(exception), {"do": "retry"}, follow=True))
    assert "Tried again. It still cannot be done:" in again
    equipment = sale["payload"]["items"][0]["equipment"]
    add_default_rate(actor=admin, equipment_id=equipment, rate=38, effective_from=timezone.localdate())
    assert "Try again" in said(own.get(page(exception)))
    done = audited(lambda: own.post(page(exception), {"do": "retry"}))
    assert "RETRY_SYNC_EXCEPTION" in done
    assert done.count("CREATE_TRANSACTION") == 2  # what waited for it went on
    shown = said(own.get(page(exception)))
    assert row_of(sale).number in shown
    assert "Try again" not in shown
    assert "Tried again what a phone has sent" in shown
    before = books()
    assert "This was decided before, and stays so." in said(own.post(page(exception), {"do": "retry"}))
    assert books() == before


@pytest.mark.parametrize(
    ("do", "field", "words", "state"),
    [("resolve", "note", "Entered at the desk", "Settled"), ("dismiss", "reason", "A trial of the phone", "Dismissed")],
)
def test_decided_once_with_words(own, phone, shop, do, field, words, state):
    sale, exception = without_rate(phone, shop)
    assert "Fill this in." in said(own.post(page(exception), {"do": do, field: " "}))
    assert open_of(sale) == exception
    assert audited(lambda: own.post(page(exception), {"do": do, field: words})) == [f"{do.upper()}_SYNC_EXCEPTION"]
    shown = said(own.get(page(exception)))
    assert f"{state} supervisor, " in shown
    assert words in shown
    assert "never will be done" in shown
    before = books()
    for again in ("resolve", "dismiss", "retry"):
        twice = own.post(page(exception), {"do": again, "note": "x", "reason": "x"})
        assert "This was decided before, and stays so." in said(twice)
    assert books() == before


def test_a_dismissal_says_what_goes(own, phone, shop):
    _, exception = without_rate(phone, shop)
    shown = said(own.get(page(exception)))
    assert "Dismiss it Nothing is to be done about it, for good: Sale of driver, " in shown
    assert "No stock moves, no invoice and no money is entered by it." in shown


def test_a_number_used_twice_is_dismissed_without_the_operation(own, phone, shop):
    without_rate(phone, shop)
    again = phone.sale(shop.customer, shop.thing(), seq=1)
    phone.push(again)
    twice = SyncException.objects.get(kind="device_cloned_or_restored")
    assert "Whether the operation is done is decided apart from this." in said(own.get(page(twice)))
    own.post(page(twice), {"do": "dismiss", "reason": "Restored last night"})
    assert row_of(again).state == "quarantined"


def test_a_supervisor_finds_only_those_of_the_own_depots(own, desk, other_driver):
    far = Sender(other_driver)
    far.push(5)
    exception = SyncException.objects.get()
    for address in (page(exception), page_of("sync_device", far.device.pk)):
        assert own.get(address).status_code == own.post(address, {"do": "off"}).status_code == 404
        assert desk.get(address).status_code == 200
    assert own.post(page(exception), {"do": "dismiss", "reason": "x"}).status_code == 404
    assert exception not in own.get(f"{INBOX}?state=all").context["cl"].result_list
    assert far.device not in own.get(PHONES).context["cl"].result_list


def test_drivers_have_no_desk(phone, shop, driver):
    _, exception = without_rate(phone, shop)
    client = Client()
    client.force_login(driver)
    for address in (INBOX, PHONES, page(exception)):
        assert client.get(address).status_code in {302, 403}
    assert client.post(page(exception), {"do": "dismiss", "reason": "x"}).status_code in {302, 403}
    exception.refresh_from_db()
    assert exception.state == "open"


# --- phones


def test_the_phones_say_what_is_missing_how_their_clock_is_and_what_is_kept(desk, phone, shop, thing):
    _, exception = without_rate(phone, shop)
    phone.seq = 410
    late = timezone.now() + timedelta(minutes=12, seconds=5)
    phone.push(phone.sale(shop.customer, thing, depends_on=[a_key()]), device_now=late)
    device = phone.device
    Device.objects.filter(pk=device.pk).update(name="Galaxy A15", platform="Android 14")
    shown = said(desk.get(PHONES))
    assert "driver Galaxy A15, Android 14" in shown
    assert "409 operations missing: 2–410 12 minutes ahead 1 waits, 1 not done" in shown
    second = a_device(phone.user)
    kept = {row.pk: (row.blocked, row.quarantined) for row in desk.get(PHONES).context["cl"].result_list}
    assert kept == {device.pk: (1, 1), second.pk: (0, 0)}
    shown = said(desk.get(page_of("sync_device", device.pk)))
    assert "Look at 1 from this phone" in shown
    assert "411 Sale" in shown
    assert "Waits for another" in shown
    assert desk.get(f"{INBOX}?device={device.pk}").context["cl"].result_list == [exception]


def test_a_phone_is_switched_off_by_its_button(own, driver):
    device = a_device(driver)
    address = page_of("sync_device", device.pk)
    shown = said(own.get(address))
    assert "It stays off, for good: Nobody gets in on it any more. Signed out at once: driver." in shown
    assert "What it still holds is not lost: sent later, it is kept" in shown
    assert "SWITCH_OFF_DEVICE" in audited(lambda: own.post(address, {"do": "off"}))
    assert not Session.objects.filter(device=device.pk, revoked_at=None).exists()
    shown = said(own.get(address))
    assert "Switched off phone" in shown
    assert "for good" not in shown
    assert "SWITCH_OFF_DEVICE" not in audited(lambda: own.post(address, {"do": "off"}))
    assert list(own.get(f"{PHONES}?off=1").context["cl"].result_list) == [device]
    assert list(own.get(f"{PHONES}?off=0").context["cl"].result_list) == []
    phone = Sender(driver, device.device_id)
    assert statuses(phone.push(phone.op("no.such", {}))) == ["quarantined"]
    assert "From a phone or person that is switched off" in said(own.get(INBOX))


def test_the_pages_cost_the_same_however_much_was_sent(admin, phone, shop):
    client = sign_in(admin)
    things = [shop.thing("38") for _ in range(6)]
    lines = [{"item_type": "DELIVERY", "equipment": one.pk, "quantity": 2} for one in things]
    for one in things:
        fill(admin, shop.truck, one, 1)
    few = phone.sale(shop.customer, things[0], 2)
    more = phone.op("transaction.create", {"customer": shop.customer.pk, "items": lines})
    phone.push(few, more)
    costs = [queries(client, page(open_of(one))) for one in (few, more)]
    assert costs[0] == costs[1] <= 15
    before = queries(client, page_of("sync_device", phone.device.pk)), queries(client, PHONES), queries(client, INBOX)
    phone.push(*(phone.sale(make.a_customer(admin, shop.driver.depot), things[0]) for _ in range(5)))
    after = queries(client, page_of("sync_device", phone.device.pk)), queries(client, PHONES), queries(client, INBOX)
    assert before == after


def test_what_was_not_in_the_books_leads_to_the_sale_or_distribution_that_took_it(own, phone, shop, thing, driver):
    short(phone, shop, thing)
    fill(shop.admin, shop.depot, thing, 0)
    item = {"equipment": thing.pk, "quantity": 2, "movement_type": "COLLECTION"}
    load = phone.op("distribution.create", {"depot": driver.depot_id, "items": [item]})
    named = {"distribution": {"client_temp_id": load["client_temp_id"]}}
    assert statuses(phone.push(load, phone.op("distribution.confirm", named)))[1] == "applied_with_exception"
    sale, distribution = Transaction.objects.get(), Distribution.objects.get()
    for place, document in (
        (shop.truck, page_of("transactions_transaction", sale.pk)),
        (shop.depot, page_of("distribution_distribution", distribution.pk)),
    ):
        entries = own.get(at(place, "ledger")).context["page"].entries
        (short_of,) = [entry for entry in entries if entry.movement.cause == "SHORTFALL"]
        assert short_of.document == document
