"""Verify sees each way in which meters may have been tampered with, and nothing where nothing is."""

import pytest

from lpg.meters import checks
from tests.sales import Shop
from tests.stock import disagreements
from tests.tampering import every_kind_of_sale, found_by, unguarded

READINGS = "UPDATE meters_meterreading SET"
FIRST = "(SELECT MIN(id) FROM transactions_transaction)"
LAST = "meters: each shows its last reading"
CHAIN = "meters: chains never fall unless declared"
BILLED = "meters: usage is billed once, by the sale that says so"
OUTSIDE = "meters: readings outside their chain mean nothing"
TAMPERING = [
    (LAST, "UPDATE meters_meter SET current_reading = current_reading + 1"),
    (LAST, "UPDATE meters_meter SET current_reading = 0"),
    (LAST, f"{READINGS} voided_at = created_at WHERE kind = 'FINAL'"),
    (LAST, f"{READINGS} voided_at = created_at"),
    (CHAIN, f"{READINGS} `usage` = `usage` + 1 WHERE kind = 'PLAIN'"),
    (CHAIN, f"{READINGS} `usage` = `usage` + 1, is_rollover = 1 WHERE kind = 'FINAL'"),
    (CHAIN, f"{READINGS} previous = previous + 1, `usage` = `usage` - 1 WHERE kind = 'FINAL'"),
    (CHAIN, f"{READINGS} reading = reading + 1, `usage` = `usage` + 1 WHERE kind = 'INITIAL'"),
    (CHAIN, f"{READINGS} is_rollover = 0 WHERE is_rollover = 1"),
    (CHAIN, f"{READINGS} kind = 'PLAIN' WHERE kind = 'INITIAL'"),
    (CHAIN, f"{READINGS} voided_at = created_at WHERE kind = 'INITIAL'"),
    (CHAIN, f"{READINGS} voided_at = NULL WHERE voided_at IS NOT NULL"),
    (CHAIN, "UPDATE meters_meter SET digits = digits + 1"),
    (CHAIN, "DELETE FROM meters_meterreading WHERE is_rollover = 1"),
    (CHAIN, f"{READINGS} kind = 'PLAIN' WHERE kind = 'OUTSIDE'"),
    (CHAIN, f"{READINGS} kind = 'OUTSIDE' WHERE kind = 'INITIAL'"),
    (OUTSIDE, f"{READINGS} `usage` = 1 WHERE kind = 'OUTSIDE'"),
    (OUTSIDE, f"{READINGS} previous = 0 WHERE kind = 'OUTSIDE'"),
    (OUTSIDE, f"{READINGS} transaction_id = {FIRST} WHERE kind = 'OUTSIDE'"),
    (BILLED, f"{READINGS} transaction_id = NULL WHERE transaction_id IS NOT NULL AND voided_at IS NULL"),
    (BILLED, f"{READINGS} transaction_id = {FIRST} WHERE transaction_id IS NULL AND kind = 'PLAIN'"),
    (BILLED, f"{READINGS} voided_at = NULL WHERE voided_at IS NOT NULL"),  # by a sale that was voided
    (BILLED, "UPDATE transactions_transaction SET meter_usage = meter_usage + 1 WHERE meter_id IS NOT NULL"),
    (BILLED, "UPDATE transactions_transaction SET status = 'VOIDED', voided_at = created_at WHERE status <> 'VOIDED'"),
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
