"""What the tests of bad input share: every write, every list, a company, and what a refusal must look like."""

import json
import re
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.utils import timezone
from rest_framework.test import APIClient

from lpg.accounts.models import User
from lpg.accounts.serializers import PasswordInput, RefreshInput, SignInInput, UserChange, UserInput
from lpg.api.inputs import Input, ReasonInput
from lpg.customers.models import Customer
from lpg.customers.serializers import CustomerInput, CustomerRateInput
from lpg.day_close.serializers import ApproveInput, DayCloseInput
from lpg.depots.serializers import DepotInput, VehicleInput
from lpg.distribution.serializers import ConfirmInput, DistributionInput
from lpg.equipment.serializers import DefaultRateInput, EquipmentInput
from lpg.inventory.places import Owner
from lpg.inventory.serializers import CountInput, TransferInput, UpdateInput
from lpg.invoices.serializers import EmailInput
from lpg.meters.serializers import InstallInput, ReadingInput, ReplaceInput
from lpg.payments import services as payments
from lpg.payments.models import Payment
from lpg.payments.serializers import AllocateInput, PaymentInput
from lpg.roles import Role
from lpg.sync.push_serializers import NoteInput, PushInput
from lpg.sync.serializers import DeviceInput
from lpg.transactions.serializers import SaleInput
from tests import make
from tests.bodies import Company
from tests.day_closes import an_early_close
from tests.phones import a_device
from tests.post import failed
from tests.pushing import an_exception
from tests.sales import a_meter, a_reading, a_sale, delivered
from tests.stock import a_count, a_distribution, fill

WRITES = {
    ("POST", "token/"): SignInInput,
    ("POST", "token/refresh/"): RefreshInput,
    ("POST", "token/revoke/"): RefreshInput,
    ("POST", "me/password/"): PasswordInput,
    ("POST", "sessions/<id>/revoke/"): Input,
    ("POST", "transactions/"): SaleInput,
    ("POST", "transactions/create_transaction/"): SaleInput,
    ("POST", "transactions/<id>/approve/"): Input,
    ("POST", "transactions/<id>/void/"): ReasonInput,
    ("POST", "invoices/<id>/email/"): EmailInput,
    ("POST", "invoices/<id>/deliveries/<delivery>/retry/"): Input,
    ("POST", "invoices/<id>/print/"): Input,
    ("POST", "payments/"): PaymentInput,
    ("POST", "payments/<id>/allocate/"): AllocateInput,
    ("POST", "payments/<id>/reverse/"): ReasonInput,
    ("POST", "invoices/<id>/allocate/"): AllocateInput,
    ("POST", "distributions/"): DistributionInput,
    ("POST", "distributions/create_distribution/"): DistributionInput,
    ("POST", "distributions/<id>/confirm/"): ConfirmInput,
    ("POST", "distributions/<id>/cancel/"): Input,
    ("POST", "inventories/update/"): UpdateInput,
    ("POST", "inventories/update_inventory/"): UpdateInput,
    ("POST", "inventories/transfers/"): TransferInput,
    ("POST", "inventories/counts/"): CountInput,
    ("POST", "inventories/counts/<id>/approve/"): ReasonInput,
    ("POST", "inventories/counts/<id>/cancel/"): ReasonInput,
    ("POST", "sync/push/"): PushInput,
    ("POST", "sync/devices/"): DeviceInput,
    ("POST", "sync/devices/<id>/switch-off/"): Input,
    ("POST", "sync/exceptions/<id>/retry/"): Input,
    ("POST", "sync/exceptions/<id>/resolve/"): NoteInput,
    ("POST", "sync/exceptions/<id>/dismiss/"): ReasonInput,
    ("POST", "day-closes/"): DayCloseInput,
    ("POST", "day-closes/<id>/approve/"): ApproveInput,
    ("POST", "integrity/"): Input,
    ("POST", "customers/"): CustomerInput,
    ("PUT", "customers/<id>/"): CustomerInput,
    ("PATCH", "customers/<id>/"): CustomerInput,
    ("POST", "customers/<id>/rates/"): CustomerRateInput,
    ("POST", "customers/<id>/meters/"): InstallInput,
    ("POST", "meters/<id>/readings/"): ReadingInput,
    ("POST", "meters/<id>/readings/<reading>/void/"): ReasonInput,
    ("POST", "meters/<id>/replace/"): ReplaceInput,
    ("POST", "equipment/"): EquipmentInput,
    ("PUT", "equipment/<id>/"): EquipmentInput,
    ("PATCH", "equipment/<id>/"): EquipmentInput,
    ("POST", "equipment/<id>/rates/"): DefaultRateInput,
    ("POST", "depots/"): DepotInput,
    ("PUT", "depots/<id>/"): DepotInput,
    ("PATCH", "depots/<id>/"): DepotInput,
    ("POST", "vehicles/"): VehicleInput,
    ("PUT", "vehicles/<id>/"): VehicleInput,
    ("PATCH", "vehicles/<id>/"): VehicleInput,
    ("POST", "users/"): UserInput,
    ("PUT", "users/<id>/"): UserChange,
    ("PATCH", "users/<id>/"): UserChange,
}
SECOND_NAMES = {
    "transactions/create_transaction/",
    "distributions/create_distribution/",
    "inventories/update_inventory/",
}
LISTS = {  # with every ordering they have
    "sessions/": ["id", "-id"],
    "transactions/": ["id", "-id"],
    "invoices/": ["id", "-id"],
    "payments/": ["id", "-id"],
    "distributions/": ["id", "-id"],
    "inventories/": ["id", "-id"],
    "inventories/movements/": ["id", "-id"],
    "inventories/counts/": ["id", "-id"],
    "sync/devices/": ["id", "-id"],
    "sync/exceptions/": ["id", "-id"],
    "day-closes/": ["id", "-id"],
    "customers/": ["id", "-id", "customer_code", "-customer_code", "name", "-name"],
    "customers/<id>/rates/": ["id", "-id", "effective_from", "-effective_from"],
    "customers/<id>/meters/": ["id", "-id"],
    "customers/<id>/open-invoices/": ["id", "-id"],
    "meters/<id>/readings/": ["id", "-id"],
    "reports/ageing/": ["id", "-id", "customer_code", "-customer_code", "name", "-name"],
    "reports/cylinders/": ["id", "-id"],
    "equipment/": ["id", "-id", "sku", "-sku", "name", "-name"],
    "equipment/<id>/rates/": ["id", "-id", "effective_from", "-effective_from"],
    "depots/": ["id", "-id", "code", "-code", "name", "-name"],
    "vehicles/": ["id", "-id", "plate_no", "-plate_no"],
    "users/": ["id", "-id", "username", "-username"],
    "audit/": ["id", "-id"],
}
LEAKS = re.compile(
    r"Traceback|SELECT |INSERT |Exception|/lpg/|django|sqlite|mysql|rest_framework|\.py\b", re.IGNORECASE
)


def a_payment(by: User, customer: Customer, amount: str, *invoice_ids: int) -> Payment:
    """Cash, allocated to these invoices; to none when none is named."""
    money = payments.Money("CASH", Decimal(amount))
    given = {"money": money, "invoice_ids": invoice_ids, "now": timezone.now()}
    return payments.record(actor=by, customer_id=customer.pk, **given)


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
            "sync/devices": a_device(driver).pk,
            "sync/exceptions": an_exception(driver).pk,
            "day-closes": an_early_close(driver).pk,
            "customers": self.customer.pk,
            "equipment": self.equipment.pk,
            "depots": driver.depot_id,
            "vehicles": driver.vehicle_id,
            "users": driver.pk,
            "audit": 1,
            **self.sold(),
        }
        refresh = lambda: make.tokens.issue(self.client.signed_in)["refresh"]  # noqa: E731  # it is one
        self.company = Company(driver, self.equipment.pk, self.customer.pk, refresh)
        self.refused = 0
        self.settle()

    def sold(self) -> dict[str, int]:
        """A meter that was read, a sale that waits, one with its document, and money that is the customer's credit."""
        self.meter = a_meter(self.admin, self.customer, "10")
        reading = a_reading(self.admin, self.meter, "20")
        self.waiting = a_sale(self.driver, self.customer, delivered(self.equipment, 1, rate="1")).transaction
        self.sale = a_sale(self.driver, self.customer, delivered(self.equipment, 2))
        return {
            "meters": self.meter.pk,
            "readings": reading.pk,
            "transactions": self.waiting.pk,
            "invoices": self.sale.invoice.pk,
            "deliveries": failed(self.admin, self.sale.invoice).pk,
            "payments": a_payment(self.driver, self.customer, "5.00").pk,
        }

    def settle(self) -> None:
        """What is there now is meant to be there: refusals from here on change nothing of it."""
        self.before = self.rows()

    def is_as_before(self) -> None:
        assert self.rows() == self.before

    def path(self, route: str) -> str:
        named = route.replace("<id>", str(self.ids.get(route.split("/<id>", maxsplit=1)[0])))
        for one, many in (("reading", "readings"), ("delivery", "deliveries")):
            named = named.replace(f"<{one}>", str(self.ids[many]))
        return f"/api/v1/{named}"

    def body(self, route: str) -> dict[str, Any]:
        return self.company.body(route)

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
