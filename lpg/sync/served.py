"""Customers that have another depot since: who served them where they were then may still say so."""

from datetime import datetime

from lpg.accounts.selectors import Then, acting
from lpg.audit.selectors import before_changes
from lpg.customers.models import Customer
from lpg.facts import Fact
from lpg.invoices.models import Invoice
from lpg.meters.models import Meter
from lpg.roles import Actor
from lpg.sync.types import Task


def as_served(actor: Actor, task: Task, at: datetime) -> Then | None:
    """Somebody with the depot that the customer of a task has now, if the customer was at one of theirs at that time.

    None where that changes nothing.
    """
    customer = Customer.objects.filter(pk=_customer_of(task) or 0).first()
    before = before_changes("Customer", customer.pk, "UPDATE_CUSTOMER", at) if customer else None
    if customer is None or before is None:
        return None
    own = acting(actor, Fact(at)).own_depot_ids
    if before["depot"] not in own or customer.depot_id in own:
        return None
    return Then(actor, actor.depot_id, actor.vehicle_id, frozenset({*actor.own_depot_ids, customer.depot_id}))


def _customer_of(task: Task) -> int | None:
    if task.kind.names == "meter":
        return Meter.objects.filter(pk=task.id).values_list("customer_id", flat=True).first()
    if task.kind.names == "invoice":
        return Invoice.objects.filter(pk=task.id).values_list("customer_id", flat=True).first()
    found: int | None = task.values.get("customer")
    return found
