"""What the database must promise, and that it does."""

import threading
import time
from contextlib import closing
from select import select
from typing import Any, Self

import pytest
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection

from lpg import sql

PRAGMAS = {"synchronous": ("NORMAL", "FULL"), "recursive_triggers": ("OFF", "ON"), "foreign_keys": ("OFF", "ON")}
VARIABLES = {
    "SESSION {isolation} = 'REPEATABLE-READ'": (
        "isolation level is REPEATABLE-READ",
        "SESSION {isolation} = 'READ-COMMITTED'",
    ),
    "NAMES latin1": ("character set is latin1", "NAMES utf8mb4"),
    "SESSION sql_mode = ''": ("SQL mode is not strict", "SESSION sql_mode = 'STRICT_ALL_TABLES'"),
}


def complaints() -> list[str]:
    return [
        message.msg for message in run_checks(tags=[Tags.database], databases=["default"]) if message.id == "lpg.E001"
    ]


def execute(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone() if cursor.description else None


@pytest.mark.django_db
def test_this_database_keeps_its_promises():
    assert complaints() == []
    if connection.vendor == "mysql":
        isolation = "tx_isolation" if connection.mysql_is_mariadb else "transaction_isolation"
        assert execute(f"SELECT @@{isolation}, @@character_set_connection") == ("READ-COMMITTED", "utf8mb4")
    else:
        assert execute("PRAGMA journal_mode") == ("wal",)


@pytest.mark.django_db(transaction=True)  # within a transaction SQLite does not let go of foreign keys
def test_each_broken_promise_is_named_and_stops_the_migration():
    if connection.vendor == "sqlite":
        for pragma, (broken, whole) in PRAGMAS.items():
            execute(f"PRAGMA {pragma} = {broken}")
            try:
                (words,) = complaints()
                assert pragma in words
                with pytest.raises(SystemCheckError, match=pragma):
                    call_command("migrate", verbosity=0, skip_checks=False)
            finally:
                execute(f"PRAGMA {pragma} = {whole}")
    else:
        isolation = "tx_isolation" if connection.mysql_is_mariadb else "transaction_isolation"
        for broken, (named, whole) in VARIABLES.items():
            execute(f"SET {broken.format(isolation=isolation)}")
            try:
                (words,) = complaints()
                assert named in words
                with pytest.raises(SystemCheckError, match=named):
                    call_command("migrate", verbosity=0, skip_checks=False)
            finally:
                execute(f"SET {whole.format(isolation=isolation)}")
    assert complaints() == []


@pytest.mark.django_db
def test_a_server_that_is_too_old_is_named(monkeypatch):
    server = type("Server", (), {"vendor": "mysql", "mysql_is_mariadb": False, "mysql_version": (8, 0, 44)})()
    answer = ("READ-COMMITTED", "utf8mb4", "utf8mb4", "STRICT_ALL_TABLES")
    server.cursor = lambda: Answering(answer)
    monkeypatch.setattr("lpg.databases.connections", {"default": server})
    assert complaints() == ["MySQL is too old: 8.4 or newer is needed."]
    server.mysql_is_mariadb, server.mysql_version = True, (10, 6, 18)
    assert complaints() == ["MariaDB is too old: 10.11 or newer is needed."]
    server.mysql_version = (10, 11, 2)
    assert complaints() == []


class Answering:
    """A cursor that answers every question alike."""

    def __init__(self, answer: tuple[str, ...]):
        self.answer = answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def execute(self, statement: str) -> None:
        assert "@@" in statement

    def fetchone(self) -> tuple[str, ...]:
        return self.answer


def test_without_a_database_named_nothing_is_asked():
    assert [message for message in run_checks() if message.id == "lpg.E001"] == []


def killed(number: int, after: float = 0.0) -> None:
    """Ends somebody's connection, from another one."""
    time.sleep(after)
    with closing(connection.copy()) as another, another.cursor() as cursor:
        cursor.execute("KILL %s", [number])


def as_a_request_begins() -> None:
    connection.health_check_enabled, connection.health_check_done = True, False
    connection.close_if_unusable_or_obsolete()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there is nobody to lose")
@pytest.mark.django_db(transaction=True)
class TestLost:
    def test_a_connection_that_was_lost_between_two_requests_is_made_anew(self):
        (number,) = execute("SELECT CONNECTION_ID()")
        asked = execute("SHOW SESSION STATUS LIKE 'Com_admin_commands'")
        assert connection.is_usable()
        assert execute("SHOW SESSION STATUS LIKE 'Com_admin_commands'") == asked  # nobody was
        killed(number)
        select([connection.connection.fileno()], [], [], 10)  # the news may take a moment
        as_a_request_begins()
        assert sql.rows("SELECT CONNECTION_ID()") != [(number,)]

    def test_so_is_one_that_was_lost_within_a_statement(self):
        (number,) = execute("SELECT CONNECTION_ID()")
        killer = threading.Thread(target=killed, args=(number, 0.3))
        killer.start()
        with pytest.raises(OperationalError):
            sql.rows("SELECT SLEEP(30)")
        killer.join()
        as_a_request_begins()
        assert sql.rows("SELECT CONNECTION_ID()") != [(number,)]
