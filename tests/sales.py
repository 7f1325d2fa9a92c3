"""What the tests of sales share: a shelf of priced cylinders on a truck, a customer with a meter, and selling."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from lpg.accounts.models import User
from lpg.customers.models import Customer
from lpg.customers.services import add_rate
from lpg.equipment.models import Equipment
from lpg.meters import services as meters
from lpg.meters.models import Meter
from lpg.payments.services import Money
from lpg.transactions import services as sales
from lpg.transactions.services import Item, Reading, Sale

API = "/api/v1/transactions/"


def a_rate(by: User, customer: Customer, rate: str, equipment: Equipment | None = None, since: Any = None) -> None:
    """What the customer pays, from today on or since another day; without equipment for a unit of gas."""
    add_rate(
        actor=by,
        customer_id=customer.pk,
        equipment_id=equipment.pk if equipment else None,
        rate=Decimal(rate),
        effective_from=since or timezone.localdate(),
    )


def a_meter(by: User, customer: Customer, reading: str = "0", serial_no: str = "", digits: int = 5) -> Meter:
    new = meters.NewMeter(serial_no or f"M-{customer.pk}-{Meter.objects.count()}", digits, Decimal(reading))
    return meters.install(actor=by, customer_id=customer.pk, new=new, now=timezone.now())


def delivered(equipment: Equipment, quantity: int, rate: str | None = None) -> Item:
    return Item("DELIVERY", quantity, equipment.pk, None if rate is None else Decimal(rate))


def returned(equipment: Equipment, quantity: int, condition: str = "") -> Item:
    return Item("EMPTY_RETURN", quantity, equipment.pk, condition=condition)


def a_sale(by: User, customer: Customer, *items: Item, reading: str | None = None, paid: str = "", **more: Any) -> Sale:
    return sales.sell(
        actor=by,
        customer_id=customer.pk,
        items=items,
        reading=None if reading is None else Reading(Decimal(reading)),
        payment=Money("CASH", Decimal(paid)) if paid else None,
        **{"now": timezone.now(), **more},
    )
