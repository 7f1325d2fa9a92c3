"""Every change that any service makes leaves exactly one audit row for each entity it changed."""

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable
from decimal import Decimal
from types import FunctionType, ModuleType
from typing import Any

import pytest
from django.utils import timezone

import lpg
from lpg import trace, work
from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.audit import services as audit
from lpg.audit.models import AuditLog
from lpg.errors import Refused
from lpg.idempotency import services as idempotency
from lpg.integrity import services as integrity
from lpg.inventory import services as stock
from lpg.invoices import deliveries
from lpg.invoices import services as invoices
from lpg.meters import services as meters
from lpg.numbering import services as numbering
from lpg.payments import services as payments
from lpg.sync import devices, exceptions
from lpg.worker import services as worker
from tests import audited_people, audited_post, audited_sales, audited_stock, audited_sync, make
from tests.audited import CASES, NEW_PASSWORD, Row, World, in_the_row

pytestmark = pytest.mark.django_db
TABLES = (audited_people, audited_stock, audited_sales, audited_post, audited_sync)  # read, and with that in CASES

NOT_AUDITED: dict[Callable[..., Any], str] = {
    exceptions.retry: "opens units of work of its own: tests/test_push_exceptions.py sees its row",
    exceptions.follow: "lets go on what waits; what is done then leaves its own rows",
    exceptions.release: "lets go on what waits; what is done then leaves its own rows",
    exceptions.try_again: "lets go on what waits; what is done then leaves its own rows",
    exceptions.exceptions_seen_by: "reads",
    audit.record: "writes the audit itself",
    audit.record_all: "writes the audit itself",
    audit.snapshot: "reads",
    audit.create: "the part of services that saves and records",
    audit.change: "the part of services that saves and records",
    audit.clean: "judges values",
    audit.save: "the part of services that saves",
    accounts.use_device: "the device's own row says who carries it",
    devices.heard_from: "when a device was last heard of is no change of state",
    accounts.touch_session: "when a session was last used is no change of state",
    idempotency.fingerprint: "computes",
    idempotency.once: "its effect is a service",
    idempotency.purge: "forgets answers, changes no entity",
    invoices.total_of: "computes",
    invoices.series_of: "computes",
    invoices.issue: "the sale that it is for writes its row",
    invoices.correct: "the void that it is for writes its row",
    deliveries.queue: "the sale or the request that it is for writes its row",
    deliveries.claim: "a lease; how the try ends is told, or the next try tells",
    deliveries.not_now: "the delivery itself says how often it was tried and what came of it",
    invoices.settle: "what settles it, or takes that back, writes its row",
    meters.due: "computes",
    meters.refuse_later: "reads, under a lock",
    meters.show: "the sale that bills writes the rows",
    meters.bill: "the sale that bills writes the rows",
    meters.unbill: "the void of that sale writes the rows",
    payments.receive: "the sale or the payment by itself writes its row",
    payments.link: "payment and invoice say it",
    payments.waiting_with: "reads, under a lock",
    payments.use: "the approval that it waited for writes its row",
    payments.release: "the void of the sale writes the rows",
    payments.cover: "the same",
    numbering.take_all: "the document that takes the number is the record",
    numbering.take: "the document that takes the number is the record",
    numbering.prepare: "an empty counter is no document",
    stock.shift: "the caller writes the ledger",
    stock.post: "the ledger is its own record; the service that moves records why",
    stock.move: "the ledger is its own record; the service that moves records why",
    stock.corrections: "computes",
    stock.quantities: "reads, under a lock",
    integrity.verify: "reads",
    integrity.keep: "a look at the books is no change of them",
    worker.look: "sends, draws and does chores; what they change is theirs to record",
    worker.sweep: "does chores; what they change is theirs to record",
}


def as_expected(row: AuditLog, expected: Row) -> None:
    before, after = row.payload["before"], row.payload["after"]
    assert expected.entity is not None
    assert (row.action, row.entity_type, row.entity_id) == (
        expected.action,
        type(expected.entity).__name__,
        expected.entity.pk,
    )
    assert row.depot_id == (expected.depot and expected.depot.pk)
    if expected.silent:
        assert (before, after) == (None, None)
        return
    kept = in_the_row(expected.entity)
    assert after.pop("items", after.pop("lines", None)) == expected.lines
    if expected.told is not None:
        assert set(before) == set(after) == expected.told
        assert {name: kept[name] for name in after} == after
    elif expected.partial:
        assert after.pop("reason")
        assert set(before) == set(after) == set(expected.changed)
        assert {name: kept[name] for name in after} == after
    else:
        assert set(after) == set(kept), "a column is missing in the audit"
    differing = {
        name: ((before or {}).get(name), after[name]) for name in after if before is None or before[name] != after[name]
    }
    assert differing == expected.changed
    assert before is None or set(before) == set(after)


every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.call.__name__)


def public_functions(module: ModuleType) -> set[Callable[..., Any]]:
    functions = inspect.getmembers(
        module, lambda thing: isinstance(inspect.unwrap(thing), FunctionType) if callable(thing) else False
    )
    return {
        function for name, function in functions if not name.startswith("_") and function.__module__ == module.__name__
    }


def public_services() -> set[Callable[..., Any]]:
    found: set[Callable[..., Any]] = set()
    for app in pkgutil.iter_modules(lpg.__path__, "lpg."):
        if app.ispkg:
            for name in ("services", "counts", "deliveries", "devices", "exceptions"):
                try:
                    module = importlib.import_module(f"{app.name}.{name}")
                except ModuleNotFoundError:
                    continue
                found |= public_functions(module)
    return found


def test_every_public_service_stands_in_a_table_here():
    tested = {case.service for case in CASES}
    assert not tested & set(NOT_AUDITED)
    assert public_services() == tested | set(NOT_AUDITED)


@every_case
def test_each_change_leaves_exactly_one_row_for_each_entity(case):
    world = case.world()
    before = AuditLog.objects.latest("pk").pk
    token = trace.request_id.set("request-7")
    started = timezone.now()
    try:
        expected = work.run(lambda: case.call(world))
    finally:
        trace.request_id.reset(token)
    rows = list(AuditLog.objects.filter(pk__gt=before).order_by("pk"))
    assert [row.action for row in rows] == [row.action for row in expected]
    who = (world.admin.pk, world.admin.username) if world.admin else (None, "system")
    for row, wanted in zip(rows, expected, strict=True):
        as_expected(row, wanted)
        assert (row.user_id, row.user_name, row.request_id) == (*who, "request-7")
        assert started <= row.created_at <= timezone.now()


@every_case
def test_what_is_rolled_back_leaves_no_row(case):
    world = case.world()
    before = AuditLog.objects.count()

    def broken_off() -> None:
        case.call(world)
        assert AuditLog.objects.count() > before
        raise Refused("not today")

    with pytest.raises(Refused):
        work.run(broken_off)
    assert AuditLog.objects.count() == before


@every_case
def test_no_secret_is_ever_written_into_the_audit(case):
    world = case.world()
    hashes = set(User.objects.values_list("password", flat=True))
    work.run(lambda: case.call(world))
    hashes |= set(User.objects.values_list("password", flat=True))
    text = json.dumps(list(AuditLog.objects.values_list("payload", flat=True)))
    assert len(hashes) >= 2
    for secret in (make.PASSWORD, NEW_PASSWORD, *hashes, *(piece for each in hashes for piece in each.split("$")[1:])):
        assert secret not in text
    assert '"password"' not in text


def test_a_row_without_a_depot_stays_with_the_administrators():
    world = World()
    row = AuditLog.objects.filter(entity_type="Equipment").get()
    assert row.depot_id is None
    assert str(row) == f"CREATE_EQUIPMENT Equipment {world.equipment.pk}"


def test_a_constraint_that_nobody_foresaw_is_no_refusal(monkeypatch):
    world = World()
    monkeypatch.setattr(audit, "clean", lambda entity: None)
    world.equipment.weight_kg = Decimal(-1)
    with pytest.raises(audit.IntegrityError):
        audit.save(world.equipment)
