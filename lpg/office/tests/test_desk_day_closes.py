"""Day closes at the desk: what was counted beside the books, why they may differ, and the approval."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lpg.inventory.places import Owner
from lpg.office.tests.desk import at, audited, books, list_of, page_of, queries, said, sign_in
from tests import make
from tests.day_closes import a_day_close, approved
from tests.sales import delivered
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db
LIST = list_of("day_close_dayclose")


@pytest.fixture
def loaded(admin, driver, cylinder):
    """The driver's truck with ten full ones."""
    owner = Owner("truck", driver.vehicle_id)
    fill(admin, owner, cylinder, 10)
    return owner


def test_it_says_what_differs_and_why_and_posts_it_with_a_reason(desk, driver, loaded, cylinder):
    close = a_day_close(driver, None, (cylinder, "FULL", 8), money={"CASH": "77.00"})
    page = page_of("day_close_dayclose", close.pk)
    shown = said(desk.get(page))
    assert f"{cylinder.name} Full Full 8 10 −2" in shown
    assert "Cash 77.00 0.00 +77.00" in shown
    assert "A delivery not recorded" in shown
    assert f"2 full {cylinder.name} fewer than the books hold: most likely a delivery was not recorded." in shown
    assert "A payment not recorded S$77.00 by Cash more" in shown
    assert f"{driver.vehicle} " in said(desk.get(LIST))
    assert "Differs" in said(desk.get(LIST))
    before = books()
    assert "Say why" in said(desk.post(page, {"do": "approve", "reason": " "}))
    assert books() == before
    done = lambda: desk.post(page, {"do": "approve", "reason": "Sold next door"})  # noqa: E731
    assert audited(done) == ["APPROVE_DAY_CLOSE"]
    assert held(loaded, cylinder) == 8
    again = said(desk.post(page, {"do": "approve", "reason": "x"}))
    assert "This day close is approved already. Nothing is left to do." in again
    assert "Sold next door" in again
    entry = desk.get(at(loaded, "ledger")).context["page"].entries[0]
    assert (entry.change, entry.cause, entry.movement.reason, entry.document) == (
        "−2",
        "Day close",
        "Sold next door",
        page,
    )
    assert disagreements() == {}


def test_what_agrees_needs_no_reason(own, driver, loaded, cylinder):
    close = a_day_close(driver, None, (cylinder, "FULL", 10))
    page = page_of("day_close_dayclose", close.pk)
    assert "Count and books agree" in said(own.get(page))
    assert "Agrees" in said(own.get(LIST))
    assert "Day closes waiting 1" in said(own.get("/admin/"))
    assert audited(lambda: own.post(page, {"do": "approve"})) == ["APPROVE_DAY_CLOSE"]
    assert "Day closes waiting 0" in said(own.get("/admin/"))
    assert "Closed the day" in said(own.get(page))


def test_what_was_recorded_after_the_count_is_seen_and_not_posted_twice(own, driver, shop, loaded, cylinder):
    close = a_day_close(driver, None, (cylinder, "FULL", 8))
    page = page_of("day_close_dayclose", close.pk)
    assert "since the count" not in said(own.get(page))
    shop.sell(delivered(cylinder, 2))
    assert f"{cylinder.name} Full Full 8 10 −2 −2 since the count" in said(own.get(page))
    own.post(page, {"do": "approve", "reason": "Recorded at the desk", "recorded_since": "on"})
    assert held(loaded, cylinder) == 8
    assert "since the count" not in said(own.get(page))
    assert disagreements() == {}


def test_who_counted_does_not_approve(own, supervisor, driver, loaded, cylinder):
    close = a_day_close(supervisor, driver.vehicle_id, (cylinder, "FULL", 9))
    page = page_of("day_close_dayclose", close.pk)
    shown = said(own.get(page))
    assert "You counted this, so somebody else must approve it." in shown
    assert "What is to happen?" not in shown
    assert "Differs" in said(own.get(LIST))
    before = books()
    assert (
        "you counted this yourself. somebody else must approve it."
        in said(own.post(page, {"do": "approve", "reason": "mine"})).lower()
    )
    assert books() == before


def test_a_supervisor_finds_only_those_of_the_own_depots(own, desk, other_driver):
    close = a_day_close(other_driver, None)
    page = page_of("day_close_dayclose", close.pk)
    assert own.get(page).status_code == own.post(page, {"do": "approve"}).status_code == 404
    assert str(other_driver.vehicle) not in said(own.get(LIST))
    assert desk.get(page).status_code == 200


def test_the_list_is_filtered_by_day_truck_depot_and_state(desk, admin, driver, other_driver):
    ours, theirs = a_day_close(driver, None), approved(admin, a_day_close(other_driver, None))
    for query, found in {
        "": {ours, theirs},
        "status=APPROVED": {theirs},
        f"vehicle={driver.vehicle_id}": {ours},
        f"depot={other_driver.depot_id}": {theirs},
        f"since={ours.date}&until={ours.date}": {ours, theirs},
        "until=2020-01-01": set(),
    }.items():
        assert set(desk.get(f"{LIST}?{query}").context["cl"].result_list) == found, query


def test_the_pages_cost_the_same_however_much_was_counted(admin, driver):
    client = sign_in(admin)
    few = a_day_close(
        driver, None, (make.some_equipment(admin), "FULL", 1), date=timezone.localdate() - timedelta(days=1)
    )
    things = [make.some_equipment(admin) for _ in range(5)]
    more = a_day_close(driver, None, *((thing, "FULL", 1) for thing in things), money={"CASH": "1.00", "CARD": "2.00"})
    pages = [page_of("day_close_dayclose", close.pk) for close in (few, more)]
    assert queries(client, pages[0]) == queries(client, pages[1]) == 13
