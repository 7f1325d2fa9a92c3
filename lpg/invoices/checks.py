"""What must be true of documents, asked at one moment."""

from datetime import timedelta

from django.utils import timezone

from lpg import sql
from lpg.paper.checks import lost_pdfs
from lpg.verify import Check, numbers_with_gaps, rows_that_disagree


def totals_are_their_lines() -> list[str]:
    return rows_that_disagree(
        """
        SELECT i.invoice_number, i.subtotal, i.tax_amount, i.total_amount, COALESCE(l.net, 0), COALESCE(l.amount, 0)
        FROM invoices_invoice i LEFT JOIN (
            SELECT invoice_id, SUM(net_amount) AS net, SUM(amount) AS amount FROM invoices_invoiceline
            GROUP BY invoice_id
        ) l ON l.invoice_id = i.id
        WHERE i.subtotal <> COALESCE(l.net, 0) OR i.total_amount <> i.subtotal + i.tax_amount
            OR COALESCE(l.amount, 0) <> CASE WHEN i.prices_include_gst THEN i.total_amount ELSE i.subtotal END
        """,
        "{0}: {1} + {2} = {3}, its lines come to {4} without GST and {5} as agreed (in cents)",
    )


def corrections_take_the_whole_back() -> list[str]:
    return rows_that_disagree(
        """
        SELECT n.invoice_number, i.invoice_number
        FROM invoices_invoice n JOIN invoices_invoice i ON i.id = n.corrects_id
        WHERE n.transaction_id <> i.transaction_id OR i.credited_at IS NULL OR i.balance_due <> 0
            OR n.total_amount <> CASE WHEN i.document_type = 'credit_note' THEN -i.total_amount ELSE i.total_amount END
        """,
        "credit note {0} does not take back exactly {1}",
    )


def invoice_numbers_have_no_gap() -> list[str]:
    return numbers_with_gaps("INV", "invoices_invoice", "invoice_number", period_length=4)


def credit_note_numbers_have_no_gap() -> list[str]:
    return numbers_with_gaps("CN", "invoices_invoice", "invoice_number", period_length=4)


def pdfs_are_kept() -> list[str]:
    return lost_pdfs("invoices_invoicepdf", "invoice_id", "invoices_invoice.invoice_number")


def pdfs_are_made_once() -> list[str]:
    """A further version is made only when one is lost and comes out otherwise: somebody should know."""
    return rows_that_disagree(
        """
        SELECT i.invoice_number, MAX(p.version)
        FROM invoices_invoicepdf p JOIN invoices_invoice i ON i.id = p.invoice_id
        WHERE p.invoice_id IN (SELECT invoice_id FROM invoices_invoicepdf WHERE version > 1)
        GROUP BY i.id, i.invoice_number ORDER BY i.id
        """,
        "{0}: its PDF was lost and came out otherwise; version {1} is in force",
    )


def pdfs_are_made_in_time() -> list[str]:
    """When a document was issued, the audit knows: its own time is what the seller's clock said."""
    an_hour_ago = sql.moment(timezone.now() - timedelta(hours=1))
    return rows_that_disagree(
        """
        SELECT i.invoice_number, COALESCE(i.pdf_error, 'no worker has come to it') FROM invoices_invoice i
        WHERE i.pdf_due_at IS NOT NULL AND i.generated_at < %s AND EXISTS (
            SELECT 1 FROM audit_auditlog a WHERE a.entity_type = 'Invoice' AND a.entity_id = i.id
                AND a.action IN ('CREATE_INVOICE', 'CREATE_CREDIT_NOTE') AND a.created_at < %s)
        UNION ALL
        SELECT i.invoice_number, 'nobody is to make it' FROM invoices_invoice i
        LEFT JOIN invoices_invoicepdf p ON p.invoice_id = i.id WHERE i.pdf_due_at IS NULL AND p.id IS NULL
        """,
        "{0} has had no PDF for more than an hour: {1}",
        [an_hour_ago, an_hour_ago],
    )


def mail_is_sent_in_time() -> list[str]:
    """What waits for its next try is not due; what nobody tries is."""
    return rows_that_disagree(
        """
        SELECT i.invoice_number, d.`to`, d.next_try_at
        FROM invoices_delivery d JOIN invoices_invoice i ON i.id = d.invoice_id
        WHERE d.next_try_at < %s ORDER BY d.next_try_at
        """,
        "the mail with {0} to {1} has been due since {2} (UTC), and no worker has come to it",
        [sql.moment(timezone.now() - timedelta(hours=1))],
    )


CHECKS: dict[str, Check] = {
    "invoices: totals are their lines": totals_are_their_lines,
    "invoices: credit notes take the whole back": corrections_take_the_whole_back,
    "invoices: numbers without gap or duplicate": invoice_numbers_have_no_gap,
    "credit notes: numbers without gap or duplicate": credit_note_numbers_have_no_gap,
    "invoices: PDFs are in the store and as they were stored": pdfs_are_kept,
    "invoices: PDFs have one version": pdfs_are_made_once,
    "invoices: PDFs are made within the hour": pdfs_are_made_in_time,
    "deliveries: none due for more than an hour": mail_is_sent_in_time,
}
