"""What all tests share: people with meaning, quick passwords, and a flush that gets past the triggers."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from lpg import work
from lpg.accounts.models import User
from lpg.append_only import AppendOnly, Kept, create_freeze, create_triggers, drop_triggers
from lpg.depots.models import Depot
from lpg.roles import Role
from tests import make
from tests.phones import Pocket
from tests.sales import Shop


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Threads need a database in a file; a RAM disk will do."""
    if connection.vendor != "sqlite":
        yield
        return
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder:
        connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "test.sqlite3")
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """The flush after each transactional test deletes rows, which the triggers refuse: take them away around it."""
    plain = connection.ops.sql_flush

    def sql_flush(style: Any, tables: Any, **options: Any) -> list[str]:
        guards = {table: create_triggers(connection.vendor, table) for table in AppendOnly.tables()}
        for model in Kept.__subclasses__():
            guards[model._meta.db_table] = create_freeze(connection.vendor, model._meta.db_table, model.frozen())
        guarded = [table for table in guards if table in tables]
        dropped = [statement for table in guarded for statement in drop_triggers(table)]
        made = [statement for table in guarded for statement in guards[table]]
        return [*dropped, *plain(style, tables, **options), *made]

    connection.ops.sql_flush = sql_flush


@pytest.fixture(autouse=True)
def quick_and_tidy(settings: Any, tmp_path: Path) -> None:
    """Argon2 is slow on purpose, files belong nowhere near the real ones, and each client would look for all static
    files anew."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.WHITENOISE_USE_FINDERS = False


@pytest.fixture
def one_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a test's own transaction there is one moment only: a snapshot is what the test itself sees."""
    monkeypatch.setattr(work, "snapshot", nullcontext)


@pytest.fixture
def admin(db: None) -> User:
    return make.a_user(Role.ADMIN, username="admin")


@pytest.fixture
def singgas(admin: User) -> Depot:
    return make.a_depot(admin, "SINGGAS")


@pytest.fixture
def union(admin: User) -> Depot:
    return make.a_depot(admin, "UNION")


@pytest.fixture
def supervisor(admin: User, singgas: Depot) -> User:
    return make.a_user(Role.SUPERVISOR, by=admin, username="supervisor", depot=singgas.pk)


@pytest.fixture
def driver(admin: User, singgas: Depot) -> User:
    vehicle = make.a_vehicle(admin, singgas)
    return make.a_user(Role.DRIVER, by=admin, username="driver", depot=singgas.pk, vehicle=vehicle.pk)


@pytest.fixture
def other_driver(admin: User, union: Depot) -> User:
    vehicle = make.a_vehicle(admin, union)
    return make.a_user(Role.DRIVER, by=admin, username="other_driver", depot=union.pk, vehicle=vehicle.pk)


@pytest.fixture
def signed_in() -> Callable[[User | None], APIClient]:
    return make.a_client


@pytest.fixture
def pocket(db: None) -> Iterator[Callable[[User], Pocket]]:
    """Makes a phone in somebody's pocket; its copy is put away afterwards."""
    made: list[Pocket] = []

    def make(user: User) -> Pocket:
        made.append(Pocket(user))
        return made[-1]

    yield make
    for phone in made:
        phone.store.close()


@pytest.fixture
def shop(admin: User, driver: User) -> Shop:
    return Shop(admin, driver)
