"""A supervisor over the same bad line: decides what phones have sent, and approves the days that are closed."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from lpg import work
from lpg.sync.exceptions import ESCALATED_AFTER, try_again
from lpg.sync.models import Operation, SyncException
from lpg.sync.queue import UNSETTLED
from lpg_client import NotReached, Refused, SignInNeeded
from lpg_client.api import Api
from torture.day import Driver

AT_ONCE = 5
DRAIN = 120.0


class Desk:
    """Retries, settles and sets aside whatever stands first in the list."""

    def __init__(self, username: str, password: str, port: int, dice: random.Random) -> None:
        self.username, self.password, self.dice = username, password, dice
        self.api = Api(f"http://127.0.0.1:{port}/api/v1", timeout=20)
        self.said = Counter[str]()
        self.wrong: BaseException | None = None
        self.thread: threading.Thread | None = None

    def start(self, stop: threading.Event) -> None:
        self.thread = threading.Thread(target=self._live, args=[stop], daemon=True)
        self.thread.start()

    def sign_in(self) -> None:
        self.api.sign_in(self.username, self.password)

    def settle(self) -> int:
        """Decide what keeps operations waiting, as if a day had passed; how many are left."""
        try_again(timezone.now() + ESCALATED_AFTER + timedelta(hours=1))
        there = SyncException.objects.filter(state="open", operation__state__in=UNSETTLED)
        for id in list(there.order_by("id").values_list("id", flat=True)):
            self._call(f"sync/exceptions/{id}/", self.dice.choice(("resolve", "dismiss")))
        self._approve()
        return Operation.objects.filter(state__in=UNSETTLED).count()

    def _live(self, stop: threading.Event) -> None:
        try:
            while not stop.wait(self.dice.uniform(0.05, 0.4)):
                for row in self._list("sync/exceptions/?state=open")[:AT_ONCE]:
                    action = self.dice.choices(("retry", "resolve", "dismiss"), (1, 3, 2))[0]
                    self._call(f"sync/exceptions/{row['id']}/", action)
                if self.dice.random() < 0.2:  # noqa: PLR2004
                    self._approve()
        except Exception as error:  # noqa: BLE001  # told by the judge
            self.wrong = error

    def _approve(self) -> None:
        for row in self._list("day-closes/?status=PENDING"):
            self._call(f"day-closes/{row['id']}/", "approve", recorded_since=self.dice.random() < 0.5)  # noqa: PLR2004

    def _list(self, path: str) -> list[dict[str, Any]]:
        found = self._asked("GET", path)
        return found["results"] if found else []

    def _call(self, path: str, action: str, **more: bool) -> None:
        body = {"retry": {}, "resolve": {"note": "Settled"}}.get(action, {"reason": "So be it"})
        if self._asked("POST", f"{path}{action}/", {**body, **more}):
            self.said[action] += 1

    def _asked(self, method: str, path: str, body: Any = None) -> Any:
        """The answer, if there was one."""
        try:
            return self.api.call(method, path, body)
        except NotReached:
            self.said["line lost"] += 1
        except Refused as refused:
            self.said[f"refused: {refused.code}"] += 1
        except SignInNeeded:
            self._sign_in_again()
        return None

    def _sign_in_again(self) -> None:
        try:
            self.sign_in()
        except (NotReached, Refused):
            self.said["sign-in lost"] += 1


def settled(desk: Desk) -> bool:
    """Whether nothing waits any more for anybody."""
    try:
        return desk.settle() == 0
    except work.Busy:
        return False


def drain(drivers: list[Driver], settled: Callable[[], bool] = lambda: True) -> None:
    """Let every phone send what it has, and have what waits decided."""
    until = time.monotonic() + DRAIN
    while time.monotonic() < until:
        for driver in drivers:
            driver.exchange()
        if not any(driver.phone.store.waiting(1) for driver in drivers) and settled():
            return
        time.sleep(0.2)
