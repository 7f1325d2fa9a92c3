"""What the tests of facts share: something that has happened already, and what was noted of it."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.facts import Fact
from lpg.inventory.models import Movement
from tests.sales import refused
from tests.stock import disagreements


class Told(Fact):
    """A fact captured now, unless said otherwise."""

    def __init__(self, at: datetime | None = None):
        super().__init__(at or timezone.now())

    @property
    def kinds(self) -> list[str]:
        return [one.kind.value for one in self.noted]


def tell(do: Any, *given: Any, at: datetime | None = None, **more: Any) -> tuple[Any, Told]:
    """`do` as a fact; the books agree afterwards, and the audit of what was made says what was noted."""
    fact = Told(at)
    made = do(*given, fact=fact, **more)
    assert disagreements() == {}
    return made, fact


def is_a_no_without_a_fact(code: str, do: Any, *given: Any, **more: Any) -> None:
    refused(code, do, *given, **more)
    assert disagreements() == {}


def noted_in_audit(entity: Any) -> list[str]:
    """What the audit of its making, or of its last change, says was noted."""
    row = AuditLog.objects.filter(entity_type=type(entity).__name__, entity_id=entity.pk).latest("pk")
    return [one["kind"] for one in row.payload["after"].get("noted", [])]


def shortfalls() -> list[tuple[str, int, str]]:
    """What came from the adjustment place: to what kind of place, how many, for which document."""
    rows = Movement.objects.filter(cause=Movement.Cause.SHORTFALL).order_by("pk").select_related("destination")
    assert all(row.origin.kind == "adjustment" and row.reason for row in rows)
    return [(row.destination.kind, row.quantity, row.cause_number) for row in rows]
