"""A customer's statement: money and what stands at the site, side by side, in the order in which it was recorded.

Opening + entries = closing, at any days: an entry stands where it was recorded, so what a sale that waited moved stands
before its invoice. It is read in one go from one moment and handed on piece by piece, however long it is.
"""

from collections import Counter, defaultdict
from collections.abc import Generator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.conf import settings

from lpg import sql, work
from lpg.clock import Days
from lpg.customers.models import Customer
from lpg.equipment.models import Equipment
from lpg.errors import Refused
from lpg.fields import MoneyField
from lpg.inventory.models import Movement
from lpg.invoices.models import Invoice
from lpg.paper import facts as paper
from lpg.payments.models import Payment

MOST_ON_PAPER = 2_000
STOCK = 1  # the part of an entry that only moves stock
WORDS = {  # what kinds of entries there are
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "payment": "Payment",
    "reversal": "Payment reversed",
    **{cause.lower(): str(cause.label) for cause in Movement.Cause},
}
TOLD = {  # of what stands in the column `kind`: the kind of entry, what is said of it, and what stands before more
    **{kind: (kind, said, ": ") for kind, said in WORDS.items()},
    **{kind: ("invoice", WORDS["invoice"], ": ") for kind in Invoice.Type.values if kind != "credit_note"},
    **{cause.value: (cause.lower(), str(cause.label), ": ") for cause in Movement.Cause},
    **{method.value: ("payment", str(method.label), ", ") for method in Payment.Method},
}


class TooLong(Refused):
    """More than can be printed."""

    code = "too_long"
    title = "Too long to print"


class Moved(NamedTuple):
    """So many of one kind came to the site, so many left it, and so many stand there since."""

    equipment: int
    name: str
    brought: int
    taken: int
    held: int


class Standing(NamedTuple):
    """What is owed, and what stands at the site: equipment, its name, how many."""

    balance: Decimal
    cylinders: list[tuple[int, str, int]]


class Entry(NamedTuple):
    """One thing that changed money, what stands at the site, or both."""

    at: datetime
    kind: str
    id: int  # of the document, the payment, or what moved the stock
    number: str
    what: str
    amount: Decimal | None  # None: no money was in it
    balance: Decimal  # after it
    moved: list[Moved]


class Totals(NamedTuple):
    """What all entries come to."""

    invoiced: Decimal
    credited: Decimal
    paid: Decimal
    reversed: Decimal
    cylinders: list[Moved]


class Closing(NamedTuple):
    """How it ends."""

    standing: Standing
    totals: Totals


type Statement = Generator[Standing | Entry | Closing]

# Along the customer's own indexes; what is not of these days is read and left. A longer index would cost every sale
# more than it saves a statement.
DOCUMENTS = "invoices_invoice WHERE customer_id = %s AND generated_at"
RECEIVED = "payments_payment WHERE customer_id = %s AND created_at"
REVERSED = "payments_payment WHERE customer_id = %s AND reversed_at"
BROUGHT = "inventory_movement WHERE destination_id = %s AND created_at"
TAKEN = "inventory_movement WHERE origin_id = %s AND created_at"
OWED = "CASE document_type WHEN 'credit_note' THEN -total_amount ELSE total_amount END"
RANK = (
    "CASE cause WHEN 'TRANSACTION' THEN 0 WHEN 'DISTRIBUTION' THEN 1 WHEN 'TRANSFER' THEN 2"
    " WHEN 'UPDATE' THEN 3 WHEN 'COUNT' THEN 4 ELSE 5 END"
)
OPENING_MONEY = f"""
    SELECT COALESCE(SUM(amount), 0) FROM (
        SELECT SUM({OWED}) AS amount FROM {DOCUMENTS} < %s
        UNION ALL SELECT -SUM(amount) FROM {RECEIVED} < %s
        UNION ALL SELECT SUM(amount) FROM {REVERSED} < %s
    ) earlier
"""  # noqa: S608  # every name here is ours
OPENING_STOCK = f"""
    SELECT equipment_id, SUM(quantity) FROM (
        SELECT equipment_id, SUM(quantity) AS quantity FROM {BROUGHT} < %s GROUP BY equipment_id
        UNION ALL SELECT equipment_id, -SUM(quantity) FROM {TAKEN} < %s GROUP BY equipment_id
    ) earlier GROUP BY equipment_id
"""  # noqa: S608
WITHIN = ">= %s AND {} < %s"
ENTRIES = f"""
    SELECT generated_at AS happened_at, 0 AS place, transaction_id AS cause_id, 0 AS part, id, document_type AS kind,
        invoice_number AS number, reason AS words, {OWED} AS amount, 0 AS equipment_id, 0 AS quantity
        FROM {DOCUMENTS} {WITHIN.format("generated_at")}
    UNION ALL SELECT created_at, {RANK}, cause_id, 1, id, cause, cause_number, reason, 0, equipment_id, quantity
        FROM {BROUGHT} {WITHIN.format("created_at")}
    UNION ALL SELECT created_at, {RANK}, cause_id, 1, id, cause, cause_number, reason, 0, equipment_id, -quantity
        FROM {TAKEN} {WITHIN.format("created_at")}
    UNION ALL SELECT created_at, 8, id, 0, id, method, payment_number, reference, -amount, 0, 0
        FROM {RECEIVED} {WITHIN.format("created_at")}
    UNION ALL SELECT reversed_at, 9, id, 0, id, 'reversal', payment_number, reverse_reason, amount, 0, 0
        FROM {REVERSED} {WITHIN.format("reversed_at")}
    ORDER BY happened_at, place, cause_id, part, id
"""  # noqa: S608


def statement_of(customer: Customer, days: Days) -> Statement:
    """How it stood when these days began, each entry of theirs, and how it stood when they ended, with the totals.

    Must not be within a transaction; until its end, or until it is closed, this connection is taken.
    """
    with work.snapshot():
        names = dict(Equipment.objects.values_list("pk", "name"))
        site = sql.rows("SELECT id FROM inventory_place WHERE customer_id = %s", [customer.pk])
        of, at = customer.pk, (site[0][0] if site else 0)
        begins, ends = sql.moment(days.begins), sql.moment(days.ends)
        balance = int(sql.rows(OPENING_MONEY, [of, begins] * 3)[0][0])
        held: Counter[int] = Counter()
        for equipment, quantity in sql.rows(OPENING_STOCK, [at, begins] * 2):
            held[equipment] = int(quantity)
        yield _standing(balance, held, names)
        money: Counter[str] = Counter()
        brought: Counter[int] = Counter()
        taken: Counter[int] = Counter()
        values = [of, begins, ends, *[at, begins, ends] * 2, *[of, begins, ends] * 2]
        with closing(_grouped(ENTRIES, values)) as groups:
            for head, moves in groups:
                happened_at, _, cause_id, part, id, kind, number, words, amount, _, _ = head
                balance += amount
                came: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
                for equipment, quantity in moves:
                    came[equipment][quantity < 0] += abs(quantity)
                    held[equipment] += quantity
                for equipment, (more, less) in came.items():
                    brought[equipment] += more
                    taken[equipment] += less
                shown_as, what = _told(kind, words)
                money[shown_as] += amount
                yield Entry(
                    _moment(happened_at),
                    shown_as,
                    cause_id if part == STOCK else id,
                    number,
                    what,
                    None if part == STOCK else _dollars(amount),
                    _dollars(balance),
                    [Moved(one, names[one], both[0], both[1], held[one]) for one, both in came.items()],
                )
        yield Closing(
            _standing(balance, held, names),
            Totals(
                _dollars(money["invoice"]),
                _dollars(-money["credit_note"]),
                _dollars(-money["payment"]),
                _dollars(money["reversal"]),
                [
                    Moved(one, names[one], brought[one], taken[one], held[one])
                    for one in sorted({*brought, *taken}, key=lambda one: names[one])
                ],
            ),
        )


def on_paper(customer: Customer, days: Days) -> paper.Statement:
    """The same for a page. Raises TooLong."""
    standing: list[Standing] = []
    entries: list[paper.Entry] = []
    totals = None
    with closing(statement_of(customer, days)) as parts:
        for part in parts:
            if isinstance(part, Standing):
                standing.append(part)
            elif isinstance(part, Closing):
                standing.append(part.standing)
                totals = part.totals
            elif len(entries) == MOST_ON_PAPER:
                raise TooLong(f"There are over {MOST_ON_PAPER:,} entries in these days. Ask for a shorter period.")
            else:
                entries.append(_entry(part))
    assert totals is not None  # noqa: S101  # every statement comes to its end
    begin, end = (_on_paper(one) for one in standing)
    named = ("customer_code", "name", "address", "postal_code", "uen", "email", "phone")
    return paper.Statement(
        seller=cast(paper.Seller, settings.COMPANY),
        buyer=cast(paper.Buyer, {name: getattr(customer, name) for name in named}),
        since=days.since,
        until=days.until,
        opening=begin,
        entries=entries,
        closing=end,
        invoiced=totals.invoiced - totals.credited,
        received=totals.paid - totals.reversed,
    )


def _on_paper(standing: Standing) -> paper.Standing:
    return paper.Standing(
        balance=standing.balance, cylinders=[(name, quantity) for _, name, quantity in standing.cylinders]
    )


def _entry(entry: Entry) -> paper.Entry:
    moved = [(one.name, quantity) for one in entry.moved for quantity in (one.brought, -one.taken) if quantity]
    return paper.Entry(
        at=entry.at,
        kind=entry.kind,
        number=entry.number,
        what=entry.what,
        amount=entry.amount,
        balance=entry.balance,
        moved=moved,
    )


def _grouped(statement: str, values: list[Any]) -> Generator[tuple[sql.Row, list[tuple[int, int]]]]:
    """Each entry's first row, and what moved with it: stock that one cause moved at one moment is one entry,

    and the document that the same sale got at that moment is the same entry.
    """
    head: sql.Row | None = None
    moves: list[tuple[int, int]] = []
    with closing(sql.pieces(statement, values)) as pieces:
        for row in (row for piece in pieces for row in piece):
            is_stock = row[3] == STOCK
            if head is None or not is_stock or row[:3] != head[:3]:
                if head is not None:
                    yield head, moves
                head, moves = row, []
            if is_stock:
                moves.append((row[9], int(row[10])))  # MariaDB: a decimal, for the sign
        if head is not None:
            yield head, moves


def _told(kind: str, words: str) -> tuple[str, str]:
    """What kind of entry it is, and what is said of it."""
    name, said, before = TOLD[kind]
    return name, f"{said}{before}{words}" if words else said


def _standing(balance: int, held: Counter[int], names: dict[int, str]) -> Standing:
    there = [(equipment, names[equipment], quantity) for equipment, quantity in held.items() if quantity]
    return Standing(_dollars(balance), sorted(there, key=lambda one: (one[1], one[0])))


def _dollars(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-MoneyField.decimal_places)


def _moment(at: Any) -> datetime:
    """A time as the database gives it; SQLite gives text."""
    return (at if isinstance(at, datetime) else datetime.fromisoformat(at)).replace(tzinfo=UTC)
