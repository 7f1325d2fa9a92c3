"""What supervisors do with what phones have sent: try again, settle, set aside."""

import pytest
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.equipment.services import add_default_rate
from lpg.roles import Role
from lpg.sync.models import SyncException
from lpg.transactions.models import Transaction
from tests import make
from tests.bad import is_a_problem
from tests.pushing import Sender, a_key, kinds, row_of, statuses
from tests.sales import Shop, fill

pytestmark = pytest.mark.django_db
API = "/api/v1/sync/exceptions/"


@pytest.fixture
def phone(driver):
    return Sender(driver)


@pytest.fixture
def shop(admin, driver):
    return Shop(admin, driver)


@pytest.fixture
def inbox(supervisor):
    return make.a_client(supervisor)


def of(said):
    return SyncException.objects.get(operation__client_temp_id=said["client_temp_id"], state="open")


def do(client, exception, action, **body):
    answer = client.post(f"{API}{exception.pk}/{action}/", body, format="json")
    return answer.status_code, answer.json()


def rows_of(action):
    return list(AuditLog.objects.filter(action=action))


def test_it_shows_what_happened_and_what_the_server_expected(phone, shop, admin, inbox):
    thing = shop.thing("38")
    fill(admin, shop.truck, thing, 1)
    said = phone.sale(shop.customer, thing, 3)
    phone.push(said)
    (row,) = inbox.get(API).json()["results"]
    assert (row["kind"], row["state"], row["user_name"]) == ("short_stock", "open", "driver")
    assert row["operation"]["payload"] == said["payload"]
    assert row["operation"]["said_at"] == said["captured_at"]
    assert row["operation"]["state"] == "applied_with_exception"
    assert row["operation"]["entity_id"] == Transaction.objects.get().pk
    assert row["expected"]
    assert inbox.get(f"{API}{row['id']}/").json() == row


def test_filters(phone, shop, inbox, other_driver, admin):
    phone.push(phone.op("no.such", {}), phone.sale(shop.customer, shop.thing()))
    Sender(other_driver).push(5)

    def asked(query):
        return [row["kind"] for row in make.a_client(admin).get(f"{API}?ordering=id&{query}").json()["results"]]

    assert asked("") == ["unknown_type", "no_rate", "malformed"]
    assert asked("kind=no_rate") == ["no_rate"]
    assert asked(f"user={other_driver.pk}") == ["malformed"]
    assert asked(f"device={phone.device.pk}") == ["unknown_type", "no_rate"]
    assert asked("state=resolved") == []
    assert [row["kind"] for row in inbox.get(API).json()["results"]] == ["no_rate", "unknown_type"]


def test_an_operation_belongs_to_the_depot_it_names(phone, union, shop, admin):
    sale = phone.sale(shop.customer, shop.thing(), with_={"depot": union.pk})
    nobodys = phone.sale(shop.customer, shop.thing(), with_={"depot": 999_999})
    phone.push(sale, nobodys)
    assert row_of(sale).depot_id == union.pk
    assert row_of(nobodys).depot_id == phone.user.depot_id
    theirs = make.a_client(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))
    assert [row["operation"]["client_temp_id"] for row in theirs.get(API).json()["results"]] == [sale["client_temp_id"]]


def test_tried_again_it_is_judged_as_it_is_as_who_recorded_it(phone, shop, admin, inbox, supervisor):
    thing = shop.thing()
    said = phone.sale(shop.customer, thing)
    later = phone.sale(shop.customer, shop.thing("5"), depends_on=[said["client_temp_id"]])
    assert statuses(phone.push(said, later)) == ["quarantined", "blocked"]
    exception = of(said)
    status, row = do(inbox, exception, "retry")
    assert (status, row["state"], row["kind"], row["operation"]["state"]) == (200, "open", "no_rate", "quarantined")
    today = timezone.localdate()
    add_default_rate(actor=admin, equipment_id=thing.pk, rate=38, effective_from=today)
    status, row = do(inbox, exception, "retry")
    assert (status, row["state"], row["operation"]["state"]) == (200, "resolved", "applied")
    assert row["decided_by"] == supervisor.pk
    sale = Transaction.objects.earliest("pk")
    assert (sale.user_id, sale.occurred_at) == (phone.user.pk, row_of(said).captured_at)
    assert row_of(later).state == "applied"
    assert statuses(phone.push(said, later)) == ["replayed", "replayed"]
    made = AuditLog.objects.filter(action="CREATE_TRANSACTION").earliest("pk")
    asked = rows_of("RETRY_SYNC_EXCEPTION")
    assert len(asked) == 2
    assert (made.user_id, asked[1].user_id) == (phone.user.pk, supervisor.pk)
    assert made.request_id == asked[1].request_id
    assert asked[1].payload["after"]["recorded_by"] == "driver"
    assert do(inbox, exception, "retry")[0] == 409


def test_what_was_done_cannot_be_tried_again(phone, shop, admin, inbox):
    thing = shop.thing("38")
    fill(admin, shop.truck, thing, 1)
    said = phone.sale(shop.customer, thing, 3)
    phone.push(said)
    status, problem = do(inbox, of(said), "retry")
    assert (status, problem["code"]) == (409, "not_pending")
    assert do(inbox, of(said), "resolve", note="The truck was loaded without a distribution")[0] == 200
    assert row_of(said).state == "applied_with_exception"
    (row,) = rows_of("RESOLVE_SYNC_EXCEPTION")
    assert row.payload["after"]["note"] == "The truck was loaded without a distribution"


@pytest.mark.parametrize(
    ("action", "body", "state"),
    [("resolve", {"note": "Recorded at the desk"}, "resolved"), ("dismiss", {"reason": "A trial"}, "dismissed")],
)
def test_decided_once(phone, shop, inbox, action, body, state):
    said = phone.sale(shop.customer, shop.thing())
    after = phone.sale(shop.customer, shop.thing("5"), depends_on=[said["client_temp_id"]])
    phone.push(said, after)
    exception = of(said)
    status, row = do(inbox, exception, action, **body)
    assert (status, row["state"], row["operation"]["state"]) == (200, state, state)
    assert kinds(after) == ["dependency_dismissed"]
    told = phone.push_one(said)
    assert (told["status"], told["error"]["code"]) == ("quarantined", state)
    assert told["error"]["detail"].endswith(f": {next(iter(body.values()))}"), "the phone hears why"
    for again, more in (("resolve", {"note": "x"}), ("dismiss", {"reason": "x"}), ("retry", {})):
        status, problem = do(inbox, exception, again, **more)
        assert (status, problem["code"]) == (409, "decided_already")
    assert len(rows_of(f"{action.upper()}_SYNC_EXCEPTION")) == 1


def test_only_supervisors_of_the_depot(phone, shop, driver, admin, union):
    said = phone.sale(shop.customer, shop.thing())
    phone.push(said)
    exception = of(said)
    stranger = make.a_client(make.a_user(Role.SUPERVISOR, by=admin, depot=union.pk))
    for action, body in (("retry", {}), ("resolve", {"note": "x"}), ("dismiss", {"reason": "x"})):
        for client, status in ((make.a_client(driver), 403), (stranger, 404)):
            answer = client.post(f"{API}{exception.pk}/{action}/", body, format="json")
            assert answer.status_code == status
            is_a_problem(answer)
    assert of(said).state == "open"


def test_a_number_used_twice_says_nothing_of_whether_it_could_be_done(phone, shop, inbox):
    thing = shop.thing("38")
    first = phone.sale(shop.customer, thing)
    waits = phone.sale(shop.customer, thing, seq=1, depends_on=[a_key()])
    bad = phone.op("no.such", {}, seq=1)
    assert statuses(phone.push(first, waits, bad)) == ["applied", "blocked", "quarantined"]
    assert kinds(waits) == ["device_cloned_or_restored"]
    assert kinds(bad) == ["device_cloned_or_restored", "unknown_type"]
    assert do(inbox, of(waits), "resolve", note="One phone, restored")[0] == 200
    assert row_of(waits).state == "blocked"


def test_what_waited_under_a_number_used_twice_is_done_with_an_exception(phone, shop, inbox):
    """Whether it is to be looked at does not depend on whether it had to wait."""
    thing = shop.thing("38")
    needed = phone.sale(shop.customer, thing, seq=2)
    waits = phone.sale(shop.customer, thing, seq=1, depends_on=[needed["client_temp_id"]])
    assert statuses(phone.push(phone.sale(shop.customer, thing, seq=1), waits)) == ["applied", "blocked"]
    assert phone.push_one(needed)["status"] == "applied"
    assert (row_of(waits).state, kinds(waits)) == ("applied_with_exception", ["device_cloned_or_restored"])
    again = phone.push_one(waits)
    assert (again["status"], again["error"]["code"]) == ("replayed", "device_cloned_or_restored")
    assert do(inbox, of(waits), "resolve", note="One phone, restored")[0] == 200
    assert kinds(waits) == []


def test_the_end_of_a_day_waits_for_all_of_it(phone, shop, inbox):
    registered = phone.client.post("/api/v1/sync/devices/", {"device_id": phone.device_id}, format="json")
    assert registered.status_code == 201
    good, bad = phone.sale(shop.customer, shop.thing("38")), phone.sale(shop.customer, shop.thing())
    close = {"date": timezone.localdate().isoformat(), "vehicle": phone.user.vehicle_id, "counts": [], "money": []}
    end = phone.op("day.close", close)
    assert phone.push_one(end)["status"] == "blocked"
    assert statuses(phone.push(good, bad)) == ["applied", "quarantined"]
    assert row_of(end).state == "blocked"
    assert phone.client.post("/api/v1/day-closes/", close, format="json").json()["code"] == "queue_not_empty"
    assert do(inbox, of(bad), "resolve", note="Recorded at the desk")[0] == 200
    assert row_of(end).state == "applied"
    late = phone.sale(shop.customer, shop.thing("38"))
    assert phone.push_one(late)["status"] == "applied_with_exception"
    assert kinds(late) == ["closed_day"]


def test_a_day_that_is_whole_is_closed_in_the_same_call(phone, shop):
    thing = shop.thing("38")
    close = {"date": timezone.localdate().isoformat(), "counts": [], "money": []}
    sales = [phone.sale(shop.customer, thing) for _ in range(3)]
    end = phone.op("day.close", close)
    assert statuses(phone.push(*sales, end)) == ["applied"] * 4
    assert statuses(phone.push(end)) == ["replayed"]
