"""Kills, pauses and lies about the time, every few seconds, until it is told to stop."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from tests.running import children_of
from torture.day import Driver

YEARS = timedelta(days=365)


class Nemesis:
    def __init__(self, run: int, drivers: list[Driver], dice: random.Random) -> None:
        self.run, self.drivers, self.dice = run, drivers, dice
        self.done = Counter[str]()
        self.stopping = threading.Event()
        self.paused: set[int] = set()
        self.thread = threading.Thread(target=self._rage, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """Leave off, wake whoever sleeps, and set the clocks right."""
        self.stopping.set()
        self.thread.join()
        for pid in self.paused:
            _signal(pid, signal.SIGCONT)
        for driver in self.drivers:
            driver.clock_is_off = timedelta()

    def _rage(self) -> None:
        deeds: list[tuple[str, int, Callable[[], None]]] = [
            ("web process killed", 5, lambda: self._kill(self._web_process())),
            ("web server killed", 2, lambda: self._kill(self._part("gunicorn"))),
            ("worker killed", 3, lambda: self._kill(self._part("worker"))),
            ("database killed", 1, lambda: self._kill(_database())),
            ("web process paused", 2, lambda: self._pause(self._web_process())),
            ("worker paused", 1, lambda: self._pause(self._part("worker"))),
            ("database paused", 1, lambda: self._pause(_database())),
            ("clock moved by years", 2, self._move_a_clock),
        ]
        while not self.stopping.wait(self.dice.uniform(0.2, 1.5)):
            name, _, deed = self.dice.choices(deeds, [weight for _, weight, _ in deeds])[0]
            deed()
            self.done[name] += 1

    def _part(self, word: str) -> int | None:
        for line in children_of(self.run):
            pid, state, command = line.split(None, 2)
            if word in command and not state.startswith("Z"):
                return int(pid)
        return None

    def _web_process(self) -> int | None:
        master = self._part("gunicorn")
        workers = children_of(master) if master else []
        return int(self.dice.choice(workers).split()[0]) if workers else None

    @staticmethod
    def _kill(pid: int | None) -> None:
        _signal(pid, signal.SIGKILL)

    def _pause(self, pid: int | None) -> None:
        if pid is None:
            return
        self.paused.add(pid)
        _signal(pid, signal.SIGSTOP)
        time.sleep(self.dice.uniform(0.3, 3))
        _signal(pid, signal.SIGCONT)
        self.paused.discard(pid)

    def _move_a_clock(self) -> None:
        driver = self.dice.choice(self.drivers)
        driver.clock_is_off = self.dice.choice([timedelta(), YEARS * 3, -YEARS * 2, timedelta(minutes=40)])


def _signal(pid: int | None, which: signal.Signals) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, which)


def _database() -> int | None:
    try:
        return int(Path(os.environ["DB_PID_FILE"]).read_text())
    except (FileNotFoundError, ValueError):  # it is just being started again
        return None
