"""Searches and filters say what they mean."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.distribution import services as distributions
from lpg.distribution.models import Distribution
from lpg.equipment.models import Equipment
from lpg.inventory import counts
from lpg.inventory.places import Owner
from tests import make
from tests.shelf import NOW
from tests.stock import a_count, a_distribution, fill


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("C-1", {"C-1", "C-10"}),
        ("c-1", {"C-1", "C-10"}),
        ("C-10", {"C-10"}),
        ("ABC", {"abc-2"}),
        ("abc", {"abc-2"}),
        ("golden", {"C-1"}),
        ("GOLDEN DRAGON", {"C-1"}),
        ("Dragon", set()),
        ("+65 6", {"C-10"}),
        ("%2B65%206452", {"C-10"}),
        ("É", {"abc-2"}),
        ("é", {"abc-2"}),
        ("金", {"C_3"}),
        ("%25", set()),
        ("_", set()),
        ("C_", {"C_3"}),
        ("C%25", set()),
        ("\\", set()),
        ("'", set()),
        ("🔥", set()),
        ("%20golden%20", {"C-1"}),
    ],
)
def test_search_finds_the_start_of_a_code_a_name_or_a_phone_in_either_case(sought, found, admin, singgas, signed_in):
    for code, name, phone in (
        ("C-1", "Golden Dragon", "8123"),
        ("C-10", "Silver", "+65 6452 1188"),
        ("abc-2", "Épicerie", ""),
        ("C_3", "金龙 Golden", "65 6452"),
    ):
        make.a_customer(admin, singgas, customer_code=code, name=name, phone=phone)
    sought = sought if "%" in sought else sought.replace("+", "%2B")
    rows = signed_in(admin).get(f"/api/v1/customers/?search={sought}").json()["results"]
    assert {row["customer_code"] for row in rows} == found


@pytest.mark.parametrize(
    ("path", "sought"),
    [
        ("depots", ["sing", "SINGGAS", "north"]),
        ("vehicles", ["sbz", "SBZ 99"]),
        ("equipment", ["cyl-99", "CYL-99", "fifty"]),
        ("users", ["findme", "FINDME", "x-99", "X-99", "maria", "lim"]),
    ],
)
def test_every_other_list_is_searched_by_its_own_keys_and_names(path, sought, admin, signed_in):
    client = signed_in(admin)
    bodies = {
        "depots": {"code": "SINGGAS", "name": "North depot"},
        "vehicles": {"plate_no": "SBZ 99", "depot": make.a_depot(admin).pk},
        "equipment": {"sku": "CYL-99", "name": "Fifty kilos", "equipment_type": "CYLINDER"},
        "users": {
            "username": "findme",
            "employee_id": "X-99",
            "first_name": "Maria",
            "last_name": "Lim",
            "role": "DRIVER",
            "password": make.PASSWORD,
        },
    }
    made = client.post(f"/api/v1/{path}/", bodies[path], format="json").json()
    for text in sought:
        assert client.get(f"/api/v1/{path}/?search={text}").json()["results"] == [made], text
    assert client.get(f"/api/v1/{path}/?search=nothing").json()["results"] == []


def ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["results"]]


def test_distributions_are_searched_by_the_start_of_their_number(shelf, signed_in):
    shelf.fill(20)
    client = signed_in(shelf.admin)
    row = Distribution.objects.all()[7]
    whole = [one.pk for one in Distribution.objects.order_by("-pk")]
    for sought, found in {
        row.distribution_number: [row.pk],
        row.distribution_number.lower(): [row.pk],
        "DST-2026": whole,
        "dst-20261120-0": whole,
        row.distribution_number[4:]: [],
        "TRX": [],
        "%25": [],
        "DST_2026": [],
    }.items():
        assert ids(client.get(f"/api/v1/distributions/?search={sought}").json()) == found, sought


def test_stock_and_distributions_are_filtered_by_what_they_are(admin, singgas, union, driver, other_driver, signed_in):
    one, two = make.some_equipment(admin), make.some_equipment(admin)
    customer = make.a_customer(admin, singgas)
    depot, truck = Owner("depot", singgas.pk), Owner("truck", driver.vehicle_id)
    site, elsewhere = Owner("customer", customer.pk), Owner("depot", union.pk)
    for owner, thing, condition in (
        (depot, one, "FULL"),
        (depot, two, "EMPTY"),
        (truck, one, "FULL"),
        (site, one, ""),
        (elsewhere, two, "FULL"),
    ):
        fill(admin, owner, thing, 9, condition)
    mine = a_distribution(driver, singgas.pk, (one, 1))
    theirs = a_distribution(other_driver, union.pk, (two, 1))
    ours = a_distribution(admin, singgas.pk, (one, 1), customer_id=customer.pk)
    distributions.cancel(actor=driver, distribution_id=mine.pk, now=timezone.now())
    distributions.confirm(actor=other_driver, distribution_id=theirs.pk, now=timezone.now())
    counted = a_count(admin, depot, one, 8)
    counts.cancel(actor=admin, count_id=a_count(admin, truck, one, 8).pk, reason="x", now=timezone.now())
    client = signed_in(admin)
    later, earlier = "2100-01-01T00:00:00Z", "2000-01-01T00:00:00Z"

    def asked(path: str) -> list[Any]:
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]

    def places(query: str) -> list[tuple[str, int, int]]:
        return [(row["type"], row["equipment"], row["quantity"]) for row in asked(f"inventories/?{query}")]

    assert places("type=depot") == [("depot", one.pk, 9), ("depot", two.pk, 9), ("depot", two.pk, 8)]
    assert places(f"depot={singgas.pk}") == places("type=depot")[:2]
    assert places(f"vehicle={driver.vehicle_id}") == [("truck", one.pk, 9)]
    assert places(f"customer={customer.pk}") == places("type=customer") == [("customer", one.pk, 9)]
    assert places(f"equipment={two.pk}&condition=EMPTY") == [("depot", two.pk, 9)]
    assert places(f"type=truck&depot={singgas.pk}") == []

    for query, found in {
        "status=PENDING": [ours.pk],
        "status=CANCELLED": [mine.pk],
        f"depot={union.pk}": [theirs.pk],
        f"vehicle={driver.vehicle_id}": [mine.pk],
        f"customer={customer.pk}": [ours.pk],
        f"user={other_driver.pk}&status=CONFIRMED": [theirs.pk],
        f"since={earlier}&until={later}": [ours.pk, theirs.pk, mine.pk],
        f"since={later}": [],
        f"until={earlier}": [],
    }.items():
        assert [row["id"] for row in asked(f"distributions/?{query}")] == found, query

    for query, number in {
        "cause=UPDATE": 5,
        "cause=DISTRIBUTION": 1,
        "cause=COUNT": 0,
        f"equipment={two.pk}": 3,
        f"equipment={two.pk}&cause=DISTRIBUTION": 1,
        f"type=depot&id={union.pk}&cause=UPDATE": 1,
        f"type=depot&id={union.pk}&equipment={one.pk}": 0,
        f"type=depot&id={union.pk}&since={earlier}&until={later}": 2,
        f"since={later}": 0,
        f"until={earlier}": 0,
    }.items():
        assert len(asked(f"inventories/movements/?{query}")) == number, query
    assert [row["id"] for row in asked("inventories/counts/?status=PENDING")] == [counted.pk]


def test_filters_narrow_and_combine(admin, singgas, union, signed_in):
    one = make.a_customer(admin, singgas, payment_type="CREDIT")
    two = make.a_customer(admin, union, payment_type="CREDIT", is_active=False)
    three = make.a_customer(admin, union)
    client = signed_in(admin)
    for query, found in {
        "": [one, two, three],
        "payment_type=CREDIT": [one, two],
        f"depot={union.pk}": [two, three],
        "is_active=true": [one, three],
        f"depot={union.pk}&is_active=false&payment_type=CREDIT": [two],
        f"depot={singgas.pk}&is_active=false": [],
        "depot=987654321": [],
        f"depot={2**63 - 1}": [],
    }.items():
        rows = client.get(f"/api/v1/customers/?{query}").json()["results"]
        assert [row["id"] for row in rows] == [customer.pk for customer in found], query


def test_the_other_lists_are_filtered_too(admin, singgas, union, supervisor, driver, other_driver, signed_in):
    client = signed_in(admin)
    item, meter = make.some_equipment(admin), make.some_equipment(admin, rate=None)
    Equipment.objects.filter(pk=meter.pk).update(equipment_type="METER", is_active=False)
    customer = make.a_customer(admin, singgas, meter_rate=Decimal(2))
    client.post(
        f"/api/v1/customers/{customer.pk}/rates/",
        {"equipment": item.pk, "rate": "1", "effective_from": "2026-01-01"},
        format="json",
    )
    for query, found in {
        "equipment/?equipment_type=METER": [meter.pk],
        "equipment/?is_active=true": [item.pk],
        f"vehicles/?depot={union.pk}": [other_driver.vehicle_id],
        "depots/?is_active=false": [],
        "users/?role=SUPERVISOR": [supervisor.pk],
        f"users/?depot={singgas.pk}&role=DRIVER": [driver.pk],
        "users/?is_active=false": [],
    }.items():
        assert [row["id"] for row in client.get(f"/api/v1/{query}").json()["results"]] == found, query
    rates = client.get(f"/api/v1/customers/{customer.pk}/rates/?equipment={item.pk}").json()["results"]
    assert [row["equipment"] for row in rates] == [item.pk]


def test_the_audit_is_filtered_by_what_who_where_and_when(admin, singgas, signed_in):
    make.a_customer(admin, singgas)
    hours = [NOW + timedelta(hours=hour) for hour in range(4)]
    rows = AuditLog.objects.bulk_create(
        AuditLog(user=admin, user_name="x", action="TRY", entity_type="Try", entity_id=7, payload={}, created_at=hour)
        for hour in hours
    )
    pks = [row.pk for row in AuditLog.objects.filter(action="TRY").order_by("-pk")]
    assert len(rows) == len(pks)
    client = signed_in(admin)

    def asked(query: str) -> list[int]:
        answer = client.get(f"/api/v1/audit/?action=TRY&{query}")
        assert answer.status_code == 200, answer.content
        return [row["id"] for row in answer.json()["results"]]

    assert asked("") == pks
    assert asked("ordering=id") == pks[::-1]
    assert asked("since=2026-11-20T10:30:00%2B08:00") == pks[:3]
    assert asked("since=2026-11-20T02:30:00Z") == pks[:3]
    assert asked("since=2026-11-20T10:30:00.000001%2B08:00") == pks[:2]
    assert asked("until=2026-11-20T10:30:00%2B08:00") == pks[3:]
    assert asked("since=2026-11-20T10:30:00%2B08:00&until=2026-11-20T11:30:00%2B08:00") == [pks[2]]
    assert asked("since=0001-01-02T00:00:00Z&until=9999-12-31T00:00:00Z") == pks
    assert asked(f"user={admin.pk}&entity_type=Try&entity_id=7") == pks
    assert asked("entity_id=8") == asked("entity_type=Other") == asked("entity_type=🔥") == asked("user=987") == []
    assert asked(f"depot={singgas.pk}") == []
    placed = client.get(f"/api/v1/audit/?depot={singgas.pk}&entity_type=Customer").json()["results"]
    assert [row["action"] for row in placed] == ["CREATE_CUSTOMER"]
