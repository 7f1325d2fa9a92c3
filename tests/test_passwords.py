"""How passwords are kept, in the real settings: the tests' own are quicker and kept no better than needed."""

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password

import lpg.settings
from lpg.accounts.models import User
from tests import make


@pytest.fixture
def real(settings) -> None:
    settings.PASSWORD_HASHERS = lpg.settings.PASSWORD_HASHERS


def test_passwords_are_kept_by_argon2(real):
    kept = make_password(make.PASSWORD)
    assert kept.startswith("argon2$argon2id$")
    assert check_password(make.PASSWORD, kept)
    assert not check_password("wrong", kept)
    assert lpg.settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


@pytest.mark.django_db
def test_a_user_signs_in_by_argon2(admin, real):
    admin.set_password(make.PASSWORD)
    admin.save()
    answer = make.a_client().post("/api/v1/token/", {"username": "admin", "password": make.PASSWORD}, format="json")
    assert answer.status_code == 200
    assert identify_hasher(User.objects.get().password).algorithm == "argon2"
