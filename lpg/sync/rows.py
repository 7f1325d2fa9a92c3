"""Rows as their lists show them, by the thousand: of the long collections straight from columns, since Django's
entities would take several times as long. The same fields are shown by the same serializers."""

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import QuerySet

from lpg.api.answers import Show, columns_of, shown
from lpg.inventory.models import Place
from lpg.meters.models import Meter
from lpg.meters.selectors import unbilled_of
from lpg.sync.copies import Collection
from lpg.transactions.holds import standings

type Row = dict[str, Any]
type Complete = Callable[[list[Row]], None]  # fills in what no column says

PLACE = ("place__depot__code", "place__vehicle__plate_no", "place__customer__customer_code", "place__customer__name")


def shown_rows(collection: Collection, rows: QuerySet[Any]) -> list[Row]:
    """These rows, in their order."""
    if collection.name not in QUICK:
        return [shown(collection.shape, row) for row in rows]
    lookups, renamed, told = _columns(collection)
    complete = QUICK[collection.name]
    found = []
    for values in rows.prefetch_related(None).values_list(*lookups):
        row = dict(zip(renamed, values, strict=True))
        for name, show in told:
            if row[name] is not None:
                row[name] = show(row[name])
        found.append(row)
    complete(found)
    return found


def _metered(customers: list[Row]) -> None:
    """As `Customer.is_meter_installed` and `last_meter_reading` say it of one."""
    installed: dict[int, list[Decimal]] = defaultdict(list)
    in_use = Meter.objects.filter(customer__in=[row["id"] for row in customers], removed_on=None)
    for customer, reading in in_use.values_list("customer", "current_reading"):
        installed[customer].append(reading)
    for row in customers:
        readings = installed.get(row["id"], [])
        row["is_meter_installed"] = bool(readings)
        row["last_meter_reading"] = f"{readings[0]:.3f}" if len(readings) == 1 else None


def _billed(meters: list[Row]) -> None:
    """As `with_unbilled` says it of one."""
    known = unbilled_of([row["id"] for row in meters])
    for row in meters:
        due = known.get(row["id"])
        row["last_billed_reading"] = f"{due.last_billed:.3f}" if due else None
        row["unbilled_usage"] = f"{due.total:.3f}" if due else None


def _named(balances: list[Row]) -> None:
    """As `Place.name` says it of one."""
    for row in balances:
        depot, truck, code, name = (row.pop(column) for column in PLACE)
        if row["type"] == Place.Kind.CUSTOMER:
            row["place_name"] = f"{code} {name}"
        else:
            row["place_name"] = f"Truck {truck}" if row["type"] == Place.Kind.TRUCK else f"Depot {depot}"


def _standing(customers: list[Row]) -> None:
    """As `standings` says it of one."""
    known = standings(row["id"] for row in customers)
    for row in customers:
        row["credit"], row["waits"] = f"{known[row['id']].credit:.2f}", f"{known[row['id']].waits:.2f}"


def _whole(rows: list[Row]) -> None:
    """The columns say it all."""


QUICK: dict[str, Complete] = {
    "credits": _standing,
    "customers": _metered,
    "equipment": _whole,
    "inventories": _named,
    "meters": _billed,
    "open_invoices": _whole,
    "rates": _whole,
}
COMPLETED: dict[str, dict[str, tuple[str, ...]]] = {  # field → the columns that it is made of
    "credits": {"credit": (), "waits": ()},
    "customers": {"is_meter_installed": (), "last_meter_reading": ()},
    "inventories": {"place_name": PLACE},
    "meters": {"last_billed_reading": (), "unbilled_usage": ()},
}


@cache
def _columns(collection: Collection) -> tuple[list[str], list[str], list[tuple[str, Show]]]:
    """What is read, under which names, and which of it is shown otherwise than it is kept."""
    completed = COMPLETED.get(collection.name, {})
    plain = [column for column in columns_of(collection.shape) if column[0] not in completed]
    more = [column for columns in completed.values() for column in columns]
    told = [(name, show) for name, _, show in plain if show]
    return [lookup for _, lookup, _ in plain] + more, [name for name, _, _ in plain] + more, told
