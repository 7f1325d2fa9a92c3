"""What deciding about the exceptions of phones leaves in the audit."""

from typing import Any

from django.utils import timezone

from lpg.sync import exceptions
from lpg.sync.models import SyncException
from tests.audited import Row, World, case, in_the_row
from tests.pushing import an_exception


class Inbox(World):
    """With an operation of a phone that could not be done."""

    def __init__(self) -> None:
        super().__init__()
        self.exception = an_exception(self.driver)


def decided(world: Inbox, action: str, before: dict[str, Any], row: SyncException) -> list[Row]:
    after = in_the_row(row)
    changed = {name: (before[name], after[name]) for name in ("state", "note", "decided_by", "decided_at")}
    return [Row(action, row, changed, depot=world.depot)]


@case(exceptions.resolve, Inbox)
def an_exception_that_was_seen_to(world: Inbox) -> list[Row]:
    before = in_the_row(world.exception)
    given = {"exception_id": world.exception.pk, "note": "Recorded at the desk", "now": timezone.now()}
    return decided(world, "RESOLVE_SYNC_EXCEPTION", before, exceptions.resolve(actor=world.admin, **given))


@case(exceptions.dismiss, Inbox)
def an_exception_that_was_set_aside(world: Inbox) -> list[Row]:
    before = in_the_row(world.exception)
    given = {"exception_id": world.exception.pk, "reason": "A trial", "now": timezone.now()}
    return decided(world, "DISMISS_SYNC_EXCEPTION", before, exceptions.dismiss(actor=world.admin, **given))
