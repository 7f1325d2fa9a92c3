"""The statement that every request begins with says what `live` says."""

from datetime import timedelta
from itertools import product

import pytest
from django.utils import timezone

from lpg.accounts import services
from lpg.accounts.models import Session, User
from lpg.accounts.selectors import PERSON, live, signed_in
from lpg.roles import Role
from tests import make

NOW = timezone.now()
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("revoked", "expires", "is_active"),
    list(
        product(
            [None, NOW - MOMENT, NOW, NOW + timedelta(days=1)],
            [NOW - timedelta(days=1), NOW - MOMENT, NOW, NOW + MOMENT, NOW + timedelta(days=7)],
            [True, False],
        )
    ),
)
def test_the_statement_by_hand_agrees_with_live(revoked, expires, is_active, driver):
    session = services.open_session(user=driver, user_agent="phone", now=NOW)
    another = services.open_session(user=driver, user_agent="tablet", now=NOW)
    Session.objects.filter(pk=session.pk).update(revoked_at=revoked, expires_at=expires)
    User.objects.filter(pk=driver.pk).update(is_active=is_active)
    expected = live(Session.objects.filter(pk=session.pk), NOW).exists()
    assert (signed_in(session.pk, NOW) is not None) is expected
    assert expected is (revoked is None and expires > NOW and is_active)
    assert (signed_in(another.pk, NOW) is not None) is is_active
    assert signed_in(session.pk + 10**9, NOW) is None


def test_it_brings_the_user_as_the_model_has_them(admin, singgas, union, driver):
    rover = make.a_user(Role.DRIVER, by=admin, depot=singgas.pk, depots=[union.pk, singgas.pk])
    visitor = make.a_user(Role.SUPERVISOR, by=admin, depots=[union.pk])
    nobody = make.a_user(Role.SUPERVISOR, by=admin)
    for user in (admin, driver, rover, visitor, nobody):
        session = services.open_session(user=user, user_agent="phone", now=NOW)
        found = signed_in(session.pk, NOW)
        assert (found.pk, found.user_id, found.user) == (session.pk, user.pk, user)
        fresh = User.objects.get(pk=user.pk)
        assert [getattr(found.user, name) for name in PERSON] == [getattr(fresh, name) for name in PERSON]
        assert found.user.own_depot_ids == set(fresh.own_depot_ids)
