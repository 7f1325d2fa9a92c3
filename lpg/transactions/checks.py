"""What must be true of sales, asked at one moment."""

from lpg import sql
from lpg.verify import SHOWN, Check, numbers_with_gaps, rows_that_disagree

WINDOW = 2_000  # so many sales at a time: their groups fit in memory, a million of them would not


def each_confirmed_sale_has_its_document() -> list[str]:
    """Ever confirmed: one document at issue, and one credit note if voided. Never confirmed: none."""
    return rows_that_disagree(
        """
        SELECT t.transaction_number, t.status, COALESCE(i.issued, 0), COALESCE(i.corrected, 0)
        FROM transactions_transaction t LEFT JOIN (
            SELECT transaction_id, SUM(is_correction = 0) AS issued, SUM(is_correction = 1) AS corrected
            FROM invoices_invoice GROUP BY transaction_id
        ) i ON i.transaction_id = t.id
        WHERE COALESCE(i.issued, 0) <> (t.confirmed_at IS NOT NULL)
            OR COALESCE(i.corrected, 0) <> (t.confirmed_at IS NOT NULL AND t.status = 'VOIDED')
        """,
        "{0} is {1} and has {2} documents and {3} credit notes",
    )


def amounts_are_quantity_times_rate() -> list[str]:
    """Each line, the usage, and their sum; and the document is about the same amount."""
    lines = rows_that_disagree(
        """
        SELECT t.transaction_number, i.id, i.quantity, i.rate, i.amount FROM transactions_transactionitem i
        JOIN transactions_transaction t ON t.id = i.transaction_id
        WHERE i.amount <> FLOOR((i.quantity * i.rate + 50) / 100)
            * CASE i.item_type WHEN 'FULL_RETURN' THEN -1 WHEN 'EMPTY_RETURN' THEN 0 ELSE 1 END
        """,
        "{0}, line {1}: {2} at {3} (ten-thousandths) is said to be {4} cents",
    )
    usages = rows_that_disagree(
        """
        SELECT transaction_number, meter_usage, meter_rate, usage_amount FROM transactions_transaction
        WHERE meter_id IS NOT NULL AND usage_amount <> FLOOR((meter_usage * meter_rate + 50000) / 100000)
        """,
        "{0}: usage {1} (thousandths) at {2} (ten-thousandths) is said to be {3} cents",
    )
    totals = rows_that_disagree(
        """
        SELECT t.transaction_number, t.total_amount, COALESCE(i.amount, 0), COALESCE(t.usage_amount, 0), d.amount
        FROM transactions_transaction t
        LEFT JOIN (
            SELECT transaction_id, SUM(amount) AS amount FROM transactions_transactionitem GROUP BY transaction_id
        ) i ON i.transaction_id = t.id
        LEFT JOIN (
            SELECT v.transaction_id,
                SUM(CASE v.document_type WHEN 'credit_note' THEN -l.amount ELSE l.amount END) AS amount
            FROM invoices_invoice v JOIN invoices_invoiceline l ON l.invoice_id = v.id
            WHERE v.is_correction = 0 GROUP BY v.transaction_id
        ) d ON d.transaction_id = t.id
        WHERE t.total_amount <> COALESCE(i.amount, 0) + COALESCE(t.usage_amount, 0)
            OR COALESCE(d.amount, t.total_amount) <> t.total_amount
        """,
        "{0} is said to be {1}: its lines are {2}, its usage {3}, its document's lines {4} (in cents)",
    )
    return (lines + usages + totals)[:SHOWN]


def stock_lines_are_their_movements() -> list[str]:
    """Each sale has moved exactly its lines, and a voided one has moved them back."""
    moved = "SELECT MAX(cause_id) FROM inventory_movement WHERE cause = 'TRANSACTION'"
    made = "SELECT MAX(id) FROM transactions_transaction"
    last = max(row[0] or 0 for row in [*sql.rows(moved), *sql.rows(made)])
    found: list[str] = []
    for first in range(0, last + 1, WINDOW):
        found += rows_that_disagree(LINES_AND_MOVEMENTS, LINE_WORDS, [first, first + WINDOW - 1] * 3)
    return found[:SHOWN]


LINES_AND_MOVEMENTS = """
    SELECT sale, equipment_id, way, `condition`, SUM(asked), SUM(moved) FROM (
        SELECT t.id AS sale, i.equipment_id, i.`condition`, i.quantity AS asked, 0 AS moved,
            CASE i.item_type WHEN 'DELIVERY' THEN 'to' ELSE 'from' END AS way
        FROM transactions_transaction t JOIN transactions_transactionitem i ON i.transaction_id = t.id
        WHERE i.equipment_id IS NOT NULL AND t.id BETWEEN %s AND %s
        UNION ALL
        SELECT t.id, i.equipment_id, i.`condition`, i.quantity, 0,
            CASE i.item_type WHEN 'DELIVERY' THEN 'from' ELSE 'to' END
        FROM transactions_transaction t JOIN transactions_transactionitem i ON i.transaction_id = t.id
        WHERE i.equipment_id IS NOT NULL AND t.status = 'VOIDED' AND t.id BETWEEN %s AND %s
        UNION ALL
        SELECT m.cause_id, m.equipment_id,
            CASE p.kind WHEN 'customer' THEN m.origin_condition ELSE m.destination_condition END, 0, m.quantity,
            CASE p.kind WHEN 'customer' THEN 'to' ELSE 'from' END
        FROM inventory_movement m JOIN inventory_place p ON p.id = m.destination_id
        WHERE m.cause = 'TRANSACTION' AND m.cause_id BETWEEN %s AND %s
    ) both_sides
    GROUP BY sale, equipment_id, way, `condition` HAVING SUM(asked) <> SUM(moved)
"""
LINE_WORDS = "sale {0}, equipment {1} {2} the customer, {3}: {4} on its lines, {5} moved"


def every_transition_is_audited() -> list[str]:
    return rows_that_disagree(
        """
        SELECT t.transaction_number, t.status FROM transactions_transaction t
        LEFT JOIN (
            SELECT entity_id, SUM(action = 'CREATE_TRANSACTION') AS created,
                SUM(action = 'APPROVE_TRANSACTION') AS approved, SUM(action = 'VOID_TRANSACTION') AS voided
            FROM audit_auditlog WHERE entity_type = 'Transaction' GROUP BY entity_id
        ) a ON a.entity_id = t.id
        WHERE COALESCE(a.created, 0) <> 1
            OR COALESCE(a.approved, 0) <> (t.approved_at IS NOT NULL)
            OR COALESCE(a.voided, 0) <> (t.status = 'VOIDED')
        """,
        "{0} is {1}, and the audit does not say so exactly once",
    )


def numbers_have_no_gap() -> list[str]:
    return numbers_with_gaps("TRX", "transactions_transaction", "transaction_number", period_length=8)


CHECKS: dict[str, Check] = {
    "sales: each ever confirmed has its document, voided ones a credit note": each_confirmed_sale_has_its_document,
    "sales: amounts are quantity times rate, and what the document says": amounts_are_quantity_times_rate,
    "sales: stock lines are exactly their movements": stock_lines_are_their_movements,
    "sales: every transition has its audit entry": every_transition_is_audited,
    "sales: numbers without gap or duplicate": numbers_have_no_gap,
}
