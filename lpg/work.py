"""The unit of work: one durable transaction, retried whole when the database asks for it.

Only a door (an API view, a desk view, a command) opens one. Services use plain `atomic()` and can be composed.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections, connection, models, transaction
from prometheus_client import Counter

from lpg.errors import Missing, Refused

ATTEMPTS = 6
SECONDS = 5.0  # after this long a caller is better served by "busy" than by one more try

# By code, never by class: a trigger's refusal is an OperationalError too.
DEADLOCK, LOCK_TIMEOUT, CHANGED_SINCE_READ = 1213, 1205, 1020
RETRYABLE_CODES = {DEADLOCK, LOCK_TIMEOUT, CHANGED_SINCE_READ}
SQLITE_RETRYABLE_CODES = {5, 6}  # busy, locked
AWAY_CODES = {1040, 1053, 2002, 2003, 2006, 2013}  # too many connections, shutting down, not there, gone, lost

retries = Counter("lpg_work_retries_total", "Units of work that were tried again")
gave_up = Counter("lpg_work_busy_total", "Units of work that ended in 503 busy")


class Busy(Refused):
    """The database was too busy, several times over. Nothing was changed."""

    status = 503
    code = "busy"
    title = "Busy just now"

    def __init__(self, detail: str = "Many people are saving at this moment. Nothing was changed; try again."):
        super().__init__(detail, retry_after=2)


def run[T](effect: Callable[[], T]) -> T:
    """Do `effect` in one durable transaction and return what it returns.

    Raises whatever `effect` raises, with everything rolled back; raises Busy when the database kept refusing.
    """
    started = time.monotonic()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic(durable=True):
                return effect()
        except DatabaseError as error:
            if not is_contention(error):
                raise
            if attempt == ATTEMPTS or time.monotonic() - started > SECONDS:
                break
            retries.inc()
            close_old_connections()
            time.sleep(random.uniform(0, 0.02 * 2**attempt))
    gave_up.inc()
    raise Busy


@contextmanager
def snapshot() -> Iterator[None]:
    """Read-only statements that all see one moment, while others go on writing and no lock is held.

    Must not be within a transaction.
    """
    if connection.in_atomic_block:
        raise RuntimeError("a snapshot must be the outermost")
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("BEGIN DEFERRED")
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")  # the moment begins with the first read
        else:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def lock[M: models.Model](rows: models.QuerySet[M], pk: int) -> M:
    """The row `pk` out of `rows`, locked until the unit of work ends. Raises Missing when it is not among them."""
    row = rows.select_for_update().filter(pk=pk).first()
    if row is None:
        raise Missing
    return row


def is_contention(error: DatabaseError) -> bool:
    """Whether the same work may well succeed when it is done again."""
    if connection.vendor == "sqlite":
        code: int = getattr(error.__cause__, "sqlite_errorcode", 0)
        return code & 0xFF in SQLITE_RETRYABLE_CODES  # above that are its finer distinctions
    return bool(error.args) and error.args[0] in RETRYABLE_CODES


def is_lock_timeout(error: DatabaseError) -> bool:
    """Whether somebody else held a lock for longer than we were ready to wait."""
    return connection.vendor != "sqlite" and bool(error.args) and error.args[0] == LOCK_TIMEOUT


def is_away(error: DatabaseError) -> bool:
    """Whether the database server could not be reached at all, or was lost on the way."""
    return bool(error.args) and error.args[0] in AWAY_CODES
