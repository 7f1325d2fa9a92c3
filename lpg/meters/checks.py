"""What must be true of meters, asked at one moment."""

from lpg.verify import Check, rows_that_disagree


def meters_show_their_last_reading() -> list[str]:
    return rows_that_disagree(
        """
        SELECT m.serial_no, m.current_reading, COALESCE(r.reading, -1) FROM meters_meter m
        LEFT JOIN (
            SELECT meter_id, MAX(id) AS last FROM meters_meterreading
            WHERE voided_at IS NULL AND kind <> 'OUTSIDE' GROUP BY meter_id
        ) l ON l.meter_id = m.id
        LEFT JOIN meters_meterreading r ON r.id = l.last
        WHERE r.id IS NULL OR r.reading <> m.current_reading
        """,
        "meter {0} is said to show {1}, its last reading is {2} (in thousandths)",
    )


def chains_never_fall() -> list[str]:
    """Each reading begins where the one before ended, and means the difference, or what a declared rollover means."""
    return rows_that_disagree(
        """
        SELECT m.serial_no, c.id, c.earlier, c.previous, c.reading, c.`usage` FROM (
            SELECT id, meter_id, kind, reading, previous, `usage`, is_rollover,
                LAG(reading) OVER (PARTITION BY meter_id ORDER BY id) AS earlier
            FROM meters_meterreading WHERE voided_at IS NULL AND kind <> 'OUTSIDE'
        ) c JOIN meters_meter m ON m.id = c.meter_id
        WHERE (c.earlier IS NULL) <> (c.kind = 'INITIAL')
            OR c.previous <> COALESCE(c.earlier, c.reading)
            OR c.`usage` <> c.reading - c.previous
                + CASE WHEN c.is_rollover THEN 1000 * POWER(10, m.digits) ELSE 0 END
        """,
        "meter {0}, reading {1}: after {2} it says {3} to {4}, usage {5} (in thousandths)",
    )


def billed_usage_is_what_sales_billed() -> list[str]:
    """A sale bills exactly the readings that name it; nothing stays billed by a voided one."""
    return rows_that_disagree(
        """
        SELECT t.transaction_number, t.status, COALESCE(t.meter_usage, 0), COALESCE(r.`usage`, 0)
        FROM transactions_transaction t LEFT JOIN (
            SELECT transaction_id, SUM(`usage`) AS `usage` FROM meters_meterreading
            WHERE transaction_id IS NOT NULL AND voided_at IS NULL GROUP BY transaction_id
        ) r ON r.transaction_id = t.id
        WHERE COALESCE(r.`usage`, 0) <> CASE WHEN t.status = 'VOIDED' THEN 0 ELSE COALESCE(t.meter_usage, 0) END
        """,
        "{0} ({1}) billed {2}, the readings that name it come to {3} (in thousandths)",
    )


def readings_outside_mean_nothing() -> list[str]:
    """What does not fit its chain has no usage, and no sale has billed it."""
    return rows_that_disagree(
        """
        SELECT m.serial_no, r.id, r.`usage`, COALESCE(r.transaction_id, 0) FROM meters_meterreading r
        JOIN meters_meter m ON m.id = r.meter_id
        WHERE r.kind = 'OUTSIDE' AND (r.`usage` <> 0 OR r.previous <> r.reading OR r.transaction_id IS NOT NULL)
        """,
        "meter {0}, reading {1} is outside the chain, and has usage {2} or is billed by {3}",
    )


CHECKS: dict[str, Check] = {
    "meters: each shows its last reading": meters_show_their_last_reading,
    "meters: chains never fall unless declared": chains_never_fall,
    "meters: readings outside their chain mean nothing": readings_outside_mean_nothing,
    "meters: usage is billed once, by the sale that says so": billed_usage_is_what_sales_billed,
}
