"""Customers that were moved to another depot meanwhile: who served them where they were has served them."""

import pytest
from django.utils import timezone

from lpg.customers.services import change_customer
from lpg.invoices.models import Delivery
from lpg.meters.models import MeterReading
from lpg.payments.models import Payment
from lpg.roles import Role
from lpg.transactions.models import Transaction
from tests import make
from tests.pushing import Sender, kinds, statuses
from tests.sales import a_meter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("books_agree")]


def move(admin, customer, depot):
    change_customer(actor=admin, customer_id=customer.pk, values={"depot": depot.pk})


def a_days_work(phone, shop, thing, meter):
    """All that may be recorded at a customer."""
    sale = phone.sale(shop.customer, thing, 2)
    named = [{"client_temp_id": sale["client_temp_id"]}]
    paid = {"customer": shop.customer.pk, "method": "CASH", "amount": "76.00", "invoices": named}
    return [
        sale,
        phone.op("payment.create", paid),
        phone.op("meter.read", {"meter": meter.pk, "reading": "120"}),
        phone.op("invoice.email", {"invoice": named[0], "to": "shop@example.com"}),
    ]


def test_what_was_done_before_the_customer_moved_is_done(phone, shop, thing, admin, union):
    meter = a_meter(admin, shop.customer, "100")
    operations = a_days_work(phone, shop, thing, meter)
    move(admin, shop.customer, union)
    assert statuses(phone.push(*operations)) == ["applied"] * 4
    sale = Transaction.objects.get()
    assert (sale.user, sale.vehicle_id) == (phone.user, phone.user.vehicle_id)
    assert (Payment.objects.count(), Delivery.objects.count()) == (1, 1)
    assert MeterReading.objects.latest("pk").usage == 20
    assert statuses(phone.push(*operations)) == ["replayed"] * 4


def test_what_is_recorded_at_a_customer_who_is_elsewhere_by_then_is_kept(phone, shop, thing, admin, union):
    meter = a_meter(admin, shop.customer, "100")
    move(admin, shop.customer, union)
    sale, paid, read, _ = a_days_work(phone, shop, thing, meter)
    paid["payload"] = {**paid["payload"], "invoices": []}
    assert statuses(phone.push(sale, paid, read)) == ["quarantined"] * 3
    assert (kinds(sale), kinds(paid), kinds(read)) == (["invalid"], ["invalid"], ["not_found"])
    assert not Transaction.objects.exists()


def test_a_customer_who_moved_twice_was_where_he_was_then(phone, shop, thing, admin, union, driver):
    move(admin, shop.customer, union)
    while_away = phone.sale(shop.customer, thing)
    move(admin, shop.customer, driver.depot)
    at_home = phone.sale(shop.customer, thing)
    third = make.a_depot(admin)
    move(admin, shop.customer, third)
    assert statuses(phone.push(while_away, at_home)) == ["quarantined", "applied"]


def test_it_opens_no_other_customer_and_no_other_depots_stock(phone, shop, thing, admin, union):
    theirs = make.a_customer(admin, union)
    move(admin, theirs, make.a_depot(admin))
    move(admin, theirs, union)  # never of the driver's depot
    ours = phone.sale(shop.customer, thing, with_={"depot": union.pk})
    move(admin, shop.customer, union)
    results = phone.push(phone.sale(theirs, thing, captured_at=ours["captured_at"]), ours)
    assert [result["error"]["code"] for result in results] == ["invalid", "permission_denied"]


def test_who_sees_every_customer_is_asked_nothing_more(admin, shop, thing, union):
    boss = Sender(make.a_user(Role.ADMIN, by=admin))
    said = boss.sale(shop.customer, thing, with_={"vehicle": shop.truck.id})
    move(admin, shop.customer, union)
    assert boss.push_one(said)["status"] == "applied"


def test_a_supervisor_can_have_it_done_later_too(phone, shop, thing, admin, union, supervisor):
    """As it was captured, not as it is tried again."""
    said = phone.sale(shop.customer, shop.thing())
    assert phone.push_one(said)["error"]["code"] == "no_rate"
    (row,) = make.a_client(supervisor).get("/api/v1/sync/exceptions/").json()["results"]
    thing = said["payload"]["items"][0]["equipment"]
    make.equipment.add_default_rate(actor=admin, equipment_id=thing, rate=38, effective_from=timezone.localdate())
    move(admin, shop.customer, union)
    again = make.a_client(supervisor).post(f"/api/v1/sync/exceptions/{row['id']}/retry/", {}, format="json")
    assert again.json()["operation"]["state"] == "applied"
