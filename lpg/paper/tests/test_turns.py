"""Drawing takes a whole processor: one at a time in a process, few that wait, and not for long."""

import threading

import pytest

from lpg.paper import turns
from lpg.paper.turns import MOST_WAITING, turn
from lpg.work import Busy


class Drawers:
    """Threads that draw for as long as they are told to."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.drawing: list[int] = []
        self.refused: list[Busy] = []
        self.most = 0
        self.threads: list[threading.Thread] = []

    def start(self) -> None:
        self.threads.append(threading.Thread(target=self.draw, daemon=True))
        self.threads[-1].start()

    def draw(self) -> None:
        try:
            with turn():
                self.drawing.append(1)
                self.most = max(self.most, len(self.drawing))
                self.done.wait(10)
                self.drawing.pop()
        except Busy as busy:
            self.refused.append(busy)

    def end(self) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join(10)


@pytest.fixture
def drawers():
    drawers = Drawers()
    yield drawers
    drawers.end()


def until(holds) -> None:
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.01)
    raise AssertionError


def test_one_draws_a_few_wait_and_the_next_is_refused_at_once(drawers):
    for _ in range(1 + MOST_WAITING):
        drawers.start()
    until(lambda: drawers.drawing and turns._queue._value == 0)
    with pytest.raises(Busy) as refused, turn():
        pytest.fail("too many were let in")
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (503, "busy", 2)
    drawers.end()
    assert (drawers.most, drawers.refused) == (1, [])
    with turn():
        pass


def test_who_waits_too_long_is_refused_and_leaves_the_queue(drawers, monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.05)
    drawers.start()
    until(lambda: drawers.drawing)
    for _ in range(MOST_WAITING + 2):
        with pytest.raises(Busy), turn():
            pytest.fail("two drew at once")
    drawers.end()
    with turn():
        pass


def test_who_fails_makes_room(drawers):
    for _ in range(MOST_WAITING + 2):
        with pytest.raises(KeyError), turn():
            raise KeyError
