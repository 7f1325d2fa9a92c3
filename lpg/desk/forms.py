"""Forms of the desk: what they offer, how they say no, and how a service's refusal is put on them."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q

from lpg.errors import Refused

SAID = {"required": "Fill this in.", "invalid_choice": "There is no such entry. Choose one from the list."}


def show(form: forms.BaseForm, refused: Refused, called: dict[str, str] | None = None) -> None:
    """Put a refusal on a form: each message at its field (`called`: what is renamed here), the rest on top.

    The form keeps it as `refused`.
    """
    vars(form)["refused"] = refused
    for name, messages in (refused.errors or {}).items():
        field = (called or {}).get(name, name)
        form.add_error(
            field if field in form.fields else None, [forms.ValidationError(message) for message in messages]
        )
    if not refused.errors:
        form.add_error(None, refused.detail)


class PlainForm(forms.Form):
    """A form of a page of its own."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _speak(self)


class DeskForm(forms.ModelForm):  # type: ignore[type-arg]  # generic only in the stubs
    """A form over an entity. It offers what is in use, and what the entity has already."""

    called: ClassVar[dict[str, str]] = {}  # the service's name of a field → the form's
    refused: Refused | None = None  # why the last attempt to save this did not succeed

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        _speak(self)
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                kept = self.initial.get(name) or []
                has = [getattr(one, "pk", one) for one in (kept if isinstance(kept, list) else [kept])]
                field.queryset = field.queryset.filter(Q(is_active=True) | Q(pk__in=has))

    def full_clean(self) -> None:
        super().full_clean()
        if self.refused and self.is_bound:
            show(self, self.refused, self.called)


def _speak(form: forms.BaseForm) -> None:
    for field in form.fields.values():
        field.error_messages |= SAID
