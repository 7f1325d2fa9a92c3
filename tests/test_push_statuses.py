"""Every status of the protocol, and what the phone is told with it."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from lpg import work
from lpg.idempotency.models import Answer
from lpg.sync import exceptions
from lpg.sync.judge import Judge
from lpg.sync.lease import Lease
from lpg.sync.models import Operation, SyncException
from lpg.transactions.models import Transaction
from tests.pushing import Sender, a_key, effects, kinds, raw_count, row_of, statuses
from tests.sales import API, fill

pytestmark = pytest.mark.django_db


def test_applied(phone, shop, thing):
    said = phone.sale(shop.customer, thing, 2)
    result = phone.push_one(said)
    sale = Transaction.objects.get()
    assert result["status"] == "applied"
    assert (result["id"], result["number"], result["error"]) == (sale.pk, sale.transaction_number, None)
    assert result["entity"]["transaction"]["client_temp_id"] == said["client_temp_id"]
    assert result["entity"]["invoice"]["balance_due"] == "76.00"
    assert sale.occurred_at == row_of(said).captured_at


def test_replayed_is_the_first_answer_again(phone, shop, thing):
    said = phone.sale(shop.customer, thing)
    first, again = phone.push_one(said), phone.push_one(said)
    assert again == {**first, "status": "replayed"}
    assert effects()[:2] == (1, 1)


def test_twice_in_one_call(phone, shop, thing):
    said = phone.sale(shop.customer, thing)
    assert statuses(phone.push(said, said, said)) == ["applied", "replayed", "replayed"]
    assert effects()[:2] == (1, 1)


def test_posted_and_then_pushed_is_replayed_byte_for_byte(phone, shop, thing):
    said = phone.sale(shop.customer, thing)
    posted = phone.client.post(API, {**said["payload"], "client_temp_id": said["client_temp_id"]}, format="json")
    assert posted.status_code == 201
    answer = phone.client.post("/api/v1/sync/push/", phone.envelope(said), format="json")
    assert posted.content in answer.content
    result = answer.json()["results"][0]
    assert (result["status"], result["entity"]) == ("replayed", posted.json())
    assert effects()[:2] == (1, 1)
    assert row_of(said).entity_id == result["id"]


def test_pushed_and_then_posted_is_replayed(phone, shop, thing):
    said = phone.sale(shop.customer, thing)
    result = phone.push_one(said)
    posted = phone.client.post(API, said["payload"], format="json", headers={"Idempotency-Key": said["client_temp_id"]})
    assert posted.headers["Idempotent-Replayed"] == "true"
    assert posted.json() == result["entity"]
    assert Answer.objects.get(key=said["client_temp_id"]).body == json.dumps(posted.json(), separators=(",", ":"))


def test_refused_online_and_then_pushed_is_a_fact(phone, shop, admin):
    thing = shop.thing("38")
    fill(admin, shop.truck, thing, 1)
    said = phone.sale(shop.customer, thing, 500)
    posted = phone.client.post(API, {**said["payload"], "client_temp_id": said["client_temp_id"]}, format="json")
    assert (posted.status_code, posted.json()["code"]) == (409, "insufficient_stock")
    assert phone.push_one(said)["status"] == "applied_with_exception"
    assert kinds(said) == ["short_stock"]


def test_the_same_id_with_other_content_is_a_mismatch(phone, shop, thing):
    said = phone.sale(shop.customer, thing)
    phone.push(said)
    other = {**phone.sale(shop.customer, thing, 2), "client_temp_id": said["client_temp_id"]}
    for _ in range(2):
        result = phone.push_one(other)
        assert (result["status"], result["error"]["code"]) == ("mismatch", "idempotency_mismatch")
    assert effects()[:2] == (1, 1)
    assert SyncException.objects.get().kind == "idempotency_mismatch"
    assert phone.answer()["missing"] == []


def test_posted_as_something_else_is_a_mismatch(phone, shop, thing):
    said = phone.sale(shop.customer, thing)
    phone.client.post(
        API, {**phone.sale(shop.customer, thing, 2)["payload"], "client_temp_id": said["client_temp_id"]}, format="json"
    )
    assert phone.push_one({**said, "seq": 1})["status"] == "mismatch"
    assert effects()[:2] == (1, 1)


def test_blocked_is_done_when_what_it_needs_has_come(phone, shop, thing):
    first = phone.sale(shop.customer, thing)
    second = phone.sale(shop.customer, thing, depends_on=[first["client_temp_id"]])
    result = phone.push_one(second)
    assert (result["status"], result["error"]["waits_for"]) == ("blocked", [first["client_temp_id"]])
    assert phone.push_one(second)["status"] == "blocked"
    assert effects()[0] == 0
    assert phone.push_one(first)["status"] == "applied"
    assert row_of(second).state == "applied"
    assert phone.push_one(second)["status"] == "replayed"
    assert effects()[0] == 2


def test_what_waits_says_when_a_supervisor_comes_first(phone, shop, thing):
    bad = phone.sale(shop.customer, shop.thing())
    waits = phone.sale(shop.customer, thing, depends_on=[bad["client_temp_id"]])
    quarantined, blocked = phone.push(bad, waits)
    assert (quarantined["status"], blocked["status"]) == ("quarantined", "blocked")
    assert blocked["error"] == {
        "code": "blocked",
        "detail": "It waits for an operation that a supervisor has to decide on, and is done by itself after it.",
        "waits_for": [bad["client_temp_id"]],
    }


def test_blocked_and_done_in_the_same_call(phone, shop, thing):
    first = phone.sale(shop.customer, thing, seq=9)
    second = phone.sale(shop.customer, thing, seq=1, depends_on=[first["client_temp_id"]])
    third = phone.sale(shop.customer, thing, seq=2, depends_on=[second["client_temp_id"]])
    assert statuses(phone.push(first, second, third)) == ["applied", "applied", "applied"]


def test_the_worker_does_what_another_phone_has_freed(phone, shop, thing):
    first = phone.sale(shop.customer, thing)
    second = phone.sale(shop.customer, thing, depends_on=[first["client_temp_id"]])
    phone.push(second)
    posted = {**first["payload"], "client_temp_id": first["client_temp_id"]}
    assert phone.client.post(API, posted, format="json").status_code == 201
    assert exceptions.try_again(timezone.now()) == 1
    assert row_of(second).state == "applied"


def test_blocked_for_a_day_is_brought_before_a_supervisor_once(phone, shop, thing):
    said = phone.sale(shop.customer, thing, depends_on=[a_key()])
    phone.push(said)
    exceptions.try_again(timezone.now() + timedelta(hours=23))
    assert kinds(said) == []
    for _ in range(2):
        exceptions.try_again(timezone.now() + timedelta(hours=25))
    assert kinds(said) == ["blocked"]


def test_retry_when_another_batch_has_the_device(phone, shop, thing, monkeypatch):
    monkeypatch.setattr("lpg.sync.lease.PATIENCE", 0.1)
    phone.push()
    other = Lease(phone.device.pk)
    assert other.take()
    sales = [phone.sale(shop.customer, thing) for _ in range(3)]
    assert statuses(phone.push(*sales)) == ["retry"] * 3
    assert (Operation.objects.count(), raw_count()) == (0, 3), "kept before it is judged"
    beside = Sender(phone.user)
    assert beside.push_one(beside.sale(shop.customer, thing))["status"] == "applied", "devices run in parallel"
    other.give_back()
    assert statuses(phone.push(*sales)) == ["applied"] * 3


def test_they_are_done_in_the_order_of_their_numbers_and_answered_in_that_in_which_they_were_sent(phone, shop, thing):
    sales = [phone.sale(shop.customer, thing) for _ in range(4)]
    sent = [sales[2], sales[0], sales[3], sales[1]]
    results = phone.push(*sent)
    assert [result["seq"] for result in results] == [3, 1, 4, 2]
    assert [result["client_temp_id"] for result in results] == [said["client_temp_id"] for said in sent]
    keys = Transaction.objects.order_by("pk").values_list("client_temp_id", flat=True)
    assert list(keys) == [said["client_temp_id"] for said in sales]


def test_what_comes_behind_one_to_be_sent_again_is_to_be_sent_again_too(phone, shop, thing, monkeypatch):
    """So that the order is kept."""
    sales = [phone.sale(shop.customer, thing) for _ in range(3)]
    first = Judge._done
    monkeypatch.setattr(
        Judge, "_done", lambda judge, said, *more: busy() if said.seq == 2 else first(judge, said, *more)
    )
    assert statuses(phone.push(*sales)) == ["applied", "retry", "retry"]
    monkeypatch.undo()
    assert statuses(phone.push(*sales)) == ["replayed", "applied", "applied"]


def busy():
    raise work.Busy


def test_an_old_client_may_push_what_it_holds(phone, shop, thing, settings):
    settings.MIN_CLIENT = "99.0"
    assert phone.client.get("/api/v1/sync/pull/").json()["min_client"] == "99.0"
    assert phone.push_one(phone.sale(shop.customer, thing))["status"] == "applied"


def test_a_lost_lease_ends_the_batch_and_nothing_is_half_done(phone, shop, thing, monkeypatch):
    sales = [phone.sale(shop.customer, thing) for _ in range(4)]
    renew, times = Lease.renew, iter(range(100))

    def stolen(lease):
        if next(times) == 2:
            Lease(lease.device_pk)._claim()
            phone.device.__class__.objects.filter(pk=lease.device_pk).update(lease_token="somebody")
        renew(lease)

    monkeypatch.setattr(Lease, "renew", stolen)
    assert statuses(phone.push(*sales)) == ["applied", "applied", "retry", "retry"]
    assert effects()[:2] == (2, 2)


def test_missing_are_the_holes(phone, shop, thing):
    def sale(seq):
        return phone.sale(shop.customer, thing, seq=seq)

    assert phone.answer(sale(3), sale(7))["missing"] == [[1, 2], [4, 6]]
    assert phone.device.gaps == [[1, 2], [4, 6]]
    assert phone.answer(sale(2), sale(5))["missing"] == [[1, 1], [4, 4], [6, 6]]
    assert phone.answer(sale(1), sale(4), sale(6))["missing"] == []
    assert phone.device.whole_to == 7
    assert phone.answer(sale(9))["missing"] == [[8, 8]]


def test_a_number_used_twice_is_applied_and_noted(phone, shop, thing):
    first, second = phone.sale(shop.customer, thing), phone.sale(shop.customer, thing, seq=1)
    assert statuses(phone.push(first, second)) == ["applied", "applied_with_exception"]
    assert kinds(second) == ["device_cloned_or_restored"]
    assert statuses(phone.push(first, second)) == ["replayed", "replayed"]


def test_the_figures_of_the_device(phone, shop, thing):
    ahead = timezone.now() + timedelta(hours=2)
    phone.push(phone.sale(shop.customer, thing), device_now=ahead)
    assert abs(phone.device.skew_seconds - 7200) < 5
    assert phone.device.last_contact_at > timezone.now() - timedelta(minutes=1)
    phone.push(phone.sale(shop.customer, thing, seq=5), device_now=ahead)
    (row,) = phone.client.get("/api/v1/sync/devices/").json()["results"]
    assert (row["gaps"], abs(row["skew_seconds"] - 7200) < 5) == ([[2, 4]], True)
