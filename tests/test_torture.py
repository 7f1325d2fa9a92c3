"""The short form of `make torture`: half a minute of kills, lost answers and wrong clocks, and then the books.

And the control: of a real day's end each thing that could be wrong is made wrong once, and the judge has to see it.
"""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from django.db import connection, transaction

from lpg.distribution.models import Distribution
from lpg.payments.models import Payment
from lpg.transactions.models import Transaction
from lpg_client import Operation
from lpg_client.queue import WAITING
from tests import make
from tests.running import ROOT
from tests.sales import Shop, a_meter, a_rate
from tests.tampering import execute, unguarded
from torture import judge
from torture.day import Driver, Round
from torture.desk import Desk, drain, settled

KINDS = {
    "transaction.create": "transactions_transaction",
    "payment.create": "payments_payment",
    "distribution.create": "distribution_distribution",
    "day.close": "day_close_dayclose",
}


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="it kills its database server: it brings a MariaDB of its own"
)
def test_every_promise_holds_after_half_a_minute_of_everything_going_wrong():
    command = [sys.executable, "bin/with-mariadb", "--durable", "--revive", sys.executable, "-m", "torture"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DB_", "COVERAGE_"))}
    environment = {**kept, "SECONDS": "30", "SEED": "20261120"}
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=420, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert "every promise held" in said.stdout


# --- the control ------------------------------------------------------------------------------------------------------


@pytest.fixture
def driving(admin, driver, settings, live_server, tmp_path) -> Iterator[Driver]:
    """A driver whose day is over: all was sent and decided on, and every promise held."""
    settings.ALLOWED_HOSTS = ["127.0.0.1", *settings.ALLOWED_HOSTS]
    port = urlsplit(live_server.url).port or 0
    shop = Shop(admin, driver)
    a_rate(admin, shop.customer, "2.3500")
    a_meter(admin, shop.customer, "100", digits=7)
    things = [shop.thing("38").pk for _ in range(2)]
    round = Round("driver", make.PASSWORD, shop.depot.id, shop.truck.id, [shop.customer.pk], [shop.customer.pk], things)
    one = Driver(round, tmp_path, port, random.Random(20261120))
    desk = Desk("admin", make.PASSWORD, port, random.Random(6))
    for who in (one, desk):
        who.sign_in()
    one.phone.pull()
    a_day_of(one)
    drain([one], lambda: settled(desk))
    one.say_all_again()
    drain([one])
    yield one
    one.phone.close()


def a_day_of(one: Driver) -> None:
    """With something of everything in it."""
    customer = one.route.customers[0]
    for reading in ("203.500", "190.500"):  # the second runs backwards
        one._sell(customer=customer, current_meter_reading=reading, send_email=True)
    one.phone.capture("transaction.create", {"customer": customer, "current_meter_reading": "150"})
    for _ in range(2):
        one._read_meter()
        one._take_money()
        one._collect()
        one._send_invoice()
    one._close_a_day()
    one._dispute()
    for _ in range(3):
        one._do_wrong()
    one._close_a_day()


def done(operations: list[Operation], type: str) -> list[Operation]:
    return [one for one in operations if one.type == type and one.status in judge.APPLIED and judge.made_by(one)]


@pytest.mark.django_db(transaction=True)
def test_a_day_that_went_well_has_no_findings_and_a_copy_that_differs_has(driving):
    assert list(judge.findings([driving])) == []
    operations = driving.phone.store.all()
    assert set(KINDS) <= {one.type for one in operations if done(operations, one.type)}
    for change, of in (
        ("UPDATE row SET body = replace(body, '38.0000', '39.0000') WHERE collection = 'equipment'", "equipment"),
        ("DELETE FROM row WHERE collection = 'customers'", "customers"),
        ("INSERT INTO row VALUES ('open_invoices', 987654321, '{}')", "open_invoices"),
    ):
        assert driving.phone.store.db.execute(change).rowcount
        found = list(judge.findings([driving]))
        assert {f"driver's copy of {of} differs from {by}" for by in ("a new phone's", "the lists")} == {
            sentence.split(" in ")[0] for sentence in found
        }
        driving.phone.store.note(cursor="")
        driving.phone.pull()
    driving.wrong = ZeroDivisionError("x")
    assert list(judge.findings([driving])) == ["driver stopped: ZeroDivisionError('x')"]


@pytest.mark.django_db(transaction=True)
def test_whatever_is_lost_or_doubled_is_found(driving, one_transaction):
    operations = driving.phone.store.all()
    with unguarded():
        for type, table in KINDS.items():
            first = done(operations, type)[0]
            key, name = first.client_temp_id, f"driver {first.seq} {type} was said to be {first.status} and is there"
            assert f"{name} 0 times" in found(operations, f"DELETE FROM {table} WHERE client_temp_id = %s", key)
            wrong = found(
                operations, f"UPDATE {table} SET client_temp_id = %s", key
            )  # all that there are, are this one
            assert any(sentence.startswith(name) for sentence in wrong), wrong
            told = f"driver {first.seq} {type} was acknowledged and is there"
            assert any(sentence.startswith(told) for sentence in wrong), wrong
            untold = [replace(one, status="quarantined") if one == first else one for one in operations]
            assert f"driver {first.seq} {type} was said to be quarantined and is there 1 times" in found(untold)
        assert found(operations) == []


@pytest.mark.django_db(transaction=True)
def test_readings_and_mails_that_are_lost_or_doubled_are_found(driving, one_transaction):
    operations = driving.phone.store.all()
    (read, *_), (mailed, *_) = done(operations, "meter.read"), done(operations, "invoice.email")
    without_reading = [one for one in operations if one != read]
    without_mail = [one for one in operations if one != mailed]
    id = read.result["entity"]["id"]
    with unguarded():
        for told, statements, words in (
            (operations, [f"DELETE FROM meters_meterreading WHERE id = {id}"], "driver was told of readings"),
            ([*operations, read], [], "driver was told of readings"),
            (operations, ["UPDATE meters_meterreading SET kind = 'OUTSIDE'"], "readings outside their chain"),
            (operations, ["DELETE FROM meters_meterreading WHERE kind = 'OUTSIDE'"], "readings outside their chain"),
            (operations, ["DELETE FROM invoices_delivery"], "mails, and there are 0"),
            (without_mail, [], "mails, and there are"),
        ):
            point = transaction.savepoint_create()
            for statement in statements:
                assert execute(statement)
            wrong = found(told)
            transaction.savepoint_rollback(point)
            assert any(words in sentence for sentence in wrong), (words, wrong)
        unbilled = execute("UPDATE meters_meterreading SET transaction_id = NULL, kind = 'PLAIN' WHERE id = %s", id)
        assert unbilled
        assert any("are there besides" in sentence and str(id) in sentence for sentence in found(without_reading))


@pytest.mark.django_db(transaction=True)
def test_what_was_never_judged_or_waits_and_what_the_books_and_the_post_say_is_found(driving, one_transaction):
    operations = driving.phone.store.all()
    last = operations[-1]
    unsent = [*operations[:-1], replace(last, state=WAITING, status=None)]
    assert f"driver {last.seq} {last.type} was never judged: None" in found(unsent)
    assert [*judge.of_waiting(), *judge.of_books(), *judge.of_post(0)] == []
    tampering = {
        "UPDATE sync_operation SET state = 'blocked' WHERE seq = 1": "driver transaction.create 1 is still blocked",
        "UPDATE sync_device SET missing = '[[3, 4]]'": "driver has not sent [[3, 4]]",
        "UPDATE invoices_delivery SET state = 'queued', next_try_at = created_at": "deliveries are still under way",
        "UPDATE inventory_balance SET quantity = quantity + 1": "verify: stock: balances are the sum",
    }
    for model, column in (
        (Transaction, "transaction_number"),
        (Payment, "payment_number"),
        (Distribution, "distribution_number"),
    ):
        table, last_one = model._meta.db_table, model.objects.latest("pk")
        number = getattr(last_one, column)
        gap = f"UPDATE {table} SET {column} = '{number[:-6]}999999' WHERE id = {last_one.pk}"
        tampering[gap] = "numbers without gap or duplicate"
    with unguarded():
        for statement, words in tampering.items():
            point = transaction.savepoint_create()
            assert execute(statement)
            wrong = [*judge.of_waiting(), *judge.of_books(), *judge.of_post(0)]
            transaction.savepoint_rollback(point)
            assert any(words in sentence for sentence in wrong), (words, wrong)


def test_a_copy_beside_another():
    whole = {"customers": {1: {"name": "One"}, 2: {"name": "Two"}}, "rates": {}}
    assert list(judge.of_copy("driver", {"customers": dict(whole["customers"])}, whole, "the lists")) == []
    for grown in ({}, {1: {"name": "One"}}, {**whole["customers"], 3: {}}, {**whole["customers"], 2: {"name": "2"}}):
        (sentence,) = judge.of_copy("driver", {"customers": grown}, whole, "the lists")
        assert sentence.startswith("driver's copy of customers differs from the lists in ")


def found(operations: list[Operation], statement: str = "", *values: object) -> list[str]:
    """What the judge says of the effects when this has been done; then it is undone."""
    point = transaction.savepoint_create()
    if statement:
        assert execute(statement, *values), f"it touched nothing: {statement}"
    sentences = [*judge.of_effects("driver", operations), *judge.of_acknowledged("driver", operations)]
    transaction.savepoint_rollback(point)
    return sentences
