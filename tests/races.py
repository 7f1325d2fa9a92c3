"""Many at once: threads that start together, each with a connection of its own, and processes."""

import os
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection

PATIENCE = 60


def together[T](*parts: Callable[[], T]) -> list[T | Exception]:
    """Run all parts at once, each in a thread; what each returned or raised, in their order."""
    start = threading.Barrier(len(parts))
    results: list[Any] = [None] * len(parts)

    def one(number: int, part: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE)
            results[number] = part()
        except Exception as error:  # noqa: BLE001  # the test judges it
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=given, daemon=True) for given in enumerate(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "somebody never came to an end"
    return results


def surroundings() -> dict[str, str]:
    """The environment of another process that shall work on the database of this test."""
    ours = {
        "DB_NAME": str(connection.settings_dict["NAME"]),
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "lpg.settings",
        "LOG_LEVEL": "CRITICAL",
    }
    return {**os.environ, **ours}


def all_well[T](results: list[T | Exception]) -> list[T]:
    """The results, when nobody raised; else the first error."""
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results  # type: ignore[return-value]
