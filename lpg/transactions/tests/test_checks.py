"""Verify sees each way in which sales may have been tampered with, and nothing where nothing is."""

import pytest

from lpg.transactions import checks
from tests.sales import Shop, delivered, returned
from tests.stock import disagreements
from tests.tampering import every_kind_of_sale, found_by, unguarded

SALES, ITEMS = "UPDATE transactions_transaction SET", "UPDATE transactions_transactionitem SET"
DOCUMENT = "sales: each ever confirmed has its document, voided ones a credit note"
AMOUNTS = "sales: amounts are quantity times rate, and what the document says"
STOCK = "sales: stock lines are exactly their movements"
AUDIT = "sales: every transition has its audit entry"
NUMBERS = "sales: numbers without gap or duplicate"
TAMPERING = [
    (DOCUMENT, f"{SALES} status = 'PENDING', held_for = 'x', confirmed_at = NULL WHERE status = 'CONFIRMED'"),
    (DOCUMENT, f"{SALES} status = 'CONFIRMED', confirmed_at = created_at WHERE status = 'PENDING'"),
    (DOCUMENT, f"{SALES} status = 'VOIDED', voided_at = created_at WHERE status = 'CONFIRMED'"),
    (DOCUMENT, f"{SALES} status = 'CONFIRMED', voided_at = NULL WHERE status = 'VOIDED'"),
    (DOCUMENT, "DELETE FROM invoices_invoice WHERE is_correction = 1"),
    (AMOUNTS, f"{ITEMS} amount = amount + 1 WHERE item_type = 'DELIVERY'"),
    (AMOUNTS, f"{ITEMS} amount = 1 WHERE item_type = 'EMPTY_RETURN'"),
    (AMOUNTS, f"{ITEMS} amount = -amount WHERE item_type = 'FULL_RETURN'"),
    (AMOUNTS, f"{ITEMS} item_type = 'EMPTY_RETURN' WHERE item_type = 'FULL_RETURN'"),
    (AMOUNTS, f"{ITEMS} rate = rate + 100 WHERE item_type = 'SERVICE'"),
    (AMOUNTS, f"{ITEMS} quantity = quantity + 1 WHERE item_type = 'DELIVERY'"),
    (AMOUNTS, f"{SALES} total_amount = total_amount - 1"),
    (AMOUNTS, f"{SALES} meter_rate = meter_rate + 1000 WHERE meter_id IS NOT NULL"),
    (AMOUNTS, f"{SALES} usage_amount = usage_amount + 1, total_amount = total_amount + 1 WHERE meter_id IS NOT NULL"),
    (AMOUNTS, "UPDATE invoices_invoiceline SET amount = amount + 1"),
    (STOCK, f"{ITEMS} quantity = quantity - 1 WHERE item_type = 'EMPTY_RETURN' AND quantity > 1"),
    (STOCK, f"{ITEMS} equipment_id = equipment_id + 1 WHERE item_type = 'EMPTY_RETURN'"),
    (STOCK, f"{ITEMS} `condition` = 'EMPTY' WHERE `condition` = 'DAMAGED'"),
    (STOCK, f"{ITEMS} item_type = 'DELIVERY' WHERE item_type = 'EMPTY_RETURN'"),
    (STOCK, "UPDATE inventory_movement SET quantity = quantity + 1 WHERE cause = 'TRANSACTION'"),
    (STOCK, "UPDATE inventory_movement SET cause_id = 999 WHERE cause = 'TRANSACTION'"),
    (STOCK, "DELETE FROM inventory_movement WHERE cause = 'TRANSACTION' AND reason <> ''"),  # the way back
    (STOCK, "DELETE FROM transactions_transactionitem WHERE item_type = 'DELIVERY'"),
    (AUDIT, "DELETE FROM audit_auditlog WHERE action = 'CREATE_TRANSACTION'"),
    (AUDIT, "DELETE FROM audit_auditlog WHERE action = 'VOID_TRANSACTION'"),
    (AUDIT, "UPDATE audit_auditlog SET entity_id = 1 WHERE action = 'CREATE_TRANSACTION'"),
    (AUDIT, f"{SALES} approved_at = confirmed_at WHERE status = 'CONFIRMED'"),
    (AUDIT, f"{SALES} approved_at = NULL WHERE approved_at IS NOT NULL"),
    (NUMBERS, "UPDATE numbering_series SET last = last + 1 WHERE series = 'TRX'"),
    (NUMBERS, "DELETE FROM numbering_series WHERE series = 'TRX'"),
    (NUMBERS, f"{SALES} transaction_number = 'TRX-20230601-000009' WHERE transaction_number = 'TRX-20230601-000001'"),
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


@pytest.mark.django_db(transaction=True)
def test_stock_is_compared_in_whatever_window_it_is_looked_at(admin, driver, monkeypatch):
    shop = Shop(admin, driver)
    cylinder = shop.thing("54.5000")
    sales = [shop.sell(delivered(cylinder, 2), returned(cylinder)).transaction.pk for _ in range(4)]
    these = f"quantity = 2 AND cause_id IN ({sales[0]}, {sales[3]})"
    words = f"equipment {cylinder.pk} to the customer, FULL: 2 on its lines, 0 moved"
    with unguarded():
        for window in (1, 2, 3, 2_000):
            monkeypatch.setattr(checks, "WINDOW", window)
            assert disagreements() == {}
            assert found_by(f"UPDATE inventory_movement SET cause = 'COUNT' WHERE {these}")[STOCK] == [
                f"sale {id}, {words}" for id in (sales[0], sales[3])
            ]
