"""Whatever is repeated, shuffled, cut or sent at once: each operation has one effect."""

import random
from datetime import timedelta
from functools import partial
from itertools import batched, groupby

import pytest
from django.utils import timezone

from lpg.accounts import tokens
from lpg.accounts.models import Session
from lpg.accounts.services import change_user
from lpg.integrity.services import verify
from lpg.roles import Role
from lpg.sync.models import Operation, RawOperation, SyncException
from lpg.transactions.models import Transaction
from tests import make
from tests.pushing import Sender, effects, kinds, statuses
from tests.races import all_well, together
from tests.sales import API

pytestmark = pytest.mark.django_db(transaction=True)
DONE = {"applied", "replayed"}


def again(phone):
    """The same phone, on another connection."""
    return Sender(phone.user, phone.device_id)


def one_effect_each(operations):
    assert Operation.objects.filter(state="applied").count() == len(operations)
    assert effects() == (len(operations),) * 3
    numbers = sorted(Transaction.objects.values_list("transaction_number", flat=True))
    assert [int(number[-6:]) for number in numbers] == list(range(1, len(operations) + 1))


def until_done(phone, operations):
    """As a phone does: what is to be sent again is sent again."""
    left = list(operations)
    for _ in range(60):
        results = phone.push(*left)
        left = [said for said, result in zip(left, results, strict=True) if result["status"] == "retry"]
        if not left:
            return True
    return False


def test_a_batch_replayed_ten_times_at_once(phone, shop, thing):
    operations = [phone.sale(shop.customer, thing) for _ in range(4)]
    phones = [again(phone) for _ in range(10)]
    parts = [lambda one=one: until_done(one, operations) for one in phones]
    assert all(all_well(together(*parts)))
    one_effect_each(operations)
    assert set(statuses(phone.push(*operations))) == {"replayed"}


def test_shuffled_cut_and_doubled(phone, shop, thing):
    chance = random.Random(6)
    operations = [phone.sale(shop.customer, thing) for _ in range(12)]
    for key, said in enumerate(operations[1:]):
        said["depends_on"] = [operations[chance.randrange(key + 1)]["client_temp_id"]]
    sent = operations * 3
    chance.shuffle(sent)
    for part in batched(sent, 5, strict=False):
        phone.push(*part)
    one_effect_each(operations)
    assert phone.answer()["missing"] == []
    assert set(statuses(phone.push(*operations))) == {"replayed"}


def test_ten_times_at_once_in_any_order_cut_and_doubled(phone, shop, thing, pocket):
    """And the copy rebuilt from a pull is what the server says this user may see."""
    operations = [phone.sale(shop.customer, thing) for _ in range(8)]
    for key, said in enumerate(operations[1:]):
        said["depends_on"] = [operations[key // 2]["client_temp_id"]]

    def storm(number):
        chance, own = random.Random(number), again(phone)
        sent = operations * 2
        chance.shuffle(sent)
        parts = [list(part) for part in batched(sent, chance.randint(3, 9), strict=False)]
        return [until_done(own, part) for part in parts]

    assert all(all(done) for done in all_well(together(*(partial(storm, number) for number in range(10)))))
    one_effect_each(operations)
    assert not SyncException.objects.exists()
    assert phone.answer()["missing"] == []
    assert verify_clean()
    copy = pocket(phone.user)
    copy.pull()
    copy.agrees()
    assert {row["client_temp_id"] for row in copy.copy()["transactions"].values()} == {
        said["client_temp_id"] for said in operations
    }


def test_two_batches_of_one_device_never_interleave(phone, shop, thing):
    batches = [[phone.sale(shop.customer, thing) for _ in range(6)] for _ in range(4)]
    parts = [partial(until_done, again(phone), batch) for batch in batches]
    assert all(all_well(together(*parts)))
    whose = {said["client_temp_id"]: number for number, batch in enumerate(batches) for said in batch}
    order = [whose[key] for key in Transaction.objects.order_by("pk").values_list("client_temp_id", flat=True)]
    assert [number for number, _ in groupby(order)] == list(dict.fromkeys(order)), order


def test_posted_and_pushed_at_once(phone, shop, thing):
    for _ in range(3):
        said = phone.sale(shop.customer, thing)
        posting = make.a_client(phone.user)
        body = {**said["payload"], "client_temp_id": said["client_temp_id"]}
        one, two = again(phone), again(phone)
        all_well(
            together(
                lambda body=body, posting=posting: posting.post(API, body, format="json"),
                lambda one=one, said=said: until_done(one, [said]),
                lambda two=two, said=said: until_done(two, [said]),
            )
        )
    assert effects() == (3, 3, 3)


def test_one_queue_on_two_devices_at_once(phone, shop, thing):
    operations = [phone.sale(shop.customer, thing) for _ in range(3)]
    other = Sender(phone.user)
    all_well(together(lambda: until_done(phone, operations), lambda: until_done(other, operations)))
    one_effect_each(operations)


def test_devices_run_side_by_side(admin, shop, thing, driver):
    phones = [Sender(driver) for _ in range(4)]
    queues = [[phone.sale(shop.customer, thing) for _ in range(3)] for phone in phones]
    parts = [lambda p=p, q=q: until_done(p, q) for p, q in zip(phones, queues, strict=True)]
    assert all(all_well(together(*parts)))
    assert effects() == (12, 12, 12)
    assert verify_clean()


def verify_clean():
    run = verify()
    assert run.ok, [check for check in run.checks if not check["ok"]]
    return True


def test_a_phone_restored_from_yesterdays_backup(phone, shop, thing):
    """It says some of yesterday again, and numbers today's sales as it numbered those that it has forgotten."""
    yesterday = [phone.sale(shop.customer, thing) for _ in range(4)]
    phone.push(*yesterday)
    phone.seq = 2
    today = [phone.sale(shop.customer, thing) for _ in range(3)]
    results = phone.push(*yesterday[:2], *today)
    assert statuses(results) == ["replayed"] * 2 + ["applied_with_exception"] * 2 + ["applied"]
    assert [kinds(said) for said in today] == [["device_cloned_or_restored"]] * 2 + [[]]
    assert phone.answer()["missing"] == []
    assert effects()[0] == 7


def test_two_phones_with_one_device_id(phone, shop, thing):
    other = again(phone)
    mine = [phone.sale(shop.customer, thing) for _ in range(2)]
    theirs = [other.sale(shop.customer, thing) for _ in range(3)]
    phone.push(*mine)
    assert statuses(other.push(*theirs)) == ["applied_with_exception"] * 2 + ["applied"]
    assert effects()[0] == 5


def test_two_people_on_one_phone_are_two_queues(phone, shop, thing, admin, driver):
    colleague = make.a_user(Role.DRIVER, by=admin, depot=driver.depot_id, vehicle=driver.vehicle_id)
    theirs = Sender(colleague, phone.device_id)
    for each in (phone, theirs):
        assert statuses(each.push(*(each.sale(shop.customer, thing) for _ in range(2)))) == ["applied"] * 2
    assert phone.answer()["missing"] == theirs.answer()["missing"] == []


def test_a_token_that_ran_out_three_days_ago(phone, shop, thing):
    operations = [phone.sale(shop.customer, thing) for _ in range(3)]
    Session.objects.filter(user=phone.user).update(expires_at=timezone.now() - timedelta(days=3))
    answer = phone.client.post("/api/v1/sync/push/", phone.envelope(*operations), format="json")
    assert answer.status_code == 401
    assert RawOperation.objects.count() == 0
    assert statuses(again(phone).push(*operations)) == ["applied"] * 3


def test_a_forged_token_is_nobody(phone, shop, thing, admin):
    session = phone.client.signed_in
    good = tokens.issue(session)["access"]
    change_user(actor=admin, user_id=phone.user.pk, values={"is_active": False})
    head, body, sign = good.split(".")
    for token in (f"{head}.{body}.{sign[::-1]}", "x", "", f"{head}.{body}.", tokens.issue(session)["refresh"]):
        phone.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert phone.client.post("/api/v1/sync/push/", phone.envelope(), format="json").status_code == 401


def test_an_answer_that_was_lost(phone, shop, thing):
    operations = [phone.sale(shop.customer, thing) for _ in range(3)]
    for _ in range(3):
        phone.push(*operations)
    one_effect_each(operations)
