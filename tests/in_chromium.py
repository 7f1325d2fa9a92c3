"""The drivers' app in a real Chromium: what of this machine that takes, and the scripts of web/tests/browser."""

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lpg.office.demo import PASSWORD
from lpg.payments.models import Payment
from lpg_client.api import Api
from tests.running import ROOT, Running

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SALE = "transaction.create"
LONGEST = 900  # seconds; the longest script takes two minutes on two busy cores, on a slow machine five


def node() -> tuple[int, ...]:
    """The version that is installed; nothing: none is."""
    if not shutil.which("npm"):
        return ()
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", said)[:2]))


NEEDED = [
    pytest.mark.skipif(node() < (20, 19), reason="Node 20.19 or newer is not installed, and the app is built with it"),
    pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed, and the app is tried in it"),
]


@contextmanager
def app_running(folder: Path) -> Iterator[Running]:
    """A site with the app as its sources are now."""
    subprocess.run(["bin/setup", "dev"], cwd=ROOT, check=True)
    runs = Running(folder, LOG_LEVEL="ERROR", COMPANY_UEN="200012345W")
    try:
        yield runs.wait_ready()
    finally:
        runs.stop()


def signed_in(site: Running, username: str) -> Api:
    api = Api(f"http://127.0.0.1:{site.port}/api/v1")
    api.sign_in(username, PASSWORD)
    return api


def told(script: str, site: Running, profile: Path, *words: str, **more: str) -> Any:
    """What a script has seen and found."""
    done = subprocess.run(
        ["node", f"tests/browser/{script}.mjs", *words],
        cwd=ROOT / "web",
        env={
            **os.environ,
            "SITE": f"http://127.0.0.1:{site.port}",
            "CHROMIUM": str(CHROMIUM),
            "PROFILE": str(profile),
            "USERNAME": "driver",
            "PASSWORD": PASSWORD,
            **more,
        },
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def booked(api: Api, queue: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the server has of a phone's sales, with their documents, by client_temp_id: each once."""
    own = {one["client_temp_id"] for one in queue if one["type"] == SALE}
    rows = all_of(api, "transactions/?ordering=-id")
    documents = {one["transaction"]["id"]: one for one in all_of(api, "invoices/?ordering=-id")}
    found = [{**row, "document": documents.get(row["id"])} for row in rows if row["client_temp_id"] in own]
    assert len(found) == len(own), "each was applied once"
    return {row["client_temp_id"]: row for row in found}


def shown_of(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    """How a phone shows them: what each came to, by the number of its document, else of the sale."""
    shown = {}
    for row in rows.values():
        document = row["document"]
        number = document["invoice_number"] if document else row["transaction_number"]
        shown[number] = f"S${Decimal((document or row)['total_amount']):,.2f}"
    return shown


def truck_of(api: Api) -> dict[str, list[int]]:
    """How many full and empty ones the server has on the truck of who is signed in, by name."""
    vehicle = api.call("GET", "me/")["vehicle"]
    names = {row["id"]: row["name"] for row in all_of(api, "equipment/")}
    held: dict[str, list[int]] = {}
    for row in all_of(api, f"inventories/?type=truck&vehicle={vehicle}"):
        if row["quantity"]:
            at = ("FULL", "EMPTY").index(row["condition"])
            held.setdefault(names[row["equipment"]], [0, 0])[at] = row["quantity"]
    return held


def taken_by(api: Api, day: str) -> dict[str, str]:
    """What who is signed in took on a day, by method, whatever it was taken with."""
    me = api.call("GET", "me/")["id"]
    taken: defaultdict[str, Decimal] = defaultdict(Decimal)
    for row in all_of(api, "payments/?ordering=-id"):
        if row["user"] == me and row["received_at"].startswith(day) and not row["reversed_at"]:
            taken[Payment.Method(row["method"]).label] += Decimal(row["amount"])
    return {name: f"{amount:,.2f}" for name, amount in taken.items()}


def all_of(api: Api, path: str) -> list[dict[str, Any]]:
    """Every row of a list."""
    page = api.call("GET", path)
    rows: list[dict[str, Any]] = page["results"]
    while page["next"]:
        page = api.call("GET", page["next"].partition("/api/v1/")[2])
        rows += page["results"]
    return rows
