"""The phone with 5,000 customers on it, months of its own work behind it and a full day that waits to be sent.

In each run of all tests other tests want the same two cores, and a machine is quick or slow by the hour, so no clock is
asked: judged is what the page reads from the disk, and what its main thread has of the CPU beside a fixed piece of work
(the yard of `speed.mjs`), at its best of a few times. The clock is judged by `make scale`, the quietest of three times:
a busy machine only ever adds. Both print what the clock said.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

import pytest
from django.db import connection

from tests.in_chromium import NEEDED, all_of, app_running, signed_in, told
from tests.phone_crowd import CUSTOMERS
from tests.running import ROOT, Running

# Milliseconds, all but LETTER where the page is slowed down four times.
START, LETTER = 1_500, 50
START_YARDS, LETTER_YARDS = 34, 8  # twice what they take
FRAME = 500  # while all is fetched
WAIT = 2_000  # for a screen while all is fetched once more
PER_CUSTOMER = 128  # bytes on the way, with prices, meter and what is at the site
SHOWN = 50
ROUNDS = 3
MANY = {"customers", "rates", "meters", "open_invoices", "credits", "transactions", "invoices"}
pytestmark = [
    *NEEDED,
    pytest.mark.skipif(connection.vendor == "sqlite", reason="it is the phone that is measured: once is enough"),
]

type Told = dict[str, Any]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with app_running(tmp_path_factory.mktemp("phone")) as site:
        crowded = "from tests.phone_crowd import make; make()"
        command = [sys.executable, "manage.py", "shell", "--no-imports", "--command", crowded]
        subprocess.run(command, cwd=ROOT, env=site.environment, check=True)
        yield site


@pytest.fixture(scope="module")
def customers(site) -> list[Told]:
    """As the server has them for this driver."""
    return all_of(signed_in(site, "driver"), "customers/?page_size=200")


@pytest.fixture(scope="module")
def phone(site, tmp_path_factory) -> Told:
    """A few starts; each letter twice, and once where all is slower."""
    return told("speed", site, tmp_path_factory.mktemp("profile"), "3", "2", "1")


def test_all_of_it_is_fetched_and_little_on_the_way(phone, customers):
    assert phone["customers"] == len(customers) > CUSTOMERS
    assert phone["pulled"]["bytes"] <= PER_CUSTOMER * len(customers)


def test_the_app_can_be_used_while_it_fetches(phone, customers):
    """The first pull was kept waiting in the middle."""
    seen = phone["pulled"]["meanwhile"]
    assert "Fetching your truck and customers …" in seen[""]
    assert "Language" in seen["settings"]
    assert not any(one["name"] in seen["customers"] for one in customers), "all of them or none"


def test_a_start_reads_neither_the_customers_nor_the_past(phone):
    for start in phone["starts"]:
        read = start["rows"]
        assert not read.keys() & MANY
        assert read["inventories"] <= 30, "the truck's"
        assert read["operations"] <= 6 * phone["today"] < phone["past"] / 20


def test_a_start_takes_little_of_the_cpu(phone, capsys):
    said(phone, capsys)
    loaded = min(start["loaded"] for start in phone["starts"])
    assert loaded >= 2 * phone["free"]["loaded"], "it was slowed down before the app was there"
    assert min(start["cpu"] / start["yard"] for start in phone["starts"]) <= START_YARDS


def test_a_search_finds_what_it_should(phone, customers):
    found = [one for search in phone["search"].values() for one in search["found"].items()]
    for text, shown in found:
        codes = {line for row in shown for line in re.findall(r"^[CS]-\d+", row, re.MULTILINE)}
        right = {one["customer_code"] for one in customers if text in everything(one)}
        assert len(codes) == len(shown) == min(len(right), SHOWN) > 0, text
        assert codes <= right, text


def test_a_letter_takes_little_of_the_cpu_and_nothing_of_the_disk(phone):
    search = phone["search"]["1"]
    assert search["read"] == 0
    assert search["letters"].keys() >= {"g", "golden", "s-03141", "90316217", "大", "大众茶"}
    slowest = max(search["letters"].items(), key=lambda one: best(one[1], 2))
    assert best(slowest[1], 2) <= LETTER_YARDS, slowest


def test_the_browser_complains_of_nothing(phone):
    assert phone["mistakes"] == []


@pytest.mark.scale
def test_by_the_clock(site, tmp_path, capsys):
    phone = told("speed", site, tmp_path, str(5 * ROUNDS), str(ROUNDS), str(ROUNDS))
    said(phone, capsys)
    starts = [start["took"] for start in phone["starts"]]
    assert min(median(starts[first : first + 5]) for first in range(0, len(starts), 5)) <= START
    letters = phone["search"]["1"]["letters"].values()
    assert max(best(letter, 0) for letter in letters) <= LETTER
    assert phone["pulled"]["frame"] <= FRAME
    assert phone["anew"] <= WAIT


def everything(customer: Told) -> str:
    """In what a text is looked for."""
    digits = re.sub(r"\D", "", customer["phone"])
    return f"{customer['customer_code']} {customer['name']} {customer['address']} {digits}".lower()


def best(letter: list[list[float]], which: int) -> float:
    """Of the times that a letter was typed: by the clock (0), or of the CPU (1), or that in yards (2)."""
    return min(time[which] for time in letter)


def said(phone: Told, capsys: pytest.CaptureFixture[str]) -> None:
    pulled, starts = phone["pulled"], phone["starts"]
    with capsys.disabled():
        print(f"\nthe phone, {phone['customers']} customers; the page slowed down four times but where it says so")
        print(
            f"first pull: {pulled['took'] / 1000:.1f} s, {pulled['bytes'] / 1024:.0f} KB in {pulled['pages']} pages, "
            f"longest frame {pulled['frame']:.0f} ms; all once more: a screen waits {phone['anew']:.0f} ms at most"
        )
        print(f"starts: {', '.join(f'{start["took"]:.0f}' for start in starts)} ms", end="; ")
        print(f"median {median(start['took'] for start in starts):.0f}", end=", ")
        print(f"CPU {min(start['cpu'] for start in starts):.0f}", end=", ")
        print(f"{min(start['cpu'] / start['yard'] for start in starts):.1f} yards", end="; ")
        print(f"not slowed down {phone['free']['took']:.0f} ms")
        for slow, search in phone["search"].items():
            took = [letter[0] for letters in search["letters"].values() for letter in letters]
            slowest = max(best(letter, 0) for letter in search["letters"].values())
            cpu = max(best(letter, 1) for letter in search["letters"].values())
            print(f"search, slowed down {slow} times: a letter {median(took):.0f} ms", end=", ")
            yards = max(best(letter, 2) for letter in search["letters"].values())
            print(f"the slowest {slowest:.0f} at its best, CPU {cpu:.0f}, {yards:.1f} yards", end="; ")
            print(f"the screen opens in {search['opened']:.0f} ms")
