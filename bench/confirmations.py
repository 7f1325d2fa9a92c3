"""Confirmations per second and their latency at 1, 4 and 16 clients; beside the owner's code when it is there.

    make bench BENCH=bench/confirmations.py

Both run in turns on one MariaDB with the same settings. BASELINE names the folder of the owner's code made runnable
(../shared/baseline); without it ours is measured alone. Needs wrk.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from _server import ROOT, Client, listening, started

CLIENTS = (1, 4, 16)
ROUNDS = 3
SECONDS = 2
PER_ROUND = 1400  # more than any machine of ours confirms in a round
TRUCKS = 16


class Side(NamedTuple):
    """One of the two: where it listens, who posts, and the addresses still to be confirmed."""

    name: str
    url: str
    token: str
    paths: list[str]


@contextmanager
def ours(distributions: int) -> Iterator[Side]:
    with started() as url:
        admin = Client(url).sign_in("admin")
        token = admin.headers["Authorization"].removeprefix("Bearer ")
        ids = _our_distributions(distributions)
        yield Side("ours", url, token, [f"/api/v1/distributions/{id}/confirm/" for id in ids])


@contextmanager
def the_owners(distributions: int, folder: Path) -> Iterator[Side]:
    python = _environment(folder)
    database = {"DB_NAME": "owners", "DB_ENGINE": "mysql"}
    _create_database("owners")
    with tempfile.TemporaryDirectory() as copy:
        app = Path(copy) / "app"
        shutil.copytree(folder / "app", app)
        environment = {**os.environ, **database, "DJANGO_SETTINGS_MODULE": "core.settings"}
        subprocess.run([python, "bench_setup.py"], cwd=app, env=environment, check=True, stdout=subprocess.DEVNULL)
        token = json.loads((app / "tokens.json").read_text())["driver0"]
        made = subprocess.run(
            [python, "bench_dists.py", str(distributions)],
            cwd=app,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        first = int(made.stdout)
        command = [python, "-m", "gunicorn", "core.wsgi", "-w", "2", "--log-level", "warning"]
        with listening(command, app, environment) as url:
            yield Side(
                "the owner's", url, token, [f"/api/distributions/{first + n}/confirm/" for n in range(distributions)]
            )


def fire(side: Side, clients: int, first: int) -> dict[str, float]:
    """One round of wrk; how many it did tells where the next round goes on."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(side.paths))
        file.flush()
        command = ["wrk", "-t1", f"-c{clients}", f"-d{SECONDS}s", "-s", str(ROOT / "bench" / "post.lua"), side.url]
        words = [*command, "--", side.token, file.name, str(first)]
        output = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    figures: dict[str, float] = json.loads(output.splitlines()[-1])
    return figures


def main() -> None:
    distributions = PER_ROUND * ROUNDS * len(CLIENTS)
    baseline = Path(os.environ.get("BASELINE", ROOT.parent / "shared" / "baseline"))
    with ours(distributions) as our_side:
        if not (baseline / "app").is_dir():
            print("the owner's code is not there: ours alone")
            report([our_side])
            return
        with the_owners(distributions, baseline) as owners_side:
            report([our_side, owners_side])


def report(sides: list[Side]) -> None:
    found: dict[tuple[str, int], list[dict[str, float]]] = defaultdict(list)
    used = dict.fromkeys((side.name for side in sides), 0)
    for _ in range(ROUNDS):
        for clients in CLIENTS:
            for side in sides:
                figures = fire(side, clients, used[side.name])
                used[side.name] += int(figures["done"]) + clients
                found[side.name, clients].append(figures)
    print(f"{'clients':>8}  {'whose':<12}{'per s':>9}{'p50 ms':>9}{'p95 ms':>9}{'failed':>8}")
    for clients in CLIENTS:
        medians = {side.name: _medians(found[side.name, clients]) for side in sides}
        for name, row in medians.items():
            print(
                f"{clients:>8}  {name:<12}{row['per_second']:>9.1f}{row['p50_ms']:>9.1f}{row['p95_ms']:>9.1f}"
                f"{row['failed']:>8.0f}"
            )
        if len(sides) > 1:
            ratio = medians["ours"]["per_second"] / medians["the owner's"]["per_second"]
            slower = medians["ours"]["p95_ms"] / medians["the owner's"]["p95_ms"]
            print(f"{clients:>8}  {'ratio':<12}{ratio:>9.2f}{'':>9}{slower:>9.2f}")


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}


def _our_distributions(how_many: int) -> list[int]:
    """Pending distributions of three lines each over all depots and many trucks, made through the services."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lpg.settings")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from django.db import transaction
    from django.utils import timezone

    from lpg.accounts.models import User
    from lpg.depots.models import Depot
    from lpg.depots.services import create_vehicle
    from lpg.distribution import services
    from lpg.equipment.models import Equipment
    from lpg.inventory.places import Owner, place_of
    from lpg.inventory.services import change_quantity

    admin = User.objects.get(username="admin")
    depots = list(Depot.objects.order_by("pk"))
    equipment = list(Equipment.objects.filter(equipment_type="CYLINDER").order_by("pk"))
    trucks = [
        create_vehicle(actor=admin, values={"plate_no": f"BENCH {n}", "depot": depots[0].pk}).pk for n in range(TRUCKS)
    ]
    plenty = {"quantity": 1_000_000, "reason": "bench", "actor": admin, "now": timezone.now()}
    for item in equipment:
        for depot in depots:
            change_quantity(place=place_of(Owner("depot", depot.pk)), equipment_id=item.pk, condition="FULL", **plenty)
        for truck in trucks:
            change_quantity(place=place_of(Owner("truck", truck)), equipment_id=item.pk, condition="EMPTY", **plenty)
    ids = []
    with transaction.atomic():
        for n in range(how_many):
            items = [
                services.Item(
                    equipment[(n + line) % 5].pk, 1, "IN" if line == 2 else "OUT", "EMPTY" if line == 2 else "FULL"
                )
                for line in range(3)
            ]
            made = services.create(
                actor=admin,
                depot_id=depots[n % 3].pk,
                items=items,
                other_side=services.OtherSide(vehicle_id=trucks[n % TRUCKS]),
                now=timezone.now(),
            )
            ids.append(made.pk)
    return ids


def _create_database(name: str) -> None:
    import MySQLdb

    host = os.environ["DB_HOST"]
    where = {"unix_socket": host} if host.startswith("/") else {"host": host, "port": int(os.environ["DB_PORT"])}
    connection = MySQLdb.connect(user=os.environ["DB_USER"], password=os.environ["DB_PASSWORD"], **where)
    connection.cursor().execute(f"CREATE DATABASE IF NOT EXISTS {name} CHARACTER SET utf8mb4")
    connection.close()


def _environment(folder: Path) -> str:
    """A Python with what the owner's code needs, made once."""
    python = ROOT / "var" / "bench" / "owners" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", "-r", str(folder / "requirements.txt")]
        subprocess.run(install, check=True)
    return str(python)


if __name__ == "__main__":
    main()
