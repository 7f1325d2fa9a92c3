"""What must be true of money, asked at one moment."""

from lpg.verify import Check, numbers_with_gaps, rows_that_disagree


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
        WHERE p.unallocated <> p.amount - COALESCE(a.settled, 0)
        """,
        "{0} of {1}: {2} is said to be left, {3} is allocated (in cents)",
    )


def numbers_have_no_gap() -> list[str]:
    return numbers_with_gaps("RCP", "payments_payment", "payment_number", period_length=4)


CHECKS: dict[str, Check] = {
    "payments: what is due is what allocations leave": balances_are_what_allocations_leave,
    "payments: credit is what is not allocated": credit_is_what_is_not_allocated,
    "payments: numbers without gap or duplicate": numbers_have_no_gap,
}
