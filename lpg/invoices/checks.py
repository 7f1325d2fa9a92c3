"""What must be true of documents, asked at one moment."""

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


CHECKS: dict[str, Check] = {
    "invoices: totals are their lines": totals_are_their_lines,
    "invoices: credit notes take the whole back": corrections_take_the_whole_back,
    "invoices: numbers without gap or duplicate": invoice_numbers_have_no_gap,
    "credit notes: numbers without gap or duplicate": credit_note_numbers_have_no_gap,
}
