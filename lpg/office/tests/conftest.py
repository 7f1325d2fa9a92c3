"""Browsers that have signed in, and a depot with something in it."""

import pytest

from lpg.inventory.places import Owner
from lpg.office.tests.desk import sign_in
from tests import make
from tests.stock import fill


@pytest.fixture
def desk(admin):
    return sign_in(admin)


@pytest.fixture
def own(supervisor):
    return sign_in(supervisor)


@pytest.fixture
def cylinder(admin):
    return make.some_equipment(admin)


@pytest.fixture
def truck(admin, singgas):
    return make.a_vehicle(admin, singgas)


@pytest.fixture
def filled(admin, singgas, cylinder):
    fill(admin, Owner("depot", singgas.pk), cylinder, 10)
    return singgas
