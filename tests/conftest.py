"""What the tests of the whole system share: a company to be refused by, rows to be listed, a phone at a shop."""

from collections.abc import Iterator

import pytest

from lpg.accounts.models import User
from lpg.depots.models import Depot
from lpg.equipment.models import Equipment
from lpg.integrity import services as integrity
from tests.bad import World
from tests.mail_server import MailServer
from tests.pushing import Sender
from tests.sales import Shop
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


@pytest.fixture
def phone(driver: User) -> Sender:
    return Sender(driver)


@pytest.fixture
def thing(shop: Shop) -> Equipment:
    return shop.thing("38")


@pytest.fixture
def books_agree(one_transaction: None) -> Iterator[None]:
    """Whatever was pushed, the books agree with themselves afterwards."""
    yield
    run = integrity.verify()
    assert run.ok, [check for check in run.checks if not check["ok"]]
