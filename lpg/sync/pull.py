"""Bringing a phone's copy up to date: what has changed since its cursor, or everything."""

from collections import defaultdict
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from django.utils import timezone

from lpg import sql
from lpg.roles import MAY, Actor, Role, Scope
from lpg.sync import feed
from lpg.sync.copies import COLLECTIONS, moved_by_days
from lpg.sync.cursors import Cursor, sight_of
from lpg.sync.devices import CONTACT, heard_from
from lpg.sync.rows import shown_rows

PAGE = 2_000  # rows: some 25 KB on the way

_STATE = """
    SELECT EXISTS (SELECT 1 FROM sync_touched), c.id, c.at,
        (SELECT at FROM sync_change WHERE id = %s), (SELECT last_contact_at FROM sync_device WHERE id = %s)
    FROM sync_sequence s JOIN sync_change c ON c.id = s.last WHERE s.id = 1
"""


class Page(NamedTuple):
    """What a phone takes over in one step: it stores the cursor together with the rows."""

    changes: dict[str, list[Any]]
    removed: dict[str, list[int]]
    cursor: str
    has_more: bool
    reset_required: bool


class _State(NamedTuple):
    """How the feed stands, and what it was at the phone's cursor."""

    now: feed.Position
    at_cursor: datetime | None
    contact: datetime | None


def pull(actor: Actor, text: str | None, *, device_pk: int | None, now: datetime) -> Page:
    """The next page. Raises Invalid for what is no cursor, Busy."""
    cursor = None if text is None else Cursor.decode(text, len(COLLECTIONS))
    state = _state(cursor, device_pk)
    if device_pk is not None and state.contact and now - state.contact >= CONTACT:
        heard_from(device_pk, now)
    today, sight = timezone.localdate(now), sight_of(actor, shapes())
    holds = cursor is not None and (cursor.sight, cursor.at) == (sight, state.at_cursor) and cursor.day <= today
    if not holds or cursor is None:
        return _snapshot(actor, Cursor(*state.now, today, sight, 0), today, reset=True)
    if cursor.collection >= 0:
        page = _snapshot(actor, cursor, today)
        return page._replace(has_more=page.has_more or (cursor.last, cursor.day) != (state.now.last, today))
    return _changes(actor, cursor, state.now, today)


@cache
def shapes() -> tuple[str, ...]:
    """The names of all that is answered: phones fetch everything anew when a field was added."""
    return tuple(f"{one.name}.{field}" for one in COLLECTIONS for field in one.shape().fields)


def _state(cursor: Cursor | None, device_pk: int | None) -> _State:
    """With all that is committed in the feed."""
    asked = [cursor.last if cursor else 0, device_pk]
    found = sql.rows(_STATE, asked)
    if not found or found[0][0]:
        feed.catch_up()
        found = sql.rows(_STATE, asked)
    _, last, at, at_cursor, contact = found[0]
    return _State(
        feed.Position(last, feed.moment(at)),
        None if at_cursor is None else feed.moment(at_cursor),
        None if contact is None else feed.moment(contact),
    )


def _snapshot(actor: Actor, cursor: Cursor, today: date, *, reset: bool = False) -> Page:
    """Everything, collection by collection. What changes meanwhile stands in the feed behind the cursor, to be pulled
    when the last part has come."""
    changes = _nothing()
    room, part, after = PAGE, cursor.collection, cursor.after
    while part < len(COLLECTIONS) and room:
        collection = COLLECTIONS[part]
        rows = shown_rows(collection, collection.rows(actor, today).filter(pk__gt=after).order_by("pk")[:room])
        changes[collection.name] = rows
        room -= len(rows)
        if room:
            part, after = part + 1, 0
        else:
            after = rows[-1]["id"]
    more = part < len(COLLECTIONS)
    cursor = cursor._replace(collection=part if more else -1, after=after)
    return Page(changes, _nothing(), cursor.encode(), more, reset)


def _changes(actor: Actor, cursor: Cursor, now: feed.Position, today: date) -> Page:
    """What the feed says since the cursor, as it is now; what is not seen any more is removed."""
    ids: dict[str, set[int]] = defaultdict(set)
    if cursor.day < today:
        moved = moved_by_days(actor, cursor.day, today)
        if len(moved["customers"]) + len(moved["equipment"]) > PAGE:
            return _snapshot(actor, Cursor(*now, today, cursor.sight, 0), today, reset=True)
        ids |= {name: set(those) for name, those in moved.items()}
    changed = []
    if now.last > cursor.last:
        everywhere = MAY["customers.read"][Role(actor.role)] is Scope.ALL
        changed = feed.changes_after(cursor.last, _scopes(actor), all_depots=everywhere, limit=PAGE)
    more = len(changed) == PAGE
    for change in changed:
        ids[change.collection].add(change.row_id)
    changes, removed = _nothing(), _nothing()
    for collection in COLLECTIONS:
        if those := ids[collection.name]:
            rows = shown_rows(collection, collection.rows(actor, today).filter(pk__in=those).order_by("pk"))
            changes[collection.name] = rows
            removed[collection.name] = sorted(those - {row["id"] for row in rows})
    newest = changed[-1] if changed else None
    if newest and (more or newest.id > now.last):
        now = feed.Position(newest.id, newest.at)
    return Page(changes, removed, cursor._replace(last=now.last, at=now.at, day=today).encode(), more, False)


def _scopes(actor: Actor) -> list[str]:
    """Whose changes these are: everybody's, one's own, those of one's truck and of one's depots."""
    truck = [] if actor.vehicle_id is None else [f"v{actor.vehicle_id}"]
    return ["*", f"u{actor.pk}", *truck, *(f"d{depot}" for depot in sorted(actor.own_depot_ids))]


def _nothing() -> dict[str, list[Any]]:
    return {collection.name: [] for collection in COLLECTIONS}
