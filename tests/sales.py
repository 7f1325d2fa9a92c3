"""What the tests of sales share: a shop with a truck full of priced cylinders and a meter, selling, and the answer."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.utils import timezone as clock

from lpg import sql
from lpg.accounts.models import User
from lpg.api.door import shown
from lpg.customers.models import Customer
from lpg.customers.services import add_rate
from lpg.equipment.models import Equipment
from lpg.equipment.services import add_default_rate
from lpg.errors import Refused
from lpg.inventory.places import Owner
from lpg.meters import services as meters
from lpg.meters.models import Meter
from lpg.payments import services as payments
from lpg.payments.models import Payment
from lpg.payments.services import Money
from lpg.transactions import services as sales
from lpg.transactions.models import Transaction
from lpg.transactions.selectors import whole
from lpg.transactions.serializers import SaleRow
from lpg.transactions.services import Item, Reading, Sale
from tests import make
from tests.stock import fill

API = "/api/v1/transactions/"
SINGAPORE = timezone(timedelta(hours=8))
PLENTY = 100_000


class Shop:
    """A cash customer of the driver's depot, and whatever `thing` makes lies in plenty everywhere."""

    def __init__(self, admin: User, driver: User):
        self.admin, self.driver = admin, driver
        self.depot, self.truck = Owner("depot", driver.depot_id or 0), Owner("truck", driver.vehicle_id or 0)
        self.customer = self.another()

    def another(self, **values: Any) -> Customer:
        """One more customer."""
        return make.a_customer(self.admin, self.driver.depot, **values)

    def thing(self, rate: str | None = None, *customers: Customer) -> Equipment:
        """Cylinders with a default rate, plenty of them at depot and truck and at the customers' (the shop's) sites."""
        made = make.some_equipment(self.admin, rate=rate)
        for owner in (self.depot, self.truck):
            fill(self.admin, owner, made, PLENTY)
        for customer in customers or (self.customer,):
            fill(self.admin, site(customer), made, PLENTY, "")
        return made

    def sell(self, *items: Item, by: User | None = None, customer: Customer | None = None, **more: Any) -> Sale:
        """From the driver's truck, by the administrator unless somebody else is named."""
        seller = sales.Seller(vehicle_id=self.truck.id) if by is None else sales.Seller()
        given = {"seller": seller, **more}
        return a_sale(by or self.admin, customer or self.customer, *items, **given)

    def approve(self, sale: Sale, **more: Any) -> Sale:
        given = {"now": clock.now(), **more}
        return sales.approve(actor=self.admin, transaction_id=sale.transaction.pk, **given)

    def void(self, sale: Sale, **more: Any) -> Sale:
        given = {"now": clock.now(), "reason": "Wrong shop", **more}
        return sales.void(actor=self.admin, transaction_id=sale.transaction.pk, **given)

    def pay(self, amount: str, customer: Customer | None = None, **more: Any) -> Payment:
        pk = (customer or self.customer).pk
        given = {"now": clock.now(), **more}
        return payments.record(actor=self.admin, customer_id=pk, money=Money("CASH", Decimal(amount)), **given)


def singapore(text: str) -> datetime:
    """A moment as a clock in Singapore shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=SINGAPORE)


def site(customer: Customer) -> Owner:
    return Owner("customer", customer.pk)


def a_rate(by: User, customer: Customer, rate: str, equipment: Equipment | None = None, since: Any = None) -> None:
    """What the customer pays, from today on or since another day; without equipment for a unit of gas."""
    add_rate(
        actor=by,
        customer_id=customer.pk,
        equipment_id=equipment.pk if equipment else None,
        rate=Decimal(rate),
        effective_from=since or clock.localdate(),
    )


def a_default_rate(by: User, equipment: Equipment, rate: str, since: date) -> None:
    add_default_rate(actor=by, equipment_id=equipment.pk, rate=Decimal(rate), effective_from=since)


def a_meter(by: User, customer: Customer, reading: str = "0", serial_no: str = "", digits: int = 5) -> Meter:
    new = meters.NewMeter(serial_no or f"M-{customer.pk}-{Meter.objects.count()}", digits, Decimal(reading))
    return meters.install(actor=by, customer_id=customer.pk, new=new, now=clock.now())


def a_reading(by: User, meter: Meter, reading: str, **more: Any) -> Any:
    """What the meter shows, without a sale."""
    return meters.record(actor=by, meter_id=meter.pk, reading=Decimal(reading), now=clock.now(), **more)


def a_replacement(by: User, meter: Meter, final: str, initial: str = "0", **more: Any) -> Meter:
    """Another meter takes its place."""
    new = meters.NewMeter(f"M-{meter.customer_id}-{Meter.objects.count()}", meter.digits, Decimal(initial))
    given = {"actor": by, "meter_id": meter.pk, "final_reading": Decimal(final), "now": clock.now()}
    return meters.replace(**given, new=new, **more)


def _rate(rate: str | None) -> Decimal | None:
    return None if rate is None else Decimal(rate)


def delivered(equipment: Equipment, quantity: int = 1, rate: str | None = None) -> Item:
    return Item("DELIVERY", quantity, equipment.pk, _rate(rate))


def returned(equipment: Equipment, quantity: int = 1, condition: str = "") -> Item:
    return Item("EMPTY_RETURN", quantity, equipment.pk, condition=condition)


def full_back(equipment: Equipment, quantity: int = 1, rate: str | None = None, condition: str = "") -> Item:
    return Item("FULL_RETURN", quantity, equipment.pk, _rate(rate), condition)


def served(rate: str, quantity: int = 1, description: str = "Hose changed") -> Item:
    return Item("SERVICE", quantity, None, Decimal(rate), description=description)


def a_sale(
    by: User,
    customer: Customer,
    *items: Item,
    reading: str | None = None,
    meter: Meter | None = None,
    is_rollover: bool = False,
    paid: str = "",
    **more: Any,
) -> Sale:
    read = None if reading is None else Reading(Decimal(reading), meter.pk if meter else None, is_rollover)
    return sales.sell(
        actor=by,
        customer_id=customer.pk,
        items=items,
        reading=read,
        payment=Money("CASH", Decimal(paid)) if paid else None,
        **{"now": clock.now(), **more},
    )


def answer(sale: Sale) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sale and its document ({} without one) as the API answers them, which is just as the database keeps them."""
    row = whole(Transaction.objects.all()).get(pk=sale.transaction.pk)
    kept = shown(SaleRow, Sale(row, next(iter(row.issued), None)))
    made = shown(SaleRow, sale)
    assert made == kept, _differ(made, kept)
    return kept["transaction"], kept["invoice"] or {}


def payment_status(sale: Sale) -> str | None:
    """As it is now."""
    return whole(Transaction.objects.all()).get(pk=sale.transaction.pk).payment_status


def _differ(made: Any, kept: Any) -> str:
    """Where two answers are not the same."""
    parts = [(part, made[part] or {}, kept[part] or {}) for part in made]
    names = [(part, name, one[name], two.get(name)) for part, one, two in parts for name in one]
    return str([difference for difference in names if difference[2] != difference[3]] or (made, kept))


@transaction.atomic
def refused(code: str, do: Any, *given: Any, **more: Any) -> Refused:
    """`do` is refused with this code, and leaves nothing at all."""
    before = books()
    with pytest.raises(Refused) as caught, transaction.atomic():
        do(*given, **more)
    assert caught.value.code == code, caught.value
    assert books() == before
    return caught.value


def books() -> dict[str, list[sql.Row]]:
    """Every row of every table, but for the sessions: when one was last used is no change of state."""
    tables = sorted(model._meta.db_table for model in apps.get_models() if model._meta.label != "accounts.Session")
    return {table: sql.rows(f"SELECT * FROM {table} ORDER BY id") for table in tables if table != "django_session"}
