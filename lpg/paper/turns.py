"""Who may draw a page in this process: one at a time, and few that wait, because drawing takes all of a processor."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from lpg.work import Busy

MOST_WAITING = 3
PATIENCE = 5.0  # seconds
WORDS = "Several documents are being drawn at this moment. Try again in a few seconds."

_drawing = threading.Lock()
_queue = threading.BoundedSemaphore(1 + MOST_WAITING)


@contextmanager
def turn() -> Iterator[None]:
    """The only one drawing in this process. Raises Busy when too many wait already, or it takes too long."""
    if not _queue.acquire(blocking=False):
        raise Busy(WORDS)
    try:
        if not _drawing.acquire(timeout=PATIENCE):
            raise Busy(WORDS)
        try:
            yield
        finally:
            _drawing.release()
    finally:
        _queue.release()
