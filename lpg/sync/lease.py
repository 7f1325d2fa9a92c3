"""One batch of a device at a time: whoever has the lease works, and says so again with each commit."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from secrets import token_hex

from django.db import DatabaseError
from django.utils import timezone

from lpg import sql, work
from lpg.errors import Refused

HELD = timedelta(seconds=8)  # of a batch that died the device is free after this
PATIENCE = 5.0  # seconds that a second batch waits
LOOK = 0.05


class LostLease(Refused):
    """This batch stood still for so long that another one has taken over."""

    code = "lost_lease"
    title = "Another batch has taken over"


class Lease:
    """The right to work on the operations of a device."""

    def __init__(self, device_pk: int):
        self.device_pk = device_pk
        self.token = token_hex(16)

    def renew(self) -> None:
        """To be called at the end of each unit of work. Raises LostLease."""
        until = sql.moment(timezone.now() + HELD)
        mine = "UPDATE sync_device SET lease_until = %s WHERE id = %s AND lease_token = %s"
        if not sql.run(mine, [until, self.device_pk, self.token]):
            raise LostLease("Another batch of this device has taken over. Send this one again.")

    def take(self) -> bool:
        """Whether it could be had, now or after a while."""
        until = time.monotonic() + PATIENCE
        while not work.run(self._claim):
            if time.monotonic() > until:
                return False
            time.sleep(LOOK)
        return True

    def give_back(self) -> None:
        sql.run(
            "UPDATE sync_device SET lease_until = NULL WHERE id = %s AND lease_token = %s",
            [self.device_pk, self.token],
        )

    @contextmanager
    def held(self) -> Iterator[bool]:
        """Whether it could be had. Should the work break, the device is free at once."""
        taken, whole = self.take(), False
        try:
            yield taken
            whole = True
        finally:
            if not whole:
                with suppress(DatabaseError):  # it runs out by itself
                    self.give_back()

    def _claim(self) -> int:
        now = timezone.now()
        free = "id = %s AND (lease_until IS NULL OR lease_until < %s)"
        return sql.run(
            f"UPDATE sync_device SET lease_token = %s, lease_until = %s WHERE {free}",  # noqa: S608
            [self.token, sql.moment(now + HELD), self.device_pk, sql.moment(now)],
        )
