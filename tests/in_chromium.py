"""The drivers' app in a real Chromium: what of this machine that takes, and the scripts of web/tests/browser."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lpg.office.demo import PASSWORD
from lpg_client.api import Api
from tests.running import ROOT, Running

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
LONGEST = 400  # seconds; the longest script takes two minutes on two busy cores


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


def all_of(api: Api, path: str) -> list[dict[str, Any]]:
    """Every row of a list."""
    page = api.call("GET", path)
    rows: list[dict[str, Any]] = page["results"]
    while page["next"]:
        page = api.call("GET", page["next"].partition("/api/v1/")[2])
        rows += page["results"]
    return rows
