"""Many rows at once, for lists that must not care how many there are."""

import random
from collections.abc import Callable
from typing import Any

from django.db import connection

from lpg.customers.models import Customer
from lpg.depots.models import Depot


def customers(depots: list[Depot], number: int) -> None:
    """Customers as a company has them: codes in no order of their ids, three shops to a name."""
    dice = random.Random(number)
    codes = dice.sample(range(10 * number), number)
    Customer.objects.bulk_create(
        (
            Customer(
                customer_code=f"C-{code:08d}",
                name=f"Shop {code % (number // 3):06d}",
                phone=f"+65 6{code:08d}",
                payment_type=Customer.Payment.CASH,
                depot=depots[code % len(depots)],
                is_active=code % 10 != 0,
            )
            for code in codes
        ),
        batch_size=5_000,
    )


def cost(work: Callable[..., Any], *given: Any) -> int:
    """How much the database did for `work`: rows it touched (MariaDB) or steps of its machine (SQLite). No clock."""
    if connection.vendor == "sqlite":
        steps = 0

        def count() -> None:
            nonlocal steps
            steps += 1

        connection.ensure_connection()
        connection.connection.set_progress_handler(count, 10)
        try:
            work(*given)
        finally:
            connection.connection.set_progress_handler(None, 0)
        return steps
    before = _rows_touched()
    work(*given)
    return _rows_touched() - before


def _rows_touched() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW SESSION STATUS LIKE 'Handler_read%'")
        return sum(int(value) for _, value in cursor.fetchall())


def plan(sql: str) -> list[str]:
    """How the database would find the rows of `sql`, a line for each step."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
            return [row[3] for row in cursor.fetchall()]
        cursor.execute(f"EXPLAIN {sql}")
        names = [column[0] for column in cursor.description]
        return [
            " ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in cursor.fetchall()
        ]
