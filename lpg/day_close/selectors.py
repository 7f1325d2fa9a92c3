"""Which day closes somebody sees, and what a truck should hold and carry."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Prefetch, Q, QuerySet, Sum

from lpg.clock import Days
from lpg.day_close.models import CountedMoney, CountedStock, DayClose
from lpg.inventory.models import Balance, Movement, Place
from lpg.payments.models import Payment
from lpg.roles import Actor, Role, sees

type Thing = tuple[int, str]  # equipment and condition


class Flow(NamedTuple):
    """How many have come, and how many have gone."""

    came: int
    went: int

    def rest_of(self, difference: int) -> int:
        """What is left of a difference when what has moved the same way since is taken off."""
        return min(difference + self.went, 0) if difference < 0 else max(difference - self.came, 0)


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


def moved_since(close: DayClose) -> dict[Thing, Flow]:
    """What the books say has come and gone on the truck since it was counted, but for what the approval posts."""
    truck, after = Q(vehicle=close.vehicle_id), {"created_at__gt": close.created_at}
    place = Place.objects.filter(truck).values("pk")
    rows = Movement.objects.filter(**after).exclude(cause=Movement.Cause.DAY_CLOSE, cause_id=close.pk)
    found: dict[Thing, Flow] = defaultdict(lambda: Flow(0, 0))
    for end in ("destination", "origin"):
        thing = ("equipment", f"{end}_condition")
        flow = rows.filter(**{f"{end}__in": place}).order_by().values_list(*thing).annotate(moved=Sum("quantity"))
        for equipment, condition, moved in flow:
            came, went = found[equipment, condition]
            found[equipment, condition] = Flow(moved, went) if end == "destination" else Flow(came, moved)
    return found


def _within(day: date) -> Q:
    days = Days(day, day)
    return Q(received_at__gte=days.begins, received_at__lt=days.ends)
