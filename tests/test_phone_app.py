"""The drivers' app in a real Chromium: a day without a network, killed in the midst of it, sent over a bad line."""

import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from lpg_client.api import Api
from tests import in_chromium
from tests.in_chromium import NEEDED, SALE, all_of, app_running, shown_of, signed_in, taken_by, told, truck_of
from tests.running import Running

COLLECTED = {"14 kg cylinder": 25, "9 kg cylinder": 15}
OFFLINE, LOSSY = 10, 2  # sales, as in day.mjs
pytestmark = NEEDED


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with app_running(tmp_path_factory.mktemp("phone")) as site:
        yield site


@pytest.fixture(scope="module")
def driver(site) -> Api:
    return signed_in(site, "driver")


@pytest.fixture(scope="module")
def day(site, tmp_path_factory) -> dict[str, Any]:
    """What the app said and kept in the course of it."""
    day: dict[str, Any] = told("day", site, tmp_path_factory.mktemp("profile"))
    return day


@pytest.fixture(scope="module")
def booked(driver, day) -> dict[str, dict[str, Any]]:
    return in_chromium.booked(driver, day["queue"])


def test_all_that_was_acknowledged_outlives_the_kill(day):
    before, after = day["acknowledged"], day["afterKill"]
    assert Counter(one["type"] for one in before)[SALE] == OFFLINE
    assert after[: len(before)] == before
    assert len(after) - len(before) in {0, 1}, "what was being saved is there as a whole, or not at all"
    assert [one["seq"] for one in after] == list(range(1, len(after) + 1))
    shown = dict(day["documentsOffline"])
    for one in sales(after):
        number = next(name for name in shown if name.endswith(f"-{one['seq']}"))
        assert shown[number] == dollars(one["total"])


def test_what_the_phone_counts_without_a_network_is_right(day):
    expected = dict(day["truckBefore"])
    for name, count in COLLECTED.items():
        expected[name] = [expected.get(name, [0, 0])[0] + count, expected.get(name, [0, 0])[1]]
    for number in range(OFFLINE):
        size = ("14 kg cylinder", "9 kg cylinder")[number % 2]
        full, empty = expected[size]
        expected[size] = [full - 1 - number % 2, empty + 1]
    assert day["truckOffline"] == expected
    assert day["truckAfterKill"] in (expected, after_sale(expected))


def test_each_operation_is_applied_once(driver, day, booked):
    lost, calls = day["lost"]
    assert lost >= 2, "answers were lost"
    assert abs(lost - calls / 3) <= 1
    assert {one["state"] for one in day["queue"]} <= {"applied", "noted"}
    assert len(booked) == len(sales(day["afterKill"])) + LOSSY
    collected = [one["client_temp_id"] for one in day["queue"] if one["type"] == "distribution.create"]
    rows = [row for row in all_of(driver, "distributions/?ordering=-id") if row["client_temp_id"] in collected]
    assert [(row["status"], sum(item["quantity"] for item in row["items"])) for row in rows] == [("CONFIRMED", 40)]


def test_totals_are_the_servers_to_the_cent(day, booked):
    for one in sales(day["queue"]):
        row = booked[one["client_temp_id"]]
        total = (row["document"] or row)["total_amount"]
        assert Decimal(one["total"]) / 100 == Decimal(total), "as it was shown to the customer"
    assert any(row["meter"] for row in booked.values()), "some are metered"


def test_the_phone_shows_the_real_numbers(day, booked):
    shown = dict(day["documents"])
    assert shown_of(booked).items() <= shown.items()
    assert all(re.fullmatch(r"(INV|TRX|CN)-\d+-\d+", number) for number in shown)


def test_documents_are_fetched_and_mailed(driver, day):
    newest, _ = day["documents"][0]
    assert day["pdf"] == f"{newest}.pdf"
    document = next(row for row in all_of(driver, "invoices/?ordering=-id") if row["invoice_number"] == newest)
    assert [mail["to"] for mail in document["deliveries"]] == ["kopitiam@shops.example"]


def test_the_truck_is_the_servers(driver, day):
    assert day["truck"] == truck_of(driver)


def test_the_money_is_the_servers(driver, day, booked):
    """All that this driver took on that day, what came before the app was opened too."""
    taken = taken_by(driver, max(row["occurred_at"] for row in booked.values())[: len("2026-11-20")])
    assert taken.keys() >= {"Cash", "PayNow"}
    assert day["money"] == taken


def test_the_count_is_blind_and_what_differs_is_said(day):
    assert not re.search(r"^\d+$|fewer|S\$\d", day["closed"]["blind"], re.MULTILINE), "no figure before the count"
    said = day["closed"]["said"]
    assert "14 kg cylinder, Full: 1 fewer than the books" in said
    assert "a delivery was not recorded" in said
    assert "Waits for your supervisor's approval" in said


def test_signing_out_deletes_nothing(day):
    assert day["keptAfterSignOut"] == len(day["queue"]) + 1, "the day close came after"


def test_axe_and_a_thumb_find_nothing(day):
    assert day["axe"] == []


def test_the_browser_complains_of_nothing(day):
    assert day["mistakes"] == []


def sales(queue: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in queue if one["type"] == SALE]


def after_sale(truck: dict[str, list[int]]) -> dict[str, list[int]]:
    """The sale that was being saved when the browser was killed."""
    full, empty = truck["14 kg cylinder"]
    return {**truck, "14 kg cylinder": [full - 1, empty + 1]}


def dollars(cents: int) -> str:
    return f"S${cents / 100:,.2f}"
