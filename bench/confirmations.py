"""Confirmations per second and their latency at 1, 4 and 16 clients; beside the owner's code when it is there.

    make bench BENCH=bench/confirmations.py

Both run in turns on one MariaDB with the same settings. Needs wrk.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from _beside import BASELINE, CLIENTS, ROUNDS, Figures, Fire, compare, our_django, the_owners, wrk
from _server import ROOT, Client, started

PER_ROUND = 1400  # more than any machine of ours confirms in a round
TRUCKS = 16


class Side:
    """One of the two: where it listens, who posts, and the addresses still to be confirmed."""

    def __init__(self, url: str, token: str, paths: list[str]) -> None:
        self.url, self.token, self.paths, self.used = url, token, paths, 0

    def fire(self, clients: int) -> Figures:
        """One round of wrk; how many it did tells where the next round goes on."""
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(self.paths))
            file.flush()
            said = wrk(self.url, ROOT / "bench" / "post.lua", clients, self.token, file.name, str(self.used))
        figures: Figures = json.loads(said)
        self.used += int(figures["done"]) + clients
        return figures


@contextmanager
def ours(distributions: int) -> Iterator[Fire]:
    with started() as url:
        admin = Client(url).sign_in("admin")
        token = admin.headers["Authorization"].removeprefix("Bearer ")
        ids = _our_distributions(distributions)
        yield Side(url, token, [f"/api/v1/distributions/{id}/confirm/" for id in ids]).fire


@contextmanager
def owners(distributions: int) -> Iterator[Fire]:
    with the_owners() as theirs:
        first = int(theirs.run("bench_dists.py", str(distributions)))
        paths = [f"/api/distributions/{first + n}/confirm/" for n in range(distributions)]
        yield Side(theirs.url, theirs.token, paths).fire


def main() -> None:
    distributions = PER_ROUND * ROUNDS * len(CLIENTS)
    with ours(distributions) as fire_at_ours:
        if not (BASELINE / "app").is_dir():
            print("the owner's code is not there: ours alone")
            compare({"ours": fire_at_ours})
            return
        with owners(distributions) as fire_at_theirs:
            compare({"ours": fire_at_ours, "the owner's": fire_at_theirs})


def _our_distributions(how_many: int) -> list[int]:
    """Pending distributions of three lines each over all depots and many trucks, made through the services."""
    our_django()
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


if __name__ == "__main__":
    main()
