"""Web processes are killed under load, and nothing that was acknowledged is lost or done twice."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from uuid import uuid4

import pytest

from tests.running import PATIENCE, Running, children_of, until

CLIENTS = 16
LOST = (OSError, http.client.HTTPException, json.JSONDecodeError)


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    runs = Running(tmp_path_factory.mktemp("killed"), LOG_LEVEL="ERROR")
    try:
        yield runs.wait_ready()
    finally:
        runs.stop()


class Caller:
    """A client that sends the same request with the same key until it is answered."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers = {"Content-Type": "application/json"}

    def once(self, method: str, path: str, body=None, key: str = "") -> tuple[int, dict]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            headers = {**self.headers, "Idempotency-Key": key} if key else self.headers
            connection.request(method, f"/api/v1/{path}", None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def call(self, method: str, path: str, body=None) -> tuple[int, dict]:
        key = uuid4().hex if method == "POST" else ""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                status, answer = self.once(method, path, body, key)
            except LOST:
                time.sleep(0.05)
                continue
            if status not in {502, 503} and answer.get("code") != "in_progress":
                return status, answer
            time.sleep(0.05)
        raise AssertionError(f"{method} {path} was never answered")

    def post(self, path: str, body: Any, expected: int) -> dict:
        status, answer = self.call("POST", path, body)
        assert status == expected, answer
        return answer

    def all(self, path: str) -> list[dict]:
        """Every entry of a list."""
        found, url = [], f"{path}/?page_size=200"
        while url:
            status, page = self.call("GET", url)
            assert status == 200, page
            found += page["results"]
            url = (page["next"] or "").partition("/api/v1/")[2]
        return found

    def sign_in(self) -> "Caller":
        answer = self.post("token/", {"username": "admin", "password": "hsh-demo-2026"}, 200)
        self.headers["Authorization"] = f"Bearer {answer['access']}"
        return self


class Work:
    """What clients do all the time, and what must be found of it afterwards."""

    def __init__(self, boss: Caller) -> None:
        self.boss = boss
        self.thing = next(row["id"] for row in boss.all("equipment") if row["equipment_type"] == "CYLINDER")
        self.depot, self.truck = (boss.all(kind)[0]["id"] for kind in ("depots", "vehicles"))
        self.acknowledged: list[Any] = []

    def stock(self, entity: str, id: int) -> None:
        stock = {"entity": entity, "entity_id": id, "equipment_id": self.thing, "quantity": 100_000}
        self.boss.post("inventories/update/", stock, 200)

    def do(self, caller: Caller) -> None:
        raise NotImplementedError

    def verify(self, boss: Caller) -> None:
        raise NotImplementedError


class Distributing(Work):
    """Distributions, created and confirmed."""

    def __init__(self, boss: Caller) -> None:
        super().__init__(boss)
        self.before = len(boss.all("distributions"))
        self.stock("depot", self.depot)

    def do(self, caller: Caller) -> None:
        items = [{"equipment": self.thing, "quantity": 1}]
        made = caller.post("distributions/", {"depot": self.depot, "vehicle": self.truck, "items": items}, 201)
        confirmed = caller.post(f"distributions/{made['id']}/confirm/", {}, 200)
        assert confirmed["status"] == "CONFIRMED"
        self.acknowledged.append(made["id"])

    def verify(self, boss: Caller) -> None:
        status = {row["id"]: row["status"] for row in boss.all("distributions")}
        assert len(status) - self.before == len(self.acknowledged) == len(set(self.acknowledged))  # none twice
        assert {status[id] for id in self.acknowledged} == {"CONFIRMED"}


class Selling(Work):
    """Sales with a part payment, then the rest of the money; each fourth sale is voided instead."""

    def __init__(self, boss: Caller) -> None:
        super().__init__(boss)
        self.before = {kind: len(boss.all(kind)) for kind in ("transactions", "payments")}
        self.stock("truck", self.truck)
        self.customers = [row["id"] for row in boss.all("customers") if row["payment_type"] == "CASH"][:4]
        self.receipts: list[str] = []

    def do(self, caller: Caller) -> None:
        customer = self.customers[len(self.acknowledged) % len(self.customers)]
        items = [
            {"item_type": "DELIVERY", "equipment": self.thing, "quantity": 2, "rate": "38.5050"},
            {"item_type": "EMPTY_RETURN", "equipment": self.thing, "quantity": 1},
            {"item_type": "SERVICE", "quantity": 1, "rate": "5.00", "description": "Hose"},
        ]
        paid = {"method": "CASH", "amount": "50.00"}
        body = {"customer": customer, "vehicle": self.truck, "items": items, "payment": paid}
        sold = caller.post("transactions/", body, 201)
        sale, invoice = sold["transaction"], sold["invoice"]
        assert (sale["status"], invoice["total_amount"], invoice["balance_due"]) == ("CONFIRMED", "82.01", "32.01")
        if len(self.acknowledged) % 4 == 0:
            sale = caller.post(f"transactions/{sale['id']}/void/", {"reason": "Wrong shop"}, 200)["transaction"]
        else:
            money = {"customer": customer, "method": "PAYNOW", "amount": "32.01", "invoices": [invoice["id"]]}
            self.receipts.append(caller.post("payments/", money, 201)["payment_number"])
        self.acknowledged.append((sale["transaction_number"], sale["status"], invoice["invoice_number"]))

    def verify(self, boss: Caller) -> None:
        sales, documents, money = (boss.all(kind) for kind in ("transactions", "invoices", "payments"))
        status = {row["transaction_number"]: row["status"] for row in sales}
        issued = {row["transaction"]["transaction_number"]: row for row in documents if row["corrects"] is None}
        for number, ended, invoice in self.acknowledged:
            assert (status[number], issued[number]["invoice_number"]) == (ended, invoice)
            assert issued[number]["balance_due"] == "0.00"  # paid, or taken back
        made = len(self.acknowledged)  # each with a receipt of its own, and none twice
        assert len({number for number, _, _ in self.acknowledged}) == made == len(sales) - self.before["transactions"]
        assert made + len(set(self.receipts)) == len(money) - self.before["payments"]
        numbers = [row["transaction_number"] for row in sales] + [row["invoice_number"] for row in documents]
        without_gap([*numbers, *(row["payment_number"] for row in money)])
        assert {row["payment_number"] for row in money} >= set(self.receipts)


def without_gap(numbers: list[str]) -> None:
    """Each series and period has the numbers 1 to n, each once."""
    parts = sorted((series, int(number)) for series, _, number in (full.rpartition("-") for full in numbers))
    for series, group in groupby(parts, key=lambda part: part[0]):
        counted = [number for _, number in group]
        assert counted == list(range(1, len(counted) + 1)), series


def web_processes(runs: Running) -> list[int]:
    """The gunicorn master and its workers."""
    master = runs.child("gunicorn")
    if master is None:
        return []
    workers = [line.split(None, 2) for line in children_of(master)]
    return [master, *(int(pid) for pid, state, _ in workers if not state.startswith("Z"))]


def fire(runs: Running, work: Work, kills: int, seed: int) -> None:
    """16 clients work while a web process is killed each second, so many times."""
    problems: list[str] = []
    over = threading.Event()

    def client() -> None:
        caller = Caller(runs.port)
        caller.headers = work.boss.headers
        try:
            while not over.is_set():
                work.do(caller)
        except Exception as problem:  # noqa: BLE001  # a thread's own end is not seen
            problems.append(repr(problem))

    threads = [threading.Thread(target=client, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    chance, killed, deadline = random.Random(seed), 0, time.monotonic() + 3 * kills + PATIENCE
    while killed < kills and time.monotonic() < deadline:
        time.sleep(1)
        if victims := web_processes(runs):
            os.kill(chance.choice(victims), signal.SIGKILL)
            killed += 1
    over.set()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert not problems, problems[:3]
    assert killed == kills


def nothing_lost(runs: Running, kind: type[Work], kills: int, seed: int) -> None:
    work = kind(Caller(runs.port).sign_in())
    fire(runs, work, kills, seed)
    assert len(work.acknowledged) > CLIENTS
    until(runs.answers, runs.said)
    boss = Caller(runs.port).sign_in()
    work.verify(boss)
    books = boss.post("integrity/", {}, 200)
    assert books["ok"], [check for check in books["checks"] if not check["ok"]]


@pytest.mark.parametrize("work", [Distributing, Selling])
def test_nothing_acknowledged_is_lost_while_web_processes_are_killed(running, work):
    nothing_lost(running, work, kills=5, seed=7)


@pytest.mark.scale
@pytest.mark.parametrize("work", [Distributing, Selling])
def test_nothing_acknowledged_is_lost_in_half_a_minute_of_killing(running, work):
    nothing_lost(running, work, kills=30, seed=11)
