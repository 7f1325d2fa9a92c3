"""Web processes are killed under load, and nothing that was acknowledged is lost or done twice."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.running import PATIENCE, Running, children_of, until

CLIENTS = 16
LOST = (OSError, http.client.HTTPException, json.JSONDecodeError)


@pytest.fixture
def running(tmp_path) -> Iterator[Running]:
    runs = Running(tmp_path, LOG_LEVEL="ERROR")
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

    def sign_in(self) -> "Caller":
        status, answer = self.call("POST", "token/", {"username": "admin", "password": "hsh-demo-2026"})
        assert status == 200, answer
        self.headers["Authorization"] = f"Bearer {answer['access']}"
        return self


def web_processes(runs: Running) -> list[int]:
    """The gunicorn master and its workers."""
    master = runs.child("gunicorn")
    if master is None:
        return []
    workers = [line.split(None, 2) for line in children_of(master)]
    return [master, *(int(pid) for pid, state, _ in workers if not state.startswith("Z"))]


def fire(runs: Running, kills: int, seed: int) -> list[int]:
    """16 clients create and confirm while a web process is killed each second, so many times; who was acknowledged."""
    boss = Caller(runs.port).sign_in()
    depot, truck = (boss.call("GET", f"{kind}/?page_size=1")[1]["results"][0]["id"] for kind in ("depots", "vehicles"))
    thing = boss.call("GET", "equipment/?page_size=1")[1]["results"][0]["id"]
    stock = {"entity": "depot", "entity_id": depot, "equipment_id": thing, "quantity": 100_000}
    assert boss.call("POST", "inventories/update/", stock)[0] == 200
    acknowledged: list[int] = []
    problems: list[str] = []
    over = threading.Event()

    def client() -> None:
        caller = Caller(runs.port)
        caller.headers = boss.headers
        body = {"depot": depot, "vehicle": truck, "items": [{"equipment": thing, "quantity": 1}]}
        try:
            while not over.is_set():
                status, made = caller.call("POST", "distributions/", body)
                assert status == 201, made
                status, confirmed = caller.call("POST", f"distributions/{made['id']}/confirm/", {})
                assert (status, confirmed["status"]) == (200, "CONFIRMED"), confirmed
                acknowledged.append(made["id"])
        except AssertionError as problem:
            problems.append(str(problem))

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
    return acknowledged


def nothing_lost(runs: Running, kills: int, seed: int) -> None:
    acknowledged = fire(runs, kills, seed)
    assert len(acknowledged) == len(set(acknowledged)) > CLIENTS
    until(runs.answers, runs.said)
    boss = Caller(runs.port).sign_in()
    for id in acknowledged:
        assert boss.call("GET", f"distributions/{id}/")[1]["status"] == "CONFIRMED"
    status, books = boss.call("POST", "integrity/", {})
    assert (status, books["ok"]) == (200, True), books


def test_nothing_acknowledged_is_lost_while_web_processes_are_killed(running):
    nothing_lost(running, kills=5, seed=7)


@pytest.mark.scale
def test_nothing_acknowledged_is_lost_in_half_a_minute_of_killing(running):
    nothing_lost(running, kills=30, seed=11)
