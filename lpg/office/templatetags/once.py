"""The hidden field by which a form that makes something is known when it comes twice."""

from typing import Any

from django import template
from django.utils.html import format_html

register = template.Library()


@register.simple_tag(takes_context=True)
def once(context: Any) -> str:
    """Firefox keeps hidden fields over a reload unless told not to: the new page would have the old key."""
    from lpg.desk.once import FIELD, key_for  # noqa: PLC0415  # libraries are read while the desk is being built

    key = key_for(context["request"])
    return format_html('<input type="hidden" name="{}" value="{}" autocomplete="off">', FIELD, key)
