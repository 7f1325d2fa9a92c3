"""What must be true of distributions, asked at one moment."""

from lpg import sql
from lpg.verify import SHOWN, Check, numbers_with_gaps, rows_that_disagree

WINDOW = 2_000  # so many distributions at a time: their groups fit in memory, a million of them would not


def confirmed_ones_are_their_movements() -> list[str]:
    """Each confirmed distribution has moved exactly its lines; no other one has moved anything."""
    moved = "SELECT MAX(cause_id) FROM inventory_movement WHERE cause = 'DISTRIBUTION'"
    made = "SELECT MAX(id) FROM distribution_distribution"
    last = max(row[0] or 0 for row in [*sql.rows(moved), *sql.rows(made)])
    found: list[str] = []
    for first in range(0, last + 1, WINDOW):
        window = [first, first + WINDOW - 1]
        found += rows_that_disagree(LINES_AND_MOVEMENTS, LINE_WORDS, window * 3)
    return found[:SHOWN]


LINES_AND_MOVEMENTS = """
    SELECT distribution_id, depot_id, equipment_id, direction, `condition`, SUM(asked), SUM(moved) FROM (
        SELECT i.distribution_id, i.depot_id, i.equipment_id, i.direction, i.`condition`,
            i.quantity AS asked, 0 AS moved
        FROM distribution_distribution d JOIN distribution_distributionitem i ON i.distribution_id = d.id
        WHERE d.status = 'CONFIRMED' AND d.id BETWEEN %s AND %s
        UNION ALL
        SELECT m.cause_id, p.depot_id, m.equipment_id, 'OUT', m.origin_condition, 0, m.quantity
        FROM inventory_movement m JOIN inventory_place p ON p.id = m.origin_id
        LEFT JOIN distribution_distribution d ON d.id = m.cause_id
        WHERE m.cause = 'DISTRIBUTION' AND m.cause_id BETWEEN %s AND %s
            AND p.kind = 'depot' AND COALESCE(d.to_depot_id, 0) <> p.depot_id
        UNION ALL
        SELECT m.cause_id, p.depot_id, m.equipment_id, 'IN', m.destination_condition, 0, m.quantity
        FROM inventory_movement m JOIN inventory_place p ON p.id = m.destination_id
        LEFT JOIN distribution_distribution d ON d.id = m.cause_id
        WHERE m.cause = 'DISTRIBUTION' AND m.cause_id BETWEEN %s AND %s
            AND p.kind = 'depot' AND COALESCE(d.to_depot_id, 0) <> p.depot_id
    ) both_sides
    GROUP BY distribution_id, depot_id, equipment_id, direction, `condition` HAVING SUM(asked) <> SUM(moved)
"""
LINE_WORDS = "distribution {0}, depot {1}, equipment {2} {3} {4}: {5} asked for, {6} moved"


def every_transition_is_audited() -> list[str]:
    return rows_that_disagree(
        """
        SELECT d.distribution_number, d.status FROM distribution_distribution d
        LEFT JOIN (
            SELECT entity_id, SUM(action = 'CREATE_DISTRIBUTION') AS created,
                SUM(action = 'CONFIRM_DISTRIBUTION') AS confirmed, SUM(action = 'CANCEL_DISTRIBUTION') AS cancelled
            FROM audit_auditlog WHERE entity_type = 'Distribution' GROUP BY entity_id
        ) a ON a.entity_id = d.id
        WHERE COALESCE(a.created, 0) <> 1
            OR COALESCE(a.confirmed, 0) <> (d.status = 'CONFIRMED')
            OR COALESCE(a.cancelled, 0) <> (d.status = 'CANCELLED')
        """,
        "{0} is {1}, and the audit does not say so exactly once",
    )


def numbers_have_no_gap() -> list[str]:
    return numbers_with_gaps("DST", "distribution_distribution", "distribution_number", period_length=8)


CHECKS: dict[str, Check] = {
    "distributions: confirmed ones are exactly their movements": confirmed_ones_are_their_movements,
    "distributions: every transition has its audit entry": every_transition_is_audited,
    "distributions: numbers without gap or duplicate": numbers_have_no_gap,
}
