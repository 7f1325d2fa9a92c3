"""`make run` as a newcomer, an operator and a nasty day see it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 40


class Running:
    """bin/run on a free port, in a group of its own, with a DATA_DIR of its own."""

    def __init__(self, folder: Path, port: int = 0, **environment: str) -> None:
        self.port = port or _free_port()
        self.log = folder / "run.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "bin/run"],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, "PORT": str(self.port), "DATA_DIR": str(folder / "data"), **environment},
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_ready(self) -> "Running":
        _until(lambda: "is ready" in self.said(), self.said)
        return self

    def child(self, word: str) -> int | None:
        """The process id of the living child whose command holds `word`."""
        for line in _children(self.process.pid):
            pid, state, command = line.split(None, 2)
            if word in command and not state.startswith("Z"):
                return int(pid)
        return None

    def answers(self, path: str = "/healthz") -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(PATIENCE)


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
        _until(lambda killed=killed, word=word: running.child(word) not in {None, killed}, running.said)
        _until(running.answers, running.said)
    children = [pid for word in ("gunicorn", " worker") if (pid := running.child(word))]
    assert len(children) == 2
    assert running.stop(signal.SIGINT) == 0
    assert not any(_alive(pid) for pid in children)


def test_nothing_survives_when_the_supervisor_itself_is_killed(running):
    children = [pid for word in ("gunicorn", " worker") if (pid := running.child(word))]
    running.stop(signal.SIGKILL)
    _until(lambda: not any(_alive(pid) for pid in children), running.said)
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(parent: int) -> list[str]:
    command = ["ps", "--ppid", str(parent), "-o", "pid=,stat=,args="]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def _until(holds: Callable[[], bool], explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)
