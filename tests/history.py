"""A long past in no time: distributions written straight into the tables, as the services would have left them."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from lpg import sql
from lpg.accounts.models import User
from lpg.depots.models import Depot
from lpg.inventory.models import Place
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.inventory.services import MOVEMENT
from tests import make

LINES, PER_DAY, BATCH = 10, 1_000, 2_000
COLUMNS = {  # distributions stand before their lines
    "distribution_distribution": [
        "id",
        "distribution_number",
        "status",
        "depot_id",
        "vehicle_id",
        "user_id",
        "remarks",
        "client_temp_id",
        "created_at",
        "confirmed_at",
    ],
    "distribution_distributionitem": [
        "distribution_id",
        "depot_id",
        "equipment_id",
        "quantity",
        "direction",
        "condition",
    ],
    "inventory_movement": list(MOVEMENT),
    "audit_auditlog": [
        "user_id",
        "user_name",
        "action",
        "entity_type",
        "entity_id",
        "payload",
        "request_id",
        "created_at",
    ],
    "numbering_series": ["series", "period", "last"],
    "inventory_balance": ["place_id", "equipment_id", "condition", "physical", "quantity"],
}


class History:
    """Confirmed distributions of ten lines each, a thousand a day, from one depot to one truck."""

    def __init__(self, admin: User, driver: User, depot: Depot) -> None:
        self.driver, self.depot = driver, depot
        self.things = [make.some_equipment(admin).pk for _ in range(LINES)]
        self.store = place_of(Owner("depot", depot.pk))
        self.truck = place_of(Owner("truck", driver.vehicle_id or 0))
        self.supplier = place_of(SUPPLIER)
        self.held: Counter[tuple[int, int, str]] = Counter()
        self.waiting: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}

    def make(self, distributions: int) -> None:
        now = timezone.now()
        for thing in self.things:
            self._moved(self.supplier, "", self.store, thing, distributions, "TRANSFER", 1, "", now)
        for number in range(1, distributions + 1):
            self._confirmed(number, now - timedelta(days=(distributions - number) // PER_DAY + 1))
        for (place, thing, condition), quantity in self.held.items():
            self._add("inventory_balance", place, thing, condition, place != self.supplier.pk, quantity)
        self._write()

    def _confirmed(self, number: int, day: datetime) -> None:
        at, date, driver = sql.moment(day), f"{timezone.localtime(day):%Y%m%d}", self.driver
        name = f"DST-{date}-{(number - 1) % PER_DAY + 1:06d}"
        row = (number, name, "CONFIRMED", self.depot.pk, driver.vehicle_id, driver.pk, "", "", at, at)
        self._add("distribution_distribution", *row)
        for action in ("CREATE_DISTRIBUTION", "CONFIRM_DISTRIBUTION"):
            self._add("audit_auditlog", driver.pk, "driver", action, "Distribution", number, "{}", "", at)
        for thing in self.things:
            self._add("distribution_distributionitem", number, self.depot.pk, thing, 1, "OUT", "FULL")
            self._moved(self.store, "FULL", self.truck, thing, 1, "DISTRIBUTION", number, name, day)
        if number % PER_DAY == 0:
            self._add("numbering_series", "DST", date, PER_DAY)

    def _moved(
        self,
        origin: Place,
        condition: str,
        target: Place,
        thing: int,
        quantity: int,
        kind: str,
        id: int,
        name: str,
        at: datetime,
    ) -> None:
        taken, given = (origin.pk, thing, condition), (target.pk, thing, "FULL")
        self.held[taken] -= quantity
        self.held[given] += quantity
        ends = (origin.pk, condition, self.held[taken], target.pk, "FULL", self.held[given])
        cause = (thing, quantity, kind, id, name, "", self.driver.pk, sql.moment(at))
        self._add("inventory_movement", *ends, *cause)

    def _add(self, table: str, *row: Any) -> None:
        self.waiting[table].append(row)
        if len(self.waiting[table]) == BATCH:
            self._write()

    def _write(self) -> None:
        for table, rows in self.waiting.items():
            if rows:
                sql.insert(table, COLUMNS[table], rows)
                rows.clear()
