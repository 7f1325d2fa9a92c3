"""The e-invoice of a document: Peppol PINT-SG in UBL 2.1, made from what the document froze and from nothing else.

UBL wants its elements in one order; each function here writes its part in that order.
"""

import re
from datetime import UTC
from decimal import Decimal
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as ET

from stdnum.sg import uen as sg_uen

from lpg.errors import Refused
from lpg.invoices.models import Invoice, InvoiceLine
from lpg.invoices.tax import cents
from lpg.invoices.ubl_rules import AGGREGATES, BASICS, CUSTOMIZATION, ENDPOINTS, PROFILE, ROOTS, violations

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
STANDARD_RATED, UNTAXED = "SR", "OS"
PAYNOW = "Z02"
PIECE, CUBIC_METRE = "EA", "MTQ"
NOTHING = Decimal("0.00")
# What XML 1.0 cannot hold, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class RecordIncomplete(Refused):
    """An e-invoice says who sells and who buys in ways that a paper need not."""

    code = "record_incomplete"
    title = "Not enough is known for an e-invoice"


class NotAnEInvoice(Exception):
    """What was written breaks the rules: our mistake, and it must not leave."""


def e_invoice(invoice: Invoice) -> bytes:
    """The same document always gives the same bytes. It needs its lines in order and what it corrects.

    Raises RecordIncomplete with all that is missing; NotAnEInvoice, should we ever write one that is wrong.
    """
    if missing := _missing(invoice):
        raise RecordIncomplete(
            f"{invoice} cannot go out as an e-invoice. It was issued without: {'; '.join(missing)}. "
            "Complete the record: documents issued from then on will have it.",
            missing=missing,
        )
    xml = _written(invoice)
    if wrong := violations(xml, invoice):
        raise NotAnEInvoice(f"{invoice}: {'; '.join(wrong)}")
    return xml


def _missing(invoice: Invoice) -> list[str]:
    """What has to be on the records of the company and the customer, in words."""
    seller, buyer, taxed = invoice.seller, invoice.buyer, invoice.gst_rate > 0
    wanted = [
        (seller["name"], "the company's name (COMPANY_NAME)"),
        (seller["uen"], "the company's UEN (COMPANY_UEN)"),
        (_is_a_uen(seller["uen"]), f"a valid UEN of the company: {seller['uen']} is none (COMPANY_UEN)"),
        (seller["gst_reg_no"] or not taxed, "the company's GST registration number (COMPANY_GST_REG_NO)"),
        (seller["address"].strip() or not taxed, "the company's address (COMPANY_ADDRESS)"),
        (seller["postal_code"].strip() or not taxed, "the company's postal code (COMPANY_POSTAL_CODE)"),
        (buyer["uen"], "the customer's UEN"),
        (_is_a_uen(buyer["uen"]), f"a valid UEN of the customer: {buyer['uen']} is none"),
        (buyer["address"].strip() or not taxed, "the customer's address"),
        (buyer["postal_code"].strip() or not taxed, "the customer's postal code"),
        (invoice.in_order, "a line that costs something or gives money back"),
    ]
    return [words for there, words in wanted if not there]


def _is_a_uen(text: str) -> bool:
    """Whether it is one; that there is none at all is said apart."""
    return not text or sg_uen.is_valid(text)


def _written(invoice: Invoice) -> bytes:
    # A credit note that takes a credit note back charges again: as an e-invoice that is an invoice.
    charges_again = invoice.is_credit_note and invoice.total_amount < 0
    way = -1 if charges_again else 1
    credits = invoice.is_credit_note and not charges_again
    kind, code = ("CreditNote", "381") if credits else ("Invoice", "380")
    due = NOTHING if credits else invoice.due_at_issue
    root = _el(
        kind,
        _text("cbc:CustomizationID", CUSTOMIZATION),
        _text("cbc:ProfileID", PROFILE),
        _text("cbc:ID", invoice.invoice_number),
        _text("cbc:UUID", _uuid(invoice)),
        _text("cbc:IssueDate", invoice.issued_on.isoformat()),
        None if credits else _text("cbc:DueDate", invoice.due_date.isoformat()),
        _text(f"cbc:{kind}TypeCode", code),
        _text("cbc:Note", _note(invoice)),
        _text("cbc:DocumentCurrencyCode", "SGD"),
        _text("cbc:BuyerReference", invoice.buyer["customer_code"]),
        _corrected(invoice.corrects),
        _el("cac:AccountingSupplierParty", _party(invoice.seller, invoice.seller["gst_reg_no"])),
        _el("cac:AccountingCustomerParty", _party(invoice.buyer, "")),
        _paynow(invoice) if due else None,
        _tax_total(invoice, way),
        _totals(invoice, way, None if credits else due),
        *(_line(number, line, kind, way, invoice.gst_rate) for number, line in enumerate(invoice.in_order, 1)),
        xmlns=ROOTS[kind],
    )
    root.set("xmlns:cac", AGGREGATES)
    root.set("xmlns:cbc", BASICS)
    ET.indent(root)
    return DECLARATION.encode() + ET.tostring(root, encoding="unicode").encode()


def _uuid(invoice: Invoice) -> str:
    """The document's own for ever: of the company, and of no other installation that counts from 1 too."""
    moment = invoice.generated_at.astimezone(UTC).isoformat()
    return str(uuid5(NAMESPACE_URL, f"urn:hsh-lpg:{invoice.seller['uen']}:{invoice.invoice_number}:{moment}"))


def _note(invoice: Invoice) -> str:
    """A credit note says why. A '#' would begin the code of a subject."""
    if not invoice.is_credit_note:
        return ""
    back = "; ".join(f"{_plain(line.quantity)} × {line.description}" for line in invoice.in_order if line.amount > 0)
    return (invoice.reason or f"Returned in {invoice.summary['transaction_number']}: {back}").replace("#", "＃")


def _corrected(original: Invoice | None) -> ET.Element | None:
    if original is None:
        return None
    number, day = _text("cbc:ID", original.invoice_number), _text("cbc:IssueDate", original.issued_on.isoformat())
    return _el("cac:BillingReference", _el("cac:InvoiceDocumentReference", number, day))


def _party(known: dict[str, str], gst_reg_no: str) -> ET.Element:
    uen = sg_uen.compact(known["uen"])
    scheme = _el("cac:TaxScheme", _text("cbc:ID", "GST"))
    contact = _text("cbc:Telephone", known["phone"]), _text("cbc:ElectronicMail", known["email"])
    return _el(
        "cac:Party",
        _text("cbc:EndpointID", f"SGUEN{uen}", schemeID=ENDPOINTS),
        _address(known),
        _el("cac:PartyTaxScheme", _text("cbc:CompanyID", gst_reg_no), scheme) if gst_reg_no else None,
        _el("cac:PartyLegalEntity", _text("cbc:RegistrationName", known["name"]), _text("cbc:CompanyID", uen)),
        _el("cac:Contact", *contact) if any(part is not None for part in contact) else None,
    )


def _address(known: dict[str, str]) -> ET.Element:
    first, second, *rest = [*filter(None, map(str.strip, known["address"].splitlines())), "", ""]
    third = _text("cbc:Line", ", ".join(filter(None, rest)))
    return _el(
        "cac:PostalAddress",
        _text("cbc:StreetName", first),
        _text("cbc:AdditionalStreetName", second),
        _text("cbc:CityName", "Singapore"),
        _text("cbc:PostalZone", known["postal_code"]),
        None if third is None else _el("cac:AddressLine", third),
        _el("cac:Country", _text("cbc:IdentificationCode", "SG")),
    )


def _paynow(invoice: Invoice) -> ET.Element:
    """To the company's UEN, naming the document, as its QR code does."""
    return _el(
        "cac:PaymentMeans",
        _text("cbc:PaymentMeansCode", PAYNOW, name="PayNow"),
        _text("cbc:PaymentID", invoice.invoice_number),
        _el("cac:PayeeFinancialAccount", _text("cbc:ID", sg_uen.compact(invoice.seller["uen"]))),
    )


def _tax_total(invoice: Invoice, way: int) -> ET.Element:
    tax = way * invoice.tax_amount
    part = _el(
        "cac:TaxSubtotal",
        _amount("cbc:TaxableAmount", way * invoice.subtotal),
        _amount("cbc:TaxAmount", tax),
        _category("cac:TaxCategory", invoice.gst_rate),
    )
    return _el("cac:TaxTotal", _amount("cbc:TaxAmount", tax), part)


def _category(tag: str, rate: Decimal) -> ET.Element:
    return _el(
        tag,
        _text("cbc:ID", STANDARD_RATED if rate else UNTAXED),
        _text("cbc:Percent", _plain(rate)),
        _el("cac:TaxScheme", _text("cbc:ID", "GST")),
    )


def _totals(invoice: Invoice, way: int, due: Decimal | None) -> ET.Element:
    """As the document was issued. `due` None: the whole is given back."""
    net, total = way * invoice.subtotal, way * invoice.total_amount
    payable = total if due is None else due
    return _el(
        "cac:LegalMonetaryTotal",
        _amount("cbc:LineExtensionAmount", net),
        _amount("cbc:TaxExclusiveAmount", net),
        _amount("cbc:TaxInclusiveAmount", total),
        _amount("cbc:PrepaidAmount", total - payable) if total != payable else None,
        _amount("cbc:PayableAmount", payable),
    )


def _line(number: int, line: InvoiceLine, kind: str, way: int, rate: Decimal) -> ET.Element:
    """What came back has a quantity below zero: a price may not be."""
    net = way * line.net_amount
    quantity = -line.quantity if (net or way * line.amount) < 0 else line.quantity
    unit = CUBIC_METRE if line.item_type == "METER" else PIECE
    counted = "cbc:CreditedQuantity" if kind == "CreditNote" else "cbc:InvoicedQuantity"
    return _el(
        f"cac:{kind}Line",
        _text("cbc:ID", str(number)),
        _text(counted, _plain(quantity), unitCode=unit),
        _amount("cbc:LineExtensionAmount", net),
        _el("cac:Item", _text("cbc:Name", line.description), _category("cac:ClassifiedTaxCategory", rate)),
        _price(abs(net), line.quantity, unit),
    )


def _price(net: Decimal, quantity: Decimal, unit: str) -> ET.Element:
    """For one, where that is whole cents; else for as many as there are, so that no cent is ever lost in between."""
    one = cents(net / quantity) if quantity else NOTHING
    if one * quantity == net:
        return _el("cac:Price", _amount("cbc:PriceAmount", one))
    base = _text("cbc:BaseQuantity", _plain(quantity), unitCode=unit)
    return _el("cac:Price", _amount("cbc:PriceAmount", net), base)


# --- writing ------------------------------------------------------------------------------------------------------


def _el(tag: str, *parts: ET.Element | None, **attributes: str) -> ET.Element:
    element = ET.Element(tag, attributes)
    element.extend(part for part in parts if part is not None)
    return element


def _text(tag: str, text: str, **attributes: str) -> ET.Element | None:
    """None for an empty text: PINT allows no empty element."""
    written = " ".join(UNWRITABLE.sub(" ", text).split())
    if not written:
        return None
    element = ET.Element(tag, attributes)
    element.text = written
    return element


def _amount(tag: str, amount: Decimal) -> ET.Element | None:
    return _text(tag, f"{amount + NOTHING:.2f}", currencyID="SGD")  # -0.00 becomes 0.00


def _plain(number: Decimal) -> str:
    return f"{number.normalize() + 0:f}"
