"""The queue of a device as the server knows it: what has not come, and what is not settled."""

import json
from datetime import datetime, timedelta

from lpg import sql
from lpg.day_close.services import EMPTY, Queue
from lpg.sync.models import Operation
from lpg.sync.said import Said

UNSETTLED = (Operation.State.BLOCKED.value, Operation.State.QUARANTINED.value)
MOST_TOLD = 100  # ranges: those that come after them come up when these are filled
CLOSES_A_DAY = "day.close"


def left(device_pk: int, before: int) -> Queue:
    """What keeps a day from being closed: what is left of the operations before this place in the queue of a device."""
    found = sql.rows(
        "SELECT COUNT(DISTINCT seq), COALESCE(SUM(state = %s), 0), COALESCE(SUM(state = %s), 0)"
        " FROM sync_operation WHERE device_id = %s AND (seq IS NULL OR seq < %s)",
        [*UNSETTLED, device_pk, before],
    )
    come, blocked, quarantined = map(int, found[0])
    return Queue(before - 1 - come, blocked, quarantined)


def awaited(device_pk: int, said: Said) -> Queue:
    """What is to be settled before it may be judged: the end of a day waits for all that the day has brought."""
    if said.type != CLOSES_A_DAY or said.seq is None:
        return EMPTY
    return left(device_pk, said.seq)


def look(device_pk: int, whole_to: int) -> tuple[int, list[list[int]]]:
    """Up to where everything has come, from where that was known, and the holes behind it: from, to."""
    known = "SELECT DISTINCT seq FROM sync_operation WHERE device_id = %s AND seq > %s ORDER BY seq"
    holes: list[list[int]] = []
    last = whole_to
    for (seq,) in sql.rows(known, [device_pk, whole_to]):
        if seq == last + 1 and not holes:
            whole_to = seq
        elif seq > last + 1:
            holes.append([last + 1, seq - 1])
        last = seq
    return whole_to, holes[:MOST_TOLD]


def note(device_pk: int, token: str, whole_to: int, ahead: timedelta, now: datetime) -> list[list[int]]:
    """Keep what is known of the device after a batch, and let the next one have it. What is missing."""
    whole, holes = look(device_pk, whole_to)
    seconds = max(min(round(ahead.total_seconds()), 2**31 - 1), -(2**31))
    sql.run(
        "UPDATE sync_device SET whole_to = %s, missing = %s, skew_seconds = %s, last_contact_at = %s,"
        " lease_until = NULL WHERE id = %s AND lease_token = %s",
        [whole, json.dumps(holes), seconds, sql.moment(now), device_pk, token],
    )
    return holes
