"""What the tests of bad input share: every write, every list, and what a refusal must look like."""

import json
import re
from itertools import count
from typing import Any

from django.apps import apps
from rest_framework.test import APIClient

from lpg.accounts.models import User
from lpg.inventory.places import Owner
from lpg.roles import Role
from tests import make
from tests.stock import a_count, a_distribution, fill

LISTS = (
    "sessions/",
    "distributions/",
    "inventories/",
    "inventories/movements/",
    "inventories/counts/",
    "customers/",
    "customers/<id>/rates/",
    "equipment/",
    "equipment/<id>/rates/",
    "depots/",
    "vehicles/",
    "users/",
    "audit/",
)
LEAKS = re.compile(
    r"Traceback|SELECT |INSERT |Exception|/lpg/|django|sqlite|mysql|rest_framework|\.py\b", re.IGNORECASE
)
_new = count(1)


class World:
    """A small company, a client signed in as its administrator, and the right body for every write."""

    def __init__(self, admin: User, driver: User):
        self.admin, self.driver = admin, driver
        self.client: APIClient = make.a_client(admin)
        self.customer = make.a_customer(admin, driver.depot, credit_limit="1000.00", meter_rate="2.5")
        self.equipment = make.some_equipment(admin)
        depot, truck = Owner("depot", driver.depot_id), Owner("truck", driver.vehicle_id)
        for place in (depot, truck):
            fill(admin, place, self.equipment, 100)
        self.ids = {
            "sessions": make.a_client(driver).signed_in.pk,
            "distributions": a_distribution(driver, driver.depot_id, (self.equipment, 1)).pk,
            "inventories/counts": a_count(make.a_user(Role.ADMIN), depot, self.equipment, 99).pk,
            "customers": self.customer.pk,
            "equipment": self.equipment.pk,
            "depots": driver.depot_id,
            "vehicles": driver.vehicle_id,
            "users": driver.pk,
            "audit": 1,
        }
        self.refused = 0
        self.settle()

    def settle(self) -> None:
        """What is there now is meant to be there: refusals from here on change nothing of it."""
        self.before = self.rows()

    def is_as_before(self) -> None:
        assert self.rows() == self.before

    def path(self, route: str) -> str:
        return "/api/v1/" + route.replace("<id>", str(self.ids.get(route.split("/<id>", maxsplit=1)[0])))

    def body(self, route: str) -> dict[str, Any]:
        new = f"N-{next(_new)}"
        depot = self.driver.depot_id
        resource = route.removesuffix("<id>/")
        if route.endswith("<id>/rates/"):
            more = {"equipment": self.equipment.pk} if "customers" in route else {}
            return {"rate": "1.5000", "effective_from": "2026-01-01", **more}
        place = {"type": "depot", "id": depot}
        some = [{"equipment": self.equipment.pk, "quantity": 1}]
        distribution = {"depot": depot, "vehicle": self.driver.vehicle_id, "items": some}
        update = {"entity": "depot", "entity_id": depot, "equipment_id": self.equipment.pk, "delta": 1}
        return {
            "distributions/": distribution,
            "distributions/create_distribution/": distribution,
            "inventories/update/": update,
            "inventories/update_inventory/": update,
            "inventories/transfers/": {"origin": {"type": "supplier"}, "destination": place, "items": some},
            "inventories/counts/": {"place": place, "lines": some},
            "inventories/counts/<id>/approve/": {"reason": "It is so"},
            "inventories/counts/<id>/cancel/": {"reason": "Counted badly"},
            "token/": {"username": self.driver.username, "password": make.PASSWORD},
            "token/refresh/": {"refresh": make.tokens.issue(self.client.signed_in)["refresh"]},
            "token/revoke/": {"refresh": make.tokens.issue(self.client.signed_in)["refresh"]},
            "me/password/": {"current_password": make.PASSWORD, "new_password": "four-green-kettles"},
            "customers/": {"customer_code": new, "name": "N", "payment_type": "CASH", "depot": depot},
            "equipment/": {"sku": new, "name": "N", "equipment_type": "METER"},
            "depots/": {"code": new, "name": "N"},
            "vehicles/": {"plate_no": new, "depot": depot},
            "users/": {"username": new, "employee_id": new, "role": "DRIVER", "password": make.PASSWORD},
        }.get(resource, {})

    def send(self, method: str, path: str, raw: str | bytes, kind: str = "application/json", **headers: str) -> Any:
        body = raw if isinstance(raw, bytes) else raw.encode()
        self.sent = f"{method} {path[:80]} {body[:200]!r}"
        return self.client.generic(method, path, body, content_type=kind, headers=headers)

    def send_json(self, method: str, route: str, body: Any) -> Any:
        return self.send(method, self.path(route), json.dumps(body))

    @staticmethod
    def rows() -> dict[str, list[Any]]:
        """Everything in every table."""
        return {model._meta.label: sorted(map(repr, model.objects.values_list())) for model in apps.get_models()}

    def get(self, path: str) -> Any:
        self.sent = f"GET {path[:200]}"
        return self.client.get(path)

    def refuses(self, answer: Any, status: int = 400, *, field: str = "") -> dict[str, Any]:
        """The answer is a refusal as the contract has it and tells nothing of our insides.

        That nothing was changed is seen at the end of the test, by `is_as_before`.
        """
        self.refused += 1
        assert answer.status_code == status, (self.sent, answer.status_code, answer.content[:500])
        problem = is_a_problem(answer)
        if field:
            errors = problem.get("errors", {})
            named = [name for name in errors if name == field or name.startswith(f"{field}.")]
            assert named, f"{self.sent}: {field} is not among {errors}"
        return problem


def is_a_problem(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/problem+json"
    text = answer.content.decode()
    assert not LEAKS.search(text), text[:500]
    problem: dict[str, Any] = json.loads(text)
    assert {"type", "title", "status", "detail", "code"} <= set(problem)
    assert problem["type"] == f"urn:hsh-lpg:problem:{problem['code']}"
    assert problem["status"] == answer.status_code
    assert isinstance(problem["detail"], str)
    assert problem["detail"]
    if "errors" in problem:
        assert problem["errors"]
        for messages in problem["errors"].values():
            assert messages
            assert all(isinstance(message, str) and message for message in messages)
    return problem
