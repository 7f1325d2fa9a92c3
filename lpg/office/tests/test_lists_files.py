"""Which files are read, and what is said of those that are not."""

import io
import zipfile
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.db import models
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from lpg import sheets
from lpg.accounts.models import User
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.customers.serializers import CustomerInput
from lpg.depots.models import Depot
from lpg.office import lists
from lpg.office.tests.files import HEAD, cells_of, csv_file, workbook
from lpg.sheets import Unreadable, guard, read, unguard
from tests import make

SOUND = workbook(HEAD, ["A-2", 1.5, True, None])
ROW = ["A-1", "Shop", "CASH", "SINGGAS"]


def rows(data: bytes) -> list[tuple[int, list[Any]]]:
    return [(row.number, row.cells) for row in read(data, HEAD)]


def repacked(data: bytes, **parts: bytes | None) -> bytes:
    """A workbook with other contents in some of its parts (named by the end of their path); None: left out."""
    stream = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            short = name.rsplit("/", 1)[-1].split(".")[0]
            content = parts.get(short, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return stream.getvalue()


def sheet(inner: str, before: str = "") -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return (
        f'<?xml version="1.0"?>{before}<worksheet xmlns="{space}"><sheetData>{inner}</sheetData></worksheet>'.encode()
    )


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_csv_as_people_save_it(mark: bytes, delimiter: str, end: str) -> None:
    text = csv_file(HEAD, [], ROW, delimiter=delimiter).decode().replace("\r\n", end)
    assert rows(mark + text.encode()) == [(1, HEAD), (3, ROW)]


def test_numbers_of_rows_are_those_of_the_spreadsheet() -> None:
    data = csv_file([" customer_code ", "name"], [], ["A-1", '"two\r\nlines"'], ["", " "], ["A-2", "'=1"])
    assert rows(data) == [(1, ["customer_code", "name"]), (3, ["A-1", "two\nlines"]), (5, ["A-2", "=1"])]
    data = workbook(["customer_code", "name"], [None, "  "], ["A-1", "Shop"])
    assert rows(data) == [(1, ["customer_code", "name", *[None] * 49]), (3, ["A-1", "Shop", *[None] * 49])]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n , ,\r\n", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "neither CSV"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "neither CSV"),
        ("name,depot\nCafé,X".encode("latin-1"), "neither CSV"),
        (b"customer_code\nA\0B\n", "neither CSV"),
        ("customer_code\nA-1\n".encode("utf-16-le"), "neither CSV"),
        ("customer_code\nA-1\n".encode("utf-16"), "Unicode text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old workbook"),
        (b'customer_code\n"A-1', "Row 2 cannot be read"),
        (b'customer_code\nA-1\n"A" B,c\n', "Row 3 cannot be read"),
        (b"customer_code\n" + b"x" * 200_000, "Row 2 cannot be read"),
        (b"x" * 200_000, "Row 1 cannot be read"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"PK\x05\x06" + b"\0" * 18, "damaged"),
        (b"x" * (sheets.MAX_BYTES + 1), "over 5 MB"),
        (csv_file(["customer_code"], *[["A"]] * 5_001), "over 5,000 rows"),
        (workbook(["customer_code"], *[["A"]] * 5_001), "over 5,000 rows"),
        (workbook(), "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_of_no_use(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        read(data, HEAD)


def test_five_thousand_rows_are_read() -> None:
    assert len(read(csv_file(["customer_code"], *[["A"]] * 5_000), HEAD)) == 5_001
    assert len(read(workbook(["customer_code"], *[["A"]] * 5_000), HEAD)) == 5_001


def test_a_zip_bomb_is_not_unpacked() -> None:
    with pytest.raises(Unreadable, match="50 MB"):
        read(repacked(workbook(HEAD), styles=b" " * (sheets.MAX_UNPACKED + 1)), HEAD)


def test_a_zip_bomb_that_lies_about_its_size() -> None:
    honest = repacked(workbook(HEAD), sheet1=sheet(" " * 9_999_999))
    size = (9_999_999 + len(sheet(""))).to_bytes(4, "little")
    assert size in honest
    with pytest.raises(Unreadable, match="damaged"):
        read(honest.replace(size, (100).to_bytes(4, "little")), HEAD)


@pytest.mark.parametrize(
    "parts",
    [
        {"sheet1": sheet("<row><c t='s'><v>99</v></c></row>")},
        {"sheet1": sheet("<row><c><v>nan</v></c></row>")},
        {"sheet1": sheet(f"<row><c><v>{'9' * 5000}</v></c></row>")},
        {"sheet1": sheet("<row r='x'><c r='ZZZZZZZ1'><v>1</v></c></row>")},
        {"sheet1": sheet("<row><c>")},
        {"sheet1": None},
        {"workbook": None},
        {"workbook": b"<x/>"},
        {"[Content_Types]": None},
        {"[Content_Types]": b"\xff"},
        {"styles": b"<broken"},
        {
            "sheet1": sheet(
                "<row><c t='inlineStr'><is><t>&i;</t></is></c></row>",
                "<!DOCTYPE x [<!ENTITY a '0123456789'>"
                + "".join(
                    f"<!ENTITY {new} '{f'&{old};' * 10}'>" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
                )
                + "]>",
            )
        },
    ],
)
def test_workbooks_that_are_damaged_or_want_to_do_damage(parts: dict[str, bytes | None]) -> None:
    with pytest.raises(Unreadable, match="damaged"):
        read(repacked(workbook(HEAD), **parts), HEAD)


def test_a_workbook_that_claims_endless_rows_is_read_at_once() -> None:
    data = repacked(workbook(), sheet1=sheet("<row r='99999999999'><c t='inlineStr'><is><t>x</t></is></c></row>"))
    with pytest.raises(Unreadable, match="empty"):
        read(data, HEAD)


def test_what_a_workbook_has_besides_its_cells_is_left_alone() -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["customer_code"])
    book.worksheets[0].append(["=1+1"])  # never calculated: an empty cell
    book.worksheets[0].append(["A-1"])
    book.create_sheet("Second").append(["not read"])
    stream = io.BytesIO()
    book.save(stream)
    assert [number for number, _ in rows(stream.getvalue())] == [1, 3]


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"PK\x03\x04" + tail))
def test_whatever_bytes_arrive_are_read_or_refused(data: bytes) -> None:
    try:
        read(data, HEAD)
    except Unreadable as refused:
        assert refused.detail.endswith(".")


@settings(max_examples=300)
@given(st.data())
def test_a_workbook_with_a_damaged_byte_is_read_or_refused(data: st.DataObject) -> None:
    whole = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read(bytes(whole), HEAD)
    except Unreadable as refused:
        assert refused.detail.endswith(".")


@given(st.text() | st.from_regex(r"\A'{0,3}[=+\-@\t\r]?.{0,3}\Z"))
def test_the_guard_against_formulas_comes_off_again(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in set("=+-@\t\r")


awkward = st.sampled_from(
    ["=", "+", "-", "@", "'", '"', ",", ";", "\t", "\n", "x", "1", ".", "é", "金", "😀", " ", "\u2028"]
)
texts = st.text(max_size=12) | st.lists(awkward, max_size=8).map("".join)


@pytest.mark.django_db
@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=st.fixed_dictionaries(
        {"name": texts, "address": texts, "phone": texts, "postal_code": st.text("0123456789", max_size=10)},
        optional={
            "credit_limit": st.decimals(0, 10**16 - 1, places=2),
            "meter_rate": st.decimals(0, 10**14 - 1, places=4),
            "payment_terms_days": st.integers(0, 365),
            "is_active": st.booleans(),
            "customer_code": st.text([chr(sign) for sign in range(32, 127)], min_size=1, max_size=30),
        },
    ),
    kind=st.sampled_from(["csv", "xlsx"]),
)
def test_round_trip(admin: User, singgas: Depot, values: Any, kind: Any) -> None:
    customer = customers.customers_seen_by(admin).first() or make.a_customer(admin, singgas)
    judged = CustomerInput(data=values, partial=True)
    assume(judged.is_valid())
    customers.change_customer(actor=admin, customer_id=customer.pk, values=judged.validated_data)
    before = AuditLog.objects.aggregate(last=models.Max("pk"))
    report = lists.run("customers", lists.export("customers", kind, actor=admin), actor=admin, dry=False)
    assert (report.faults, report.changes, report.figures) == ([], [], [0, 0, 1])
    assert AuditLog.objects.aggregate(last=models.Max("pk")) == before


@pytest.mark.django_db
def test_what_no_workbook_can_hold_is_left_out(admin: User, singgas: Depot) -> None:
    make.a_customer(admin, singgas, name="Bell\x07 \ufffeShop", customer_code="A-1")
    assert not CustomerInput(data={"name": "\ufffe"}, partial=True).is_valid()
    head, row = cells_of(lists.export("customers", "xlsx", actor=admin))
    assert dict(zip(head, row, strict=True))["name"] == "Bell Shop"
