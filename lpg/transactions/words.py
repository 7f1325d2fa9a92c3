"""How the desk calls what stands on a sale: its lines, why it waits, and what goes when it is voided."""

from decimal import Decimal
from typing import Any

from lpg.desk import shown
from lpg.inventory.models import Condition
from lpg.transactions.holds import Why, final
from lpg.transactions.models import Transaction, TransactionItem

Type = TransactionItem.Type


def status_words(sale: Transaction) -> str:
    """In a list, where there is little room."""
    waits = sale.status == Transaction.Status.PENDING
    return "Waiting" if waits else str(Transaction.Status(sale.status).label)


def paid_words(sale: Transaction) -> tuple[str, str]:
    """What has been paid of a sale, by a key and in words; nothing while there is no invoice, or no more."""
    if sale.status != Transaction.Status.CONFIRMED:
        return "none", shown.NOTHING
    status = sale.payment_status or ""
    return status, {"PAID": "Paid", "PARTIAL": "Part paid", "UNPAID": "Unpaid"}[status]


def comes_to(sale: Transaction) -> Decimal:
    """What its document says, below zero for a credit note; before there is one, what it will say."""
    return sale.issued[0].sign * sale.issued[0].total_amount if sale.issued else final(sale)


def seller(sale: Transaction) -> str:
    """Whose stock it was."""
    if sale.vehicle:
        return f"Truck {sale.vehicle}"
    return f"Depot {sale.from_depot}" if sale.from_depot else ""


def line_shown(line: TransactionItem) -> dict[str, Any]:
    free = line.item_type == Type.EMPTY_RETURN
    return {
        "kind": Type(line.item_type).label,
        "what": line.description or str(line.equipment),
        "damaged": line.condition == Condition.DAMAGED,
        "quantity": shown.number(line.quantity),
        "rate": shown.NOTHING if free else shown.plain_rate(line.rate),
        "amount": shown.NOTHING if free else shown.amount(line.amount),
    }


def meter_shown(sale: Transaction) -> dict[str, Any] | None:
    if sale.meter is None:
        return None
    return {
        "meter": sale.meter,
        "previous": shown.reading(sale.last_meter_reading),
        "current": shown.reading(sale.current_meter_reading),
        "usage": shown.reading(sale.meter_usage),
        "rate": shown.plain_rate(sale.meter_rate),
        "amount": shown.amount(sale.usage_amount),
    }


def why_shown(why: Why) -> dict[str, Any]:
    """Why a sale waits, as it stands now."""
    rates, credit = why
    return {
        "rates": None
        if rates is None
        else [
            {
                "what": str(one.line.equipment),
                "listed": "none" if one.listed is None else shown.plain_rate(one.listed),
                "taken": shown.plain_rate(one.line.rate),
                "difference": shown.amount(one.difference),
            }
            for one in rates
        ],
        "credit": None
        if credit is None
        else {
            "limit": shown.NOTHING if credit.limit is None else shown.amount(credit.limit),
            "owes": shown.amount(credit.owes),
            "waits": shown.amount(credit.waits) if credit.waits else "",
            "this": shown.amount(credit.this),
            "together": shown.amount(credit.together),
            "over": shown.amount(credit.over) if credit.over else "",
        },
    }


def what_goes(sale: Transaction) -> list[str]:
    """What voiding this sale takes back, each in a sentence."""
    goes = [_stock_back(line, seller(sale)) for line in sale.in_order if line.equipment]
    if sale.meter:
        reading, usage = shown.reading(sale.current_meter_reading), shown.reading(sale.meter_usage)
        goes.append(
            f"The reading {reading} of {_small(str(sale.meter))} is voided; the gas used ({usage}) is no longer billed."
        )
    for document in sale.issued:
        paid = document.total_amount - document.balance_due
        goes.append(
            f"{document} stays as it is, and a credit note over {shown.money(document.total_amount)} is issued."
        )
        if paid > 0 and not document.is_credit_note:
            goes.append(f"{shown.money(paid)} that settled it stays as credit of the customer.")
    if not sale.issued:
        goes.append("No invoice was issued, and none will be.")
    return goes


def _stock_back(line: TransactionItem, seller: str) -> str:
    what = f"{shown.number(line.quantity)} × {line.equipment}"
    if line.item_type == Type.DELIVERY:
        return f"{what} go back from the customer to {_small(seller)}, full."
    return f"{what}, {Condition(line.condition).label.lower()}, go back from {_small(seller)} to the customer."


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]
