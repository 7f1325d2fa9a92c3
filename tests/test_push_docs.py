"""What docs/sync.md shows to whoever writes a client is what the server does: each of its examples, run."""

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from lpg.customers.services import change_customer
from lpg.day_close.causes import Cause
from lpg.facts import Kind
from lpg.roles import Role
from lpg.sync.types import KINDS
from tests import make
from tests.phones import Pocket
from tests.pushing import PUSH
from tests.running import ROOT
from tests.sales import Shop, a_meter, a_rate, fill, site

DOCS = ROOT / "docs" / "sync.md"
NOW = datetime.fromisoformat("2026-11-20T18:05:00+08:00")
IDS = {"id", "depot", "vehicle", "customer", "equipment", "meter", "invoice", "transaction"}


def examples(heading: str) -> list[Any]:
    """The JSON of a section, in its order."""
    section = re.split(r"^## ", DOCS.read_text(), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(f"{heading}\n")]
    return [json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)]


class Story:
    """The company of the examples. What they call 3 is whatever id the database gave to it."""

    def __init__(self, admin, pocket):
        self.depot = make.a_depot(admin, "SINGGAS")
        self.truck = make.depots.create_vehicle(actor=admin, values={"plate_no": "SBA 1234 K", "depot": self.depot.pk})
        person = {"username": "driver", "depot": self.depot.pk, "vehicle": self.truck.pk}
        self.driver = make.a_user(Role.DRIVER, by=admin, **person)
        self.shop = Shop(admin, self.driver)
        self.customer = self.shop.customer
        change_customer(actor=admin, customer_id=self.customer.pk, values={"name": "Kopitiam", "customer_code": "C-1"})
        about = {
            "sku": "CYL-14",
            "name": "14 kg cylinder",
            "equipment_type": "CYLINDER",
            "default_rate": Decimal("54.5"),
        }
        self.cylinder = make.equipment.create_equipment(actor=admin, values=about)
        a_rate(admin, self.customer, "2.35")
        self.meter = a_meter(admin, self.customer, "1500")
        fill(admin, self.shop.depot, self.cylinder, 100)
        fill(admin, site(self.customer), self.cylinder, 4, "")
        self.ids = {"depot": self.depot, "vehicle": self.truck, "customer": self.customer, "equipment": self.cylinder}
        self.ids |= {"meter": self.meter}
        self.phone: Pocket = pocket(self.driver)
        self.known: dict[tuple[str, int], int] = {}

    def meant(self, said: Any) -> Any:
        """An example with the ids of this database."""
        if isinstance(said, list):
            return [self.meant(one) for one in said]
        if not isinstance(said, dict):
            return said
        given = {name: self.meant(value) for name, value in said.items()}
        return {name: self.ids[name].pk if name in self.ids and type(it) is int else it for name, it in given.items()}

    def pushed(self, said: Any) -> Any:
        answer = self.phone.client.post(PUSH, self.meant(said), format="json")
        assert answer.status_code == 200, answer.content
        return answer.json()


@pytest.fixture
def evening(monkeypatch):
    """It is always the evening of the examples."""
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def story(evening, admin, pocket) -> Story:
    return Story(admin, pocket)


def same(shown: Any, real: Any, at: str = "") -> None:
    """All that the docs show is there, and just so. Ids are the database's own; what is shortened is shown in part."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            assert name in real, f"{at}.{name}"
            if name in IDS and type(value) is int:
                assert type(real[name]) is int, f"{at}.{name}"
            elif name != "cursor":
                same(value, real[name], f"{at}.{name}")
    elif isinstance(shown, list):
        assert len(shown) == len(real), f"{at}: {real}"
        for number, (one, other) in enumerate(zip(shown, real, strict=True)):
            same(one, other, f"{at}.{number}")
    else:
        assert shown == real, at


@pytest.mark.django_db
def test_a_days_work(story):
    request, answer, *_ = examples("Push")
    real = story.pushed(request)
    same(answer, real)
    shown = {one["seq"]: (one["id"], one["number"]) for one in answer["results"]}
    ids = {one["seq"]: (one["id"], one["number"]) for one in real["results"]}
    for one, other in ((1, 2), (7, 8)):
        assert shown[one] == shown[other]
        assert ids[one] == ids[other]
    assert {one["status"] for one in story.pushed(request)["results"]} == {"replayed"}


@pytest.mark.django_db
def test_what_is_not_so_simple(story):
    first, _, request, answer = examples("Push")
    story.pushed(first)
    same(answer, story.pushed(request))
    needed = {**first["operations"][5], "client_temp_id": request["operations"][0]["depends_on"][0], "seq": 11}
    needed["payload"] = {"meter": 4, "reading": "1541.000"}
    assert story.pushed({**request, "operations": [needed]})["results"][0]["status"] == "applied"
    again = story.pushed(request)
    assert [one["status"] for one in again["results"]] == ["replayed", "replayed", "quarantined"]
    assert again["missing"] == []


@pytest.mark.django_db
def test_pulls(story, union, admin):
    new, paid, moved = examples("Pull")
    story.pushed(examples("Push")[0])
    pages = [story.phone.pull()]
    story.shop.pay("115.14")
    pages.append(story.phone.pull())
    change_customer(actor=admin, customer_id=story.customer.pk, values={"depot": union.pk})
    pages.append(story.phone.pull())
    for shown, (real,) in zip((new, paid, moved), pages, strict=True):
        changes, removed = shown.pop("changes"), shown.pop("removed")
        same(shown, real)
        same(changes, {name: rows for name, rows in real["changes"].items() if name in changes})
        assert {name for name, rows in real["changes"].items() if rows} == set(changes)
        assert {name: len(ids) for name, ids in real["removed"].items() if ids} == {
            name: len(ids) for name, ids in removed.items()
        }


@pytest.mark.django_db
def test_the_end_of_the_day(story):
    request, answer = examples("Day close")
    story.pushed(examples("Push")[0])
    same(answer, story.pushed(request))


def test_every_type_cause_and_kind_is_told():
    text = Path(DOCS).read_text()
    shown = {one["type"] for heading in ("Push", "Day close") for one in examples(heading)[0]["operations"]}
    assert shown == set(KINDS)
    assert {code for code in [*Cause.values, *Kind.values] if f"`{code}`" not in text} <= {
        kind for kind in Kind.values if kind.startswith("inactive_")
    }
