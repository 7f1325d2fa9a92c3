"""What must be true of day closes, asked at one moment."""

from lpg.verify import Check, rows_that_disagree


def approved_ones_are_their_movements() -> list[str]:
    """Each approved close has moved exactly what differed, or no more than that where it had been recorded since; no
    other one has moved anything."""
    return rows_that_disagree(
        """
        SELECT close_id, equipment_id, `condition`, SUM(differed), SUM(moved) FROM (
            SELECT s.close_id, s.equipment_id, s.`condition`,
                CAST(s.quantity AS SIGNED) - s.expected AS differed, 0 AS moved
            FROM day_close_dayclose c JOIN day_close_countedstock s ON s.close_id = c.id WHERE c.status = 'APPROVED'
            UNION ALL
            SELECT m.cause_id, m.equipment_id, m.destination_condition, 0, m.quantity
            FROM inventory_movement m JOIN inventory_place p ON p.id = m.destination_id
            WHERE m.cause = 'DAY_CLOSE' AND p.kind <> 'adjustment'
            UNION ALL
            SELECT m.cause_id, m.equipment_id, m.origin_condition, 0, -CAST(m.quantity AS SIGNED)
            FROM inventory_movement m JOIN inventory_place p ON p.id = m.origin_id
            WHERE m.cause = 'DAY_CLOSE' AND p.kind <> 'adjustment'
        ) both_sides LEFT JOIN day_close_dayclose d ON d.id = close_id
        GROUP BY close_id, equipment_id, `condition`, d.recorded_since
        HAVING SUM(differed) <> SUM(moved) AND (COALESCE(d.recorded_since, 0) = 0
            OR SUM(moved) * SUM(differed) < 0 OR ABS(SUM(moved)) > ABS(SUM(differed)))
        """,
        "day close {0}, equipment {1} {2}: {3} differed, {4} moved",
    )


def movements_are_of_the_truck_that_was_counted() -> list[str]:
    return rows_that_disagree(
        """
        SELECT m.id, m.cause_id FROM inventory_movement m
        LEFT JOIN day_close_dayclose c ON c.id = m.cause_id
        LEFT JOIN inventory_place o ON o.id = m.origin_id
        LEFT JOIN inventory_place d ON d.id = m.destination_id
        WHERE m.cause = 'DAY_CLOSE' AND (c.id IS NULL
            OR NOT ((o.vehicle_id = c.vehicle_id AND d.kind = 'adjustment')
                OR (d.vehicle_id = c.vehicle_id AND o.kind = 'adjustment')))
        """,
        "movement {0}: it is not of the truck of day close {1}",
    )


def every_step_is_audited() -> list[str]:
    return rows_that_disagree(
        """
        SELECT c.id, c.status FROM day_close_dayclose c
        LEFT JOIN (
            SELECT entity_id, SUM(action = 'CREATE_DAY_CLOSE') AS made, SUM(action = 'APPROVE_DAY_CLOSE') AS approved
            FROM audit_auditlog WHERE entity_type = 'DayClose' GROUP BY entity_id
        ) a ON a.entity_id = c.id
        WHERE COALESCE(a.made, 0) <> 1 OR COALESCE(a.approved, 0) <> (c.status = 'APPROVED')
        """,
        "day close {0} is {1}, and the audit does not say so exactly once",
    )


CHECKS: dict[str, Check] = {
    "day closes: approved ones are exactly their movements": approved_ones_are_their_movements,
    "day closes: what they move is their truck's": movements_are_of_the_truck_that_was_counted,
    "day closes: every step has its audit entry": every_step_is_audited,
}
