"""Bounded load: so many clients, so many seconds, then a line of figures."""

import statistics
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

type Call = Callable[[], int]  # does one thing and says the status


class Figures(NamedTuple):
    what: str
    clients: int
    done: int
    failed: int
    per_second: float
    p50_ms: float
    p95_ms: float

    HEADER = f"{'what':<28}{'clients':>8}{'done':>8}{'failed':>8}{'per s':>9}{'p50 ms':>9}{'p95 ms':>9}"

    def __str__(self) -> str:
        return (
            f"{self.what:<28}{self.clients:>8}{self.done:>8}{self.failed:>8}"
            f"{self.per_second:>9.1f}{self.p50_ms:>9.1f}{self.p95_ms:>9.1f}"
        )


def measure(what: str, calls: list[Call], seconds: float, good: set[int]) -> Figures:
    """Let each of `calls` run in a thread of its own, over and over, for so many seconds."""
    times: list[list[float]] = [[] for _ in calls]
    failed = [0] * len(calls)
    barrier = threading.Barrier(len(calls) + 1)

    def client(number: int, call: Call) -> None:
        barrier.wait()
        until = time.perf_counter() + seconds
        while (begun := time.perf_counter()) < until:
            if call() in good:
                times[number].append(time.perf_counter() - begun)
            else:
                failed[number] += 1

    threads = [threading.Thread(target=client, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    barrier.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    all_times = sorted(second for part in times for second in part) or [0.0]
    p95 = all_times[int(len(all_times) * 0.95)]
    done = sum(len(part) for part in times)
    return Figures(what, len(calls), done, sum(failed), done / took, statistics.median(all_times) * 1000, p95 * 1000)
