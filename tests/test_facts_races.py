"""Many facts at once that lack the same stock, and counts of the same trucks: each has one effect, nobody is left."""

from functools import partial

import pytest
from django.utils import timezone

from lpg import work
from lpg.facts import Fact
from lpg.inventory.models import Movement
from lpg.inventory.places import ADJUSTMENT, Owner
from lpg.inventory.services import change_quantity, place_of
from lpg.roles import Role
from tests import make
from tests.races import all_well, together
from tests.sales import Shop, a_sale, delivered, returned, site
from tests.stock import disagreements, held

CLIENTS = 8
pytestmark = pytest.mark.django_db(transaction=True)


def test_facts_that_lack_the_same_stock_go_on_side_by_side(admin, driver, singgas):
    shop = Shop(admin, driver)
    things = [make.some_equipment(admin) for _ in range(2)]
    drivers = [
        make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, vehicle=make.a_vehicle(admin, singgas).pk)
        for _ in range(CLIENTS)
    ]
    customers = [shop.another() for _ in range(CLIENTS)]

    def sell(number):
        first, second = things if number % 2 else reversed(things)
        items = [delivered(first, 2), delivered(second, 1), returned(second, 3)]
        fact = Fact(timezone.now())
        a_sale(drivers[number], customers[number], *items, fact=fact)
        return sorted(one.kind.value for one in fact.noted)

    def count(number):
        place = place_of(Owner("truck", drivers[number].vehicle_id))
        given = {"equipment_id": things[0].pk, "condition": "DAMAGED", "quantity": 5, "reason": "x"}
        change_quantity(actor=admin, place=place, now=timezone.now(), **given)

    parts = [partial(work.run, partial(do, number)) for number in range(CLIENTS) for do in (sell, count)]
    answers = all_well(together(*parts))
    assert answers[::2] == [["short_stock", "surplus_return"]] * CLIENTS
    made_up = list(Movement.objects.filter(cause="SHORTFALL").values_list("quantity", flat=True))
    missing = sum(-held(ADJUSTMENT, thing, "") for thing in things)
    assert (len(made_up), missing) == (3 * CLIENTS, sum(made_up) + 5 * CLIENTS)
    for number, customer in enumerate(customers):
        assert held(Owner("truck", drivers[number].vehicle_id), things[0]) == 0
        assert held(site(customer), things[0], "") == (2 if number % 2 else 0)
    assert disagreements() == {}
