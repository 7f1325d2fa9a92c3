"""Fifty keys, twelve racing clients each, a third of the first holders killed: one effect each, no key stuck."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from lpg.accounts import tokens
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer, Rate
from lpg.idempotency.models import Answer
from tests import make
from tests.races import surroundings

KEYS = [f"key-{number:02d}" for number in range(50)]
CLIENTS = 12
KILLED = KEYS[::3]


@pytest.fixture
def customer(admin, singgas) -> Customer:
    return make.a_customer(admin, singgas)


def raced(customer: Customer, token: str, folder: Path, keys: list[str], *, killed: list[str], claim: bool) -> Any:
    """What `tests.racing_clients` saw, on the database of this test."""
    task = {
        "address": address(customer),
        "bodies": {key: rate(key) for key in keys},
        "token": token,
        "folder": str(folder),
        "keys": keys,
        "killed": killed,
        "clients": CLIENTS,
        "claim": claim,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.racing_clients"],
        input=json.dumps(task),
        env=surroundings(),
        cwd=settings.ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def address(customer: Customer) -> str:
    return f"/api/v1/customers/{customer.pk}/rates/"


def rate(key: str) -> dict[str, Any]:
    """A row that nothing but the key keeps from being there twice."""
    return {"equipment": None, "rate": f"{KEYS.index(key) + 1}.0000", "effective_from": "2026-11-20"}


@pytest.mark.django_db(transaction=True)
def test_fifty_keys_raced_by_twelve_with_a_third_of_the_first_killed(admin, customer, tmp_path):
    client = make.a_client(admin)
    token = tokens.issue(client.signed_in)["access"]
    seen = raced(customer, token, tmp_path, KEYS, killed=KILLED, claim=True)
    for key in KEYS:
        answers, killed = seen[key]["answers"], int(key in KILLED)
        assert seen[key]["killed"] == killed, key
        assert len(answers) == CLIENTS - killed, key
        assert {answer["status"] for answer in answers} == {201}, (key, answers)
        assert len({answer["body"] for answer in answers}) == 1, key
        assert sorted(str(answer["replayed"]) for answer in answers) == ["None", *["true"] * (len(answers) - 1)], key
        again = client.post(address(customer), rate(key), format="json", headers={"Idempotency-Key": key})
        assert (again.status_code, again.content.decode()) == (201, answers[0]["body"]), f"{key} is stuck"
    rates = sorted(Rate.objects.values_list("rate", flat=True))
    assert rates == list(range(1, len(KEYS) + 1))
    assert AuditLog.objects.filter(action="CREATE_RATE").count() == len(KEYS)
    assert set(Answer.objects.values_list("key", "status")) == {(key, 201) for key in KEYS}


@pytest.mark.django_db(transaction=True)
def test_without_the_claim_the_same_race_is_seen_to_go_wrong(admin, customer, tmp_path):
    """The control: the test above can fail."""
    keys = KEYS[:2]
    token = tokens.issue(make.a_client(admin).signed_in)["access"]
    seen = raced(customer, token, tmp_path, keys, killed=keys[:1], claim=False)
    assert [seen[key]["killed"] for key in keys] == [1, 0]
    assert Rate.objects.count() == sum(len(seen[key]["answers"]) for key in keys) == 2 * CLIENTS - 1
    assert not Answer.objects.exists()
