"""The one door for every change of a customer and of a customer's rates."""

from datetime import date
from decimal import Decimal
from typing import Any, TypedDict

from django.db import transaction
from django.utils import timezone

from lpg import work
from lpg.audit import services as audit
from lpg.customers.models import Customer, Rate
from lpg.customers.selectors import customers_seen_by, meter_rate_of
from lpg.depots.selectors import depot_named
from lpg.equipment.models import Equipment
from lpg.equipment.selectors import equipment_named
from lpg.roles import Actor, require_at


class CustomerValues(TypedDict, total=False):
    customer_code: str
    name: str
    email: str
    phone: str
    address: str
    postal_code: str
    uen: str
    payment_type: str
    payment_terms_days: int
    credit_limit: Decimal | None
    depot: int
    is_active: bool
    meter_rate: Decimal | None


@transaction.atomic
def create_customer(*, actor: Actor, values: CustomerValues) -> Customer:
    """A `meter_rate` given adds a rate from today on. Raises NotAllowed for a depot that is not the actor's."""
    columns: dict[str, Any] = dict(values)
    rate = columns.pop("meter_rate", None)
    columns["depot"] = depot_named(actor, values["depot"])
    require_at(actor, "customers.write", values["depot"])
    customer = audit.create(Customer(**columns), actor=actor)
    if rate is not None:
        _add_rate(actor, customer, None, rate, timezone.localdate())
    return _as_seen(customer)


@transaction.atomic
def change_customer(*, actor: Actor, customer_id: int, values: CustomerValues) -> Customer:
    """A `meter_rate` that differs from today's adds a rate from today on; null leaves it as it is.

    Moving a customer needs the right at both depots.
    """
    customer = work.lock(customers_seen_by(actor), customer_id)
    columns: dict[str, Any] = dict(values)
    rate = columns.pop("meter_rate", None)
    if columns.pop("depot", customer.depot_id) != customer.depot_id:
        columns["depot"] = depot_named(actor, values["depot"])
    require_at(actor, "customers.write", customer.depot_id, values.get("depot", customer.depot_id))
    audit.change(customer, columns, actor=actor)
    if rate is not None and rate != meter_rate_of(customer):
        _add_rate(actor, customer, None, rate, timezone.localdate())
    return _as_seen(customer)


@transaction.atomic
def add_rate(*, actor: Actor, customer_id: int, equipment_id: int | None, rate: Decimal, effective_from: date) -> Rate:
    """What the customer pays from that day on: for the equipment, or (None) for one unit of metered gas."""
    customer = work.lock(customers_seen_by(actor), customer_id)
    require_at(actor, "customers.write", customer.depot_id)
    equipment = None if equipment_id is None else equipment_named(actor, equipment_id)
    return _add_rate(actor, customer, equipment, rate, effective_from)


def _add_rate(
    actor: Actor, customer: Customer, equipment: Equipment | None, rate: Decimal, effective_from: date
) -> Rate:
    row = Rate(customer=customer, equipment=equipment, rate=rate, effective_from=effective_from)
    return audit.create(row, actor=actor)


def _as_seen(customer: Customer) -> Customer:
    customer.meter_rate = meter_rate_of(customer)
    return customer
