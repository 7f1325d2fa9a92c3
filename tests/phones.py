"""A phone of the tests: it pulls through the API, and its copy stands beside what the lists say."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone
from rest_framework.test import APIClient

from lpg.accounts.models import User
from lpg.sync import devices
from lpg.sync.copies import COLLECTIONS
from lpg.sync.models import Device
from lpg_client.queue import Store
from tests import make

API = "/api/v1/"
NAMES = [collection.name for collection in COLLECTIONS]
type Copy = dict[str, dict[int, dict[str, Any]]]


class Pocket:
    """A phone in somebody's pocket, signed in."""

    def __init__(self, user: User):
        self.user = user
        self.client = make.a_client(user)
        self.store = Store(":memory:")

    def page(self, cursor: str | None = None) -> dict[str, Any]:
        answer = self.client.get(f"{API}sync/pull/", {"cursor": cursor} if cursor else {})
        assert answer.status_code == 200, answer.content
        return answer.json()

    def pull(self) -> list[dict[str, Any]]:
        """All pages, taken over."""
        pages = []
        while True:
            pages.append(page := self.page(self.store.fact("cursor")))
            assert page["reset_required"] <= (len(pages) == 1)
            self.store.take(
                changes=page["changes"],
                removed=page["removed"],
                cursor=page["cursor"],
                afresh=page["reset_required"],
            )
            if not page["has_more"]:
                return pages

    def copy(self) -> Copy:
        return {name: self.store.rows(name) for name in NAMES}

    def agrees(self) -> None:
        """The copy is what the lists show now."""
        copy, listed = self.copy(), lists_of(self.client, self.user)
        for name in NAMES:
            assert copy[name] == listed[name], (self.user.role, name)


def a_device(user: User) -> Device:
    """A phone that this person has registered, on a sign-in of its own."""
    session = make.a_client(user).signed_in
    key, now = str(uuid4()), timezone.now()
    return devices.register(actor=user, session_id=session.pk, device_id=key, name="", platform="", now=now)


def changed(pages: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The ids of what came, by collection; of removed ones below zero."""
    found: dict[str, list[int]] = {}
    for page in pages:
        for name in NAMES:
            ids = [row["id"] for row in page["changes"][name]] + [-id for id in page["removed"][name]]
            if ids:
                found.setdefault(name, []).extend(ids)
    return found


def lists_of(client: APIClient, user: User) -> Copy:
    """What a phone should hold, as the lists of the API tell it."""
    user = User.objects.get(pk=user.pk)
    today = timezone.localdate()
    first = today - timedelta(days=30)
    customers = listed(client, "customers/")
    found = {name: listed(client, f"{name}/") for name in ("depots", "vehicles", "equipment")}
    found |= {"customers": customers, "rates": [], "meters": [], "open_invoices": [], "credits": []}
    for customer in customers:
        of = f"customers/{customer['id']}/"
        found["rates"] += listed(client, f"{of}rates/")
        found["meters"] += listed(client, f"{of}meters/")
        found["open_invoices"] += [{**row, "customer": customer["id"]} for row in listed(client, f"{of}open-invoices/")]
        if customer["payment_type"] != "CASH" and customer["credit_limit"] is not None:
            found["credits"].append(client.get(f"{API}{of}credit/").json())
    found["inventories"] = listed(client, "inventories/?type=customer")
    if user.vehicle_id:
        found["inventories"] += listed(client, f"inventories/?vehicle={user.vehicle_id}")
    mine = f"user={user.pk}"
    found["distributions"] = listed(client, f"distributions/?status=PENDING&{mine}")
    since = f"{first}T00:00:00%2B08:00"
    found["transactions"] = listed(client, f"transactions/?{mine}&since={since}")
    found["payments"] = listed(client, f"payments/?{mine}&since={since}")
    found["invoices"] = [
        row for row in listed(client, f"invoices/?since={first}") if row["transaction"]["user"] == user.pk
    ]
    return {name: {row["id"]: row for row in rows} for name, rows in found.items()}


def listed(client: APIClient, path: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    rows, link = [], f"{API}{path}{'&' if '?' in path else '?'}page_size=200"
    while link:
        page = client.get(link).json()
        rows += page["results"]
        link = page["next"]
    return rows
