"""The drivers' app in a real Chromium: who uses a phone, what the office decides meanwhile, and what is read of it."""

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from lpg_client.api import Api
from tests.in_chromium import NEEDED, SALE, all_of, app_running, booked, shown_of, signed_in, taken_by, told, truck_of
from tests.running import Running

EXCEPTIONS = "sync/exceptions/?ordering=-id"
SIGN_IN = "Your sign-in has ended. Sign in to send what waits; nothing is lost."
UNDECIDED = "At the office, not booked: your supervisor must decide"
TELL = "Tell your supervisor. Until they decide, the books are as if it had not happened."
NOTED = "Done; your supervisor will look at it"
MOVED = "The customer is not on your list any more: another depot may look after them now."
pytestmark = NEEDED
type Story = dict[str, Any]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with app_running(tmp_path_factory.mktemp("people")) as site:
        yield site


@pytest.fixture(scope="module")
def admin(site) -> Api:
    return signed_in(site, "admin")


@pytest.fixture(scope="module")
def lived(site, admin, tmp_path_factory) -> Callable[[str], Story]:
    """What the app said and kept in the course of a story, and what the server had right after it."""

    def live(story: str) -> Story:
        found: Story = told("people", site, tmp_path_factory.mktemp(story), story)
        driver = signed_in(site, "driver")
        made = [one for one in found["queue"] if one["state"] != "decided"]
        rows = booked(admin, made)
        today = max(row["occurred_at"] for row in rows.values())[: len("2026-11-20")]
        server = {"held": truck_of(driver), "taken": taken_by(driver, today), "exceptions": all_of(admin, EXCEPTIONS)}
        return {**found, "booked": rows, "me": driver.call("GET", "me/"), **server}

    return live


def told_once(name: str) -> Any:
    @pytest.fixture(scope="module", name=name)
    def found(lived) -> Story:
        story: Story = lived(name)
        return story

    return found


STORIES = ("revoked", "off", "handover", "noted", "quarantined")
revoked, off, handover, noted, quarantined = map(told_once, STORIES)


@pytest.fixture(params=STORIES)
def story(request) -> Story:
    story: Story = request.getfixturevalue(request.param)
    return story


def test_each_sale_is_booked_once_as_it_was_shown_by_who_made_it(story):
    for one in story["queue"]:
        if one["type"] != SALE or one["state"] == "decided":
            continue
        row = story["booked"][one["client_temp_id"]]
        assert one["state"] in {"applied", "noted"}
        assert (row["user"], row["transaction_number"]) == (story["me"]["id"], one["number"])
        assert Decimal((row["document"] or row)["total_amount"]) == Decimal(one["total"]) / 100
    for number in shown_of(story["booked"]):
        assert number in story["documents"]


def test_truck_and_money_are_the_servers(story):
    assert story["truck"] == story["held"]
    assert story["money"] == story["taken"]


def test_the_browser_complains_of_nothing(story):
    assert story["mistakes"] == []


def test_a_sign_in_that_was_ended_is_asked_for(revoked):
    for screen in (revoked["outbox"], revoked["today"], revoked["sheet"]):
        assert SIGN_IN in screen
    assert "3 entries to send" in revoked["today"]
    assert "Sign in to send" in revoked["today"]
    assert revoked["name"] == "driver", "only the password is left to type"


def test_without_a_sign_in_selling_goes_on(revoked):
    assert [one["state"] for one in revoked["before"]] == ["waiting"] * 4
    assert [one["client_temp_id"] for one in revoked["queue"]] == [one["client_temp_id"] for one in revoked["before"]]


def test_what_somebody_recorded_who_is_switched_off_is_kept_for_a_supervisor(off):
    assert [one["state"] for one in off["kept"]] == ["quarantined"] * 2
    for words in (SIGN_IN, UNDECIDED, TELL):
        assert words in off["outbox"]
    assert "The user name or the password is wrong." in off["sheet"]
    assert "If it is refused again, ask your supervisor." in off["sheet"]
    assert "2 need a look" in off["today"]


def test_who_signs_out_is_told_what_becomes_of_the_queue(handover):
    asked = handover["asked"]
    assert "2 entries are not sent yet. They stay on this phone, and go only when you sign in here again." in asked
    assert "To sign in again you need a network." in asked
    assert "Send first" in asked
    assert "The server cannot be reached. Check the network and try again." in handover["noNetwork"]
    assert "not sent" not in handover["askedOther"], "the other one leaves nothing"


def test_nobody_sees_what_another_has_on_the_phone(site, handover):
    customers = [all_of(signed_in(site, name), "customers/") for name in ("driver", "driver2")]
    theirs = {one["id"] for one in customers[1]}
    hidden = [word for one in customers[0] if one["id"] not in theirs for word in (one["name"], one["customer_code"])]
    assert len(hidden) > 2 * 5
    hidden += [one["client_temp_id"] for one in handover["own"]]
    on_disk = json.dumps(handover["store"], ensure_ascii=False)
    assert "driver2" in on_disk
    assert [word for word in hidden if word in on_disk] == []
    for place, screen in handover["seen"].items():
        assert [word for word in hidden if word in screen] == [], place
        assert not re.search(r"\bdriver\b", screen), place
    assert "SBB 5678 M" in handover["seen"][""], "the other one's truck"
    assert handover["me"]["vehicle_no"] not in handover["seen"][""]
    assert "Everything is sent" in handover["seen"]["outbox"]


def test_what_another_left_is_not_here(handover):
    said = {place.partition("/")[0]: screen for place, screen in handover["seen"].items() if "/" in place}
    assert "This customer is not on this phone." in said["customers"]
    assert "This receipt is not on this phone." in said["receipt"]


def test_each_has_a_queue_of_their_own(site, admin, handover):
    own = {one["client_temp_id"] for one in handover["own"]}
    assert len(handover["stores"]) == 2
    assert own.isdisjoint(handover["bookedBefore"]), "nobody sends what another has recorded"
    (other,) = handover["other"]["queue"]
    assert (other["seq"], other["state"]) == (1, "applied")
    (row,) = booked(admin, [other]).values()
    assert row["user"] != handover["me"]["id"]
    assert handover["other"]["truck"] == truck_of(signed_in(site, "driver2"))
    assert [one["client_temp_id"] for one in handover["queue"]] == [one["client_temp_id"] for one in handover["own"]]
    assert handover["begun"] == "1", "a sale that was begun is still there"


def test_what_the_books_cannot_hold_is_booked_and_said(noted):
    short, retired, dearer = noted["queue"]
    kinds = {one["operation"]["client_temp_id"]: one["kind"] for one in noted["exceptions"]}
    assert kinds[short["client_temp_id"]] == "short_stock"
    assert kinds[retired["client_temp_id"]] == "inactive_customer"
    assert dearer["client_temp_id"] not in kinds, "the rate of yesterday is honoured"
    outbox = noted["outbox"]
    assert outbox.count(NOTED) == outbox.count("It is booked. Your supervisor will look at this:") == 2
    assert re.search(r"Truck .+ had 0 full 14 kg cylinder by the books, 1 were taken\.", outbox)
    assert "is no longer in use." in outbox
    assert short["number"] in outbox
    assert retired["number"] in outbox
    assert "2 with a note" in noted["today"]
    for words in ("完成；主管会查看", "取走的比账面多。", "该客户已停用。"):
        assert words in noted["chinese"]


def test_what_is_kept_back_is_said_and_does_not_count(quarantined):
    undecided = quarantined["undecided"]
    sale, email, other, plain = undecided["queue"]
    assert [one["state"] for one in (sale, email, other)] == ["quarantined", "blocked", "quarantined"]
    outbox = undecided["outbox"]
    for words in (UNDECIDED, TELL, MOVED):
        assert outbox.count(words) == 2
    assert "It waits for Sale" in outbox
    assert "3 need a look" in undecided["today"]
    for name in quarantined["names"]:
        assert name in outbox
        assert name in undecided["documents"]
    assert undecided["documents"].count("Your supervisor must decide") == 2
    before, truck = quarantined["before"]["truck"], undecided["truck"]
    size = before["9 kg cylinder"]
    assert truck == {**before, "9 kg cylinder": [max(size[0] - 2, 0), size[1] + 1]}, "what was booked, and nothing else"
    assert cash(undecided) - cash(quarantined["before"]) == plain["total"]


def test_what_a_supervisor_decides_reaches_the_phone(quarantined):
    sale, email, other, plain = quarantined["queue"]
    assert [one["state"] for one in (email, other)] == ["applied", "decided"]
    assert cash(quarantined) - cash(quarantined["before"]) == sale["total"] + plain["total"]
    outbox = quarantined["outbox"]
    assert "Not booked: your supervisor has decided" in outbox
    assert "A supervisor has settled it in another way: Booked at the counter." in outbox
    assert "need a look" not in quarantined["today"]
    assert UNDECIDED not in outbox
    assert quarantined["documents"].count("Not booked") == 1
    for words in ("未入账：主管已决定", "主管已用其他方式处理。"):
        assert words in quarantined["chinese"]


def cash(story: Story) -> int:
    """In cents, as the phone says it."""
    return int(story["money"]["Cash"].replace(",", "").replace(".", ""))
