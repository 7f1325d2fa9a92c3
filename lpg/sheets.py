"""Spreadsheets: CSV and XLSX read into rows of plain cells, and written so that what goes out comes in unchanged.

tablib writes both; what may be long is written row by row instead (`stream`).
Reading uses what tablib itself reads with, Python's csv and openpyxl, directly: tablib leaves out
empty lines, so that the row numbers would be wrong, and reads a file to its end before one can say that it is too long.
"""

import codecs
import csv
import re
import struct
import tempfile
import warnings
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any, ClassVar, Literal
from zipfile import BadZipFile, LargeZipFile, ZipFile

import openpyxl
import tablib
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from tablib.formats import registry

from lpg.errors import Refused

type Kind = Literal["csv", "xlsx"]
MEDIA: dict[Kind, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 50 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 50
LAST_ROW = 1_048_576  # of any spreadsheet: a file may claim more
EXACT_DIGITS = 15  # what a spreadsheet keeps of a number
WIDTH = 22
LONGEST_TITLE = 31
PIECE = 64 * 1024

OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
# What the reader of workbooks raises for files that are damaged, or made to do damage.
BROKEN = (
    ArithmeticError,
    AttributeError,
    BadZipFile,
    EOFError,
    InvalidFileException,
    LargeZipFile,
    LookupError,
    NotImplementedError,
    OSError,
    RecursionError,
    RuntimeError,  # a password
    SyntaxError,  # what parsers of XML raise: Python's own, and lxml, which openpyxl takes where it is there
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # what a spreadsheet may take for one, behind the apostrophes we put there
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # in a workbook: it is XML


class Unreadable(Refused):
    """The file as a whole is of no use: no spreadsheet, too large, damaged. Says how to save a better one."""

    status: ClassVar[int] = 400
    code = "unreadable_file"
    title = "This file cannot be read"


@dataclass(frozen=True)
class Row:
    number: int  # as the spreadsheet counts, the headings included
    cells: list[Any]  # text without spaces around it, or the spreadsheet's own numbers, dates, yes and no; empty: None


def read(data: bytes, headings: Collection[str]) -> list[Row]:
    """The rows that are not empty, the headings first. The known `headings` tell which sign separates CSV columns.

    Raises Unreadable.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable("The file is over 5 MB. Split it and import the parts one after the other.")
    rows = _read_xlsx(data) if data.startswith(b"PK") else _kept(_read_csv(_text(data), headings))
    if not rows:
        raise Unreadable("The file is empty. Start from the template: headings in the first row, entries below.")
    return rows


def write(kind: Kind, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], texts: set[str]) -> bytes:
    """A file of these rows. The columns `texts` are marked as text, so that a workbook keeps a zero in front."""
    shown = _csv_cell if kind == "csv" else _xlsx_cell
    table = tablib.Dataset(*([shown(cell) for cell in row] for row in rows), headers=headings)
    if kind == "csv":
        text: str = table.export("csv")
        return codecs.BOM_UTF8 + text.encode()  # with the mark, Excel reads Chinese names right
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    registry.get_format("xlsx").dset_sheet(table, sheet)
    for index, heading in enumerate(headings, 1):
        column = sheet.column_dimensions[get_column_letter(index)]
        column.width = WIDTH
        if heading in texts:
            column.number_format = "@"
            for (cell,) in sheet.iter_rows(min_row=2, min_col=index, max_col=index):
                cell.number_format = "@"
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def stream(kind: Kind, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A file of these rows in pieces: however many there are, few of them are held at a time."""
    return _csv_pieces(headings, rows) if kind == "csv" else _xlsx_pieces(title, headings, rows)


def guard(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _csv_pieces(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    yield codecs.BOM_UTF8
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    for row in rows:
        writer.writerow([_csv_cell(cell) for cell in row])
        if text.tell() > PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _xlsx_pieces(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title[:LONGEST_TITLE])
    for index in range(1, len(headings) + 1):
        sheet.column_dimensions[get_column_letter(index)].width = WIDTH
    sheet.freeze_panes = "A2"
    sheet.append(list(headings))
    for row in rows:
        sheet.append([_xlsx_cell(cell) for cell in row])
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def _kept(rows: Iterable[tuple[int, Sequence[Any]]]) -> list[Row]:
    kept: list[Row] = []
    for number, cells in rows:
        plain = [_plain(cell) for cell in cells]
        if all(cell is None for cell in plain):
            continue
        if len(kept) > MAX_ROWS:
            raise Unreadable(f"There are over {MAX_ROWS:,} rows. Split the file and import the parts one by one.")
        kept.append(Row(number, plain))
    return kept


def _plain(cell: Any) -> Any:
    if isinstance(cell, str):
        return unguard(cell.replace("\r\n", "\n").strip()) or None
    return cell


def _text(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable("This is “Unicode text” (UTF-16). Save it as “CSV UTF-8” or as an Excel workbook (.xlsx).")
    if data.startswith(OLD_WORKBOOK):
        raise Unreadable("This is an old workbook (.xls) or one with a password. Save it as .xlsx without a password.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise Unreadable(
            "This is neither CSV in UTF-8 nor an Excel workbook. Save it as “CSV UTF-8” or as a workbook (.xlsx)."
        )
    return text


def _read_csv(text: str, headings: Collection[str]) -> Iterator[tuple[int, Sequence[Any]]]:
    number = 0
    try:
        for number, cells in enumerate(_csv_rows(text, _delimiter(text, headings), strict=True), 1):
            yield number, cells
    except csv.Error as error:
        raise Unreadable(
            f"Row {number + 1} cannot be read: a quotation mark is not closed, or a cell is far too long."
        ) from error


def _csv_rows(text: str, delimiter: str, *, strict: bool) -> Iterator[list[str]]:
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=strict)


def _delimiter(text: str, headings: Collection[str]) -> str:
    """Comma or semicolon: whichever makes more of the headings."""

    def understood(delimiter: str) -> int:
        first = next((row for row in _csv_rows(text, delimiter, strict=False) if any(row)), [])
        return len({cell.strip() for cell in first} & set(headings))

    return max(",;", key=understood)


def _read_xlsx(data: bytes) -> list[Row]:
    try:
        with ZipFile(BytesIO(data)) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        if unpacked > MAX_UNPACKED:
            raise Unreadable("The workbook unpacks to over 50 MB. Keep the one sheet with the entries.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pictures, validations and styles that it leaves out
            book = openpyxl.load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
            try:
                cells = book.worksheets[0].iter_rows(max_row=LAST_ROW, max_col=MAX_COLUMNS + 1, values_only=True)
                return _kept(enumerate(cells, 1))
            finally:
                book.close()
    except BROKEN as error:
        raise Unreadable("This workbook is damaged or is no workbook. Open it, save it as .xlsx and try again.") from (
            error
        )


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    return guard(str(value))


def _xlsx_cell(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value if len(value.as_tuple().digits) <= EXACT_DIGITS else format(value, "f")
    if value is None or isinstance(value, (bool, int, date)):
        return value
    return guard(_UNWRITABLE.sub("", str(value)))
