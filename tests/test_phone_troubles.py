"""The drivers' app in a real Chromium when something is wrong: two tabs, a dead server, an update, a wrong clock."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from lpg_client.api import Api
from tests.in_chromium import NEEDED, all_of, app_running, booked, shown_of, signed_in, taken_by, told, truck_of
from tests.running import Running

STORIES = ("tabs", "dead", "updated", "clock 3", "clock -3")
SILENT = re.compile(
    r"The server has not answered since (.+, )?\d\d:\d\d\. All is kept on this phone and goes by itself\."
)
A_CALL = 30_000  # milliseconds that the app waits for an answer
pytestmark = NEEDED


@dataclass(frozen=True)
class Story:
    """What the phone told, and what the server had of it when it was over."""

    told: dict[str, Any]
    booked: dict[str, dict[str, Any]]  # by client_temp_id, in the order of the queue
    truck: dict[str, list[int]]
    money: dict[str, str]
    day: str  # the business day of the last sale


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with app_running(tmp_path_factory.mktemp("phone")) as site:
        yield site


@pytest.fixture(scope="module")
def driver(site) -> Api:
    return signed_in(site, "driver")


@pytest.fixture(scope="module")
def tell(site, driver, tmp_path_factory):
    """Has one told, once: with more on the truck than is sold, and on a phone of its own."""
    stories: dict[str, Story | None] = {}
    supervisor = signed_in(site, "supervisor")

    def story(name: str) -> Story:
        if name not in stories:
            stories[name] = None
            load(supervisor, driver.call("GET", "me/")["vehicle"])
            said = told("troubles", site, tmp_path_factory.mktemp("profile"), *name.split())
            rows = booked(driver, said["queue"])
            own = {one["client_temp_id"]: rows[one["client_temp_id"]] for one in said["queue"]}
            day = next(reversed(own.values()))["occurred_at"][: len("2026-11-20")]
            stories[name] = Story(said, own, truck_of(driver), taken_by(driver, day), day)
        found = stories[name]
        assert found, "it broke off: the first test that asked for it says how"
        return found

    return story


@pytest.fixture(params=STORIES)
def story(request, tell) -> Story:
    return tell(request.param)


@pytest.fixture(params=[3, -3], ids=["ahead", "behind"])
def days(request) -> int:
    return request.param


@pytest.fixture
def clock(tell, days) -> Story:
    return tell(f"clock {days}")


def test_each_sale_is_done_once_and_in_order(story):
    queue = story.told["queue"]
    assert [one["seq"] for one in queue] == list(range(1, len(queue) + 1))
    assert {one["state"] for one in queue} == {"applied"}, "nothing is for a supervisor to look at"
    assert all(one["id"] < other["id"] for one, other in pairwise(story.booked.values()))


def test_in_the_end_the_phone_shows_what_the_server_has(story):
    assert shown_of(story.booked).items() <= dict(story.told["documents"]).items()
    assert story.told["truck"] == story.truck
    assert story.told["money"] == story.money


def test_the_browser_complains_of_nothing(story):
    assert story.told["mistakes"] == []


def test_one_tab_sends_for_both(tell):
    said = tell("tabs").told
    assert said["lost"] >= 1, "an answer was lost"
    assert said["most"] == 1, "calls at once"
    assert said["pushes"][0] == [1, 2, 3, 4, 5, 6], "what both have recorded, the oldest first"
    assert said["pushes"][-1] == [7, 8], "the other tab sends what the closed one had under way"


def test_both_tabs_show_the_same(tell):
    story = tell("tabs")
    documents = dict(story.told["together"]["documents"])
    assert shown_of(dict(list(story.booked.items())[:6])).items() <= documents.items()
    for name, (full, empty) in story.told["before"].items():
        out, back = {"9 kg cylinder": (2 * 3, 3), "14 kg cylinder": (3, 3)}.get(name, (0, 0))
        assert story.told["together"]["truck"][name] == [full - out, empty + back]


def test_nobody_waits_for_a_server_that_is_dead(tell):
    said = tell("dead").told
    assert said["thinksOnline"], "the phone has a network"
    assert said["sale"] < A_CALL / 2, "milliseconds, although every call hangs"
    assert [one["state"] for one in said["kept"]] == ["waiting", "waiting"]


@pytest.mark.parametrize("place", ["hanging", "outbox", "list", "refused"])
def test_the_driver_reads_that_the_server_does_not_answer_and_since_when(tell, place):
    said = tell("dead").told[place]
    assert SILENT.search(said), said
    assert "No network" not in said, "there is one"


def test_the_driver_reads_what_waits_and_that_it_has_gone(tell):
    said = tell("dead").told
    assert "2 entries to send" in said["hanging"]
    assert "1 entry to send" in said["refused"]
    assert "Everything is sent" in said["back"]
    assert "has not answered" not in said["back"]


def test_a_new_version_is_offered_and_forces_nothing(tell):
    said = tell("updated").told
    assert "10 entries to send" in said["offer"]
    assert "A new version of the app is ready. Taking it needs a moment; what you have recorded stays." in said["offer"]
    assert "Serve a customer" in said["offer"], "the old one goes on"


def test_an_update_in_the_middle_of_sending_loses_nothing(tell):
    said = tell("updated").told
    assert said["midway"] == list(range(1, 11)), "all were under way"
    assert "Serve the next customer" in said["after"], "the new one has started, without a network"
    assert "A new version" not in said["after"]
    assert said["kept"] == said["waiting"]
    assert said["begun"][:10] == said["waiting"]
    assert len(said["begun"]) == 11, "and the sale that was begun under the old one"


def test_times_are_put_right(clock, days):
    for [captured, day], row in zip(clock.told["captured"], clock.booked.values(), strict=True):
        wrong = datetime.fromisoformat(captured) - datetime.fromisoformat(row["occurred_at"])
        assert abs(wrong - timedelta(days=days)) < timedelta(minutes=1)
        assert row["occurred_at"].startswith(day), "the phone has it under the same day"
        assert row["document"] is None or row["document"]["issued_on"] == day, "none: it waits for approval"


def test_the_office_sees_how_wrong_the_clock_is(driver, clock, days):
    device = next(row for row in all_of(driver, "sync/devices/") if row["device_id"] == clock.told["device"])
    assert abs(timedelta(seconds=device["skew_seconds"]) - timedelta(days=days)) < timedelta(minutes=1)


def test_the_driver_reads_that_the_clock_is_wrong_and_what_to_do(clock, days):
    words = (
        f"This phone's clock is 3 days {'ahead' if days > 0 else 'behind'}. Times are put right when sending."
        " When all is sent, set the clock in the phone's settings."
    )
    for place in ("heard", "outbox", "settings", "known"):
        assert words in clock.told[place], place
    assert (words in clock.told["unheard"]) == (days < 0), "it cannot be earlier than when the server was heard last"
    assert "clock is" not in clock.told["right"] + clock.told["setRight"]


def test_the_day_on_the_screen_is_the_right_one_once_it_is_known(clock, days):
    today = date.fromisoformat(clock.day)
    for place in ("right", "heard", "known", "setRight"):
        assert clock.told[place].startswith(said(today)), place
    assert clock.told["unheard"].startswith(said(today + timedelta(days=max(days, 0))))
    assert said(today) in clock.told["receipt"]


def test_sales_stand_under_their_day_and_no_other(clock):
    *sent, last = clock.booked.values()
    reference, amount = clock.told["offline"][0]
    assert reference.endswith("-4"), "the newest first, also before it is sent"
    assert amount == next(iter(shown_of({"": last}).values()))
    assert shown_of(dict(enumerate(sent))).items() <= dict(clock.told["offline"]).items()
    assert clock.told["earlier"] == clock.told["earlierBefore"], "three days ago is as it was"


def said(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def load(api: Api, vehicle: int) -> None:
    things = {row["name"]: row["id"] for row in all_of(api, "equipment/")}
    for name in ("9 kg cylinder", "14 kg cylinder"):
        values = {"entity": "truck", "entity_id": vehicle, "equipment_id": things[name], "condition": "FULL"}
        api.call("POST", "inventories/update/", {**values, "quantity": 60})
