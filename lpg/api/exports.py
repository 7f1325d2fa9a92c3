"""Reports: of whole days, and as a file that a spreadsheet opens."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

from lpg import sheets, work
from lpg.api.inputs import Choice, Day, Query
from lpg.sheets import MEDIA, Kind

FILES = tuple(MEDIA.values())


class DaysQuery(Query):
    """The days that a report is of."""

    since = Day(required=False, help_text="The first day. Left out: the first of the month.")
    until = Day(required=False, help_text="The last day, itself included. Left out: today.")


def export() -> Choice:
    """The parameter that asks for a file."""
    return Choice(list(MEDIA), required=False, help_text="As a file for a spreadsheet, with all there is.")


class Begun:
    """What a generator yields, for an answer that is streamed: begun at once, so that it can still be refused,

    and closed with the answer, so that nothing stays open when a client has gone away.
    """

    def __init__(self, parts: Generator[bytes]):
        self.parts = parts
        self.first: bytes | None = next(parts)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self.first = self.first, None
        return next(self.parts) if first is None else first

    def close(self) -> None:
        self.parts.close()


def streamed(parts: Generator[bytes], media: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(Begun(parts), content_type=media)


def as_file(
    kind: Kind, name: str, headings: Sequence[str], rows: Callable[[], Iterable[Sequence[Any]]]
) -> StreamingHttpResponse:
    """All `rows` as they are at one moment, asked for while they are sent."""

    def parts() -> Generator[bytes]:
        with work.snapshot():
            yield from sheets.stream(kind, name, headings, rows())

    answer = streamed(parts(), MEDIA[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer
