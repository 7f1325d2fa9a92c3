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


CHECKS: dict[str, Check] = {
    "stock: nothing appears or vanishes": nothing_appears_or_vanishes,
    "stock: balances are the sum of their movements": balances_are_the_sum_of_their_movements,
    "stock: no depot, truck or customer holds less than nothing": physical_balances_are_not_negative,
}
