"""After the storm: what must be true, whatever happened. Each finding is a sentence."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.db import close_old_connections

from lpg.accounts.models import User
from lpg.distribution.models import Distribution
from lpg.integrity.services import verify
from lpg.invoices.models import Delivery
from lpg.meters.models import MeterReading
from lpg.payments.models import Payment
from lpg.transactions.models import Transaction
from lpg_client import Phone
from lpg_client.queue import DONE
from torture.day import Driver

APPLIED = {"applied", "replayed", "applied_with_exception"}
MADE: dict[str, Any] = {
    "transaction.create": Transaction,
    "payment.create": Payment,
    "distribution.create": Distribution,
}
PATIENCE = 90.0


def findings(drivers: list[Driver]) -> Iterator[str]:
    """Everything that is not as it must be; nothing is what should come."""
    close_old_connections()
    for driver in drivers:
        if driver.wrong is not None:
            yield f"{driver.route.username} stopped: {driver.wrong!r}"
        yield from _effects(driver)
        yield from _copy(driver)
    run = verify()
    yield from (f"verify: {check['name']}: {row}" for check in run.checks for row in check["rows"])
    yield from _post()


def _effects(driver: Driver) -> Iterator[str]:
    """What was acknowledged is there once; what was not, at most once."""
    user = User.objects.get(username=driver.route.username)
    for operation in driver.phone.store.all():
        name = f"{driver.route.username} {operation.seq} {operation.type}"
        if operation.state != DONE and operation.status != "mismatch":
            yield f"{name} was never judged: {operation.status}"
        if operation.type not in MADE:
            continue
        found = MADE[operation.type].objects.filter(user=user, client_temp_id=operation.client_temp_id).count()
        expected = {1} if operation.status in APPLIED else {0} if operation.state == DONE else {0, 1}
        reading = (operation.result or {}).get("entity") or {}
        if operation.type == "transaction.create" and found == 0 and "reading" in reading:
            found = MeterReading.objects.filter(pk=reading.get("id")).count()  # only its reading was left of it
        if found not in expected:
            yield f"{name} was said to be {operation.status} and is there {found} times"


def _copy(driver: Driver) -> Iterator[str]:
    """The copy that grew by pulls is the copy that a new phone gets."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Phone(Path(folder, "fresh.sqlite3"), driver.phone.api.url)
        fresh.sign_in(driver.route.username, driver.route.password)
        fresh.pull()
        driver.phone.pull()
        fresh.pull()
        grown, new = _rows(driver.phone), _rows(fresh)
        fresh.close()
    for collection in sorted({name for name, _ in grown.keys() | new.keys()}):
        ours = {key: body for key, body in grown.items() if key[0] == collection}
        theirs = {key: body for key, body in new.items() if key[0] == collection}
        wrong = sorted(key[1] for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        if wrong:
            yield f"{driver.route.username}'s copy of {collection} differs in {len(wrong)} rows: {wrong[:5]}"


def _rows(phone: Phone) -> dict[tuple[str, int], str]:
    db: sqlite3.Connection = phone.store.db
    return {(name, id): body for name, id, body in db.execute("SELECT collection, id, body FROM row")}


def _post() -> Iterator[str]:
    """No mail is stuck: all of it is sent, or has failed where people see it."""
    until = time.monotonic() + PATIENCE
    while (left := Delivery.objects.filter(next_try_at__isnull=False).count()) and time.monotonic() < until:
        time.sleep(0.5)
    if left:
        yield f"{left} deliveries are still under way"
