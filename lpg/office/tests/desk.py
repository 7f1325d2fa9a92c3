"""What the desk's tests share: browsers that have signed in, forms as a browser sends them, and counting."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from lpg.accounts.models import User
from lpg.audit.models import AuditLog
from lpg.depots.models import Depot
from lpg.distribution.models import Distribution
from lpg.equipment.models import Equipment
from lpg.inventory import counts
from lpg.inventory.models import Balance, Count, Movement
from lpg.inventory.places import Owner, place_of
from tests import make

SIGN_IN = "/admin/login/"


def sign_in(user: User, password: str = make.PASSWORD, **extra: Any) -> Client:
    """A browser that went through the sign-in page."""
    client = Client(**extra)
    answer = client.post(SIGN_IN, {"username": user.username, "password": password})
    assert answer.status_code == 302, said(answer)
    return client


def said(answer: Any) -> str:
    """The page as text, without marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def list_of(name: str) -> str:
    return reverse(f"admin:{name}_changelist")


def page_of(name: str, pk: int, what: str = "change") -> str:
    return reverse(f"admin:{name}_{what}", args=[pk])


def form_of(answer: Any) -> dict[str, Any]:
    """What the browser would send if nobody typed anything."""
    form = answer.context["adminform"].form
    values = {}
    for name in form.fields:
        value = form[name].value()
        if value is not None and value is not False:
            values[name] = [str(one) for one in value] if isinstance(value, (list, tuple)) else str(value)
    return values


def key_on(page: Any) -> dict[str, str]:
    """The hidden key that a form which makes something carries."""
    found = re.search(r'<input type="hidden" name="once" value="([^"]+)"', page.content.decode())
    return {"once": found[1]} if found else {}


def fill(client: Client, address: str, **typed: Any) -> Any:
    """Open the form, type into it, send it. A value of None takes a field out: an unticked box."""
    opened = client.get(address)
    assert opened.status_code == 200
    values = {**form_of(opened), **key_on(opened), **typed}
    return client.post(address, {name: value for name, value in values.items() if value is not None})


def send(client: Client, address: str, typed: dict[str, Any]) -> Any:
    """Open a form that has a page of its own, type this into it, send it."""
    return client.post(address, {**key_on(client.get(address)), **typed})


def queries(client: Client, address: str) -> int:
    client.get(address)  # Django remembers some things from the first time on
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


def audited(effect: Callable[[], Any]) -> list[str]:
    """The actions that `effect` left in the audit log."""
    last = AuditLog.objects.order_by("-id").values_list("pk", flat=True).first() or 0
    effect()
    return list(AuditLog.objects.filter(pk__gt=last).order_by("id").values_list("action", flat=True))


def a_count(by: User, owner: Owner, equipment: Equipment, quantity: int) -> Count:
    """Of full ones, waiting for approval."""
    lines = [counts.Counted(equipment.pk, "" if owner.kind == "customer" else "FULL", quantity)]
    return counts.record(actor=by, place=place_of(owner), lines=lines, remarks="", now=timezone.now())


def books() -> tuple:
    """Everything that must not change when something is refused."""
    balances = Balance.objects.exclude(quantity=0).order_by("pk").values_list("pk", "quantity")
    return list(balances), Movement.objects.count(), AuditLog.objects.count(), Distribution.objects.count()


def at(owner: Owner, what: str) -> str:
    return reverse(f"admin:stock_{what}", args=[owner.key])


def at_depot(depot: Depot, what: str) -> str:
    return at(Owner("depot", depot.pk), what)
