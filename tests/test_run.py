"""`make run` as a newcomer, an operator and a nasty day see it."""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.running import PATIENCE, Running, alive, children_of, until


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    runs = Running(tmp_path)
    try:
        yield runs.wait_ready()
    finally:
        runs.stop()


def test_it_is_ready_says_where_and_brings_back_what_dies_then_stops_cleanly(running):
    assert f"http://127.0.0.1:{running.port}/" in running.said()
    assert "Demo sign-ins: admin, supervisor, driver, driver2 (password hsh-demo-2026)" in running.said()
    assert running.answers("/readyz")
    for word in ("gunicorn", " worker"):
        killed = running.child(word)
        assert killed
        os.kill(killed, signal.SIGKILL)
        until(lambda killed=killed, word=word: running.child(word) not in {None, killed}, running.said)
        until(running.answers, running.said)
    children = [pid for word in ("gunicorn", " worker") if (pid := running.child(word))]
    assert len(children) == 2
    assert running.stop(signal.SIGINT) == 0
    assert not any(alive(pid) for pid in children)


def test_mail_of_a_trial_lands_as_files_that_name_the_document(tmp_path, running):
    headers = {"Content-Type": "application/json"}

    def call(path: str, body: dict[str, Any] | None = None) -> Any:
        address = f"http://127.0.0.1:{running.port}/api/v1/{path}"
        request = urllib.request.Request(address, json.dumps(body).encode() if body else None, headers)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    headers["Authorization"] = f"Bearer {call('token/', {'username': 'admin', 'password': 'hsh-demo-2026'})['access']}"
    invoice = call("invoices/?page_size=1")["results"][0]
    call(f"invoices/{invoice['id']}/email/", {"to": "run@example.com"})

    def sent() -> list[bytes]:
        files = (tmp_path / "data" / "mail").glob(f"{invoice['invoice_number']}-*.eml")
        return [mail for file in files if b"To: run@example.com\r\n" in (mail := file.read_bytes())]

    until(lambda: len(sent()) == 1, running.said)
    assert f"{invoice['invoice_number']}.pdf".encode() in sent()[0]


def test_there_are_as_many_workers_as_are_asked_for_and_no_number_is_refused_in_a_sentence(tmp_path):
    runs = Running(tmp_path, WORKER_PROCESSES="2")
    try:
        runs.wait_ready()
        until(lambda: sum(" worker" in line for line in children_of(runs.process.pid)) == 2, runs.said)
    finally:
        runs.stop()
    for wrong in ("0", "many", "-1", "65"):
        refused = Running(tmp_path, WORKER_PROCESSES=wrong)
        assert refused.process.wait(PATIENCE) == 1
        assert f"WORKER_PROCESSES is '{wrong}'" in refused.said()


def test_nothing_survives_when_the_supervisor_itself_is_killed(running):
    children = [pid for word in ("gunicorn", " worker") if (pid := running.child(word))]
    running.stop(signal.SIGKILL)
    until(lambda: not any(alive(pid) for pid in children), running.said)
    assert not running.answers()


def test_a_second_one_on_the_same_port_is_refused_in_a_sentence(tmp_path, running):
    second = tmp_path / "second"
    second.mkdir()
    other = Running(second, running.port)
    assert other.process.wait(PATIENCE) == 1
    assert f"PORT {running.port} is taken" in other.said()
    assert "Traceback" not in other.said()


def test_production_without_secrets_is_refused_in_a_sentence(tmp_path):
    production = {"DEBUG": "false", "SECRET_KEY": "", "ALLOWED_HOSTS": "", "DB_PASSWORD": ""}
    refused = Running(tmp_path, **production)
    assert refused.process.wait(PATIENCE) == 1
    for name in ("SECRET_KEY", "ALLOWED_HOSTS"):
        assert name in refused.said()
    assert "Traceback" not in refused.said()


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "data").write_text("in the way")
    refused = Running(tmp_path)
    assert refused.process.wait(PATIENCE) == 1
    assert "DATA_DIR" in refused.said()
    assert "Traceback" not in refused.said()
