"""Sales per second through push, 100 a call, at 1 and 4 devices; beside single POSTs of the same sales.

    make bench BENCH=bench/push.py

A sale is three deliveries and a meter reading, with its numbered invoice, audit and idempotency key, by twenty drivers
for five hundred customers: as in bench/sales.py. Both sides are fired at in turns by the same client.
"""

import statistics
import threading
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from http import HTTPStatus
from itertools import count
from typing import Any

from _server import Client, started
from sales import our_world

DEVICES = (1, 4)
ROUNDS = 3
SECONDS = 3.0
A_CALL = 100


class Sales:
    """One after the other, for one customer after the other; each customer's meter goes on."""

    def __init__(self, customers: list[int], equipment: list[int]):
        self.customers, self.equipment = customers, equipment
        self.numbers = count()
        self.lock = threading.Lock()

    def next(self) -> dict[str, Any]:
        with self.lock:
            number = next(self.numbers)
        lap, place = divmod(number, len(self.customers))
        items = [{"item_type": "DELIVERY", "equipment": id, "quantity": 1} for id in self.equipment[:3]]
        return {"customer": self.customers[place], "items": items, "current_meter_reading": str(150 + lap * 10)}


class Device:
    """A driver's phone, which sells all day."""

    def __init__(self, url: str, token: str, sales: Sales):
        self.client = Client(url, token)
        self.sales = sales
        self.id = str(uuid.uuid4())
        self.seq = count(1)

    def post(self) -> int:
        status, answer = self.client.call(
            "POST", "/api/v1/transactions/", self.sales.next(), **{"Idempotency-Key": str(uuid.uuid4())}
        )
        if status != HTTPStatus.CREATED:
            raise SystemExit(f"a sale was refused: {answer}")
        return 1

    def push(self) -> int:
        now = datetime.now(UTC).isoformat()
        operations = [
            {
                "client_temp_id": str(uuid.uuid4()),
                "seq": next(self.seq),
                "type": "transaction.create",
                "version": 1,
                "captured_at": now,
                "payload": self.sales.next(),
            }
            for _ in range(A_CALL)
        ]
        body = {"protocol": 1, "device_id": self.id, "device_now": now, "operations": operations}
        status, answer = self.client.call("POST", "/api/v1/sync/push/", body)
        wrong = status != HTTPStatus.OK or [one for one in answer["results"] if one["status"] != "applied"]
        if wrong:
            raise SystemExit(f"not all was applied: {wrong if status == HTTPStatus.OK else answer}")
        return A_CALL


def fire(devices: list[Device], how: str) -> float:
    """Sales per second."""
    done = [0] * len(devices)
    began = time.monotonic()

    def one(place: int) -> None:
        while time.monotonic() - began < SECONDS:
            done[place] += getattr(devices[place], how)()

    threads = [threading.Thread(target=one, args=(place,)) for place in range(len(devices))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - began)


def main() -> None:
    with started() as url:
        customers, tokens, equipment = our_world()
        sales = Sales(customers, equipment)
        devices = [Device(url, token, sales) for token in tokens[: max(DEVICES)]]
        for device in devices:
            device.post()
            device.push()
        found: dict[tuple[int, str], list[float]] = defaultdict(list)
        for _ in range(ROUNDS):
            for many in DEVICES:
                for how in ("post", "push"):
                    found[many, how].append(fire(devices[:many], how))
    print(f"{'devices':>8}{'POST per s':>12}{'push per s':>12}{'ratio':>8}")
    for many in DEVICES:
        post, push = (statistics.median(found[many, how]) for how in ("post", "push"))
        print(f"{many:>8}{post:>12.1f}{push:>12.1f}{push / post:>8.2f}")


if __name__ == "__main__":
    main()
