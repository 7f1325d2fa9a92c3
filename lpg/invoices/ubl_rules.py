"""What every e-invoice must hold before it leaves: the rules of PINT-SG that we could break, and stricter ones of ours.

It reads the finished XML as a receiver would, so that it also sees what the writing may have done to it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree as ET

from stdnum.sg import uen as sg_uen

from lpg.invoices.models import Invoice
from lpg.invoices.tax import cents

AGGREGATES = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
BASICS = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
ROOTS = {kind: f"urn:oasis:names:specification:ubl:schema:xsd:{kind}-2" for kind in ("Invoice", "CreditNote")}
CUSTOMIZATION = "urn:peppol:pint:billing-1@sg-1"
PROFILE = "urn:peppol:bis:billing"
ENDPOINTS = "0195"

NAMES = {"cac": AGGREGATES, "cbc": BASICS}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AMOUNT = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]{2}")
TOTALS = ("LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount")
NEEDED = (
    "cbc:BuyerReference",
    "cac:TaxTotal/cbc:TaxAmount",
    *(f"cac:LegalMonetaryTotal/cbc:{total}" for total in TOTALS),
)


def violations(xml: bytes, invoice: Invoice) -> list[str]:
    """Every rule that this XML of the document breaks; none, as it should be."""
    root = ET.fromstring(xml)  # noqa: S314  # we wrote it ourselves a moment ago
    kind = root.tag.rpartition("}")[2]
    lines = root.findall(f"cac:{kind}Line", NAMES)
    checks = (_head(root, kind, invoice), _amounts(root), _parties(root), _lines(lines, kind))
    found = [words for check in checks for words in check]
    if found:
        return found  # without these, there is nothing to add up
    return [*_sums(root, lines), *_tax(root, lines, invoice), *_as_issued(root, invoice)]


def _head(root: ET.Element, kind: str, invoice: Invoice) -> Iterator[str]:
    if root.tag != f"{{{ROOTS.get(kind)}}}{kind}":
        yield f"the root is {root.tag}"
    expected = {
        "CustomizationID": CUSTOMIZATION,
        "ProfileID": PROFILE,
        "ID": invoice.invoice_number,
        f"{kind}TypeCode": {"Invoice": "380", "CreditNote": "381"}.get(kind, ""),
        "DocumentCurrencyCode": "SGD",
        "TaxCurrencyCode": "",
    }
    yield from (f"{name} is not {want!r}" for name, want in expected.items() if _of(root, f"cbc:{name}") != want)
    if not UUID.fullmatch(_of(root, "cbc:UUID")):
        yield "UUID is none"
    days = ["IssueDate", *(["DueDate"] if kind == "Invoice" else [])]
    yield from (f"{name} is no day" for name in days if not _is_a_day(_of(root, f"cbc:{name}")))
    yield from (f"no {path}" for path in NEEDED if not _of(root, path))
    if invoice.is_credit_note and not _of(root, "cbc:Note"):
        yield "a credit note without its reason"
    original = "cac:BillingReference/cac:InvoiceDocumentReference"
    if invoice.is_correction and not (
        _of(root, f"{original}/cbc:ID") and _is_a_day(_of(root, f"{original}/cbc:IssueDate"))
    ):
        yield "a credit note without number and date of what it corrects"


def _amounts(root: ET.Element) -> Iterator[str]:
    for element in root.iter():
        name = element.tag.rpartition("}")[2]
        if (element.text or "").strip() == "" and not len(element):
            yield f"{name} is empty"
        if name.endswith("Amount"):
            if element.get("currencyID") != "SGD":
                yield f"{name} is not in SGD"
            if not AMOUNT.fullmatch(element.text or "") or element.text == "-0.00":
                yield f"{name} {element.text} has not two decimals"


def _parties(root: ET.Element) -> Iterator[str]:
    taxed = any(category.text == "SR" for category in root.iterfind(".//cac:TaxCategory/cbc:ID", NAMES))
    for who in ("AccountingSupplierParty", "AccountingCustomerParty"):
        party = f"cac:{who}/cac:Party"
        address = root.find(f"{party}/cbc:EndpointID", NAMES)
        endpoint = "" if address is None else address.text or ""
        uen = endpoint.removeprefix("SGUEN")
        if address is None or address.get("schemeID") != ENDPOINTS or uen == endpoint or not sg_uen.is_valid(uen):
            yield f"{who}: the endpoint is not SGUEN and a UEN in scheme {ENDPOINTS}"
        needed = {
            "cac:PostalAddress/cac:Country/cbc:IdentificationCode": True,
            "cac:PostalAddress/cbc:StreetName": taxed,
            "cac:PostalAddress/cbc:PostalZone": taxed,
            "cac:PartyLegalEntity/cbc:RegistrationName": True,
            "cac:PartyLegalEntity/cbc:CompanyID": True,
            "cac:PartyTaxScheme/cbc:CompanyID": taxed and who == "AccountingSupplierParty",
        }
        yield from (f"{who}: no {path}" for path, need in needed.items() if need and not _of(root, f"{party}/{path}"))


def _lines(lines: list[ET.Element], kind: str) -> Iterator[str]:
    if not lines:
        yield "no line"
    ids = [_of(line, "cbc:ID") for line in lines]
    if len(set(ids)) < len(ids):
        yield "line ids are not unique"
    counted = "cbc:CreditedQuantity" if kind == "CreditNote" else "cbc:InvoicedQuantity"
    for line, id in zip(lines, ids, strict=True):
        needed = ("cbc:ID", counted, "cbc:LineExtensionAmount", "cac:Item/cbc:Name", "cac:Price/cbc:PriceAmount")
        if absent := [path for path in needed if not _of(line, path)]:
            yield f"line {id}: no {', '.join(absent)}"
            continue
        net, price = _number(line, "cbc:LineExtensionAmount"), _number(line, "cac:Price/cbc:PriceAmount")
        base = _number(line, "cac:Price/cbc:BaseQuantity", "1")
        if price < 0 or base <= 0:
            yield f"line {id}: a price or its base quantity is below zero"
        elif _number(line, counted) * price / base != net:
            yield f"line {id}: quantity and price do not come to the line's amount"


def _sums(root: ET.Element, lines: list[ET.Element]) -> Iterator[str]:
    total = "cac:LegalMonetaryTotal/cbc:"
    net, inclusive = _number(root, f"{total}TaxExclusiveAmount"), _number(root, f"{total}TaxInclusiveAmount")
    summed = sum((_number(line, "cbc:LineExtensionAmount") for line in lines), Decimal(0))
    if not summed == net == _number(root, f"{total}LineExtensionAmount"):
        yield "the lines do not add up to the amount without tax"
    if inclusive != net + _number(root, "cac:TaxTotal/cbc:TaxAmount"):
        yield "the total is not amount and tax"
    if _number(root, f"{total}PayableAmount") != inclusive - _number(root, f"{total}PrepaidAmount", "0"):
        yield "what is payable is not the total less what was paid"
    if inclusive < 0:
        yield "the total is below zero"


def _tax(root: ET.Element, lines: list[ET.Element], invoice: Invoice) -> Iterator[str]:
    """To the cent, half-up, for each rate: of the amount without tax, or out of the total where prices include it."""
    if len(root.findall("cac:TaxTotal", NAMES)) != 1:
        yield "not one TaxTotal"
    by_rate: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        by_rate[_category(line, "cac:Item/cac:ClassifiedTaxCategory")] += _number(line, "cbc:LineExtensionAmount")
    parts = root.findall("cac:TaxTotal/cac:TaxSubtotal", NAMES)
    if {_category(part, "cac:TaxCategory"): _number(part, "cbc:TaxableAmount") for part in parts} != by_rate:
        yield "the taxable amounts are not those of the lines"
    if sum(_number(part, "cbc:TaxAmount") for part in parts) != _number(root, "cac:TaxTotal/cbc:TaxAmount"):
        yield "the tax is not the sum of its parts"
    for part in parts:
        code, percent = _category(part, "cac:TaxCategory")
        rate, net, tax = Decimal(percent), _number(part, "cbc:TaxableAmount"), _number(part, "cbc:TaxAmount")
        if (code == "SR") != (rate > 0) or code not in {"SR", "OS"}:
            yield f"category {code} at {percent}"
        due = (net + tax) * rate / (100 + rate) if invoice.prices_include_gst else net * rate / 100
        if tax != cents(due):
            yield f"the tax at {percent} is not right to the cent"


def _as_issued(root: ET.Element, invoice: Invoice) -> Iterator[str]:
    """The XML says what the document says."""
    said = (
        _number(root, "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount"),
        _number(root, "cac:TaxTotal/cbc:TaxAmount"),
        _number(root, "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount"),
    )
    if said != (abs(invoice.subtotal), abs(invoice.tax_amount), abs(invoice.total_amount)):
        yield "the amounts are not those of the document"


def _category(element: ET.Element, path: str) -> tuple[str, str]:
    scheme = _of(element, f"{path}/cac:TaxScheme/cbc:ID")
    return _of(element, f"{path}/cbc:ID") if scheme == "GST" else "", _of(element, f"{path}/cbc:Percent")


def _of(element: ET.Element, path: str) -> str:
    return element.findtext(path, "", NAMES).strip()


def _number(element: ET.Element, path: str, default: str = "") -> Decimal:
    return Decimal(_of(element, path) or default)


def _is_a_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
