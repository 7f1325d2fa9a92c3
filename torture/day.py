"""A driver's random day: what is legal, what is not, and what a phone does when its battery has been out."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

from lpg_client import NotReached, Operation, Phone, Refused, SignInNeeded
from lpg_client.queue import DONE, WAITING

NOBODY = 999_999_999
SINGAPORE = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Round:
    """Where one driver goes: their depot, truck and customers, some with a meter."""

    username: str
    password: str
    depot: int
    vehicle: int
    customers: list[int]
    metered: list[int]
    equipment: list[int]


class Driver:
    """One phone, and somebody who does not always do what they should."""

    def __init__(self, route: Round, folder: Path, port: int, dice: random.Random) -> None:
        self.route, self.dice = route, dice
        self.clock_is_off = timedelta()
        self.phone = Phone(
            folder / f"{route.username}.sqlite3", f"http://127.0.0.1:{port}/api/v1", now=self._now, timeout=20
        )
        self.said = Counter[str]()
        self.meters = dict.fromkeys(route.metered, 200)
        self.thread: threading.Thread | None = None
        self.wrong: BaseException | None = None
        self.distribution = ""
        self.loses_operations = dice.random() < 0.5  # noqa: PLR2004  # no day of theirs is closed before the end

    def start(self, stop: threading.Event) -> None:
        self.thread = threading.Thread(target=self._live, args=[stop], daemon=True)
        self.thread.start()

    def sign_in(self) -> None:
        self.phone.sign_in(self.route.username, self.route.password, name=self.route.username)

    # --- a day

    def _live(self, stop: threading.Event) -> None:
        try:
            while not stop.wait(self.dice.uniform(0.01, 0.2)):
                for _ in range(self.dice.randint(1, 6)):
                    self._something_happens()
                if self.dice.random() < 0.5:  # noqa: PLR2004
                    self.exchange()
                if self.dice.random() < 0.03:  # noqa: PLR2004
                    self._restore_a_backup()
        except Exception as error:  # noqa: BLE001  # told by the judge, with its place
            self.wrong = error

    def exchange(self) -> None:
        """Send what is there and fetch what is new, as far as the line holds."""
        try:
            for operation in (sent := self.phone.push()).settled + sent.alarms:
                self.said[operation.status or "?"] += 1
            if self.dice.random() < 0.5:  # noqa: PLR2004
                self.phone.pull()
        except NotReached:
            self.said["line lost"] += 1
        except SignInNeeded:
            self._sign_in_again()
        except Refused as refused:
            self.said[f"refused: {refused.code}"] += 1

    def _sign_in_again(self) -> None:
        try:
            self.sign_in()
        except (NotReached, Refused):
            self.said["sign-in lost"] += 1

    def _something_happens(self) -> None:
        events: list[tuple[int, Callable[[], Any]]] = [
            (10, self._collect),
            (30, self._sell),
            (8, self._sell_with_meter),
            (5, self._take_money),
            (4, self._read_meter),
            (3, self._send_invoice),
            (5, self._do_wrong),
            (2, self._dispute),
            (2, self._close_a_day),
        ]
        self.dice.choices([event for _, event in events], [weight for weight, _ in events])[0]()

    def _collect(self) -> None:
        items = [
            {"equipment": thing, "quantity": self.dice.randint(1, 9), "movement_type": "COLLECTION"}
            for thing in self.dice.sample(self.route.equipment, 2)
        ]
        made = self.phone.capture("distribution.create", {"depot": self.route.depot, "items": items})
        self.distribution = made
        what = self.dice.choices(("confirm", "cancel", "nothing"), (8, 1, 1))[0]
        if what != "nothing":
            named = {"distribution": {"client_temp_id": made}}
            self.phone.capture(f"distribution.{what}", named, depends_on=[made])

    def _sell(self, **more: Any) -> str:
        items: list[dict[str, Any]] = [
            {"item_type": "DELIVERY", "equipment": thing, "quantity": self.dice.randint(1, 3)}
            for thing in self.dice.sample(self.route.equipment, self.dice.randint(1, 2))
        ]
        if self.dice.random() < 0.6:  # noqa: PLR2004
            empty = {
                "item_type": "EMPTY_RETURN",
                "equipment": items[0]["equipment"],
                "quantity": self.dice.randint(1, 3),
            }
            items.append(empty)
        if self.dice.random() < 0.1:  # noqa: PLR2004
            items[0]["rate"] = "1.0000"
        sale = {"customer": self.dice.choice(self.route.customers), "items": items, **more}
        if self.dice.random() < 0.5:  # noqa: PLR2004
            method = self.dice.choice(("CASH", "PAYNOW"))
            sale["payment"] = {"method": method, "amount": f"{self.dice.randint(1, 200)}.00"}
        if self.dice.random() < 0.3:  # noqa: PLR2004
            sale["send_email"] = True
        return self.phone.capture("transaction.create", sale)

    def _sell_with_meter(self) -> None:
        customer = self.dice.choice(self.route.metered)
        self.meters[customer] += self.dice.choice((0, 3, 11, -5))  # now and then read wrongly
        self._sell(customer=customer, current_meter_reading=f"{self.meters[customer]}.500")

    def _take_money(self) -> None:
        paid = {
            "customer": self.dice.choice(self.route.customers),
            "amount": f"{self.dice.randint(1, 99)}.50",
            "method": "CASH",
        }
        self.phone.capture("payment.create", paid)

    def _read_meter(self) -> None:
        meters = list(self.phone.rows("meters").values())
        if meters:
            meter = self.dice.choice(meters)
            reading = f"{float(meter['current_reading']) + self.dice.choice((1, 4, -3)):.3f}"
            self.phone.capture("meter.read", {"meter": meter["id"], "reading": reading})

    def _send_invoice(self) -> None:
        sold = [one for one in self.phone.store.all()[-30:] if one.type == "transaction.create"]
        if sold:
            made = self.dice.choice(sold).client_temp_id
            self.phone.capture("invoice.email", {"invoice": {"client_temp_id": made}}, depends_on=[made])

    def _dispute(self) -> None:
        """The same collection is confirmed once more, or cancelled after all."""
        if self.distribution:
            kind = self.dice.choice(("distribution.confirm", "distribution.cancel"))
            self.phone.capture(kind, {"distribution": {"client_temp_id": self.distribution}})

    def _do_wrong(self) -> None:
        wrong: list[tuple[str, dict[str, Any], list[str]]] = [
            ("transaction.create", {"customer": NOBODY, "items": []}, []),
            ("transaction.create", {"customer": "who", "items": "what", "prise": 1}, []),
            ("transaction.create", {"customer": self.route.customers[0]}, []),
            ("payment.create", {"customer": self.route.customers[0], "amount": "-5", "method": "GOLD"}, []),
            ("teleport.create", {"to": "the moon"}, []),
            ("meter.read", {"meter": NOBODY, "reading": "1"}, []),
        ]
        if self.loses_operations:
            lost = str(uuid4())
            wrong.append(("distribution.confirm", {"distribution": {"client_temp_id": lost}}, [lost]))
        kind, payload, needs = self.dice.choice(wrong)
        self.phone.capture(kind, payload, depends_on=needs)

    def _close_a_day(self) -> None:
        """Mostly one of the days before, so that there is something left to sell today."""
        days = self.dice.choices((0, *range(1, 9)), (1, *[4] * 8))[0]
        counts = [
            {"equipment": thing, "condition": condition, "quantity": self.dice.randint(0, 60)}
            for thing in self.route.equipment
            for condition in ("FULL", "EMPTY")
            if self.dice.random() < 0.7  # noqa: PLR2004
        ]
        money = [{"method": "CASH", "amount": f"{self.dice.randint(0, 900)}.00"}]
        named = (self._now().astimezone(SINGAPORE) - timedelta(days=days)).date().isoformat()
        self.phone.close_day(date=named, vehicle=self.route.vehicle, counts=counts, money=money)

    def _restore_a_backup(self) -> None:
        """The phone forgets what it was told of its last operations, and sends them once more."""
        self._forget(self.phone.store.all()[-20:])

    def say_all_again(self) -> None:
        """The phone forgets all that it was ever told."""
        self._forget(self.phone.store.all())

    def _forget(self, operations: list[Operation]) -> None:
        told = [one for one in operations if one.state == DONE]
        self.phone.store.settle((one.seq, WAITING, one.result or {}) for one in told)

    def _now(self) -> datetime:
        return datetime.now(UTC) + self.clock_is_off
