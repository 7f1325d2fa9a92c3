"""A system that runs: `bin/run` on a free port, in a group of its own, with a database and a DATA_DIR of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120  # seconds; a slow machine with two runs of all tests takes 50 to start a site


class Running:
    """bin/run on a free port, in a group of its own, with a database and a DATA_DIR of its own."""

    def __init__(self, folder: Path, port: int = 0, **environment: str) -> None:
        self.port = port or free_port()
        self.log = folder / "run.log"
        self.environment = {
            **os.environ,
            "PORT": str(self.port),
            "DATA_DIR": str(folder / "data"),
            **own_database(f"runs_{self.port}"),
            **environment,
        }
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "bin/run"],
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=self.environment,
            )

    def said(self) -> str:
        return self.log.read_text()

    def wait_ready(self) -> "Running":
        until(lambda: "is ready" in self.said(), self.said)
        return self

    def child(self, word: str) -> int | None:
        """The process id of the living child whose command holds `word`."""
        for line in children_of(self.process.pid):
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


def own_database(name: str) -> dict[str, str]:
    """What the environment says of a new database; nothing for SQLite, which has its file in DATA_DIR."""
    if os.environ.get("DB_ENGINE") != "mysql":
        return {}
    import MySQLdb  # noqa: PLC0415  # it is there where the tests run on it

    host, port = os.environ["DB_HOST"], int(os.environ["DB_PORT"])
    where = {"unix_socket": host} if host.startswith("/") else {"host": host, "port": port}
    with closing(MySQLdb.connect(user=os.environ["DB_USER"], password=os.environ["DB_PASSWORD"], **where)) as server:
        server.query(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4")
    return {"DB_NAME": name}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(parent: int) -> list[str]:
    command = ["ps", "--ppid", str(parent), "-o", "pid=,stat=,args="]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def until(holds: Callable[[], bool], explain: Callable[[], str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)
