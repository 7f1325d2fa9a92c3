"""Many clients at one stock at once. Each race has a control in which the lock is gone, and there the race is seen."""

from collections import Counter
from contextlib import contextmanager

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from lpg import sql
from lpg.distribution import services
from lpg.inventory.models import Movement
from lpg.inventory.places import Owner
from tests import make
from tests.races import all_well, together
from tests.stock import a_distribution, disagreements, fill, held

CLIENTS = 24
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


@contextmanager
def without_locks(monkeypatch):
    """As if nobody locked: reads pass each other."""
    with monkeypatch.context() as patched:
        patched.setattr(sql, "locking", lambda: "")
        patched.setattr(QuerySet, "select_for_update", lambda self, **options: self)
        yield


def confirm(driver, distribution, **headers):
    """A client of its own that confirms and says what it was answered."""
    client = make.a_client(driver)

    def part():
        answer = client.post(f"/api/v1/distributions/{distribution.pk}/confirm/", {}, format="json", headers=headers)
        return answer.status_code, answer.json().get("code", answer.json().get("status"))

    return part


def test_of_24_that_confirm_one_distribution_one_does(admin, driver, singgas, cylinder):
    fill(admin, Owner("depot", singgas.pk), cylinder, 100)
    distribution = a_distribution(driver, singgas.pk, (cylinder, 4))
    answers = Counter(all_well(together(*[confirm(driver, distribution) for _ in range(CLIENTS)])))
    assert answers == {(200, "CONFIRMED"): 1, (409, "already_confirmed"): CLIENTS - 1}
    assert held(Owner("depot", singgas.pk), cylinder) == 96
    assert Movement.objects.filter(cause="DISTRIBUTION").count() == 1
    assert disagreements() == {}


def test_24_with_one_key_get_one_answer(admin, driver, singgas, cylinder):
    fill(admin, Owner("depot", singgas.pk), cylinder, 100)
    distribution = a_distribution(driver, singgas.pk, (cylinder, 4))
    key = {"Idempotency-Key": "one"}
    answers = Counter(all_well(together(*[confirm(driver, distribution, **key) for _ in range(CLIENTS)])))
    late = sum(answers.pop(code, 0) for code in ((409, "in_progress"), (503, "busy")))
    assert answers == {(200, "CONFIRMED"): CLIENTS - late}
    assert confirm(driver, distribution, **key)() == (200, "CONFIRMED")
    assert held(Owner("depot", singgas.pk), cylinder) == 96
    assert disagreements() == {}


def test_ten_of_24_get_the_last_ten(admin, driver, singgas, cylinder):
    fill(admin, Owner("depot", singgas.pk), cylinder, 10)
    all_of_them = [a_distribution(driver, singgas.pk, (cylinder, 1)) for _ in range(CLIENTS)]
    answers = Counter(all_well(together(*[confirm(driver, distribution) for distribution in all_of_them])))
    assert answers == {(200, "CONFIRMED"): 10, (409, "insufficient_stock"): CLIENTS - 10}
    assert held(Owner("depot", singgas.pk), cylinder) == 0
    assert disagreements() == {}


def test_opposite_orders_over_the_same_things_never_show_a_client_a_deadlock(admin, singgas, union):
    things = [make.some_equipment(admin) for _ in range(6)]
    for thing in things:
        fill(admin, Owner("depot", singgas.pk), thing, 500)
        fill(admin, Owner("depot", union.pk), thing, 500)
    parts = []
    for number in range(CLIENTS):
        forward = number % 2 == 0
        lines = [(thing, 1) for thing in (things if forward else reversed(things))]
        origin, target = (singgas, union) if forward else (union, singgas)
        parts.append(confirm(admin, a_distribution(admin, origin.pk, *lines, to_depot_id=target.pk)))
    assert Counter(all_well(together(*parts))) == {(200, "CONFIRMED"): CLIENTS}
    assert disagreements() == {}


def test_control_without_locks_and_transaction_the_race_is_there(admin, driver, singgas, cylinder, monkeypatch):
    """The same crowd, its locks and its transaction taken away: one distribution is confirmed more than once."""
    fill(admin, Owner("depot", singgas.pk), cylinder, 1000)
    naked = services.confirm.__wrapped__
    with without_locks(monkeypatch):
        for _ in range(20):
            pk = a_distribution(driver, singgas.pk, (cylinder, 1)).pk
            crowd = [lambda pk=pk: naked(actor=driver, distribution_id=pk, now=timezone.now()) for _ in range(CLIENTS)]
            if sum(not isinstance(result, Exception) for result in together(*crowd)) > 1:
                return
    pytest.fail("without locks nothing went wrong: this test proves nothing")
