"""What must be true of money, asked at one moment."""

from lpg.paper.checks import lost_pdfs
from lpg.verify import SHOWN, Check, numbers_with_gaps, rows_that_disagree


def balances_are_what_allocations_leave() -> list[str]:
    return rows_that_disagree(
        """
        SELECT i.invoice_number, i.total_amount, i.balance_due, COALESCE(p.settled, 0), COALESCE(u.used, 0)
        FROM invoices_invoice i
        LEFT JOIN (
            SELECT invoice_id, SUM(amount) AS settled FROM payments_allocation
            WHERE released_at IS NULL GROUP BY invoice_id
        ) p ON p.invoice_id = i.id
        LEFT JOIN (
            SELECT credit_note_id, SUM(amount) AS used FROM payments_allocation
            WHERE released_at IS NULL AND credit_note_id IS NOT NULL GROUP BY credit_note_id
        ) u ON u.credit_note_id = i.id
        WHERE i.balance_due <> CASE
            WHEN i.is_correction THEN 0
            WHEN i.document_type = 'credit_note' THEN COALESCE(u.used, 0) + COALESCE(p.settled, 0) - i.total_amount
            ELSE i.total_amount - COALESCE(p.settled, 0) END
        """,
        "{0} of {1}: {2} is said to be due, {3} is allocated to it and {4} of it is used (in cents)",
    )


def credit_is_what_is_not_allocated() -> list[str]:
    return rows_that_disagree(
        """
        SELECT p.payment_number, p.amount, p.unallocated, COALESCE(a.settled, 0) FROM payments_payment p
        LEFT JOIN (
            SELECT payment_id, SUM(amount) AS settled FROM payments_allocation
            WHERE released_at IS NULL AND payment_id IS NOT NULL GROUP BY payment_id
        ) a ON a.payment_id = p.id
        WHERE p.unallocated <> CASE WHEN p.reversed_at IS NULL THEN p.amount - COALESCE(a.settled, 0) ELSE 0 END
        """,
        "{0} of {1}: {2} is said to be left, {3} is allocated (in cents)",
    )


def reversed_payments_hold_nothing() -> list[str]:
    return rows_that_disagree(
        """
        SELECT p.payment_number, p.unallocated, COALESCE(SUM(a.amount), 0), (
            SELECT COUNT(*) FROM audit_auditlog l
            WHERE l.entity_type = 'Payment' AND l.entity_id = p.id AND l.action = 'REVERSE_PAYMENT'
        ) AS told
        FROM payments_payment p
        LEFT JOIN payments_allocation a ON a.payment_id = p.id AND a.released_at IS NULL
        WHERE p.reversed_at IS NOT NULL
        GROUP BY p.id, p.payment_number, p.unallocated
        HAVING p.unallocated <> 0 OR COUNT(a.id) <> 0 OR told <> 1
        """,
        "{0} is reversed: {1} is left, {2} is allocated (in cents), the audit tells of it {3} times",
    )


def nothing_is_settled_beyond_what_there_is() -> list[str]:
    """Neither more of a payment or a credit note than it is, nor more of an invoice than it asks for."""
    live = "released_at IS NULL"
    of_each = """
        SELECT d.{number}, d.{amount}, SUM(a.amount) FROM payments_allocation a JOIN {table} d ON d.id = a.{column}
        WHERE a.{live} GROUP BY d.id, d.{number}, d.{amount} HAVING SUM(a.amount) > ABS(d.{amount})
    """
    payment = {"table": "payments_payment", "number": "payment_number", "amount": "amount"}
    document = {"table": "invoices_invoice", "number": "invoice_number", "amount": "total_amount"}
    words = "of {0}, which is {1}, {2} is allocated (in cents)"
    found: list[str] = []
    for column, names in (("payment_id", payment), ("credit_note_id", document), ("invoice_id", document)):
        found += rows_that_disagree(of_each.format(**names, column=column, live=live), words)
    return found[:SHOWN]


def customers_owe_invoices_less_credit_notes_and_payments() -> list[str]:
    """What each owes by the balances, against the documents and the money alone, whatever settles what."""
    return rows_that_disagree(
        """
        SELECT c.customer_code, COALESCE(SUM(b.said), 0), COALESCE(SUM(b.owed), 0) FROM (
            SELECT customer_id, SUM(balance_due) AS said,
                SUM(CASE document_type WHEN 'credit_note' THEN -total_amount ELSE total_amount END) AS owed
            FROM invoices_invoice GROUP BY customer_id
            UNION ALL
            SELECT customer_id, -SUM(unallocated), -SUM(CASE WHEN reversed_at IS NULL THEN amount ELSE 0 END)
            FROM payments_payment GROUP BY customer_id
        ) b JOIN customers_customer c ON c.id = b.customer_id
        GROUP BY c.id, c.customer_code HAVING SUM(b.said) <> SUM(b.owed)
        """,
        "{0} owes {1} by what is open, {2} by what was issued and paid (in cents)",
    )


def receipts_are_kept() -> list[str]:
    return lost_pdfs("payments_receiptpdf", "payment_id", "payments_payment.payment_number")


def receipts_are_made_once() -> list[str]:
    """And once more after a reversal. Any further version is made only when one is lost and comes out otherwise."""
    return rows_that_disagree(
        """
        SELECT p.payment_number, COUNT(*) FROM payments_receiptpdf r JOIN payments_payment p ON p.id = r.payment_id
        WHERE r.payment_id IN (SELECT payment_id FROM payments_receiptpdf WHERE version > 1)
        GROUP BY p.id, p.payment_number
        HAVING SUM(CASE WHEN p.reversed_at IS NULL OR r.made_at < p.reversed_at THEN 1 ELSE 0 END) > 1
            OR SUM(CASE WHEN r.made_at >= p.reversed_at THEN 1 ELSE 0 END) > 1
        ORDER BY p.id
        """,
        "{0}: its receipt was lost and came out otherwise; there are {1} versions",
    )


def numbers_have_no_gap() -> list[str]:
    return numbers_with_gaps("RCP", "payments_payment", "payment_number", period_length=4)


CHECKS: dict[str, Check] = {
    "payments: what is due is what allocations leave": balances_are_what_allocations_leave,
    "payments: credit is what is not allocated": credit_is_what_is_not_allocated,
    "payments: reversed ones hold nothing, and the audit says so": reversed_payments_hold_nothing,
    "payments: nothing is settled beyond what there is": nothing_is_settled_beyond_what_there_is,
    "payments: a customer owes invoices less credit notes and payments": (
        customers_owe_invoices_less_credit_notes_and_payments
    ),
    "payments: numbers without gap or duplicate": numbers_have_no_gap,
    "payments: receipts are in the store and as they were stored": receipts_are_kept,
    "payments: receipts have one version, and one more when reversed": receipts_are_made_once,
}
