"""Whether the PDFs in force are in the store, and are what was stored: for the checks of whoever has PDFs."""

import random
import time
from collections.abc import Iterator

from lpg import sql
from lpg.paper import store
from lpg.verify import SHOWN

CHUNK = 5_000
READING = 10.0  # seconds; what has not been read by then is read another time


def lost_pdfs(table: str, owner: str, number: str) -> list[str]:
    """The first PDFs in `table` that are not in the store, or are no longer what was stored.

    Each one is looked for. Reading them all would take a big shop's store hours, so that goes on for some seconds only,
    from another place each time. `owner` is the key to what they are of, `number` its table and column.
    """
    found: list[str] = []
    until = time.monotonic() + READING
    try:
        there = store.kept()
        for name, content_hash in _in_force(table, owner, number):
            if content_hash not in there:
                found.append(f"{name}: its PDF is not in the store")
            elif time.monotonic() < until and store.fetch(content_hash) is None:
                found.append(f"{name}: its PDF is no longer what was stored")
            if len(found) == SHOWN:
                break
    except OSError:
        found.append("the store of PDFs cannot be asked")
    return found


def _in_force(table: str, owner: str, number: str) -> Iterator[tuple[str, str]]:
    """Number and hash of each PDF's highest version, beginning anywhere and going round once."""
    last = sql.rows(f"SELECT COALESCE(MAX(id), 0) FROM {table}")[0][0]  # noqa: S608  # all names here are ours
    start = random.randint(0, last)
    of, column = number.split(".")
    chunk = f"""
        SELECT p.id, o.{column}, p.content_hash FROM {table} p JOIN {of} o ON o.id = p.{owner}
        WHERE p.id > %s AND p.id <= %s
            AND NOT EXISTS (SELECT 1 FROM {table} n WHERE n.{owner} = p.{owner} AND n.version > p.version)
        ORDER BY p.id LIMIT {CHUNK}
    """  # noqa: S608
    for first, final in ((start, last), (0, start)):
        after = first
        while rows := sql.rows(chunk, [after, final]):
            yield from ((name, content_hash) for _, name, content_hash in rows)
            after = rows[-1][0]
