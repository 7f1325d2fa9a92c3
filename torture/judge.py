"""After the storm: what must be true, whatever happened. Each finding is a sentence."""

import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.db import close_old_connections

from lpg.accounts.models import User
from lpg.day_close.models import DayClose
from lpg.distribution.models import Distribution
from lpg.integrity.services import verify
from lpg.invoices.models import Delivery
from lpg.meters.models import MeterReading
from lpg.payments.models import Payment
from lpg.sync.models import Device
from lpg.sync.models import Operation as Kept
from lpg.sync.queue import UNSETTLED
from lpg.transactions.models import Transaction
from lpg_client import Operation, Phone
from lpg_client.api import Api
from lpg_client.queue import DONE
from tests.phones import API, lists_of
from torture.day import Driver

APPLIED = {"applied", "replayed", "applied_with_exception"}
MADE: dict[str, Any] = {
    "transaction.create": Transaction,
    "payment.create": Payment,
    "distribution.create": Distribution,
    "day.close": DayClose,
}
OUTSIDE = {"reading_regressed", "reading_outside"}
PATIENCE = 90.0

type Copy = Mapping[str, Mapping[int, Any]]


def findings(drivers: Iterable[Driver]) -> Iterator[str]:
    """Everything that is not as it must be; nothing is what should come."""
    close_old_connections()
    yield from of_post()  # first: what is sent meanwhile would change the copies
    for driver in drivers:
        if driver.wrong is not None:
            yield f"{driver.route.username} stopped: {driver.wrong!r}"
        yield from of_effects(driver.route.username, driver.phone.store.all())
        yield from _of_copies(driver)
    yield from of_waiting()
    yield from of_books()


def of_acknowledged(username: str, operations: list[Operation]) -> Iterator[str]:
    """What the phone was told is done is there once: asked before it says everything again, which would mend it."""
    user = User.objects.get(username=username)
    for operation in operations:
        if operation.type in MADE and operation.status in APPLIED:
            name, found = f"{username} {operation.seq} {operation.type}", _found(user, operation)
            if found != made_by(operation):
                yield f"{name} was acknowledged and is there {found} times"


def of_effects(username: str, operations: list[Operation]) -> Iterator[str]:
    """What was acknowledged is there once; what was not, at most once; and nothing else is."""
    user = User.objects.get(username=username)
    for operation in operations:
        name = f"{username} {operation.seq} {operation.type}"
        if operation.state != DONE and operation.status != "mismatch":
            yield f"{name} was never judged: {operation.status}"
        if operation.type not in MADE:
            continue
        found = _found(user, operation)
        expected = {made_by(operation)} if operation.state == DONE else {0, 1}
        if found not in expected:
            yield f"{name} was said to be {operation.status} and is there {found} times"
    done = [operation for operation in operations if operation.status in APPLIED]
    yield from _of_readings(user, done)
    yield from _of_mail(user, done)


def _found(user: User, operation: Operation) -> int:
    made: int = MADE[operation.type].objects.filter(user=user, client_temp_id=operation.client_temp_id).count()
    return made


def made_by(operation: Operation) -> int:
    """How many rows it has made, by what the phone was told."""
    if operation.status not in APPLIED:
        return 0
    if operation.type == "transaction.create":
        return int(_entity(operation)["transaction"] is not None)  # else only its reading was left of it
    if operation.type == "day.close":
        return int(_entity(operation)["client_temp_id"] == operation.client_temp_id)  # else the first has won
    return 1


def _of_readings(user: User, done: list[Operation]) -> Iterator[str]:
    """Each was told to the phone once, and is there; and there is none that no operation speaks of."""
    told = [_entity(one)["id"] for one in done if one.type == "meter.read"]
    told += [_entity(one)["reading"]["id"] for one in done if one.type == "transaction.create" and not made_by(one)]
    there = MeterReading.objects.filter(user=user)
    lost = set(told) - set(there.values_list("pk", flat=True))
    unbilled = there.filter(transaction=None, kind=MeterReading.Kind.PLAIN)
    more = set(unbilled.values_list("pk", flat=True)) - set(told)
    if lost or more or len(told) > len(set(told)):
        yield f"{user.username} was told of readings {sorted(told)}: {lost} are not there, {more} are there besides"
    outside = there.filter(kind=MeterReading.Kind.OUTSIDE).count()
    noted = sum(bool(_codes(one) & OUTSIDE) for one in done)
    if outside != noted:
        yield f"{user.username} was told of {noted} readings outside their chain, and there are {outside}"


def _of_mail(user: User, done: list[Operation]) -> Iterator[str]:
    """Each that was asked for is on its way once, and no other."""
    asked = [one for one in done if one.type == "invoice.email"]
    asked += [one for one in done if one.payload.get("send_email") and one.type in MADE and _entity(one).get("invoice")]
    there = Delivery.objects.filter(user=user).count()
    if len(asked) != there:
        yield f"{user.username} has asked for {len(asked)} mails, and there are {there}"


def of_copy(username: str, grown: Copy, whole: Copy, by: str) -> Iterator[str]:
    """The copy that grew by pulls is the whole."""
    for collection in sorted(grown.keys() | whole.keys()):
        ours, theirs = grown.get(collection, {}), whole.get(collection, {})
        wrong = sorted(id for id in ours.keys() | theirs.keys() if ours.get(id) != theirs.get(id))
        if wrong:
            yield f"{username}'s copy of {collection} differs from {by} in {len(wrong)} rows: {wrong[:5]}"


def of_waiting() -> Iterator[str]:
    """Everything has come, and supervisors have decided on everything: nothing waits."""
    for device in Device.objects.exclude(missing="[]").select_related("user").order_by("pk"):
        yield f"{device.user} has not sent {device.missing}"
    for operation in Kept.objects.filter(state__in=UNSETTLED).select_related("user").order_by("pk"):
        yield f"{operation.user} {operation} is still {operation.state}: {operation.error}"


def of_books() -> Iterator[str]:
    """They agree with themselves, and no number is missing or given twice."""
    for check in verify().checks:
        yield from (f"verify: {check['name']}: {row}" for row in check["rows"])


def of_post(patience: float = PATIENCE) -> Iterator[str]:
    """No mail is stuck: all of it is sent, or has failed where people see it."""
    until = time.monotonic() + patience
    while (left := Delivery.objects.filter(next_try_at__isnull=False).count()) and time.monotonic() < until:
        time.sleep(0.5)
    if left:
        yield f"{left} deliveries are still under way"


def _of_copies(driver: Driver) -> Iterator[str]:
    """Beside what a new phone gets, and beside what the lists of the API tell this user."""
    phone, name = driver.phone, driver.route.username
    with tempfile.TemporaryDirectory() as folder:
        fresh = Phone(Path(folder, "fresh.sqlite3"), phone.api.url)
        fresh.sign_in(name, driver.route.password)
        fresh.pull()
        phone.pull()
        fresh.pull()
        grown, new = _copy(phone), _copy(fresh)
        listed: Copy = lists_of(_Lists(fresh.api), User.objects.get(username=name))  # type: ignore[arg-type]
        fresh.close()
    yield from of_copy(name, grown, new, "a new phone's")
    yield from of_copy(name, grown, listed, "the lists")


class _Lists:
    """Reads lists as the tests do, over the line."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def get(self, link: str) -> "_Lists":
        parts = urlsplit(link)
        self.page = self.api.call("GET", f"{parts.path}?{parts.query}".removeprefix(API))
        return self

    def json(self) -> Any:
        return self.page


def _copy(phone: Phone) -> Copy:
    rows = phone.store.db.execute("SELECT collection, id, body FROM row")
    found: dict[str, dict[int, Any]] = {}
    for name, id, body in rows:
        found.setdefault(name, {})[id] = json.loads(body)
    return found


def _entity(operation: Operation) -> Any:
    return (operation.result or {}).get("entity") or {}


def _codes(operation: Operation) -> set[str]:
    """What was noted of it."""
    error = (operation.result or {}).get("error") or {}
    return {error.get("code"), *(one["code"] for one in error.get("more", []))}
