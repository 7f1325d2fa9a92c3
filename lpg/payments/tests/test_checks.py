"""Verify sees each way in which money may have been tampered with, and nothing where nothing is."""

import pytest

from lpg.payments import checks
from tests.sales import Shop
from tests.stock import disagreements
from tests.tampering import every_kind_of_sale, found_by, unguarded

PAYMENTS, ALLOCATIONS = "UPDATE payments_payment SET", "UPDATE payments_allocation SET"
OPEN = "UPDATE invoices_invoice SET"
DUE = "payments: what is due is what allocations leave"
CREDIT = "payments: credit is what is not allocated"
NUMBERS = "payments: numbers without gap or duplicate"
TAMPERING = [
    (DUE, f"{OPEN} balance_due = balance_due - 1 WHERE balance_due > 0"),
    (DUE, f"{OPEN} balance_due = 0, paid_at = generated_at WHERE balance_due > 0"),
    (DUE, f"{OPEN} balance_due = 1 WHERE balance_due = 0 AND is_correction = 0"),
    (DUE, f"{OPEN} balance_due = 1 WHERE is_correction = 1"),
    (DUE, f"{OPEN} balance_due = balance_due - 1 WHERE balance_due < 0"),
    (DUE, f"{ALLOCATIONS} amount = amount + 1 WHERE released_at IS NULL AND payment_id IS NOT NULL"),
    (DUE, f"{ALLOCATIONS} amount = amount - 1 WHERE credit_note_id IS NOT NULL"),
    (DUE, f"{ALLOCATIONS} released_at = created_at WHERE released_at IS NULL"),
    (DUE, f"{ALLOCATIONS} released_at = NULL WHERE released_at IS NOT NULL"),
    (DUE, "DELETE FROM payments_allocation WHERE credit_note_id IS NOT NULL"),
    (CREDIT, f"{PAYMENTS} unallocated = unallocated + 1"),
    (CREDIT, f"{PAYMENTS} unallocated = 0 WHERE unallocated > 0"),
    (CREDIT, f"{PAYMENTS} amount = amount + 1"),
    (CREDIT, f"{ALLOCATIONS} amount = amount - 1 WHERE payment_id IS NOT NULL AND released_at IS NULL"),
    (CREDIT, f"{ALLOCATIONS} released_at = NULL WHERE payment_id IS NOT NULL AND released_at IS NOT NULL"),
    (CREDIT, "DELETE FROM payments_allocation WHERE payment_id IS NOT NULL AND released_at IS NULL"),
    (NUMBERS, "UPDATE numbering_series SET last = 1 WHERE series = 'RCP'"),
    (NUMBERS, f"{PAYMENTS} payment_number = 'RCP-2020-000001' WHERE payment_number LIKE 'RCP-%%-000001'"),
    (NUMBERS, "DELETE FROM payments_payment WHERE payment_number LIKE 'RCP-%%-000001'"),
]


@pytest.mark.django_db(transaction=True)
def test_each_tampering_is_seen_by_the_check_it_is_for(admin, driver, settings):
    every_kind_of_sale(Shop(admin, driver), settings)
    assert disagreements() == {}
    with unguarded():
        for name, statement in TAMPERING:
            assert name in found_by(statement), statement
        assert disagreements() == {}
    assert set(checks.CHECKS) == {name for name, _ in TAMPERING}
