"""The feed: what the triggers noted, put in an order that no commit can come in before.

Whoever writes the feed holds the lock of its one `Sequence` row to the end, takes what is committed by then, and gives
it the next numbers. So a row of the feed that becomes visible later always has a higher number: a cursor over it loses
nothing. A cursor over the ids of `Touched` would, since those are given before the commit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from lpg import sql, work
from lpg.sync.models import Change

BATCH = 1_000
KEPT = timedelta(days=30)
PURGE_BATCH = 5_000
COLUMNS = ("id", "collection", "row_id", "scope", "at")


class Source(NamedTuple):
    """Rows that a touch changes, and for whom: scope `c` is of a customer, and so of the depot that the customer has,
    and of those that the customer has just left."""

    collection: str
    rows: str  # their ids
    scope: str
    whose: str
    tables: str
    chosen_by: str  # the column that holds what was touched


_OF_PLACE = "inventory_place p JOIN inventory_balance b ON b.place_id = p.id"
_OF_PHONES = f"{_OF_PLACE} AND p.kind IN ('truck', 'customer')"
_HELD = "CASE WHEN p.vehicle_id IS NULL THEN 'c' ELSE 'v' END"
_HOLDER = "COALESCE(p.vehicle_id, p.customer_id)"
_CORRECTED = "invoices_invoice i JOIN invoices_invoice o ON o.id = i.corrects_id"
_POSTED = "invoices_delivery d JOIN invoices_invoice i ON i.id = d.invoice_id"
_LIMITED = "JOIN customers_customer c ON c.id = x.customer_id AND c.credit_limit IS NOT NULL"
_SOLD = "invoices_invoice i JOIN transactions_transaction t ON t.id = i.transaction_id"

SOURCES: dict[str, tuple[Source, ...]] = {  # of a touch of each kind
    "balance": (Source("inventories", "b.id", _HELD, _HOLDER, _OF_PHONES, "b.id"),),
    "customer": (
        Source("customers", "id", "'c'", "id", "customers_customer", "id"),
        Source("credits", "id", "'c'", "id", "customers_customer", "id"),  # they may have got or lost their limit
        Source("inventories", "b.id", "'c'", "p.customer_id", _OF_PLACE, "p.customer_id"),  # they show the name
    ),
    "delivery": (Source("invoices", "i.id", "'u'", "i.user_id", _POSTED, "d.id"),),
    "depot": (
        Source("depots", "id", "'*'", "0", "depots_depot", "id"),
        Source("distributions", "id", "'u'", "user_id", "distribution_distribution", "depot_id"),  # they show the name
    ),
    "distribution": (Source("distributions", "id", "'u'", "user_id", "distribution_distribution", "id"),),
    "equipment": (Source("equipment", "id", "'*'", "0", "equipment_equipment", "id"),),
    "invoice": (
        Source("invoices", "id", "'u'", "user_id", "invoices_invoice", "id"),
        Source("invoices", "o.id", "'u'", "o.user_id", _CORRECTED, "i.id"),  # they show what corrects them
        Source("open_invoices", "id", "'c'", "customer_id", "invoices_invoice", "id"),
        Source(
            "credits",
            "c.id",
            "'c'",
            "c.id",
            f"invoices_invoice x {_LIMITED}",
            "x.document_type = 'credit_note' AND x.id",
        ),
        Source("transactions", "t.id", "'u'", "t.user_id", _SOLD, "i.id"),  # they show whether they are paid
    ),
    "meter": (
        Source("customers", "customer_id", "'c'", "customer_id", "meters_meter", "id"),  # they show the reading
        Source("meters", "id", "'c'", "customer_id", "meters_meter", "id"),
    ),
    "moved": (
        Source("customers", "id", "'c'", "id", "customers_customer", "id"),
        Source("credits", "id", "'c'", "id", "customers_customer", "id"),
        Source("inventories", "b.id", "'c'", "p.customer_id", _OF_PLACE, "p.customer_id"),
        Source("meters", "id", "'c'", "customer_id", "meters_meter", "customer_id"),
        Source("rates", "id", "'c'", "customer_id", "customers_rate", "customer_id"),
        # Settled or not: what was settled at the same moment must leave the phones of the old depot too.
        Source("open_invoices", "id", "'c'", "customer_id", "invoices_invoice", "customer_id"),
        # Supervisors see even their own sales only at their own depots.
        Source("invoices", "id", "'u'", "user_id", "invoices_invoice", "customer_id"),
        Source("payments", "id", "'u'", "user_id", "payments_payment", "customer_id"),
        Source("transactions", "id", "'u'", "user_id", "transactions_transaction", "customer_id"),
    ),
    "payment": (
        Source("payments", "id", "'u'", "user_id", "payments_payment", "id"),
        Source("credits", "c.id", "'c'", "c.id", f"payments_payment x {_LIMITED}", "x.id"),
    ),
    "rate": (
        Source("customers", "customer_id", "'c'", "customer_id", "customers_rate", "equipment_id IS NULL AND id"),
        Source("rates", "id", "'c'", "customer_id", "customers_rate", "id"),
    ),
    "renamed": (Source("inventories", "b.id", _HELD, _HOLDER, _OF_PHONES, "b.equipment_id"),),
    "transaction": (
        Source("transactions", "id", "'u'", "user_id", "transactions_transaction", "id"),
        Source("credits", "c.id", "'c'", "c.id", f"transactions_transaction x {_LIMITED}", "x.held_for <> '' AND x.id"),
    ),
    "vehicle": (
        Source("vehicles", "id", "'*'", "0", "depots_vehicle", "id"),
        Source("inventories", "b.id", "'v'", "p.vehicle_id", _OF_PLACE, "p.vehicle_id"),  # they show the plate
    ),
}

type Named = tuple[str, int, str]  # collection, row, scope


class Position(NamedTuple):
    """Where the feed has come to, as a phone's cursor notes it; the time tells this feed from one of a backup."""

    last: int
    at: datetime


class Changed(NamedTuple):
    """A row of the feed."""

    id: int
    collection: str
    row_id: int
    at: datetime


def catch_up() -> int:
    """Bring all that is committed into the feed, in units of work of its own; how much that was. Raises Busy."""
    whole = done = work.run(number)
    while done == BATCH:
        done = work.run(number)
        whole += done
    return whole


def keep_up(now: datetime) -> int:
    """The same, when there is something; how much that was. Whoever pulls does so too, but nobody may be pulling."""
    return catch_up() if sql.rows("SELECT 1 FROM sync_touched LIMIT 1") else 0


def number() -> int:
    """Bring the next batch into the feed; how many touches that was. Must be called within a unit of work."""
    last = _locked()
    touched = sql.rows("SELECT id, kind, row_id, was FROM sync_touched ORDER BY id LIMIT %s", [BATCH])  # only committed
    at = sql.moment(timezone.now())
    changes = [(last + place, *named, at) for place, named in enumerate(_named(touched), 1)]
    if not last and not changes:
        changes = [(1, "", 0, "", at)]  # so that there is something to point at from the beginning
    for first in range(0, len(changes), BATCH):
        sql.insert(Change._meta.db_table, COLUMNS, changes[first : first + BATCH])
    if touched:
        ids = [row[0] for row in touched]
        sql.run(f"DELETE FROM sync_touched WHERE id IN {sql.groups(len(ids), 1)}", ids)  # noqa: S608
    if changes:
        sql.run("UPDATE sync_sequence SET last = %s WHERE id = 1", [changes[-1][0]])
    return len(touched)


def purge(now: datetime) -> int:
    """Forget what only very old cursors would ask for. The newest row stays: new cursors point at it."""
    oldest = Change.objects.order_by("id").values_list("id", "at")[: PURGE_BATCH + 1]
    old = [id for id, at in list(oldest)[:-1] if at < now - KEPT]
    if old:
        Change.objects.filter(id__gte=old[0], id__lte=old[-1]).delete()
    return len(old)


def changes_after(last: int, scopes: Collection[str], *, all_depots: bool, limit: int) -> list[Changed]:
    """The next rows of the feed in these scopes."""
    mine = f"scope IN {sql.groups(len(scopes), 1)}"
    if all_depots:
        mine = f"({mine} OR scope LIKE 'd%%')"
    found = sql.rows(
        f"SELECT id, collection, row_id, at FROM sync_change WHERE id > %s AND {mine} ORDER BY id LIMIT %s",  # noqa: S608
        [last, *scopes, limit],
    )
    return [Changed(id, collection, row_id, moment(at)) for id, collection, row_id, at in found]


def moment(at: str | datetime) -> datetime:
    """A time as the feed keeps it."""
    naive = datetime.fromisoformat(at) if isinstance(at, str) else at
    return naive.replace(tzinfo=UTC)


def _locked() -> int:
    """Lock the feed, and say how far it has come. An upsert, so that those who come first at once do not collide."""
    same = "ON CONFLICT (id) DO UPDATE SET" if sql.is_sqlite() else "ON DUPLICATE KEY UPDATE"
    last = "sync_sequence.last" if sql.is_sqlite() else "last"
    sql.run(f"INSERT INTO sync_sequence (id, last) VALUES (1, 0) {same} last = {last}")  # noqa: S608
    return int(sql.rows("SELECT last FROM sync_sequence WHERE id = 1")[0][0])


def _named(touched: Iterable[sql.Row]) -> list[Named]:
    """Which row of which collection these touches change, for whom; each once."""
    rows_of: dict[str, set[int]] = defaultdict(set)
    left: dict[int, set[int]] = defaultdict(set)
    for _, kind, row_id, was in touched:
        rows_of[kind].add(row_id)
        if kind == "moved":
            left[row_id].add(was)
    found = [
        (source.collection, *row)
        for kind, ids in sorted(rows_of.items())
        for source in SOURCES[kind]
        for row in _rows_of(source, sorted(ids))
    ]
    depots = _depots_of({whose for _, _, scope, whose in found if scope == "c"})
    named: dict[Named, None] = {}
    for collection, row_id, scope, whose in found:
        if scope == "c":
            named |= {(collection, row_id, f"d{depot}"): None for depot in (depots[whose], *sorted(left[whose]))}
        else:
            named[collection, row_id, scope if scope == "*" else f"{scope}{whose}"] = None
    return list(named)


def _rows_of(source: Source, ids: Sequence[int]) -> list[sql.Row]:
    """(row, scope, whose) each."""
    _, row, scope, whose, tables, chosen_by = source
    these = sql.groups(len(ids), 1)
    return sql.rows(f"SELECT {row}, {scope}, {whose} FROM {tables} WHERE {chosen_by} IN {these}", ids)  # noqa: S608


def _depots_of(customer_ids: Collection[int]) -> dict[int, int]:
    if not customer_ids:
        return {}
    these = f"id IN {sql.groups(len(customer_ids), 1)}"
    found = sql.rows(f"SELECT id, depot_id FROM customers_customer WHERE {these}", list(customer_ids))  # noqa: S608
    return {customer: depot for customer, depot in found}  # noqa: C416  # a row may have any number of columns
