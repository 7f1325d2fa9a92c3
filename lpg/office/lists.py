"""Lists in and out as files. An import happens whole or not at all; a dry run does everything and takes it back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from rest_framework.serializers import CharField, ChoiceField, DateField

from lpg import sheets, work
from lpg.api.inputs import Amount
from lpg.depots.selectors import depots_seen_by
from lpg.errors import Missing, Refused
from lpg.office.list_kinds import Done, Line, Listing
from lpg.office.list_nouns import LISTS
from lpg.roles import Actor, require
from lpg.sheets import Kind, Row, Unreadable

LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Fault:
    """One thing to correct. `column` is empty where the row as a whole is refused."""

    row: int
    column: str
    message: str


@dataclass(frozen=True)
class Change:
    """One value of an entry that is there already."""

    row: int
    entry: str
    column: str
    before: Any
    after: Any


@dataclass
class Report:
    """What an import did, or in a dry run would do."""

    noun: str
    counts: Counter[Done] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    done: bool = False

    @property
    def effects(self) -> int:
        """How many entries are created or changed."""
        return self.counts[Done.CREATED] + self.counts[Done.CHANGED]

    @property
    def bad_rows(self) -> int:
        return len({fault.row for fault in self.faults})

    @property
    def figures(self) -> list[int]:
        """Created, changed, left as they are."""
        return [self.counts[done] for done in Done]


class _TakenBack(Exception):
    """Rolls the unit of work back; the report is all that remains of it."""


def listing(noun: str) -> type[Listing]:
    """Raises Missing for a list that there is not."""
    if noun not in LISTS:
        raise Missing(f"There is no such list. There are: {', '.join(LISTS)}.")
    return LISTS[noun]


def run(noun: str, data: bytes, *, actor: Actor, dry: bool, as_checked: list[int] | None = None) -> Report:
    """Import the file `data`, CSV or XLSX, into a list. The report tells every bad row; with one, nothing is changed.

    `as_checked` are the figures of an earlier dry run: when it would come out otherwise now, nothing is changed either.
    Raises NotAllowed, and Unreadable when the file as a whole is of no use.
    """
    require(actor, "lists.import")
    kind = listing(noun)
    heading, *rows = sheets.read(data, kind.columns)
    columns, faults = _columns(kind, heading)
    if faults:
        return Report(noun, faults=faults)
    if not rows:
        raise Unreadable("There are headings, but no entries below them. Write one entry in each row.")

    def effect() -> Report:
        report = _taken(kind(actor), columns, rows)
        if dry or report.faults or (as_checked is not None and report.figures != as_checked):
            raise _TakenBack(report)
        return report

    try:
        report = work.run(effect)
    except _TakenBack as taken_back:
        kept: Report = taken_back.args[0]
        return kept
    report.done = True
    return report


def export(noun: str, kind: Kind, *, actor: Actor) -> bytes:
    """Every entry of the list that the actor sees, as a file that can be imported again."""
    require(actor, "lists.export")
    chosen = listing(noun)
    return _written(chosen, kind, chosen(actor).rows())


def template(noun: str, kind: Kind, *, actor: Actor) -> bytes:
    """The headings and one example row. Its keys name nothing that exists."""
    require(actor, "lists.import")
    chosen = listing(noun)
    example = dict(chosen.example)
    if "depot" in example:
        depot = depots_seen_by(actor).filter(is_active=True).order_by("pk").first()
        example["depot"] = depot.code if depot else "DEPOT"
    row = [_typed(kept, example[name]) for name, kept in chosen.fields().items()]
    return _written(chosen, kind, [row])


def _written(chosen: type[Listing], kind: Kind, rows: Iterable[Sequence[Any]]) -> bytes:
    texts = {name for name, kept in chosen.fields().items() if isinstance(kept, (CharField, ChoiceField))}
    return sheets.write(kind, chosen.title, chosen.columns, rows, texts)


def _typed(kept: Any, example: Any) -> Any:
    """An example out of the API's documents, as a spreadsheet would hold it."""
    if isinstance(kept, Amount):
        return Decimal(example)
    return date.fromisoformat(example) if isinstance(kept, DateField) else example


def _columns(kind: type[Listing], heading: Row) -> tuple[dict[int, str], list[Fault]]:
    """Which column of the file is which of the list's, and what is wrong with the headings."""
    columns: dict[int, str] = {}
    faults: list[Fault] = []
    for index, cell in enumerate(heading.cells):
        name = str(cell)
        if cell is None:
            continue
        if name in columns.values():
            message = "There are two columns of this name. Keep one of them."
        elif name in kind.columns:
            columns[index] = name
            continue
        elif right := kind.renamed.get(name):
            message = f"This is called {right} here."
        else:
            message = f"There is no such column. Take it out, or use one of: {', '.join(kind.columns)}."
        faults.append(Fault(heading.number, name[:60], message))
    named = {*columns.values(), *(kind.renamed.get(fault.column) for fault in faults)}
    faults += [
        Fault(heading.number, name, "This column is missing. The template has all headings.")
        for name in kind.needed
        if name not in named
    ]
    return columns, faults


def _taken(listing: Listing, columns: dict[int, str], rows: Sequence[Row]) -> Report:
    report = Report(listing.noun)
    lines = []
    for row in rows:
        cells = {columns[index]: cell for index, cell in enumerate(row.cells) if index in columns and cell is not None}
        lines.append(Line(row.number, cells))
        report.faults += [
            Fault(row.number, f"column {index + 1}", "This stands under no heading. Write one, or take this out.")
            for index, cell in enumerate(row.cells)
            if index not in columns and cell is not None
        ]
    listing.look_up(lines)
    for line in lines:
        try:
            outcome = listing.take(line)
        except Refused as refused:
            report.faults += _faults(listing, line, refused)
        else:
            report.counts[outcome.done] += 1
            report.changes += [
                Change(line.number, outcome.entry, name, *pair) for name, pair in outcome.changes.items()
            ]
    report.faults.sort(key=lambda fault: fault.row)
    return report


def _faults(listing: Listing, line: Line, refused: Refused) -> list[Fault]:
    """What a refusal means for the row, in the order of the columns."""
    if not refused.errors:
        return [Fault(line.number, "", refused.detail)]
    order = {name: index for index, name in enumerate(listing.columns)}
    names = sorted(refused.errors, key=lambda name: order.get(name, len(order)))
    return [
        Fault(line.number, name if name in order else "", message[:LONGEST_MESSAGE])
        for name in names
        for message in refused.errors[name]
    ]
