"""Verify sees each way in which money may have been tampered with, and nothing where nothing is."""

import pytest
from django.utils import timezone

from lpg.payments import checks, receipts
from lpg.payments.models import Payment
from tests.sales import Shop
from tests.stock import disagreements
from tests.tampering import every_kind_of_sale, found_by, unguarded

PAYMENTS, ALLOCATIONS = "UPDATE payments_payment SET", "UPDATE payments_allocation SET"
OPEN = "UPDATE invoices_invoice SET"
DUE = "payments: what is due is what allocations leave"
CREDIT = "payments: credit is what is not allocated"
REVERSED = "payments: reversed ones hold nothing, and the audit says so"
BEYOND = "payments: nothing is settled beyond what there is"
OWED = "payments: a customer owes invoices less credit notes and payments"
GONE = "WHERE reversed_at IS NOT NULL"
NUMBERS = "payments: numbers without gap or duplicate"
STORED = "payments: receipts are in the store and as they were stored"
ONCE = "payments: receipts have one version, and one more when reversed"
PDF = "version, content_hash, template_hash, renderer, size, made_at, payment_id"
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
    (STORED, f"UPDATE payments_receiptpdf SET content_hash = '{64 * '0'}'"),
    (ONCE, f"INSERT INTO payments_receiptpdf ({PDF}) SELECT 2 + {PDF} FROM payments_receiptpdf"),
    (CREDIT, f"{PAYMENTS} unallocated = amount {GONE}"),
    (CREDIT, f"{PAYMENTS} reversed_at = NULL {GONE}"),
    (REVERSED, f"{PAYMENTS} unallocated = 1 {GONE}"),
    (REVERSED, f"{PAYMENTS} reversed_at = received_at WHERE reversed_at IS NULL"),
    (REVERSED, "DELETE FROM audit_auditlog WHERE action = 'REVERSE_PAYMENT'"),
    (
        REVERSED,
        f"{ALLOCATIONS} released_at = NULL WHERE payment_id IN (SELECT id FROM payments_payment {GONE})",
    ),
    (BEYOND, f"{ALLOCATIONS} amount = amount + 100000 WHERE payment_id IS NOT NULL AND released_at IS NULL"),
    (BEYOND, f"{ALLOCATIONS} amount = amount + 100000 WHERE credit_note_id IS NOT NULL AND released_at IS NULL"),
    (BEYOND, f"{PAYMENTS} amount = 1 {GONE.replace('NOT NULL', 'NULL')}"),
    (BEYOND, f"{OPEN} total_amount = 1 WHERE document_type <> 'credit_note' AND balance_due = 0"),
    (OWED, f"{OPEN} balance_due = balance_due - 1 WHERE balance_due > 0"),
    (OWED, f"{OPEN} balance_due = balance_due + 1 WHERE balance_due < 0"),
    (OWED, f"{PAYMENTS} unallocated = unallocated + 1"),
    (OWED, f"{PAYMENTS} reversed_at = NULL {GONE}"),
    (OWED, f"{PAYMENTS} customer_id = (SELECT MAX(id) FROM customers_customer) WHERE unallocated < amount"),
    (NUMBERS, "UPDATE numbering_series SET last = 1 WHERE series = 'RCP'"),
    (NUMBERS, f"{PAYMENTS} payment_number = 'RCP-2020-000001' WHERE payment_number LIKE 'RCP-%%-000001'"),
    (NUMBERS, "DELETE FROM payments_payment WHERE payment_number LIKE 'RCP-%%-000001'"),
]


@pytest.mark.django_db(transaction=True)
def test_each_tampering_is_seen_by_the_check_it_is_for(admin, driver, settings):
    every_kind_of_sale(Shop(admin, driver), settings)
    for payment in Payment.objects.order_by("pk")[:2]:
        receipts.ensure(payment.pk, now=timezone.now())
    assert disagreements() == {}
    with unguarded():
        for name, statement in TAMPERING:
            assert name in found_by(statement), statement
        assert disagreements() == {}
    assert set(checks.CHECKS) == {name for name, _ in TAMPERING}
