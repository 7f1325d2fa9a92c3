"""What a person has recorded, and the phone's copy of the server's rows: one SQLite file, each change durable."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WAITING, DONE, PARKED = "waiting", "done", "parked"
TABLES = """
CREATE TABLE IF NOT EXISTS operation (
    seq INTEGER PRIMARY KEY, client_temp_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, version INTEGER NOT NULL,
    captured_at TEXT NOT NULL, depends_on TEXT NOT NULL, payload TEXT NOT NULL,
    state TEXT NOT NULL, status TEXT, result TEXT
);
CREATE INDEX IF NOT EXISTS operation_waiting ON operation (state, seq);
CREATE TABLE IF NOT EXISTS row (collection TEXT, id INTEGER, body TEXT NOT NULL, PRIMARY KEY (collection, id));
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Operation:
    """One thing that happened. It is never edited; `status` and `result` are what the server said of it."""

    seq: int
    client_temp_id: str
    type: str
    version: int
    captured_at: str
    depends_on: list[str]
    payload: dict[str, Any]
    state: str
    status: str | None
    result: dict[str, Any] | None

    def sent(self) -> dict[str, Any]:
        """As the protocol wants it."""
        named = ("client_temp_id", "seq", "type", "version", "captured_at", "depends_on", "payload")
        return {name: getattr(self, name) for name in named}


class Store:
    """The file. Every method that writes has written to the disk when it returns."""

    def __init__(self, path: str | Path):
        self.db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self.db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + TABLES)

    def close(self) -> None:
        self.db.close()

    # --- the queue

    def append(
        self, *, client_temp_id: str, type: str, captured_at: str, payload: dict[str, Any], depends_on: Sequence[str]
    ) -> int:
        """Keep an operation and return its number; numbers have no holes."""
        with self._whole():
            last = self.db.execute("SELECT COALESCE(MAX(seq), 0) FROM operation").fetchone()[0]
            self.db.execute(
                "INSERT INTO operation VALUES (?, ?, ?, 1, ?, ?, ?, ?, NULL, NULL)",
                (
                    last + 1,
                    client_temp_id,
                    type,
                    captured_at,
                    json.dumps(list(depends_on)),
                    json.dumps(payload),
                    WAITING,
                ),
            )
        return int(last) + 1

    def waiting(self, limit: int) -> list[Operation]:
        """What is still to be sent, the oldest first."""
        return self._read("WHERE state = ? ORDER BY seq LIMIT ?", (WAITING, limit))

    def all(self) -> list[Operation]:
        return self._read("ORDER BY seq", ())

    def between(self, first: int, last: int) -> list[Operation]:
        return self._read("WHERE seq BETWEEN ? AND ? ORDER BY seq", (first, last))

    def settle(self, results: Iterable[tuple[int, str, dict[str, Any]]]) -> None:
        """Keep what the server said: (seq, state, result) each, all in one step."""
        with self._whole():
            self.db.executemany(
                "UPDATE operation SET state = ?, status = ?, result = ? WHERE seq = ?",
                [(state, said.get("status"), json.dumps(said), seq) for seq, state, said in results],
            )

    # --- the copy of the server's rows

    def take(self, *, changes: dict[str, Any], removed: dict[str, Any], cursor: str, afresh: bool) -> None:
        """One page of a pull with its cursor: both or neither."""
        with self._whole():
            if afresh:
                self.db.execute("DELETE FROM row")
            for collection, rows in changes.items():
                self.db.executemany(
                    "INSERT OR REPLACE INTO row VALUES (?, ?, ?)",
                    [(collection, row["id"], json.dumps(row, sort_keys=True)) for row in rows],
                )
            for collection, ids in removed.items():
                self.db.executemany("DELETE FROM row WHERE collection = ? AND id = ?", [(collection, id) for id in ids])
            self._note("cursor", cursor)

    def rows(self, collection: str) -> dict[int, dict[str, Any]]:
        found = self.db.execute("SELECT id, body FROM row WHERE collection = ? ORDER BY id", (collection,))
        return {id: json.loads(body) for id, body in found}

    # --- facts: the device's id, its cursor, its tokens

    def fact(self, name: str) -> str:
        found = self.db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return found[0] if found else ""

    def note(self, **facts: str) -> None:
        with self._whole():
            for name, value in facts.items():
                self._note(name, value)

    def _note(self, name: str, value: str) -> None:
        self.db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def _read(self, rest: str, values: tuple[Any, ...]) -> list[Operation]:
        found = self.db.execute(f"SELECT * FROM operation {rest}", values)  # noqa: S608  # the words are ours
        return [
            Operation(
                seq,
                key,
                type,
                version,
                at,
                json.loads(needs),
                json.loads(payload),
                state,
                status,
                json.loads(said or "null"),
            )
            for seq, key, type, version, at, needs, payload, state, status, said in found
        ]

    def _whole(self) -> "_Whole":
        return _Whole(self.db)


class _Whole:
    """All of it on the disk, or none of it."""

    def __init__(self, db: sqlite3.Connection):
        self.db = db

    def __enter__(self) -> None:
        self.db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.db.execute("ROLLBACK" if kind else "COMMIT")
