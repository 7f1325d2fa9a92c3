"""Whatever a service changes reaches the phones: no way of writing forgets the feed."""

from typing import Any

import pytest

from lpg import work
from lpg.accounts.models import User
from lpg.roles import Role
from tests import audited_people, audited_post, audited_sales, audited_stock, audited_sync, make
from tests.audited import CASES

TABLES = (audited_people, audited_stock, audited_sales, audited_post, audited_sync)  # read, and with that in CASES


def everybody(world: Any) -> list[User]:
    """Who may have a part in it."""
    people = [world.admin, world.driver, world.second]
    people += [make.a_user(Role.SUPERVISOR, by=world.admin, depot=world.union.pk)]
    people += [make.a_user(Role.DRIVER, by=world.admin, depot=world.depot.pk, vehicle=world.vehicle.pk)]
    return [user for user in people if user]


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.call.__name__)
def test_what_a_service_changes_is_what_the_next_pull_brings(case, pocket):
    world = case.world()
    phones = [pocket(user) for user in everybody(world)]
    for phone in phones:
        phone.pull()
    work.run(lambda: case.call(world))
    for phone in phones:
        if phone.client.get("/api/v1/me/").status_code == 401:
            continue  # that is what the service did
        phone.pull()
        phone.agrees()
