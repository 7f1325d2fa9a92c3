from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.door import MasterData, needs
from lpg.api.guard import actor_of
from lpg.customers import services
from lpg.customers.models import Customer
from lpg.customers.selectors import customers_seen_by, rates_of, with_meter_rate
from lpg.customers.serializers import (
    CustomerInput,
    CustomerQuery,
    CustomerRateInput,
    CustomerRateQuery,
    CustomerRateRow,
    CustomerRow,
)
from lpg.roles import Actor


class CustomerDoor(MasterData):
    """Who buys gas. Supervisors and drivers see the customers of their own depots."""

    tag = "Customers"
    nouns = ("customer", "customers")
    needs = needs("customers", rates="customers.read", add_rate="customers.write")
    body, output = CustomerInput, CustomerRow
    bodies = {"add_rate": CustomerRateInput}  # noqa: RUF012
    queries = {"list": CustomerQuery, "rates": CustomerRateQuery}  # noqa: RUF012
    answers = {"rates": (200, CustomerRateRow), "add_rate": (201, CustomerRateRow)}  # noqa: RUF012
    searched = ("customer_code", "name", "phone")

    def rows(self) -> QuerySet[Customer]:
        return with_meter_rate(customers_seen_by(actor_of(self.request))).prefetch_related("meters")

    def make(self, actor: Actor, values: Any) -> Customer:
        return services.create_customer(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> Customer:
        return services.change_customer(actor=actor, customer_id=id, values=values)

    @action(detail=True, methods=["get"])
    def rates(self, request: Request, id: str) -> Response:
        """What this customer pays, each rate in force from its day on; without equipment: for a unit of metered gas."""
        customer = self.found(customers_seen_by(actor_of(request)), id)
        return self.page(self.narrowed(rates_of(customer)))

    @rates.mapping.post
    def add_rate(self, request: Request, id: str) -> HttpResponse:
        """Add a rate. Nothing is overwritten: of two rates from one day the later entry counts."""

        def effect(values: Any) -> Any:
            equipment_id = values.pop("equipment")
            return services.add_rate(actor=actor_of(request), customer_id=int(id), equipment_id=equipment_id, **values)

        return self.write(request, effect)
