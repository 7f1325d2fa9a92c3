"""Two at once close the same day, or approve the same close."""

from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from lpg import work
from lpg.audit.models import AuditLog
from lpg.day_close import services
from lpg.day_close.models import DayClose
from lpg.inventory.places import Owner
from tests import make
from tests.day_closes import a_day_close, approved
from tests.races import together
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db(transaction=True)
CROWD = 6


@pytest.fixture
def thing(admin, driver):
    made = make.some_equipment(admin)
    fill(admin, Owner("truck", driver.vehicle_id), made, 10)
    return made


def crowd(do):
    """What came of it: how many did it, and what the others were told."""
    results = together(*[lambda: work.run(do)] * CROWD)
    return [type(one).__name__ for one in results]


def test_a_day_is_closed_once_however_many_try(driver, thing):
    outcomes = crowd(lambda: a_day_close(driver, driver.vehicle_id, (thing, "FULL", 8)))
    assert sorted(outcomes) == ["ClosedAlready"] * (CROWD - 1) + ["DayClose"]
    assert DayClose.objects.count() == 1
    assert AuditLog.objects.filter(action="CREATE_DAY_CLOSE").count() == 1


def test_a_close_is_posted_once_however_many_approve_it(admin, driver, thing, one_transaction):
    close = a_day_close(driver, driver.vehicle_id, (thing, "FULL", 8))
    outcomes = crowd(lambda: approved(admin, close))
    assert sorted(outcomes) == ["DayClose"] + ["NotPending"] * (CROWD - 1)
    assert held(Owner("truck", driver.vehicle_id), thing) == 8
    assert AuditLog.objects.filter(action="APPROVE_DAY_CLOSE").count() == 1
    assert disagreements() == {}


def test_control_without_locks_and_transaction_the_race_is_there(admin, driver, thing, monkeypatch):
    """The same crowd, its locks and its transaction taken away: one close is approved more than once."""
    naked = services.approve.__wrapped__
    given = {"actor": admin, "reason": "Lent", "now": timezone.now()}
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **options: self)
    for days in range(20):
        close = a_day_close(driver, None, (thing, "FULL", 10), now=timezone.now() - timedelta(days=days))
        parts = [lambda pk=close.pk: naked(close_id=pk, **given)] * CROWD
        if sum(not isinstance(result, Exception) for result in together(*parts)) > 1:
            return
    pytest.fail("without locks nothing went wrong: this test proves nothing")
