"""What pages of entries show of what belongs to them, where the entry's own app knows nothing of it."""

from typing import Any

from django import template
from django.http import HttpRequest

register = template.Library()


@register.inclusion_tag("office/customer_account.html")
def customer_account(request: HttpRequest, customer: Any) -> dict[str, Any]:
    from lpg.office import account  # noqa: PLC0415  # libraries are read while the desk is being built

    return account.account(request, customer)


@register.inclusion_tag("office/customer_meters.html")
def customer_meters(request: HttpRequest, customer: Any) -> dict[str, Any]:
    from lpg.office import account  # noqa: PLC0415

    return account.meters(request, customer)


@register.inclusion_tag("office/customer_invoices.html")
def customer_invoices(request: HttpRequest, customer: Any) -> dict[str, Any]:
    from lpg.office import account  # noqa: PLC0415

    return account.invoices(request, customer)


@register.inclusion_tag("office/customer_sales.html")
def customer_sales(request: HttpRequest, customer: Any) -> dict[str, Any]:
    from lpg.office import account  # noqa: PLC0415

    return account.sales(request, customer)


@register.inclusion_tag("office/settled_by.html")
def settled_by(invoice: Any) -> dict[str, Any]:
    from lpg.office import account  # noqa: PLC0415

    return {"original": invoice, "settled": account.settled_by(invoice)}
