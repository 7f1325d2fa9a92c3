"""Verify sees each way in which day closes may have been tampered with, and nothing where nothing is."""

import pytest
from django.utils import timezone

from lpg.day_close import checks
from lpg.inventory import services
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.roles import Role
from tests import make
from tests.day_closes import a_day_close, approved
from tests.stock import disagreements, fill
from tests.tampering import found_by, unguarded

EXACT = "day closes: approved ones are exactly their movements"
TRUCK = "day closes: what they move is their truck's"
AUDITED = "day closes: every step has its audit entry"
CLOSES, COUNTED, MOVEMENTS = (
    f"UPDATE {table} SET" for table in ("day_close_dayclose", "day_close_countedstock", "inventory_movement")
)
APPROVED = "status = 'APPROVED', approved_by_id = user_id, approved_at = created_at"
WHOLE = "status = 'APPROVED' AND recorded_since IS NULL"
TAMPERING = [
    (EXACT, f"{COUNTED} quantity = quantity + 1 WHERE quantity = 3"),
    (EXACT, f"{COUNTED} expected = expected + 1 WHERE quantity = 3"),
    (EXACT, f"{COUNTED} `condition` = 'DAMAGED' WHERE `condition` = 'EMPTY' AND quantity = 2"),
    (EXACT, "DELETE FROM day_close_countedstock WHERE quantity = 3"),
    (EXACT, f"{CLOSES} status = 'PENDING' WHERE status = 'APPROVED'"),
    (EXACT, f"{CLOSES} {APPROVED} WHERE status = 'PENDING'"),
    (EXACT, f"{MOVEMENTS} quantity = quantity + 1 WHERE cause = 'DAY_CLOSE'"),
    (EXACT, f"{MOVEMENTS} cause = 'UPDATE' WHERE cause = 'DAY_CLOSE'"),
    (EXACT, f"{CLOSES} recorded_since = NULL WHERE recorded_since = 1"),
    (EXACT, f"{COUNTED} quantity = 10 WHERE quantity = 6"),
    (EXACT, "DELETE FROM inventory_movement WHERE cause = 'DAY_CLOSE'"),
    (TRUCK, f"{CLOSES} vehicle_id = (SELECT MAX(id) FROM depots_vehicle) WHERE {WHOLE}"),
    (TRUCK, f"{MOVEMENTS} cause_id = 987654321 WHERE cause = 'DAY_CLOSE'"),
    (TRUCK, f"{MOVEMENTS} cause = 'DAY_CLOSE' WHERE cause = 'TRANSFER'"),
    (
        TRUCK,
        (
            f"{MOVEMENTS} origin_id = (SELECT id FROM inventory_place WHERE kind = 'supplier')"
            " WHERE cause = 'DAY_CLOSE' AND origin_id = (SELECT id FROM inventory_place WHERE kind = 'adjustment')"
        ),
    ),
    (AUDITED, "DELETE FROM audit_auditlog WHERE action = 'CREATE_DAY_CLOSE'"),
    (AUDITED, "DELETE FROM audit_auditlog WHERE action = 'APPROVE_DAY_CLOSE'"),
    (AUDITED, f"{CLOSES} {APPROVED} WHERE status = 'PENDING'"),
    (AUDITED, "UPDATE audit_auditlog SET action = 'CREATE_DAY_CLOSE' WHERE action = 'APPROVE_DAY_CLOSE'"),
]


@pytest.mark.django_db(transaction=True)
def test_each_tampering_is_seen_by_the_check_it_is_for(admin, driver):
    thing, truck = make.some_equipment(admin), Owner("truck", driver.vehicle_id)
    fill(admin, truck, thing, 5)
    fill(admin, Owner("depot", driver.depot_id), thing, 1)
    delivered_by_the_supplier(admin, driver.depot_id, thing)
    approved(admin, a_day_close(driver, truck.id, (thing, "FULL", 3), (thing, "EMPTY", 2)))
    recorded_since(admin, driver, thing)
    other = make.a_vehicle(admin, driver.depot)
    a_day_close(admin, other.pk, (thing, "FULL", 4))
    make.a_vehicle(admin, driver.depot)
    assert disagreements() == {}
    with unguarded():
        for name, statement in TAMPERING:
            assert name in found_by(statement), statement
        assert disagreements() == {}
    assert set(checks.CHECKS) == {name for name, _ in TAMPERING}


def recorded_since(admin, driver, thing) -> None:
    """Three were missing of nine, and one of them was entered after the count."""
    truck = Owner("truck", make.a_vehicle(admin, driver.depot).pk)
    fill(admin, truck, thing, 9)
    close = a_day_close(admin, truck.id, (thing, "FULL", 6))
    fill(admin, truck, thing, 8)
    approved(make.a_user(Role.ADMIN, by=admin), close, recorded_since=True)


def delivered_by_the_supplier(admin, depot_id, thing) -> None:
    services.transfer(
        actor=admin,
        origin=place_of(SUPPLIER),
        destination=place_of(Owner("depot", depot_id)),
        items=[services.Item(thing.pk, 2)],
        remarks="",
        now=timezone.now(),
    )
