"""The lines of a sale: what may be asked for, what it costs, what moves, and what a document is told of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lpg import sql
from lpg.clock import local
from lpg.equipment.models import Equipment
from lpg.errors import Invalid, Refused
from lpg.inventory import services as inventory
from lpg.inventory.models import Condition, Place
from lpg.invoices import services as invoices
from lpg.invoices.tax import cents
from lpg.transactions.models import Transaction, TransactionItem

NOTHING, FREE = Decimal("0.00"), Decimal("0.0000")
Type = TransactionItem.Type
CONDITIONS: dict[Type, tuple[str, ...]] = {  # that a line may have; the first where none is said
    Type.DELIVERY: ("FULL",),
    Type.EMPTY_RETURN: ("EMPTY", "DAMAGED"),
    Type.FULL_RETURN: ("FULL", "DAMAGED"),
    Type.SERVICE: ("",),
}


class Item(NamedTuple):
    """One line as it was asked for. `rate` None: as the price list says."""

    item_type: str
    quantity: int
    equipment_id: int | None = None
    rate: Decimal | None = None
    condition: str = ""
    description: str = ""


class NoRate(Refused):
    """There is no price: no rate is not zero."""

    code = "no_rate"
    title = "There is no rate"


def refuse_nonsense(items: Sequence[Item], *, metered: bool) -> None:
    """What can be seen from the request alone. Raises Invalid with every wrong line."""
    if not items and not metered:
        raise Invalid({"items": ["Say what was delivered or returned, or what the meter shows."]})
    errors: dict[str, list[str]] = {}
    for number, item in enumerate(items):
        for field, words in _wrong(item):
            errors[f"items.{number}.{field}"] = [words]
    if errors:
        raise Invalid(errors)


def _wrong(item: Item) -> list[tuple[str, str]]:
    wrong = []
    if item.item_type == Type.SERVICE:
        if item.equipment_id:
            wrong.append(("equipment", "A service has no equipment. Leave it out, or deliver it."))
        if not item.description:
            wrong.append(("description", "Say what the service was."))
        if item.rate is None:
            wrong.append(("rate", "Say what the service costs; 0 if nothing."))
    elif item.equipment_id is None:
        wrong.append(("equipment", "Say which equipment."))
    if item.item_type == Type.EMPTY_RETURN and item.rate:
        wrong.append(("rate", "An empty that comes back costs nothing. Leave the rate out."))
    allowed = CONDITIONS[Type(item.item_type)]
    if item.condition and item.condition not in allowed:
        words = f"Here it is {' or '.join(allowed)}." if allowed[0] else "A service has no condition. Leave it out."
        wrong.append(("condition", words))
    return wrong


def priced(
    number: int, item: Item, equipment: dict[int, Equipment], rates: dict[int | None, Decimal]
) -> TransactionItem:
    """The line with what it costs. Raises NoRate."""
    line = sql.new(
        TransactionItem,
        item_type=item.item_type,
        equipment=equipment[item.equipment_id] if item.equipment_id else None,
        condition=item.condition or CONDITIONS[Type(item.item_type)][0],
        description=item.description,
        quantity=item.quantity,
        rate=FREE,
        amount=NOTHING,
    )
    if line.item_type != Type.EMPTY_RETURN:
        rate = item.rate if item.rate is not None else rates.get(item.equipment_id)
        if rate is None:
            raise NoRate(
                f"There is no rate for {line.equipment} on this day. Add one for this customer, or a default rate.",
                line=number,
                equipment=item.equipment_id,
            )
        line.rate, line.amount = rate, cents(item.quantity * rate)
    if line.item_type == Type.FULL_RETURN:
        line.amount = -line.amount
    return line


def moved(lines: Sequence[TransactionItem], stock: Place, site: Place) -> list[inventory.Line]:
    """What moves between the seller's stock and the customer's site."""
    moved = []
    for line in lines:
        if line.equipment_id is None:
            continue
        out = inventory.Line(stock, line.condition, site, Condition.NONE, line.equipment_id, line.quantity)
        moved.append(out if line.item_type == Type.DELIVERY else out.reversed())
    return moved


def sold(row: Transaction) -> list[invoices.Sold]:
    """The lines of the document: all that costs money or gives it back."""
    lines = [
        invoices.Sold(
            line.item_type,
            line.equipment_id,
            line.description or (line.equipment.name if line.equipment else ""),
            Decimal(line.quantity),
            line.rate,
            line.amount,
        )
        for line in row.in_order
        if line.item_type != Type.EMPTY_RETURN
    ]
    if row.meter:
        words = f"Metered gas, meter {row.meter.serial_no}"
        lines.append(invoices.Sold("METER", None, words, row.meter_usage, row.meter_rate, row.usage_amount))
    return lines


def told(row: Transaction, sold: Sequence[invoices.Sold], held: list[dict[str, Any]]) -> invoices.Sale:
    """All that a document freezes of this sale."""
    summary: dict[str, Any] = {
        "id": row.pk,
        "transaction_number": row.transaction_number,
        "customer": row.customer_id,
        "user": row.user_id,
        "total_amount": str(row.total_amount),
        "created_at": local(row.created_at).isoformat(),
        "occurred_at": local(row.occurred_at).isoformat(),
        "returned": [
            {
                "equipment": line.equipment_id,
                "name": str(line.equipment),
                "condition": line.condition,
                "quantity": line.quantity,
            }
            for line in row.in_order
            if line.item_type == Type.EMPTY_RETURN
        ],
        "held": held,
    }
    if row.meter:
        summary["meter"] = {
            "serial_no": row.meter.serial_no,
            "previous": str(row.last_meter_reading),
            "current": str(row.current_meter_reading),
            "usage": str(row.meter_usage),
            "rate": str(row.meter_rate),
            "amount": str(row.usage_amount),
        }
    day = local(row.occurred_at).date()
    return invoices.Sale(row.pk, row.user_id, row.customer, day, sold, summary)
