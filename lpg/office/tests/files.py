"""Makers of the files that people upload."""

from io import BytesIO
from typing import Any

import openpyxl

HEAD = ["customer_code", "name", "payment_type", "depot"]


def csv_file(*rows: list[str], delimiter: str = ",") -> bytes:
    return "\r\n".join(delimiter.join(row) for row in rows).encode()


def workbook(*rows: list[Any]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()


def cells_of(data: bytes) -> list[list[Any]]:
    book = openpyxl.load_workbook(BytesIO(data))
    return [list(row) for row in book.worksheets[0].iter_rows(values_only=True)]
