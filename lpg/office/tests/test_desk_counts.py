"""Counting and moving stock at the desk: the pages do exactly what the services do."""

import re

import pytest

from lpg.depots.models import Depot
from lpg.inventory.models import Count
from lpg.inventory.places import Owner
from lpg.office.tests.desk import a_count, at_depot, audited, books, list_of, page_of, said, send
from tests.stock import disagreements, fill, held

pytestmark = pytest.mark.django_db
MOVE = "/admin/stock/move/"


# --- counts


def test_a_count_is_blind_waits_and_is_approved_by_somebody_else(desk, own, admin, filled, cylinder):
    address = at_depot(filled, "count")
    fill(admin, Owner("depot", filled.pk), cylinder, 4711, "EMPTY")
    assert not re.search("4,?711", own.get(address).content.decode())
    assert audited(lambda: send(own, address, {f"n_{cylinder.pk}_FULL": "8", "remarks": "Month end"})) == [
        "CREATE_COUNT"
    ]
    count = Count.objects.get()
    page = page_of("inventory_count", count.pk)
    mine, theirs = said(own.get(page)), said(desk.get(page))
    assert "In the books" not in mine
    assert "Approve count" not in mine
    assert "Cancel count" in mine
    assert f"{cylinder.name} Full 8 10 −2" in theirs
    before = books()
    assert "You counted this yourself. Somebody else must approve it." in said(
        own.post(page, {"do": "approve", "reason": "mine"})
    )
    assert "Fill this in." in said(desk.post(page, {"do": "approve", "reason": " "}))
    assert books() == before
    assert audited(lambda: desk.post(page, {"do": "approve", "reason": "Lent out"})) == ["APPROVE_COUNT"]
    assert held(Owner("depot", filled.pk), cylinder) == 8
    assert "In the books" in said(own.get(page))
    assert "This count is approved already." in said(desk.post(page, {"do": "cancel", "reason": "x"}))
    entry = desk.get(at_depot(filled, "ledger")).context["page"].entries[0]
    assert (entry.change, entry.movement.reason, entry.document) == ("−2", "Lent out", page)
    assert disagreements() == {}


def test_a_count_is_cancelled_also_by_who_counted(own, supervisor, filled, cylinder):
    count = a_count(supervisor, Owner("depot", filled.pk), cylinder, 3)
    page = page_of("inventory_count", count.pk)
    assert audited(lambda: own.post(page, {"do": "cancel", "reason": "Miscounted"})) == ["CANCEL_COUNT"]
    assert held(Owner("depot", filled.pk), cylinder) == 10
    listed = said(own.get(list_of("inventory_count"), {"status": "CANCELLED"}))
    assert "Depot SINGGAS Cancelled supervisor" in listed


def test_an_empty_cell_was_not_counted_and_nothing_at_all_is_no_count(own, admin, filled, cylinder):
    address, cell = at_depot(filled, "count"), f"n_{cylinder.pk}_FULL"
    before = books()
    assert "Enter what you counted, at least in one cell." in said(send(own, address, {cell: ""}))
    Depot.objects.filter(pk=filled.pk).update(is_active=False)
    answer = send(own, address, {cell: "7"})
    assert "Depot SINGGAS is no longer in use." in said(answer)
    assert f'name="{cell}" value="7"' in answer.content.decode()
    Depot.objects.filter(pk=filled.pk).update(is_active=True)
    assert books() == before
    send(own, address, {cell: "0"})
    assert list(Count.objects.get().lines.values_list("condition", "quantity", "expected")) == [("FULL", 0, 10)]


# --- moving stock


def test_the_supplier_delivers_and_scrap_takes(own, filled, truck, cylinder):
    depot, cell = f"depot:{filled.pk}", f"n_{cylinder.pk}_FULL"
    delivered = {"origin": "supplier", "destination": depot, cell: "5", "remarks": "Note 1"}
    assert audited(lambda: send(own, MOVE, delivered)) == ["CREATE_TRANSFER"]
    assert held(Owner("depot", filled.pk), cylinder) == 15
    assert audited(lambda: send(own, MOVE, {"origin": depot, "destination": "scrap", cell: "1"})) == ["CREATE_TRANSFER"]
    send(own, MOVE, {"origin": depot, "destination": f"truck:{truck.pk}", cell: "2"})
    assert (held(Owner("depot", filled.pk), cylinder), held(Owner("truck", truck.pk), cylinder)) == (12, 2)
    assert disagreements() == {}


def test_stock_that_cannot_move_is_refused_in_words(own, filled, cylinder):
    depot, cell = f"depot:{filled.pk}", f"n_{cylinder.pk}_FULL"
    before = books()
    assert f"Depot SINGGAS {cylinder.name}, full 11 10" in said(
        send(own, MOVE, {"origin": depot, "destination": "scrap", cell: "11"})
    )
    assert "This goes nowhere" in said(send(own, MOVE, {"origin": depot, "destination": depot, cell: "1"}))
    assert "One of the two must be" in said(send(own, MOVE, {"origin": "supplier", "destination": "scrap", cell: "1"}))
    assert "Choose one from the list." in said(send(own, MOVE, {"origin": "scrap", "destination": depot, cell: "1"}))
    assert books() == before
