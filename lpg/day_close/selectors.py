"""Which day closes somebody sees, and what a truck should hold and carry."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum

from lpg.clock import Days
from lpg.day_close.models import CountedMoney, CountedStock, DayClose
from lpg.inventory.models import Balance, Place
from lpg.payments.models import Payment
from lpg.roles import Actor, Role, sees

STOCK: Any = Prefetch("stock", CountedStock.objects.select_related("equipment").order_by("pk"))
MONEY: Any = Prefetch("money", CountedMoney.objects.order_by("pk"))


def day_closes_seen_by(actor: Actor) -> QuerySet[DayClose]:
    """Supervisors: of their depots' trucks. Drivers: those they counted."""
    return DayClose.objects.filter(sees(actor, "day_closes.read", self_=Q(user=actor.pk)))


def with_lines(rows: QuerySet[DayClose]) -> QuerySet[DayClose]:
    """Each with all that is shown of it."""
    return rows.select_related("vehicle").prefetch_related(STOCK, MONEY)


def held_on(truck: Place) -> set[tuple[int, str]]:
    """What a truck holds any of: (equipment, condition)."""
    return set(Balance.objects.filter(place=truck, quantity__gt=0).values_list("equipment", "condition"))


def taken_on(actor: Actor, vehicle_id: int, day: date) -> dict[str, Decimal]:
    """What a truck should carry at the end of a day, by how it was paid. What was reversed counts no more.

    That is: paid with the truck's sales, and paid without stock to those who drive it. What came after the truck's
    last close, on the day that it closed, is carried on to the next one.
    """
    on_the_day = _within(day)
    last = DayClose.objects.filter(vehicle=vehicle_id).order_by("pk").last()
    if last:
        on_the_day |= _within(last.date) & Q(created_at__gt=last.created_at)
    people = Q(user__vehicle=vehicle_id)
    if actor.role == Role.DRIVER:
        people |= Q(user=actor.pk)
    of_nobodys_stock = Q(transaction__vehicle=None, transaction__from_depot=None)
    rows = Payment.objects.filter(on_the_day, Q(transaction__vehicle=vehicle_id) | of_nobodys_stock & people)
    return dict(rows.filter(reversed_at=None).order_by().values_list("method").annotate(total=Sum("amount")))


def _within(day: date) -> Q:
    days = Days(day, day)
    return Q(received_at__gte=days.begins, received_at__lt=days.ends)
