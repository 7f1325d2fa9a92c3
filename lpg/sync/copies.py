"""What a phone keeps a copy of: in each collection what its list shows this user, within the windows stated here."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from rest_framework.serializers import Serializer

from lpg.clock import Days
from lpg.customers.models import Customer, Rate
from lpg.customers.selectors import customers_seen_by, with_meter_rate
from lpg.customers.serializers import CustomerRateRow, CustomerRow
from lpg.depots.selectors import depots_seen_by, vehicles_seen_by
from lpg.depots.serializers import DepotRow, VehicleRow
from lpg.distribution.models import Distribution
from lpg.distribution.selectors import distributions_seen_by
from lpg.distribution.selectors import with_items as with_lines_of_distributions
from lpg.distribution.serializers import DistributionRow
from lpg.equipment.models import DefaultRate
from lpg.equipment.selectors import equipment_seen_by, with_default_rate
from lpg.equipment.serializers import EquipmentRow
from lpg.inventory.selectors import balances_seen_by
from lpg.inventory.serializers import InventoryRow
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by, with_lines
from lpg.invoices.serializers import InvoiceRow, OpenInvoiceRow
from lpg.meters.selectors import meters_seen_by
from lpg.meters.serializers import MeterRow
from lpg.payments.selectors import payments_seen_by, with_allocations
from lpg.payments.serializers import PaymentRow
from lpg.roles import Actor, sees
from lpg.transactions.selectors import transactions_seen_by, with_items
from lpg.transactions.serializers import CreditRow, TransactionRow

WINDOW = timedelta(days=30)


class OpenInvoiceOfCustomer(OpenInvoiceRow):
    """As the customer's list of open invoices shows it, and whose it is: here the address does not say so."""

    example = {**OpenInvoiceRow.example, "customer": 1}  # noqa: RUF012

    class Meta(OpenInvoiceRow.Meta):
        fields = (*OpenInvoiceRow.Meta.fields, "customer")  # type: ignore[assignment]  # longer than theirs


class Collection(NamedTuple):
    """Some rows that are shown in one way."""

    name: str
    shape: type[Serializer[Any]]
    rows: Callable[[Actor, date], QuerySet[Any]]  # those that this user's phone holds on that business day


def _customers(actor: Actor, today: date) -> QuerySet[Any]:
    return with_meter_rate(customers_seen_by(actor), today).prefetch_related("meters")


def _credits(actor: Actor, today: date) -> QuerySet[Any]:
    """Of those who have a credit limit: of the others it decides nothing."""
    limited = customers_seen_by(actor).exclude(payment_type=Customer.Payment.CASH)
    return limited.filter(credit_limit__isnull=False)


def _rates(actor: Actor, today: date) -> QuerySet[Any]:
    return Rate.objects.filter(_of_customers(actor, "customers.read"))


def _meters(actor: Actor, today: date) -> QuerySet[Any]:
    return meters_seen_by(actor).select_related(None)


def _equipment(actor: Actor, today: date) -> QuerySet[Any]:
    return with_default_rate(equipment_seen_by(actor), today)


def _inventories(actor: Actor, today: date) -> QuerySet[Any]:
    held = Q(place__customer__isnull=False) & sees(
        actor, "stock.read", depots=lambda: Q(place__customer__depot__in=actor.own_depot_ids)
    )
    if actor.vehicle_id is not None:
        held |= Q(place__vehicle=actor.vehicle_id)
    return balances_seen_by(actor).filter(held)


def _distributions(actor: Actor, today: date) -> QuerySet[Any]:
    mine = distributions_seen_by(actor).filter(user=actor.pk, status=Distribution.Status.PENDING)
    return with_lines_of_distributions(mine)


def _transactions(actor: Actor, today: date) -> QuerySet[Any]:
    begins = Days(first_day(today), today).begins
    return with_items(transactions_seen_by(actor).filter(user=actor.pk, occurred_at__gte=begins))


def _invoices(actor: Actor, today: date) -> QuerySet[Any]:
    return with_lines(invoices_seen_by(actor).filter(user=actor.pk, issued_on__gte=first_day(today)))


def _open_invoices(actor: Actor, today: date) -> QuerySet[Any]:
    return Invoice.objects.filter(_of_customers(actor, "invoices.open"), balance_due__gt=0)


def _payments(actor: Actor, today: date) -> QuerySet[Any]:
    begins = Days(first_day(today), today).begins
    return with_allocations(payments_seen_by(actor).filter(user=actor.pk, received_at__gte=begins))


COLLECTIONS = (
    Collection("depots", DepotRow, lambda actor, today: depots_seen_by(actor)),
    Collection("vehicles", VehicleRow, lambda actor, today: vehicles_seen_by(actor)),
    Collection("equipment", EquipmentRow, _equipment),
    Collection("customers", CustomerRow, _customers),
    Collection("rates", CustomerRateRow, _rates),
    Collection("meters", MeterRow, _meters),
    Collection("inventories", InventoryRow, _inventories),
    Collection("distributions", DistributionRow, _distributions),
    Collection("transactions", TransactionRow, _transactions),
    Collection("invoices", InvoiceRow, _invoices),
    Collection("open_invoices", OpenInvoiceOfCustomer, _open_invoices),
    Collection("payments", PaymentRow, _payments),
    Collection("credits", CreditRow, _credits),
)


def first_day(today: date) -> date:
    """The oldest day of which sales and documents are held."""
    return today - WINDOW


def moved_by_days(actor: Actor, then: date, today: date) -> dict[str, list[int]]:
    """What the days between have changed by themselves: prices that have begun, and what has grown too old.

    Grown too old are all of those days, also those that were never held.
    """
    began = {"effective_from__gt": then, "effective_from__lte": today}
    gas = Rate.objects.filter(_of_customers(actor, "customers.read"), equipment=None, **began)
    gone = Days(first_day(then), first_day(today) - timedelta(days=1))
    sold = {"occurred_at__gte": gone.begins, "occurred_at__lt": gone.ends}
    issued = {"issued_on__gte": gone.since, "issued_on__lte": gone.until}
    received = {"received_at__gte": gone.begins, "received_at__lt": gone.ends}
    return {
        "customers": list(gas.values_list("customer", flat=True).distinct()),
        "equipment": list(DefaultRate.objects.filter(**began).values_list("equipment", flat=True).distinct()),
        "transactions": list(transactions_seen_by(actor).filter(user=actor.pk, **sold).values_list("pk", flat=True)),
        "invoices": list(invoices_seen_by(actor).filter(user=actor.pk, **issued).values_list("pk", flat=True)),
        "payments": list(payments_seen_by(actor).filter(user=actor.pk, **received).values_list("pk", flat=True)),
    }


def _of_customers(actor: Actor, capability: str) -> Q:
    return sees(actor, capability, depots=lambda: Q(customer__depot__in=actor.own_depot_ids))
