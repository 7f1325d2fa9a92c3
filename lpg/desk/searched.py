"""Choosing one of very many in a form: the desk is asked for it while one types."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Field

from lpg.desk.admin import id_in


class Searched(AutocompleteSelect):
    """Chooses one of many, found by what one types: the start of its code or name, as in its list at the desk."""

    def __init__(self, reference: "Field[Any, Any]", placeholder: str):
        super().__init__(reference, admin.site)
        self.placeholder = placeholder

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        return {**super().build_attrs(base_attrs, extra_attrs), "data-placeholder": self.placeholder}

    def optgroups(self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None) -> Any:
        return super().optgroups(name, [one for one in value if id_in(one)], attrs)
