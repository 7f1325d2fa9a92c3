"""The right body for every write of the API: a test makes one thing of it wrong, or asks who may send it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, NamedTuple

from django.utils import timezone

from lpg.accounts.models import User
from lpg.sync.serializers import DEVICE_ID
from tests import make

_new = count(1)


class Company(NamedTuple):
    """What bodies name, all of it of the driver's depot."""

    driver: User  # with a truck
    equipment: int  # on the truck and in the depot
    customer: int
    refresh: Callable[[], str]  # a token to be refreshed or revoked

    def body(self, route: str) -> dict[str, Any]:
        """What POST to this route takes; to one entry (`customers/<id>/`) what makes another."""
        new, depot = f"N-{next(_new)}", self.driver.depot_id
        made = {
            "customers/": {"customer_code": new, "name": "N", "payment_type": "CASH", "depot": depot},
            "customers/<id>/rates/": {"equipment": self.equipment, "rate": "1.5000", "effective_from": "2026-01-01"},
            "customers/<id>/meters/": {"serial_no": new, "initial_reading": "10.000", "digits": 5},
            "equipment/": {"sku": new, "name": "N", "equipment_type": "METER"},
            "equipment/<id>/rates/": {"rate": "1.5000", "effective_from": "2026-01-01"},
            "depots/": {"code": new, "name": "N"},
            "vehicles/": {"plate_no": new, "depot": depot},
            "users/": {"username": new, "employee_id": new, "role": "DRIVER", "password": make.PASSWORD},
            "me/password/": {"current_password": make.PASSWORD, "new_password": "four-green-kettles"},
        }
        right = made | self._of_stock() | self._of_sales(new)
        if route.startswith("token/"):
            return self._of_tokens(route)
        return right.get(route, right.get(route.removesuffix("<id>/"), {}))

    def _of_stock(self) -> dict[str, dict[str, Any]]:
        depot = self.driver.depot_id
        place = {"type": "depot", "id": depot}
        some = [{"equipment": self.equipment, "quantity": 1}]
        distribution = {"depot": depot, "vehicle": self.driver.vehicle_id, "items": some}
        update = {"entity": "depot", "entity_id": depot, "equipment_id": self.equipment, "delta": 1}
        closed = timezone.localdate() - timedelta(days=next(_new) % 8)
        return {
            "sync/push/": {
                "protocol": 1,
                "device_id": DEVICE_ID,
                "device_now": timezone.now().isoformat(),
                "operations": [],
            },
            "sync/devices/": {"device_id": DEVICE_ID, "name": "A phone"},
            "sync/exceptions/<id>/resolve/": {"note": "Seen to"},
            "sync/exceptions/<id>/dismiss/": {"reason": "Nonsense"},
            "day-closes/": {"date": closed.isoformat(), "vehicle": self.driver.vehicle_id, "counts": [], "money": []},
            "day-closes/<id>/approve/": {"reason": "It is so"},
            "distributions/": distribution,
            "distributions/create_distribution/": distribution,
            "inventories/update/": update,
            "inventories/update_inventory/": update,
            "inventories/transfers/": {"origin": {"type": "supplier"}, "destination": place, "items": some},
            "inventories/counts/": {"place": place, "lines": some},
            "inventories/counts/<id>/approve/": {"reason": "It is so"},
            "inventories/counts/<id>/cancel/": {"reason": "Counted badly"},
        }

    def _of_sales(self, new: str) -> dict[str, dict[str, Any]]:
        sale = {
            "customer": self.customer,
            "vehicle": self.driver.vehicle_id,
            "items": [{"item_type": "DELIVERY", "equipment": self.equipment, "quantity": 1}],
        }
        meter = {"serial_no": new, "initial_reading": "0.000", "digits": 5}
        return {
            "transactions/": sale,
            "transactions/create_transaction/": sale,
            "transactions/<id>/void/": {"reason": "Wrong shop"},
            "invoices/<id>/email/": {"to": "shop@example.com"},
            "payments/<id>/reverse/": {"reason": "Cheque came back"},
            "payments/": {"customer": self.customer, "method": "CASH", "amount": "5.00"},
            "meters/<id>/readings/": {"reading": "40.000"},
            "meters/<id>/readings/<reading>/void/": {"reason": "Read badly"},
            "meters/<id>/replace/": {"final_reading": "40.000", **meter},
        }

    def _of_tokens(self, route: str) -> dict[str, Any]:
        if route == "token/":
            return {"username": self.driver.username, "password": make.PASSWORD}
        return {"refresh": self.refresh()}
