"""What the tests of the whole API share: a company to be refused by, and a shelf of rows to be listed."""

from collections.abc import Iterator

import pytest

from lpg.accounts.models import User
from lpg.depots.models import Depot
from tests.bad import World
from tests.mail_server import MailServer
from tests.shelf import Shelf


@pytest.fixture
def world(admin: User, driver: User, one_transaction: None) -> Iterator[World]:
    """What is refused in a test has changed nothing by its end."""
    world = World(admin, driver)
    yield world
    if world.refused:
        world.is_as_before()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    yield server
    server.stop()


@pytest.fixture
def shelf(admin: User, singgas: Depot) -> Shelf:
    return Shelf(admin, singgas)
