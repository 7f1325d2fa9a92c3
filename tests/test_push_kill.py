"""The reference client pushes while web processes are killed: each operation has one effect, in order, none is lost."""

import os
import random
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from lpg_client import Phone
from tests.running import Running
from tests.test_kill import Caller, web_processes, without_gap

OPERATIONS, KILLS = 120, 6


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    runs = Running(tmp_path_factory.mktemp("pushed"), LOG_LEVEL="ERROR")
    try:
        yield runs.wait_ready()
    finally:
        runs.stop()


@pytest.fixture
def boss(running) -> Caller:
    return Caller(running.port).sign_in()


@pytest.fixture
def phone(running, tmp_path) -> Iterator[Phone]:
    phone = Phone(tmp_path / "phone.sqlite3", f"http://127.0.0.1:{running.port}/api/v1", timeout=20)
    phone.sign_in("driver", "hsh-demo-2026")
    yield phone
    phone.close()


def kill(runs: Running, over: threading.Event, chance: random.Random) -> int:
    """Web workers, one after the other, in the midst of their work."""
    killed = 0
    while killed < KILLS and not over.wait(chance.uniform(0.2, 0.8)):
        workers = web_processes(runs)[1:]
        if workers:
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed += 1
    return killed


def test_killed_between_operations_each_has_one_effect(running, boss, phone):
    me = phone.api.call("GET", "me/")
    phone.pull()
    customers = sorted(id for id, row in phone.rows("customers").items() if row["payment_type"] == "CASH")
    thing = next(row["id"] for row in boss.all("equipment") if row["equipment_type"] == "CYLINDER")
    stock = {"entity": "truck", "entity_id": me["vehicle"], "equipment_id": thing, "quantity": 100_000}
    boss.post("inventories/update/", stock, 200)
    keys = []
    for number in range(OPERATIONS):
        item = {"item_type": "DELIVERY", "equipment": thing, "quantity": 1}
        payload = {"customer": customers[number % len(customers)], "items": [item]}
        keys.append(phone.capture("transaction.create", payload, depends_on=keys[-1:]))
    before = boss.all("transactions")
    over = threading.Event()
    killer = threading.Thread(target=kill, args=(running, over, random.Random(7)), daemon=True)
    killer.start()
    sent = phone.push_until_done(120, sleep=lambda seconds: time.sleep(min(seconds, 0.3)))
    over.set()
    killer.join()
    assert sent.again_in is None
    assert phone.outbox() == []
    made = [row for row in boss.all("transactions") if row["id"] not in {one["id"] for one in before}]
    assert sorted(row["client_temp_id"] for row in made) == sorted(keys), sent.settled[-1]
    in_order = sorted(made, key=lambda row: row["id"])
    assert [row["client_temp_id"] for row in in_order] == keys
    without_gap([row["transaction_number"] for row in boss.all("transactions")])
    assert boss.post("integrity/", {}, 200)["ok"]
    results = {operation.client_temp_id: operation.result for operation in phone.store.all()}
    assert {one["client_temp_id"]: one["id"] for one in results.values()} == {
        row["client_temp_id"]: row["id"] for row in made
    }


def test_the_same_file_sent_again_changes_nothing(boss, phone):
    """A phone that was put back to before it had its answers."""
    phone.pull()
    customer = next(id for id, row in phone.rows("customers").items() if row["payment_type"] == "CASH")
    thing = next(row["id"] for row in boss.all("equipment") if row["equipment_type"] == "CYLINDER")
    item = {"item_type": "DELIVERY", "equipment": thing, "quantity": 1}
    phone.capture("transaction.create", {"customer": customer, "items": [item]})
    phone.push()
    before = boss.all("transactions")
    phone.store.settle([(one.seq, "waiting", {}) for one in phone.store.all()])
    settled = phone.push().settled
    assert [operation.status for operation in settled] == ["replayed"]
    assert boss.all("transactions") == before
