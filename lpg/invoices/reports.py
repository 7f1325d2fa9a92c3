"""What was sold: the documents of some days added up, invoices less credit notes."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from lpg import sql
from lpg.accounts.models import User
from lpg.clock import Days
from lpg.depots.models import Depot
from lpg.equipment.models import Equipment
from lpg.fields import MoneyField, ReadingField

type By = Literal["day", "driver", "depot", "equipment"]
WITHOUT_EQUIPMENT = {"SERVICE": "Services", "METER": "Metered gas"}


class Sold(NamedTuple):
    """What was sold on one day, by one driver, at one depot, or of one kind; invoiced to net without GST."""

    key: str  # the day, or an id; of what is no equipment, what it is
    name: str
    documents: int
    quantity: Decimal | None  # only by equipment: sold less taken back
    invoiced: Decimal
    credited: Decimal
    net: Decimal
    tax: Decimal | None  # not by equipment: tax is of the document, not of the line
    total: Decimal | None


OF_THESE = """
    invoices_invoice i JOIN customers_customer c ON c.id = i.customer_id
    WHERE i.issued_on >= %s AND i.issued_on <= %s AND c.depot_id IN
"""
IS_CREDIT = "i.document_type = 'credit_note'"
GROUPED = {"day": "i.issued_on", "driver": "i.user_id", "depot": "c.depot_id"}


def sales(by: By, days: Days, *, depot_ids: Collection[int]) -> list[Sold]:
    """Of the documents issued on these days to the customers of these depots."""
    if not depot_ids:
        return []
    values = [days.since.isoformat(), days.until.isoformat(), *depot_ids]
    these = f"{OF_THESE} {sql.groups(len(depot_ids), 1)}"
    return _by_equipment(these, values) if by == "equipment" else _by_document(by, these, values)


def _by_document(by: By, these: str, values: list[Any]) -> list[Sold]:
    found = sql.rows(
        f"""
        SELECT {GROUPED[by]}, COUNT(*), SUM(CASE WHEN {IS_CREDIT} THEN 0 ELSE i.subtotal END),
            SUM(CASE WHEN {IS_CREDIT} THEN i.subtotal ELSE 0 END),
            SUM(CASE WHEN {IS_CREDIT} THEN -i.tax_amount ELSE i.tax_amount END)
        FROM {these} GROUP BY {GROUPED[by]}
        """,  # noqa: S608  # every name here is ours
        values,
    )
    names = _names(by, {row[0] for row in found})
    rows = []
    for key, documents, *amounts in found:
        invoiced, credited, tax = (_dollars(amount) for amount in amounts)
        net = invoiced - credited
        rows.append(Sold(str(key), names[key], documents, None, invoiced, credited, net, tax, net + tax))
    return sorted(rows, key=lambda row: (row.name, row.key))


def _by_equipment(these: str, values: list[Any]) -> list[Sold]:
    """By lines. What comes back counts against what went out, and so does a whole document that was taken back."""
    with_lines = "invoices_invoice i JOIN invoices_invoiceline l ON l.invoice_id = i.id"
    net = f"SUM(CASE WHEN {IS_CREDIT} THEN {{}} ELSE {{}} END)"
    found = sql.rows(
        f"""
        SELECT l.equipment_id, CASE WHEN l.equipment_id IS NULL THEN l.item_type ELSE '' END AS kind,
            COUNT(DISTINCT i.id),
            SUM(CASE WHEN (l.item_type = 'FULL_RETURN') = (i.is_correction = 1) THEN l.quantity ELSE -l.quantity END),
            {net.format("0", "l.net_amount")}, {net.format("l.net_amount", "0")}
        FROM {these.replace("invoices_invoice i", with_lines)}
        GROUP BY l.equipment_id, kind
        """,  # noqa: S608  # every name here is ours
        values,
    )
    names = {thing.pk: thing.name for thing in Equipment.objects.filter(pk__in={row[0] for row in found if row[0]})}
    rows = []
    for equipment, kind, documents, quantity, *amounts in found:
        invoiced, credited = (_dollars(amount) for amount in amounts)
        name = names[equipment] if equipment else WITHOUT_EQUIPMENT[kind]
        counted = Decimal(quantity).scaleb(-ReadingField.decimal_places)
        money = invoiced, credited, invoiced - credited, None, None
        rows.append(Sold(str(equipment or kind), name, documents, counted, *money))
    return sorted(rows, key=lambda row: (row.name, row.key))


def _names(by: By, keys: set[Any]) -> dict[Any, str]:
    if by == "day":
        return {key: str(key) for key in keys}
    if by == "driver":
        return {user.pk: str(user) for user in User.objects.filter(pk__in=keys)}
    return {depot.pk: str(depot) for depot in Depot.objects.filter(pk__in=keys)}


def _dollars(cents: Any) -> Decimal:
    return Decimal(cents).scaleb(-MoneyField.decimal_places)
