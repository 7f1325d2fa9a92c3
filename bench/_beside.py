"""What the comparisons share: the owner's code made runnable, wrk, and a table of both sides of one run.

BASELINE names the folder of the owner's code (../shared/baseline); without it ours is measured alone.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from _server import ROOT, listening

sys.path.insert(0, str(ROOT))
from tests.running import own_database

BASELINE = Path(os.environ.get("BASELINE", ROOT.parent / "shared" / "baseline"))
CLIENTS = (1, 4, 16)
ROUNDS = 5  # odd, for the median; many, since a shared machine is twice as quick a minute later
SECONDS = 5  # on a slow machine the owner's code makes 8 sales a second, and fewer than 40 have no tail

type Figures = dict[str, float]
type Fire = Callable[[int], Figures]  # one round with so many clients


class Owners(NamedTuple):
    """The owner's code, running."""

    url: str
    token: str
    run: Callable[..., str]  # one of its scripts, and what it printed


@contextmanager
def the_owners() -> Iterator[Owners]:
    python = _environment()
    with tempfile.TemporaryDirectory() as copy:
        app = Path(copy) / "app"
        shutil.copytree(BASELINE / "app", app)
        more = {**own_database("owners"), "DJANGO_SETTINGS_MODULE": "core.settings"}
        environment = {**os.environ, **more}

        def run(*words: str) -> str:
            done = subprocess.run(
                [python, *words], cwd=app, env=environment, check=True, stdout=subprocess.PIPE, text=True
            )
            return done.stdout

        run("bench_setup.py")
        token = json.loads((app / "tokens.json").read_text())["driver0"]
        command = [python, "-m", "gunicorn", "core.wsgi", "-w", "2", "--log-level", "warning"]
        with listening(command, app, environment) as url:
            yield Owners(url, token, run)


def wrk(url: str, script: Path, clients: int, *words: str) -> str:
    command = ["wrk", "-t1", f"-c{clients}", f"-d{SECONDS}s", "-s", str(script), url, "--", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]


def compare(sides: dict[str, Fire]) -> dict[int, dict[str, Figures]]:
    """Fire at each side in turns, and print the medians with ours over the owner's."""
    found: dict[tuple[str, int], list[Figures]] = defaultdict(list)
    for _ in range(ROUNDS):
        for clients in CLIENTS:
            for name, fire in sides.items():
                found[name, clients].append(fire(clients))
    print(f"{'clients':>8}  {'whose':<12}{'per s':>9}{'p50 ms':>9}{'p95 ms':>9}{'failed':>8}")
    medians = {}
    for clients in CLIENTS:
        rows = medians[clients] = {name: _medians(found[name, clients]) for name in sides}
        for name, row in rows.items():
            print(
                f"{clients:>8}  {name:<12}{row['per_second']:>9.1f}{row['p50_ms']:>9.1f}{row['p95_ms']:>9.1f}"
                f"{row['failed']:>8.0f}"
            )
        if "the owner's" in rows:
            ratio = rows["ours"]["per_second"] / rows["the owner's"]["per_second"]
            slower = rows["ours"]["p95_ms"] / rows["the owner's"]["p95_ms"]
            print(f"{clients:>8}  {'ratio':<12}{ratio:>9.2f}{'':>9}{slower:>9.3f}")
    return medians


def our_django() -> None:
    """Our services in this process, on the database of the running server."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lpg.settings")
    import django

    django.setup()


def _medians(rounds: list[Figures]) -> Figures:
    return {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}


def _environment() -> str:
    """A Python with what the owner's code needs, made once."""
    python = ROOT / "var" / "bench" / "owners" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "-r", str(BASELINE / "requirements.txt")]
        subprocess.run(install, check=True)
    return str(python)
