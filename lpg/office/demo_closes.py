"""The demo's day closes: each truck on the last two evenings; the earlier ones approved, one of the later differs."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from lpg.accounts.models import User
from lpg.day_close import services
from lpg.day_close.selectors import taken_on
from lpg.inventory.models import Balance, Condition
from lpg.office.demo_stock import Crew

APPROVED, WAITING = 2, 1  # days ago


def close(admin: User, crews: Sequence[Crew], days_ago: int, at: datetime) -> None:
    """What each crew counts in the evening, if it is one of these days."""
    if days_ago not in {APPROVED, WAITING}:
        return
    for number, crew in enumerate(crews):
        counted, money = _there(crew, at)
        if days_ago == WAITING and number == 0:
            counted, money = _miscounted(counted, money)
        made = services.close(
            actor=crew.who,
            date=timezone.localdate(at),
            vehicle_id=crew.vehicle.pk,
            counts=[services.Counted(*key, quantity) for key, quantity in counted.items()],
            money=[services.Carried(method, amount) for method, amount in money.items()],
            now=at,
        )
        if days_ago == APPROVED and crew.who != admin:
            services.approve(actor=admin, close_id=made.pk, reason="", now=at)


def _there(crew: Crew, at: datetime) -> tuple[dict[tuple[int, str], int], dict[str, Decimal]]:
    """Just what the books hold."""
    held = Balance.objects.filter(place__vehicle=crew.vehicle, quantity__gt=0).order_by("equipment", "condition")
    counted = {(row.equipment_id, row.condition): row.quantity for row in held}
    return counted, taken_on(crew.who, crew.vehicle.pk, timezone.localdate(at))


def _miscounted(
    counted: dict[tuple[int, str], int], money: dict[str, Decimal]
) -> tuple[dict[tuple[int, str], int], dict[str, Decimal]]:
    """One full cylinder fewer, and all the cash taken for PayNow."""
    first = next(key for key in counted if key[1] == Condition.FULL)
    cash, paynow = money.get("CASH", Decimal(0)), money.get("PAYNOW", Decimal(0))
    return {**counted, first: counted[first] - 1}, {**money, "CASH": Decimal(0), "PAYNOW": paynow + cash}
