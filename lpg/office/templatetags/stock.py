"""What pages of entries show of stock, where the entry's own app knows nothing of it."""

from typing import Any

from django import template
from django.http import HttpRequest

register = template.Library()


@register.inclusion_tag("office/stock_at_customer.html")
def stock_at_customer(request: HttpRequest, customer: Any) -> dict[str, Any]:
    from lpg.desk.admin import actor_of, allowed  # noqa: PLC0415  # libraries are read while the desk is being built
    from lpg.inventory.places import Owner  # noqa: PLC0415
    from lpg.office.stock import held_by_customer  # noqa: PLC0415

    if not allowed(request, "stock.read"):
        return {"may_see": False}
    return {
        "may_see": True,
        "key": Owner("customer", customer.pk).key,
        "rows": held_by_customer(actor_of(request), customer.pk),
        "may_count": customer.is_active and allowed(request, "stock.write"),
    }
