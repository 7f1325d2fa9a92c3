"""The books, verified by command and by address, also while everybody goes on working."""

import threading
import time
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.integrity import services
from lpg.integrity.models import Run
from lpg.inventory.places import Owner
from tests import make
from tests.races import all_well, together
from tests.stock import a_distribution, fill

API = "/api/v1/integrity/"


@pytest.fixture
def cylinder(admin, singgas):
    thing = make.some_equipment(admin)
    fill(admin, Owner("depot", singgas.pk), thing, 10_000)
    return thing


def tamper() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_balance SET quantity = quantity + 1 WHERE physical")


def verified() -> tuple[int, list[str]]:
    out = StringIO()
    try:
        call_command("verify", stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue().splitlines()
    return 0, out.getvalue().splitlines()


@pytest.mark.django_db(transaction=True)
def test_the_command_prints_every_check_and_exits_with_1_when_one_fails(singgas, cylinder):
    assert verified() == (0, [f"ok  {name}" for name in services.CHECKS])
    tamper()
    code, lines = verified()
    assert code == 1
    assert [line[4:] for line in lines if not line.startswith(" ")] == list(services.CHECKS)
    failed = [line for line in lines if line.startswith("NOT ")]
    assert failed == ["NOT stock: nothing appears or vanishes", "NOT stock: balances are the sum of their movements"]
    assert lines[1] == f"      equipment {cylinder.pk}: all places together hold 1, not 0"
    assert [run.ok for run in Run.objects.order_by("pk")] == [True, False]
    assert [str(run).partition(": ")[2] for run in Run.objects.order_by("pk")] == ["ok", "not ok"]


@pytest.mark.django_db(transaction=True)
def test_the_address_runs_every_check_and_remembers_the_last_run(admin, singgas, cylinder, signed_in):
    client = signed_in(admin)
    never = client.get(API)
    assert (never.status_code, never.json()["code"]) == (404, "not_found")
    good = client.post(API, {}, format="json")
    assert (good.status_code, good.json()["ok"]) == (200, True)
    assert [(check["name"], check["ok"], check["rows"]) for check in good.json()["checks"]] == [
        (name, True, []) for name in services.CHECKS
    ]
    assert client.get(API).json() == good.json()
    tamper()
    bad = client.post(API, {}, format="json")
    assert (bad.status_code, bad.json()["ok"]) == (200, False)
    assert client.get(API).json() == bad.json()
    assert sum(not check["ok"] for check in bad.json()["checks"]) == 2


@pytest.mark.django_db(transaction=True)
def test_a_run_within_a_transaction_or_with_a_wrong_body_is_not_begun(admin, monkeypatch, signed_in):
    with pytest.raises(RuntimeError), distributions.transaction.atomic():
        services.verify()
    monkeypatch.setattr(services, "CHECKS", {"never": lambda: pytest.fail("it was run")})
    answer = signed_in(admin).post(API, {"nope": 1}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["nope"])
    assert not Run.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_no_false_alarm_while_distributions_are_made_and_confirmed(admin, driver, singgas, cylinder):
    client, over = make.a_client(admin), threading.Event()

    def looking() -> list[dict]:
        until, seen = time.monotonic() + 2, []
        try:
            while time.monotonic() < until or len(seen) < 3:
                seen.append(client.post(API, {}, format="json").json())
        finally:
            over.set()
        return seen

    def working() -> int:
        made, worker = 0, make.a_client(driver)
        while not over.is_set():
            made += 1
            pk = a_distribution(driver, singgas.pk, (cylinder, 1)).pk
            answer = worker.post(f"/api/v1/distributions/{pk}/confirm/", {}, format="json")
            assert answer.status_code == 200, answer.content
        return made

    runs, made = all_well(together(looking, working))
    assert all(run["ok"] for run in runs), [run for run in runs if not run["ok"]][:1]
    assert made >= 3
    assert Distribution.objects.filter(status="CONFIRMED").count() == made
