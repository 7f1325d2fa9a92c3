"""Forms that make something, sent twice: each page shown carries a key of its own, under which it is done once."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from lpg import work
from lpg.desk.forms import PlainForm, show
from lpg.errors import Missing, Refused
from lpg.idempotency import services as idempotency

FIELD = "once"  # the hidden field
NOT_CONTENT = {FIELD, "csrfmiddlewaretoken"}


class SavedBefore(Refused):
    """The form of this page was sent before, with other content."""

    code = "saved_before"
    title = "This form was already saved"


class Unmarked(Refused):
    """The form came without a key, so nobody can tell whether it was sent before."""

    code = "unmarked"
    title = "This page is too old"


class Saved(HttpResponseRedirect):
    """Where a form leads once it is done, and what is said there."""

    def __init__(self, address: str, words: str):
        super().__init__(address)
        self.words = words


class NotSaved(Exception):
    """There is something to correct first, on this page: nothing is kept of the attempt, and its key stays unused."""

    def __init__(self, page: HttpResponse | None = None):
        super().__init__()
        self.page = page


def key_for(request: HttpRequest) -> str:
    """The key of the form on this page: the one it was sent with, or a new one."""
    return _sent_key(request) or str(uuid4())


def once(request: HttpRequest, effect: Callable[[], Saved]) -> Saved:
    """Do what a form asks for in one unit of work and lead on. The same form again does nothing and leads there again.

    What counts as the same is what was sent, before anybody judged it: done once, it may well be refused the second
    time, as a code is taken then. Raises SavedBefore, Unmarked, and whatever `effect` raises; then the key is unused.
    """
    user: Any = request.user
    key = _sent_key(request)
    if key is None:
        raise Unmarked("This page was opened too long ago. Nothing was saved: look it over, then save it again.")
    sent = {name: values for name, values in request.POST.lists() if name not in NOT_CONTENT}
    content = idempotency.fingerprint("POST", request.path, sent)

    def answered() -> tuple[int, str]:
        done = effect()
        return done.status_code, json.dumps([done.url, done.words])

    try:
        given = work.run(lambda: idempotency.once(user_id=user.pk, key=f"desk:{key}", content=content, effect=answered))
    except idempotency.IdempotencyMismatch as mismatch:
        raise SavedBefore(
            "This form was already saved. What you changed after that was not; open a new form for it."
        ) from mismatch
    way = Saved(*json.loads(given.body))
    messages.success(request, way.words)
    return way


def saved(
    request: HttpRequest, form: PlainForm, effect: Callable[[], Saved], called: dict[str, str] | None = None
) -> Saved | None:
    """The way on, when this form was sent and is done. Else None: it is to be shown, with what is wrong with it.

    `called` is for `show`. Raises Http404 when what it is about is gone from sight.
    """
    if request.method != "POST":
        return None

    def checked() -> Saved:
        if not form.is_valid():
            raise NotSaved
        return effect()

    try:
        return once(request, checked)
    except NotSaved:
        return None
    except Missing as missing:
        raise Http404 from missing
    except Refused as refused:
        show(form, refused, called)
        return None


def _sent_key(request: HttpRequest) -> str | None:
    try:
        return str(UUID(request.POST.get(FIELD, "")))
    except ValueError:
        return None
