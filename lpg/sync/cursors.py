"""What a phone sends back to go on where it was. It says nothing to the phone, and nothing that is believed blindly:
where it points at in the feed is looked up, and whose sight it was taken with is compared."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from lpg.errors import Invalid
from lpg.roles import Actor

BIGGEST = 2**63
PARTS = 6


class Cursor(NamedTuple):
    """How far the phone's copy is: the feed up to `last`, written at `at`; and, while a snapshot goes on, its part."""

    last: int
    at: datetime
    day: date  # the business day whose windows the copy holds
    sight: str
    collection: int = -1  # the part of a snapshot to go on with; -1: the copy is whole
    after: int = 0  # and the row behind which to do so

    def encode(self) -> str:
        parts = [self.last, self.at.isoformat(), self.day.isoformat(), self.sight, self.collection, self.after]
        return base64.urlsafe_b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, collections: int) -> "Cursor":
        """Raises Invalid for anything that a pull did not give out."""
        try:
            parts = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True))
            if isinstance(parts, list) and len(parts) == PARTS and isinstance(parts[3], str):
                last, at, day, sight, collection, after = parts
                cursor = cls(last, datetime.fromisoformat(at), date.fromisoformat(day), sight, collection, after)
                whole = all(type(number) is int and -1 <= number < BIGGEST for number in (last, collection, after))
                if whole and collection < collections and cursor.at.tzinfo:
                    return cursor
        except (binascii.Error, ValueError, TypeError, RecursionError):
            pass
        raise Invalid({"cursor": ["A pull did not give this. Leave the cursor out to get everything anew."]})


def sight_of(actor: Actor, shapes: Iterable[str]) -> str:
    """What decides which rows somebody sees and what they look like. With another one a copy must be begun anew."""
    seen = [actor.pk, actor.role, sorted(actor.own_depot_ids), actor.vehicle_id, *shapes]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]
