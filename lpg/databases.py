"""What the database must promise before anything is built on it: looked at by `migrate` and `check --database`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

OLDEST = {"MariaDB": (10, 11), "MySQL": (8, 4)}
SQLITE = {
    "journal_mode": ("wal", "readers would wait for writers"),
    "synchronous": (2, "a power cut would lose what was saved; FULL is 2"),
    "foreign_keys": (1, "rows could point at nothing"),
    "recursive_triggers": (1, "INSERT OR REPLACE would get past the triggers that guard the audit"),
}


@register(Tags.database)
def keeps_its_promises(*, databases: Sequence[str] | None = None, **options: Any) -> list[CheckMessage]:
    """One error for each setting of each database that would make the rest unsafe."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        connection = connections[alias]
        words = _of_sqlite(connection) if connection.vendor == "sqlite" else _of_mysql(connection)
        found += [Error(text, hint="See DATABASES in lpg/settings.py.", obj=alias, id="lpg.E001") for text in words]
    return found


def _of_sqlite(connection: BaseDatabaseWrapper) -> list[str]:
    found = []
    with connection.cursor() as cursor:
        for pragma, (wanted, why) in SQLITE.items():
            cursor.execute(f"PRAGMA {pragma}")
            (value,) = cursor.fetchone()
            if value != wanted:
                found.append(f"SQLite's {pragma} is {value}, not {wanted}: {why}.")
    return found


def _of_mysql(connection: Any) -> list[str]:
    kind = "MariaDB" if connection.mysql_is_mariadb else "MySQL"
    isolation = "tx_isolation" if connection.mysql_is_mariadb else "transaction_isolation"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT @@{isolation}, @@character_set_client, @@character_set_database, @@sql_mode")
        level, spoken, kept, mode = cursor.fetchone()
    found = []
    if connection.mysql_version < OLDEST[kind]:
        found.append(f"{kind} is too old: {'.'.join(map(str, OLDEST[kind]))} or newer is needed.")
    if level != "READ-COMMITTED":
        found.append(f"The isolation level is {level}, not READ-COMMITTED: what is read after a lock would be stale.")
    if (spoken, kept) != ("utf8mb4", "utf8mb4"):
        found.append(f"The character set is {spoken} on the way and {kept} in the database, not utf8mb4.")
    if "STRICT_ALL_TABLES" not in mode and "STRICT_TRANS_TABLES" not in mode:
        found.append("The SQL mode is not strict: what does not fit would be cut off without a word.")
    return found
