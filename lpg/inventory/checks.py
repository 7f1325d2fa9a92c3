"""What must be true of the stock, asked of the whole ledger at one moment."""

from lpg.verify import Check, rows_that_disagree


def nothing_appears_or_vanishes() -> list[str]:
    """Per equipment, all places together hold nothing: what is here has left somewhere."""
    return rows_that_disagree(
        "SELECT equipment_id, SUM(quantity) FROM inventory_balance GROUP BY equipment_id HAVING SUM(quantity) <> 0",
        "equipment {0}: all places together hold {1}, not 0",
    )


def physical_balances_are_not_negative() -> list[str]:
    return rows_that_disagree(
        "SELECT b.id, b.quantity FROM inventory_balance b JOIN inventory_place p ON p.id = b.place_id"
        " WHERE p.kind IN ('depot', 'truck', 'customer') AND (b.quantity < 0 OR NOT b.physical)",
        "balance {0} holds {1}",
    )


def balances_are_the_sum_of_their_movements() -> list[str]:
    """One pass over the ledger for each end, one over the balances."""
    return rows_that_disagree(
        """
        SELECT place_id, equipment_id, `condition`, SUM(held), SUM(moved) FROM (
            SELECT place_id, equipment_id, `condition`, quantity AS held, 0 AS moved FROM inventory_balance
            UNION ALL
            SELECT destination_id, equipment_id, destination_condition, 0, SUM(quantity) FROM inventory_movement
            GROUP BY destination_id, equipment_id, destination_condition
            UNION ALL
            SELECT origin_id, equipment_id, origin_condition, 0, -SUM(quantity) FROM inventory_movement
            GROUP BY origin_id, equipment_id, origin_condition
        ) both_sides GROUP BY place_id, equipment_id, `condition` HAVING SUM(held) <> SUM(moved)
        """,
        "place {0}, equipment {1} {2}: the balance says {3}, the movements {4}",
    )


def shortfalls_were_taken_at_once() -> list[str]:
    """What came from the adjustment place, as a fact cannot be refused, went on with that sale or distribution."""
    return rows_that_disagree(
        """
        SELECT s.id, s.cause_number, s.quantity, COALESCE(SUM(m.quantity), 0) FROM inventory_movement s
        JOIN inventory_place p ON p.id = s.origin_id
        LEFT JOIN inventory_movement m ON m.cause IN ('TRANSACTION', 'DISTRIBUTION') AND m.cause_id = s.cause_id
            AND m.cause_number = s.cause_number AND m.origin_id = s.destination_id
            AND m.equipment_id = s.equipment_id AND m.origin_condition = s.destination_condition
        WHERE s.cause = 'SHORTFALL'
        GROUP BY s.id, s.cause_number, s.quantity, p.kind
        HAVING p.kind <> 'adjustment' OR COALESCE(SUM(m.quantity), 0) < s.quantity
        """,
        "movement {0} for {1}: {2} were not in the books, {3} went on from there",
    )


CHECKS: dict[str, Check] = {
    "stock: nothing appears or vanishes": nothing_appears_or_vanishes,
    "stock: balances are the sum of their movements": balances_are_the_sum_of_their_movements,
    "stock: what was not in the books went on at once": shortfalls_were_taken_at_once,
    "stock: no depot, truck or customer holds less than nothing": physical_balances_are_not_negative,
}
