"""Phones, what they have sent, and the feed of what has changed for them."""

import json
from functools import cached_property
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from lpg.append_only import AppendOnly, Kept
from lpg.fields import AsciiField
from lpg.sync.causes import why_words


class Device(models.Model):
    """A phone in the hands of one person. What two people record on it is two queues, and two of these."""

    device_id = AsciiField(max_length=36)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="devices")
    name = models.CharField(max_length=100, blank=True)
    platform = models.CharField(max_length=100, blank=True)
    registered_at = models.DateTimeField()
    last_contact_at = models.DateTimeField()  # to the minute
    skew_seconds = models.IntegerField(null=True)  # how far its clock was ahead when it pushed last
    switched_off_at = models.DateTimeField(null=True)
    whole_to = models.BigIntegerField(default=0)  # of its queue everything up to here has come
    missing = models.TextField(default="[]")  # what has not come, though later operations have: [[from, to], …]
    lease_token = AsciiField(max_length=32, blank=True, default="")  # of the batch that is being worked on
    lease_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "phone"
        constraints: ClassVar = [models.UniqueConstraint(fields=["device_id", "user"], name="device_once_per_person")]

    def __str__(self) -> str:
        return self.name or f"Phone {self.device_id[:8]}"

    @property
    def depot_id(self) -> int | None:
        """A device belongs to the home depot of its user."""
        return self.user.depot_id

    @property
    def gaps(self) -> list[list[int]]:
        """Which operations of its queue have not come, though later ones have: from, to."""
        found: list[list[int]] = json.loads(self.missing)
        return found


class RawOperation(AppendOnly):
    """What a phone has sent, word for word, whatever it is worth: kept before anything is made of it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    device_id = AsciiField(max_length=36)
    received_at = models.DateTimeField()
    client_temp_id = AsciiField(max_length=36, blank=True)  # empty: it says none, or none that could be one
    seq = models.BigIntegerField(null=True)
    digest = AsciiField(max_length=64)  # of device and body: the same thing sent again is not kept again
    body = models.TextField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "digest"], name="raw_operation_once")]

    def __str__(self) -> str:
        return f"{self.user_id}/{self.seq}"


class Operation(Kept):
    """What became of something that happened away from the network. Its words are those of its raw operation."""

    class State(models.TextChoices):
        APPLIED = "applied", "Done"
        WITH_EXCEPTION = "applied_with_exception", "Done, to be looked at"
        QUARANTINED = "quarantined", "Kept, not done"
        BLOCKED = "blocked", "Waits for another"
        RESOLVED = "resolved", "Settled in another way"
        DISMISSED = "dismissed", "Dismissed"

    may_change = frozenset({"state", "error", "entity", "entity_id", "document_id", "number", "settled_at"})

    raw = models.OneToOneField(RawOperation, models.PROTECT, related_name="operation")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    device = models.ForeignKey(Device, models.PROTECT, related_name="operations")
    client_temp_id = AsciiField(  # type: ignore[misc]  # null=True is beyond the stubs; it says none, or another's
        max_length=36, null=True
    )
    seq = models.BigIntegerField(null=True)
    type = AsciiField(max_length=40, blank=True)
    content = AsciiField(max_length=64)  # what makes two operations of one client_temp_id the same
    captured_at = models.DateTimeField(null=True)  # by a clock that was put right
    received_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    state = AsciiField(max_length=24, choices=State)
    depot = models.ForeignKey("depots.Depot", models.PROTECT, null=True, related_name="+")
    error = models.TextField(blank=True)  # as JSON: code, detail
    entity = AsciiField(max_length=24, blank=True)  # what it has made: transaction, payment …
    entity_id = models.BigIntegerField(null=True)
    document_id = models.BigIntegerField(null=True)  # the invoice, of a sale
    number = AsciiField(max_length=40, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "client_temp_id"], name="operation_once_per_key")
        ]
        indexes: ClassVar = [
            models.Index(fields=["device", "seq"], name="operation_of_device"),
            models.Index(fields=["state", "user"], name="operation_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.type or 'operation'} {self.seq or '?'}"

    @property
    def is_done(self) -> bool:
        return self.state in {self.State.APPLIED, self.State.WITH_EXCEPTION}

    @property
    def problem(self) -> dict[str, Any] | None:
        """Why it is not simply done."""
        return json.loads(self.error) if self.error else None

    @property
    def payload(self) -> Any:
        """What the phone recorded; all that it sent, where that has no such part."""
        body = self._body
        return body.get("payload", body) if isinstance(body, dict) else body

    @property
    def needed(self) -> Any:
        """What it says it depends on."""
        return self._body.get("depends_on", []) if isinstance(self._body, dict) else []

    @property
    def said_at(self) -> str | None:
        """When it was captured, by the phone's own clock."""
        at = self._body.get("captured_at") if isinstance(self._body, dict) else None
        return at if isinstance(at, str) else None

    @cached_property
    def _body(self) -> Any:
        return json.loads(self.raw.body)


class SyncException(Kept):
    """Something that a supervisor has to look at: what happened did not fit, or could not be done."""

    class State(models.TextChoices):
        OPEN = "open", "Open"
        RESOLVED = "resolved", "Resolved"
        DISMISSED = "dismissed", "Dismissed"

    may_change = frozenset({"kind", "words", "facts", "state", "decided_by_id", "decided_at", "note"})

    operation = models.ForeignKey(Operation, models.PROTECT, related_name="exceptions")
    depot = models.ForeignKey("depots.Depot", models.PROTECT, null=True, related_name="+")
    kind = AsciiField(max_length=40)
    words = models.TextField()
    facts = models.TextField(default="{}")  # as JSON: what the server expected
    raised_at = models.DateTimeField()
    state = AsciiField(max_length=12, choices=State, default=State.OPEN)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = "thing to look at"
        verbose_name_plural = "things to look at"
        indexes: ClassVar = [models.Index(fields=["depot", "state", "id"], name="exception_of_depot")]

    def __str__(self) -> str:
        return why_words(self.kind)

    @property
    def expected(self) -> dict[str, Any]:
        """What the server expected, or has found, in figures."""
        found: dict[str, Any] = json.loads(self.facts)
        return found


class Touched(models.Model):
    """A row that phones may hold has changed: written by triggers (`lpg.sync.triggers`), in the same transaction.

    Its id says nothing: of two transactions the later one may commit first. It stays only until it is in the feed.
    """

    kind = AsciiField(max_length=12)
    row_id = models.BigIntegerField()
    was = models.BigIntegerField(null=True)  # the depot that a customer has left

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"


class Sequence(models.Model):
    """One row: who holds its lock may write the feed."""

    last = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.last)


class Change(models.Model):
    """The feed: which row of which collection has changed, for whom. The id is a sequence given after the commit."""

    id = models.BigIntegerField(primary_key=True)
    collection = AsciiField(max_length=16)
    row_id = models.BigIntegerField()
    scope = AsciiField(max_length=22)  # * for all, d7 for those of depot 7, u7 for user 7, v7 for who drives truck 7
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.id}: {self.collection} {self.row_id} {self.scope}"
