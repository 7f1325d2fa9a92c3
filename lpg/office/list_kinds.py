"""What a list is that goes out and comes in as a file.

In a file an entry is named by the key that people know (customer code, SKU, depot code), never by an id. Every row is
judged by the API's inputs and written by the same services as everything else.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar

from django.db.models import Model, QuerySet

from lpg.api.inputs import Input, Ref, Text
from lpg.errors import Errors
from lpg.office.row_inputs import RowInput, as_text
from lpg.roles import Actor

FEW = 12  # so many choices one can still read


class Done(Enum):
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Line:
    """A row of the file: its cells by heading, without the empty ones."""

    number: int
    cells: dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    done: Done
    entry: str = ""  # its key
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)  # before and after, as the file spells them


class Listing(ABC):
    """One list, as one person sees it and may change it."""

    noun: ClassVar[str]  # in addresses and names of files
    title: ClassVar[str]
    one: ClassVar[str]
    many: ClassVar[str]
    about: ClassVar[str]  # what a file of it can do
    bodies: ClassVar[tuple[type[Input], ...]]
    columns: ClassVar[tuple[str, ...]]
    needed: ClassVar[tuple[str, ...]]  # columns that a file cannot do without
    renamed: ClassVar[dict[str, str]]
    example: ClassVar[dict[str, Any]]
    do_not_call_in_templates: ClassVar = True  # a page shows the class

    def __init__(self, actor: Actor):
        self.actor = actor

    @abstractmethod
    def count(self) -> int: ...

    @abstractmethod
    def rows(self) -> Iterable[Sequence[Any]]:
        """Every entry, its values in the order of the columns: in a number of statements that does not grow."""

    @abstractmethod
    def look_up(self, lines: Sequence[Line]) -> None:
        """Find, in a number of statements that does not grow, all that the lines name. To be called before `take`."""

    @abstractmethod
    def take(self, line: Line) -> Outcome:
        """Create or change what the line says. Raises Refused (Invalid names the columns), and then changed nothing."""

    @classmethod
    def fields(cls) -> dict[str, Any]:
        """The columns and the input's field of each; those that name something by its key have a text field."""
        fields = {name: kept for body in cls.bodies for name, kept in body().fields.items()}
        key = Text(max_length=100)
        return {name: key if isinstance(fields.get(name, key), Ref) else fields.get(name, key) for name in cls.columns}


class Keyed(Listing):
    """A list of entries with a key of their own: a known key changes the entry, a new one creates it."""

    key: ClassVar[str]

    def __init__(self, actor: Actor):
        super().__init__(actor)
        self._input = RowInput(self.bodies[0])
        self._first: dict[str, int] = {}
        self._known: dict[str, Any] = {}

    @abstractmethod
    def seen(self) -> QuerySet[Any]: ...

    @abstractmethod
    def create(self, values: Any) -> Model: ...

    @abstractmethod
    def change(self, id: int, values: Any) -> Model: ...

    def find(self, cells: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
        """What the line names by keys of others: ids, and what is wrong."""
        return {}, {}

    def current(self, entry: Any, name: str) -> Any:
        return getattr(entry, name)

    def spelled(self, name: str, value: Any) -> Any:
        """A value as the file spells it."""
        return value

    def count(self) -> int:
        return self.seen().count()

    def rows(self) -> Iterable[Sequence[Any]]:
        for entry in self.seen().order_by(self.key).iterator(2000):
            yield [self.spelled(name, self.current(entry, name)) for name in self.columns]

    def look_up(self, lines: Sequence[Line]) -> None:
        entries = self.seen().filter(**{f"{self.key}__in": keys_in(lines, self.key)})
        self._known = {getattr(entry, self.key): entry for entry in entries}

    def take(self, line: Line) -> Outcome:
        found, wrong = self.find(line.cells)
        key = key_of(line.cells, self.key)
        if key:
            first = self._first.setdefault(key, line.number)
            if first != line.number:
                wrong[self.key] = [f"Row {first} has {key} as well. Keep one of the two."]
        entry = self._known.get(key)
        values = self._input.values(line.cells, partial=entry is not None, found=found, wrong=wrong)
        if entry is None:
            self.create(values)
            return Outcome(Done.CREATED)
        pairs = {name: (self.current(entry, name), value) for name, value in values.items()}
        differing = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
        if not differing:
            return Outcome(Done.UNCHANGED)
        self.change(entry.pk, {name: after for name, (_, after) in differing.items()})
        spelled = {
            name: (self.spelled(name, before), self.spelled(name, after)) for name, (before, after) in differing.items()
        }
        return Outcome(Done.CHANGED, key, spelled)


def key_of(cells: Mapping[str, Any], column: str) -> str:
    """The key in this column; empty when there is none, or when the spreadsheet garbled it."""
    try:
        return as_text(cells[column]) if column in cells else ""
    except ValueError:  # the input says what is wrong with it
        return ""


def keys_in(lines: Sequence[Line], column: str) -> set[str]:
    """All keys in this column."""
    return {key_of(line.cells, column) for line in lines} - {""}


def found_by_key(cells: Mapping[str, Any], known: Mapping[str, Mapping[str, int]]) -> tuple[dict[str, int], Errors]:
    """For each column of `known` the id that its key stands for, and for the others what is wrong."""
    found: dict[str, int] = {}
    wrong: Errors = {}
    for column, ids in known.items():
        if column not in cells:
            continue
        key = key_of(cells, column)
        if key in ids:
            found[column] = ids[key]
        else:
            choice = f" Write one of {', '.join(sorted(ids))}." if 0 < len(ids) <= FEW else " Check its spelling."
            wrong[column] = [f"There is no {column} “{str(cells[column])[:60]}”.{choice}"]
    return found, wrong
