"""`make run` as a newcomer, an operator and a nasty day see it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import PATIENCE, Running, alive, until


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
