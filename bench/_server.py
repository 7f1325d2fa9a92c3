"""A server to measure: ours, freshly started with demo data on a free port, or one that is there already."""

import http.client
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60
PASSWORD = "hsh-demo-2026"


@contextmanager
def started(processes: int = 2) -> Iterator[str]:
    """The base URL of our own server, gone again afterwards. The database is the one the environment names."""
    os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(64))  # shared with our services in this process
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "WEB_PROCESSES": str(processes),
            "LOG_LEVEL": "WARNING",
            "DATA_DIR": folder,
        }
        with listening([sys.executable, str(ROOT / "bin" / "run")], ROOT, environment) as url:
            yield url


@contextmanager
def listening(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """The base URL of a server that `command` starts on the free PORT it is given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**environment, "PORT": str(port)}
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


class Client:
    """One caller: a connection for each request, as the server's processes want it."""

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        self.place = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.base = parts.path.rstrip("/")
        self.headers = {"Content-Type": "application/json", "Connection": "close"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body of the answer."""
        connection = http.client.HTTPConnection(*self.place, timeout=30)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, self.base + path, content, {**self.headers, **headers})
            answer = connection.getresponse()
            raw = answer.read()
            return answer.status, json.loads(raw) if raw else None
        finally:
            connection.close()

    def sign_in(self, username: str, password: str = PASSWORD) -> "Client":
        status, answer = self.call("POST", "/api/v1/token/", {"username": username, "password": password})
        if status != http.client.OK:
            raise SystemExit(f"signing in as {username} was refused: {answer}")
        self.headers["Authorization"] = f"Bearer {answer['access']}"
        return self
