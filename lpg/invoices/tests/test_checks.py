"""Verify sees each way in which documents may have been tampered with, and nothing where nothing is."""

import pytest
from django.utils import timezone

from lpg.invoices import checks, pdfs
from lpg.invoices.models import Invoice
from tests.sales import Shop
from tests.stock import disagreements
from tests.tampering import every_kind_of_sale, found_by, unguarded

DOCUMENTS, LINES = "UPDATE invoices_invoice SET", "UPDATE invoices_invoiceline SET"
OF_ALL = "(SELECT MIN(id) AS first, MAX(CASE is_correction WHEN 1 THEN id END) AS last FROM invoices_invoice)"
FIRST, LAST = f"(SELECT first FROM {OF_ALL} AS one)", f"(SELECT last FROM {OF_ALL} AS one)"
TOTALS = "invoices: totals are their lines"
WHOLE = "invoices: credit notes take the whole back"
INVOICES = "invoices: numbers without gap or duplicate"
NOTES = "credit notes: numbers without gap or duplicate"
MAIL = "deliveries: none due for more than an hour"
STORED = "invoices: PDFs are in the store and as they were stored"
ONCE = "invoices: PDFs have one version"
IN_TIME = "invoices: PDFs are made within the hour"
PDF = "version, content_hash, template_hash, renderer, size, made_at, invoice_id"
TAMPERING = [
    (TOTALS, f"{DOCUMENTS} total_amount = total_amount + 1"),
    (TOTALS, f"{DOCUMENTS} subtotal = subtotal + 1, total_amount = total_amount + 1"),
    (TOTALS, f"{DOCUMENTS} subtotal = subtotal - 1, tax_amount = tax_amount + 1"),
    (TOTALS, f"{DOCUMENTS} prices_include_gst = 1 - prices_include_gst WHERE tax_amount <> 0"),
    (TOTALS, f"{LINES} net_amount = net_amount + 1"),
    (TOTALS, f"{LINES} amount = amount + 1"),
    (TOTALS, f"{LINES} amount = amount + 1, net_amount = net_amount + 1"),
    (TOTALS, "DELETE FROM invoices_invoiceline WHERE amount <> 0"),
    (WHOLE, f"{DOCUMENTS} credited_at = NULL WHERE credited_at IS NOT NULL"),
    (WHOLE, f"{DOCUMENTS} balance_due = 1 WHERE credited_at IS NOT NULL"),
    (WHOLE, f"{DOCUMENTS} total_amount = total_amount - 1 WHERE is_correction = 1"),
    (WHOLE, f"{DOCUMENTS} total_amount = -total_amount WHERE is_correction = 1"),
    (WHOLE, f"{DOCUMENTS} transaction_id = transaction_id + 1000 WHERE is_correction = 1"),
    (WHOLE, f"{DOCUMENTS} corrects_id = {FIRST} WHERE is_correction = 1 AND id = {LAST}"),
    (INVOICES, "UPDATE numbering_series SET last = last - 1 WHERE series = 'INV'"),
    (INVOICES, "DELETE FROM numbering_series WHERE series = 'INV'"),
    (INVOICES, f"{DOCUMENTS} invoice_number = 'INV-2024-000001' WHERE invoice_number LIKE 'INV-%%-000002'"),
    (INVOICES, "DELETE FROM invoices_invoice WHERE invoice_number LIKE 'INV-%%-000003'"),
    (NOTES, "UPDATE numbering_series SET last = last + 1 WHERE series = 'CN'"),
    (NOTES, f"{DOCUMENTS} invoice_number = 'CN-2020-000001' WHERE invoice_number LIKE 'CN-%%-000003'"),
    (NOTES, "DELETE FROM invoices_invoice WHERE is_correction = 1"),
    (STORED, f"UPDATE invoices_invoicepdf SET content_hash = '{64 * '0'}'"),
    (ONCE, f"INSERT INTO invoices_invoicepdf ({PDF}) SELECT 1 + {PDF} FROM invoices_invoicepdf"),
    (IN_TIME, "DELETE FROM invoices_invoicepdf"),
    (IN_TIME, "UPDATE audit_auditlog SET created_at = '2026-01-01 00:00:00' WHERE action = 'CREATE_CREDIT_NOTE'"),
    (MAIL, "UPDATE invoices_delivery SET next_try_at = '2026-01-01 00:00:00' WHERE state = 'queued'"),
]


@pytest.mark.django_db(transaction=True)
def test_each_tampering_is_seen_by_the_check_it_is_for(admin, driver, settings):
    every_kind_of_sale(Shop(admin, driver), settings)
    for invoice in Invoice.objects.order_by("pk")[:2]:
        pdfs.ensure(invoice.pk, now=timezone.now())
    assert disagreements() == {}
    with unguarded():
        for name, statement in TAMPERING:
            assert name in found_by(statement), statement
        assert disagreements() == {}
    assert set(checks.CHECKS) == {name for name, _ in TAMPERING}
