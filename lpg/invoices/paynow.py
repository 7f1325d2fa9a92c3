"""The text of a PayNow QR code (SGQR, merchant-presented): whoever scans it pays this amount to this UEN."""

import unicodedata
from datetime import date
from decimal import Decimal

LONGEST_NAME = LONGEST_REFERENCE = 25


def paynow_code(uen: str, amount: Decimal, reference: str, merchant: str, expires: date | None = None) -> str:
    """The payer can change neither the amount nor the reference; after `expires` it is refused."""
    account = [("00", "SG.PAYNOW"), ("01", "2"), ("02", uen), ("03", "0")]
    if expires:
        account.append(("04", f"{expires:%Y%m%d}"))
    code = _fields(
        ("00", "01"),
        ("01", "12"),
        ("26", _fields(*account)),
        ("52", "0000"),
        ("53", "702"),
        ("54", f"{amount:.2f}"),
        ("58", "SG"),
        ("59", _ascii(merchant)[:LONGEST_NAME].strip() or uen),
        ("60", "Singapore"),
        ("62", _fields(("01", reference[:LONGEST_REFERENCE]))),
    )
    return sealed(f"{code}6304")


def sealed(code: str) -> str:
    """With its check: CRC16-CCITT-FALSE over everything before it."""
    check = 0xFFFF
    for byte in code.encode("ascii"):
        check ^= byte << 8
        for _ in range(8):
            check = (check << 1 ^ 0x1021 if check & 0x8000 else check << 1) & 0xFFFF
    return f"{code}{check:04X}"


def _fields(*fields: tuple[str, str]) -> str:
    return "".join(f"{name}{len(value):02}{value}" for name, value in fields)


def _ascii(name: str) -> str:
    """Without accents, and without what no bank can read."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join("".join(letter for letter in plain if letter.isprintable() or letter.isspace()).split())
