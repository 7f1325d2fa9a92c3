"""What a pull costs: a new phone's, beside one raw query of the same rows turned into JSON; and one with nothing new.

    make bench BENCH=bench/pull.py

2,000 customers of one depot, each with a price for cylinders, one for gas, and a meter. Ours goes through the whole
request: who asks, what that person may see, page by page, each packed. The raw queries know all that beforehand.
"""

import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _beside import our_django

ROUNDS = 9
CUSTOMERS = 2_000
MOST = 4.0
DRIVER = "pulling"
PULL = "/api/v1/sync/pull/"
OWN = "c.depot_id = %s"
RAW = {
    "customers": f"""
        SELECT c.id, c.customer_code, c.name, c.email, c.phone, c.address, c.postal_code, c.uen, c.payment_type,
            c.payment_terms_days, c.credit_limit, c.depot_id, c.is_active,
            (SELECT r.rate FROM customers_rate r WHERE r.customer_id = c.id AND r.equipment_id IS NULL
                AND r.effective_from <= CURRENT_DATE ORDER BY r.effective_from DESC, r.id DESC LIMIT 1) AS meter_rate
        FROM customers_customer c WHERE {OWN} ORDER BY c.id
    """,
    "rates": f"""
        SELECT r.id, r.customer_id, r.equipment_id, r.rate, r.effective_from, r.created_at
        FROM customers_rate r JOIN customers_customer c ON c.id = r.customer_id WHERE {OWN} ORDER BY r.id
    """,
    "meters": f"""
        SELECT m.id, m.customer_id, m.serial_no, m.digits, m.equipment_id, m.current_reading, m.installed_on,
            m.removed_on
        FROM meters_meter m JOIN customers_customer c ON c.id = m.customer_id WHERE {OWN} ORDER BY m.id
    """,
}


def main() -> None:
    our_django()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from django.conf import settings
    from django.core.management import call_command

    settings.ALLOWED_HOSTS = ["testserver"]
    settings.DEBUG = False  # else Django remembers every statement
    call_command("migrate", verbosity=0)
    client, depot = a_phone()
    rows, pages, sent = everything(client)
    times: dict[str, list[float]] = {"raw": [], "ours": []}
    sides: dict[str, Callable[[], Any]] = {"raw": lambda: raw(depot), "ours": lambda: everything(client)}
    for number in range(ROUNDS):
        for name in sorted(sides, reverse=bool(number % 2)):
            begun = time.perf_counter()
            sides[name]()
            times[name].append(time.perf_counter() - begun)
    medians = {name: statistics.median(found) * 1000 for name, found in times.items()}
    print(f"a snapshot of {rows:,} rows: {pages} pages, {sent / 1024:.0f} KB on the way")
    for name, median in medians.items():
        print(f"{name:<24}{median:>9.1f} ms")
    print(f"{'ours / raw':<24}{medians['ours'] / medians['raw']:>9.2f}   asked: at most {MOST}")
    nothing_new(client)


def a_phone() -> tuple[Any, int]:
    """A driver's phone, and the depot whose customers are on it."""
    from datetime import date
    from decimal import Decimal

    from django.db import transaction

    from lpg.customers.services import add_rate
    from lpg.roles import Role
    from tests import make
    from tests.sales import a_meter

    admin = make.a_user(Role.ADMIN, username=f"{DRIVER}-admin")
    depot = make.a_depot(admin)
    driver = make.a_user(Role.DRIVER, by=admin, depot=depot.pk, vehicle=make.a_vehicle(admin, depot).pk)
    cylinder = make.some_equipment(admin)
    where = {"address": "Blk 226 Ang Mo Kio Ave 1 #01-601", "postal_code": "560226", "phone": "+65 6452 1188"}
    with transaction.atomic():
        for number in range(CUSTOMERS):
            customer = make.a_customer(admin, depot, meter_rate=Decimal("2.35"), **where)
            add_rate(
                actor=admin,
                customer_id=customer.pk,
                equipment_id=cylinder.pk,
                rate=Decimal("36.5"),
                effective_from=date(2026, 1, 1),
            )
            a_meter(admin, customer, "100", f"G4-{number:06d}")
    return make.a_client(driver), depot.pk


def everything(client: Any) -> tuple[int, int, int]:
    """Rows, pages and bytes of a snapshot."""
    rows = pages = sent = 0
    query: dict[str, str] = {}
    while True:
        answer = client.get(PULL, query, HTTP_ACCEPT_ENCODING="gzip")
        page = json.loads(gzip.decompress(answer.content))
        rows += sum(map(len, page["changes"].values()))
        pages, sent, query = pages + 1, sent + len(answer.content), {"cursor": page["cursor"]}
        if not page["has_more"]:
            return rows, pages, sent


def raw(depot: int) -> bytes:
    from django.db import connection

    found = {}
    with connection.cursor() as cursor:
        for name, statement in RAW.items():
            cursor.execute(statement, [depot])
            names = [column[0] for column in cursor.description]
            found[name] = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return json.dumps(found, default=str).encode()


def nothing_new(client: Any) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    query: dict[str, str] = {}
    while (page := client.get(PULL, query).json())["has_more"]:
        query = {"cursor": page["cursor"]}
    query, times = {"cursor": page["cursor"]}, []
    with CaptureQueriesContext(connection) as statements:
        client.get(PULL, query)
    asked = len(statements)
    for _ in range(200):
        begun = time.perf_counter()
        client.get(PULL, query)
        times.append(time.perf_counter() - begun)
    print(f"nothing new: {asked} statements, {statistics.median(times) * 1000:.1f} ms   asked: at most 4")


if __name__ == "__main__":
    main()
