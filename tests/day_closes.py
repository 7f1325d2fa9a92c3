"""What the tests of day closes share."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lpg.accounts.models import User
from lpg.day_close import services
from lpg.day_close.models import DayClose
from lpg.equipment.models import Equipment
from lpg.inventory.models import Balance


def a_day_close(
    by: User,
    vehicle_id: int | None,
    *counts: tuple[Equipment, str, int],
    money: dict[str, str] | None = None,
    **more: Any,
) -> DayClose:
    """Of today, of a truck that holds just what is counted unless it does not."""
    now = more.pop("now", timezone.now())
    return services.close(
        actor=by,
        date=more.pop("date", timezone.localdate(now)),
        vehicle_id=vehicle_id,
        counts=[services.Counted(thing.pk, condition, quantity) for thing, condition, quantity in counts],
        money=[services.Carried(method, Decimal(amount)) for method, amount in (money or {}).items()],
        now=now,
        **more,
    )


def an_early_close(driver: User) -> DayClose:
    """Of the driver's truck as the books have it, of a day long ago that no other test closes."""
    before = DayClose.objects.filter(vehicle=driver.vehicle_id).count()
    at = timezone.now() - timedelta(days=100 + before)
    held = Balance.objects.filter(place__vehicle=driver.vehicle_id).select_related("equipment")
    return a_day_close(driver, None, *((one.equipment, one.condition, one.quantity) for one in held), now=at)


def approved(by: User, close: DayClose, reason: str = "Lent to a shop", **more: bool) -> DayClose:
    return services.approve(actor=by, close_id=close.pk, reason=reason, now=timezone.now(), **more)
