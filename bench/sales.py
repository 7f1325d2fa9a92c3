"""Sales per second and their latency at 1, 4 and 16 clients; beside the owner's code, and beside the floor.

    make bench BENCH=bench/sales.py

A sale is three deliveries and a meter reading, with its numbered invoice, audit and idempotency key, by twenty drivers
for five hundred customers. The floor is the statements of such a sale with nothing around them, from 8 processes.
Needs wrk.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http import HTTPStatus

from _beside import BASELINE, Figures, Fire, compare, our_django, the_owners, wrk
from _server import ROOT, Client, started

CUSTOMERS, DRIVERS = 500, 20
FLOOR_SECONDS = 4
THROUGH_THE_SOCKET = """
import MySQLdb, runpy, sys
plain = MySQLdb.connect
MySQLdb.connect = lambda host, port, **more: plain(unix_socket=host, **more)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@contextmanager
def ours() -> Iterator[Fire]:
    with started() as url, tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        customers, tokens, equipment = our_world()
        file.write("\n".join(" ".join(map(str, line)) for line in (customers, tokens, equipment)))
        file.flush()
        item = {"item_type": "DELIVERY", "equipment": equipment[0], "quantity": 1}
        sale = {"customer": customers[0], "items": [item], "current_meter_reading": "150"}
        status, answer = Client(url, tokens[0]).call("POST", "/api/v1/transactions/", sale)
        if status != HTTPStatus.CREATED:
            raise SystemExit(f"a sale was refused: {answer}")
        used = 0

        def fire(clients: int) -> Figures:
            nonlocal used
            figures: Figures = json.loads(wrk(url, ROOT / "bench" / "sale.lua", clients, file.name, str(used)))
            used += int(figures["done"]) + clients
            return figures

        yield fire


@contextmanager
def owners() -> Iterator[Fire]:
    with the_owners() as theirs:

        def fire(clients: int) -> Figures:
            said = wrk(theirs.url, BASELINE / "sale.lua", clients, theirs.token)
            found = {name: float(value) for name, value in re.findall(r"(\w+)=([0-9.]+)", said)}
            return {
                "per_second": found["rps"],
                "p50_ms": found["p50"],
                "p95_ms": found["p95"],
                "done": found["n"],
                "failed": found["non2xx"] + found["sockerr"],
            }

        yield fire


def floor() -> float:
    """Sales per second of the bare statements."""
    words = [sys.executable, "-c", THROUGH_THE_SOCKET, str(BASELINE / "floor.py"), "8", str(FLOOR_SECONDS)]
    environment = {**os.environ, "DB_PORT": os.environ.get("DB_PORT") or "3306"}
    said = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(said.strip())
    found = re.search(r"([0-9.]+) sales/s", said)
    return float(found[1]) if found else 0.0


def main() -> None:
    with ours() as fire_at_ours:
        if not (BASELINE / "app").is_dir():
            print("the owner's code is not there: ours alone")
            compare({"ours": fire_at_ours})
            return
        with owners() as fire_at_theirs:
            before = floor()
            medians = compare({"ours": fire_at_ours, "the owner's": fire_at_theirs})
            bare = (before + floor()) / 2
        print(f"ours at 4 clients is {medians[4]['ours']['per_second'] / bare:.2f} of the floor")


def our_world() -> tuple[list[int], list[str], list[int]]:
    """Customers with a meter each, tokens of drivers with a full truck each, and what is sold; made by the services."""
    our_django()
    from django.db import transaction
    from django.utils import timezone

    from lpg.accounts import services as accounts
    from lpg.accounts import tokens
    from lpg.accounts.models import User
    from lpg.customers.services import create_customer
    from lpg.depots.models import Depot
    from lpg.depots.services import create_vehicle
    from lpg.equipment.models import Equipment
    from lpg.inventory.places import Owner, place_of
    from lpg.inventory.services import change_quantity
    from lpg.meters import services as meters
    from lpg.roles import Role

    admin = User.objects.get(username="admin")
    depot = Depot.objects.order_by("pk")[0]
    equipment = list(Equipment.objects.filter(equipment_type="CYLINDER").order_by("pk"))
    now = timezone.now()
    keys, ids = [], []
    with transaction.atomic():
        for number in range(DRIVERS):
            truck = create_vehicle(actor=admin, values={"plate_no": f"BENCH {number}", "depot": depot.pk})
            for item in equipment:
                change_quantity(
                    actor=admin,
                    place=place_of(Owner("truck", truck.pk)),
                    equipment_id=item.pk,
                    condition="FULL",
                    quantity=1_000_000,
                    reason="bench",
                    now=now,
                )
            driver = accounts.create_user(
                actor=admin,
                values={
                    "username": f"bench{number}",
                    "employee_id": f"BENCH-{number}",
                    "password": "three-blue-kettles",
                    "role": Role.DRIVER,
                    "depot": depot.pk,
                    "vehicle": truck.pk,
                },
            )
            keys.append(tokens.issue(accounts.open_session(user=driver, user_agent="bench", now=now))["access"])
        for number in range(CUSTOMERS):
            customer = create_customer(
                actor=admin,
                values={
                    "customer_code": f"BENCH-{number}",
                    "name": f"Bench {number}",
                    "payment_type": "CREDIT",
                    "depot": depot.pk,
                    "meter_rate": Decimal("2.35"),
                },
            )
            new = meters.NewMeter(f"BENCH-{number}", 7, Decimal(100))
            meters.install(actor=admin, customer_id=customer.pk, new=new, now=now)
            ids.append(customer.pk)
    return ids, keys, [item.pk for item in equipment]


if __name__ == "__main__":
    main()
