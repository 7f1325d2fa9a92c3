"""Entries that are recorded once and then decided by a button: a page to read, with what may be done now."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from lpg import work
from lpg.audit.selectors import audit_seen_by
from lpg.desk import changes
from lpg.desk.admin import DeskAdmin, actor_of, allowed
from lpg.desk.forms import PlainForm, show
from lpg.errors import Missing, Refused
from lpg.roles import Actor

LATEST = 10


@dataclass(frozen=True)
class Decision:
    """One button. `words` say what it does, `done` what it did; with a `form` of its own it stands apart."""

    button: str
    words: str
    done: str
    effect: Callable[[Actor, int, Any, datetime], object]  # who, which entry, what the form says, when
    style: str = "desk-main"
    form: type[PlainForm] | None = None
    in_units: bool = False  # the effect opens its units of work itself


class DecidedAdmin(DeskAdmin):
    """Says by which services an entry is `decisions`-decided, what its page shows and why it may not be decided now."""

    page_template: ClassVar[str]
    decisions: ClassVar[dict[str, Decision]]
    form_of_decision: ClassVar[type[PlainForm]] = PlainForm
    decides: ClassVar[str] = ""  # the capability it takes, where it is not that of writing

    def facts(self, actor: Actor, entry: Any) -> dict[str, Any]:
        """What the template needs beside the entry."""
        raise NotImplementedError  # each admin says it

    def open_decisions(self, actor: Actor, entry: Any) -> list[str]:
        """Which buttons stand on the page now. The services judge again."""
        raise NotImplementedError  # each admin says it

    def then(self, request: HttpRequest) -> str:
        """Which page comes after a decision."""
        return request.path

    def may_decide(self, request: HttpRequest) -> bool:
        return allowed(request, self.decides or f"{self.about}.write")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if object_id is None or not self.has_view_permission(request):
            raise PermissionDenied
        entry = self.found(request, object_id)
        form = self.form_of_decision()
        if request.method == "POST":
            decision = self.decisions.get(request.POST.get("do", ""))
            if decision is None or not self.may_decide(request):
                raise PermissionDenied
            form = (decision.form or self.form_of_decision)(request.POST)
            if form.is_valid():
                if self._decide(request, decision, entry, form):
                    return HttpResponseRedirect(self.then(request))
                entry = self.found(request, object_id)  # somebody else may have been quicker
        return self._read_page(request, entry, form)

    def tell(self, request: HttpRequest, decision: Decision, entry: Any, result: Any) -> None:
        """Say what was done; `result` is what the effect gave back."""
        messages.success(request, decision.done.format(entry))

    def _decide(self, request: HttpRequest, decision: Decision, entry: Any, form: forms.Form) -> bool:
        """Whether it was done; if not, the form says why."""
        actor = actor_of(request)

        def effect() -> object:
            return decision.effect(actor, entry.pk, form.cleaned_data, timezone.now())

        try:
            result = effect() if decision.in_units else work.run(effect)
        except Missing as missing:
            raise Http404 from missing
        except Refused as refused:
            show(form, refused)
            return False
        self.tell(request, decision, entry, result)
        return True

    def _read_page(self, request: HttpRequest, entry: Any, form: forms.Form) -> HttpResponse:
        actor, asked = actor_of(request), request.POST.get("do", "")
        latest = audit_seen_by(actor).filter(self.history_of(entry)).order_by("-id")[:LATEST]
        open_now = self.open_decisions(actor, entry) if self.may_decide(request) else []
        offered = {name: self.decisions[name] for name in open_now}
        apart = {name: (one, form if name == asked else one.form()) for name, one in offered.items() if one.form}
        context = {
            "original": entry,
            "form": self.form_of_decision() if asked in apart else form,
            "offered": {name: one for name, one in offered.items() if not one.form},
            "apart": apart,
            "happened": [{"row": row, "action": changes.action_words(row)} for row in latest],
            **self.facts(actor, entry),
        }
        return self.page(request, self.page_template, str(entry), **context)


class ReadAdmin(DecidedAdmin):
    """Entries that have such a page, and nothing to decide about."""

    decisions: ClassVar[dict[str, Decision]] = {}

    def open_decisions(self, actor: Actor, entry: Any) -> list[str]:
        return []

    def may_decide(self, request: HttpRequest) -> bool:
        return False
