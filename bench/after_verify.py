"""What `verify` leaves behind: sales before and after it, by the process that ran it and by one that never did.

    make bench BENCH=bench/after_verify.py

100,000 sales to 500 customers lie behind them, in a buffer pool with room for a fifth, as for a million in 512 MB. The
two processes sell in turns, each sale to the next customer, so that one round reads once whatever a sale needs.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import chain, count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from _beside import our_django

from tests.running import own_database

SALES, CUSTOMERS = 100_000, 500
POOL = 48 * 2**20
LAP = 20  # sales
LAPS = 13  # of each process: a round of the two comes to every customer
SECONDS = 12  # the server counts its tables anew 10 s after a change


class Figures(NamedTuple):
    wall: list[float]
    cpu: list[float]
    pages: int  # that the server did not have in memory


type Sell = Callable[[int], Figures]  # LAP sales from this number on


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update({"DATA_DIR": folder, "LOG_LEVEL": "WARNING", **own_database("after_verify")})
        our_django()
        from django.conf import settings
        from django.core.management import call_command
        from django.db import connection

        settings.ALLOWED_HOSTS = ["testserver"]
        settings.DEBUG = False  # else Django remembers every statement
        call_command("migrate", verbosity=0)
        with small_pool():
            sell = a_history()
            connection.close()  # the other process is to have one of its own
            in_turns(sell)


def in_turns(sell: Sell) -> None:
    from lpg.integrity.services import verify

    fork = get_context("fork")
    here, there = fork.Pipe()
    other = fork.Process(target=serve, args=(there, sell), daemon=True)
    other.start()

    def sell_there(first: int) -> Figures:
        here.send(first)
        figures: Figures = here.recv()
        return figures

    sides = {"verifies": sell, "never does": sell_there}
    numbers = count(0, LAP)
    compare("warming up", sides, numbers)
    time.sleep(SECONDS)
    compare("before verify", sides, numbers)
    begun = time.perf_counter()
    if not verify().ok:
        raise SystemExit("the books do not agree with themselves")
    print(f"verify took {time.perf_counter() - begun:.1f} s")
    compare("right after it", sides, numbers)
    compare("a round later", sides, numbers)
    here.send(None)
    other.join()


def serve(asked: Connection, sell: Sell) -> None:
    while (first := asked.recv()) is not None:
        asked.send(sell(first))


def compare(when: str, sides: dict[str, Sell], numbers: "count[int]") -> None:
    found: dict[str, list[Figures]] = {name: [] for name in sides}
    for number in range(LAPS):
        for name in sorted(sides, reverse=bool(number % 2)):
            found[name].append(sides[name](next(numbers)))
    for name, laps in found.items():
        wall = statistics.median(chain.from_iterable(lap.wall for lap in laps)) * 1000
        cpu = statistics.median(chain.from_iterable(lap.cpu for lap in laps)) * 1000
        pages = sum(lap.pages for lap in laps) / LAPS / LAP
        print(f"{when:<14} the process that {name:<11}{wall:>7.2f} ms, of CPU{cpu:>6.2f} ms, pages read{pages:>5.1f}")


@contextmanager
def small_pool() -> Iterator[None]:
    """The server's memory is small for a while: other benches come after this one."""
    from django.db import connection

    def ask(statement: str) -> list[tuple[int]]:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())

    ((usual,),) = ask("SELECT @@innodb_buffer_pool_size")
    ask(f"SET GLOBAL innodb_buffer_pool_size = {POOL}")
    try:
        yield
    finally:
        ask(f"SET GLOBAL innodb_buffer_pool_size = {usual}")


def a_history() -> Sell:
    from django.db import connection

    from lpg.inventory.places import Owner
    from lpg.roles import Role
    from tests import make
    from tests.sales import API
    from tests.sales_history import SalesHistory
    from tests.stock import fill

    admin = make.a_user(Role.ADMIN)
    depot = make.a_depot(admin)
    driver = make.a_user(Role.DRIVER, by=admin, depot=depot.pk, vehicle=make.a_vehicle(admin, depot).pk)
    on_credit: dict[str, Any] = {"payment_type": "CREDIT", "credit_limit": "999999"}
    customers = [make.a_customer(admin, depot, **on_credit) for _ in range(CUSTOMERS)]
    SalesHistory(admin, driver, customers, make.some_equipment(admin)).make(SALES)
    cylinder = make.some_equipment(admin)
    fill(admin, Owner("truck", driver.vehicle_id or 0), cylinder, 10_000)
    client = make.a_client(driver)

    def pages_read() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_reads'")
            return int(cursor.fetchone()[1])

    def sell(first: int) -> Figures:
        wall, cpu, pages = [], [], pages_read()
        for number in range(first, first + LAP):
            items = [{"item_type": "DELIVERY", "equipment": cylinder.pk, "quantity": 1}]
            body = {"customer": customers[number % CUSTOMERS].pk, "items": items}
            begun, worked = time.perf_counter(), time.process_time()
            answer = client.post(API, body, format="json")
            wall.append(time.perf_counter() - begun)
            cpu.append(time.process_time() - worked)
            if answer.status_code != HTTPStatus.CREATED:
                raise SystemExit(answer.content.decode())
        return Figures(wall, cpu, pages_read() - pages)

    return sell


if __name__ == "__main__":
    main()
