"""The rules that every e-invoice passes before it leaves: each of them catches, and no document of ours breaks one."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lpg.invoices import ubl
from lpg.invoices.models import Invoice, InvoiceLine
from lpg.invoices.tax import cents, taxed
from lpg.invoices.ubl import NotAnEInvoice, e_invoice
from lpg.invoices.ubl_rules import NAMES, violations

DAY = date(2026, 11, 20)
GST = {"gst_reg_no": "M2-1234567-8"}
PARTY = {
    "name": "HSH",
    "uen": "200012345W",
    "address": "1 Tuas Road",
    "postal_code": "637360",
    "phone": "",
    "email": "",
}


@pytest.fixture
def registered(settings):
    settings.COMPANY = {**settings.COMPANY, **GST}


def a_document(*sold: tuple[str, str], included: bool = True, corrects: Invoice | None = None) -> Invoice:
    """Of these quantities and rates, of which a quantity below zero came back; in no database."""
    rows = [
        (abs(Decimal(quantity)), Decimal(rate), cents(Decimal(quantity) * Decimal(rate))) for quantity, rate in sold
    ]
    split = taxed([amount for *_, amount in rows], DAY)
    sign = -1 if split.total < 0 else 1
    document = Invoice(
        invoice_number="INV-2026-000012",
        document_type="credit_note" if sign < 0 or corrects else "tax_invoice",
        corrects=corrects,
        is_correction=corrects is not None,
        reason="Wrong shop" if corrects else "",
        issued_on=DAY,
        due_date=DAY,
        seller={**PARTY, **GST},
        buyer={**PARTY, "customer_code": "C-1"},
        summary={"transaction_number": "TRX-20261120-000012"},
        gst_rate=split.rate,
        prices_include_gst=included,
        subtotal=sign * split.subtotal,
        tax_amount=sign * split.tax,
        total_amount=sign * split.total,
        due_at_issue=max(split.total, Decimal(0)),
        generated_at=datetime(2026, 11, 20, 1, 30, tzinfo=UTC),
    )
    document.in_order = [
        InvoiceLine(
            item_type="DELIVERY",
            description="14 kg cylinder",
            quantity=quantity,
            rate=rate,
            net_amount=sign * net,
            amount=sign * amount,
        )
        for (quantity, rate, amount), net in zip(rows, split.net_lines, strict=True)
    ]
    return document


def at(root: ET.Element, path: str) -> ET.Element:
    found = root.find(path, NAMES)
    assert found is not None, path
    return found


def text(path: str, value: str) -> Callable[[ET.Element], None]:
    def change(root: ET.Element) -> None:
        at(root, path).text = value

    return change


def attribute(path: str, name: str, value: str) -> Callable[[ET.Element], None]:
    return lambda root: at(root, path).set(name, value)


def gone(path: str) -> Callable[[ET.Element], None]:
    parent = path.rpartition("/")[0]
    return lambda root: at(root, parent or ".").remove(at(root, path))


def twice(path: str) -> Callable[[ET.Element], None]:
    return lambda root: root.append(at(root, path))


def added(name: str, value: str) -> Callable[[ET.Element], None]:
    def change(root: ET.Element) -> None:
        ET.SubElement(root, f"{{{NAMES['cbc']}}}{name}").text = value

    return change


def both(*changes: Callable[[ET.Element], None]) -> Callable[[ET.Element], None]:
    def change(root: ET.Element) -> None:
        for one in changes:
            one(root)

    return change


SELLER, BUYER = "cac:AccountingSupplierParty/cac:Party/", "cac:AccountingCustomerParty/cac:Party/"
TOTAL, LINE = "cac:LegalMonetaryTotal/cbc:", "cac:InvoiceLine/"
SUBTOTAL, CATEGORY = "cac:TaxTotal/cac:TaxSubtotal/", "cac:Item/cac:ClassifiedTaxCategory/"
ENDPOINT = "the endpoint is not SGUEN and a UEN in scheme 0195"
SCHEME = f"{SUBTOTAL}cac:TaxCategory/cac:TaxScheme/cbc:ID"
EXACT = "the tax at 9 is not right to the cent"
PRICED = "line 1: quantity and price do not come to the line's amount"
NOT_OF_THE_LINES = "the taxable amounts are not those of the lines"

BROKEN = [
    (text("cbc:CustomizationID", "urn:peppol:pint:billing-1"), "CustomizationID is not"),
    (text("cbc:ProfileID", "urn:fdc:peppol.eu"), "ProfileID is not"),
    (text("cbc:ID", "INV-2026-000013"), "ID is not 'INV-2026-000012'"),
    (text("cbc:InvoiceTypeCode", "381"), "InvoiceTypeCode is not '380'"),
    (text("cbc:DocumentCurrencyCode", "USD"), "DocumentCurrencyCode is not 'SGD'"),
    (added("TaxCurrencyCode", "SGD"), "TaxCurrencyCode is not ''"),
    (text("cbc:UUID", "12"), "UUID is none"),
    (text("cbc:IssueDate", "20261120"), "IssueDate is no day"),
    (gone("cbc:DueDate"), "DueDate is no day"),
    (gone("cbc:BuyerReference"), "no cbc:BuyerReference"),
    (text("cbc:BuyerReference", " "), "BuyerReference is empty"),
    (gone(f"{TOTAL}PayableAmount"), "no cac:LegalMonetaryTotal/cbc:PayableAmount"),
    (text(f"{TOTAL}PayableAmount", "109.0"), "PayableAmount 109.0 has not two decimals"),
    (text(f"{TOTAL}PayableAmount", "-0.00"), "PayableAmount -0.00 has not two decimals"),
    (text(f"{LINE}cac:Price/cbc:PriceAmount", "50.0000"), "PriceAmount 50.0000 has not two decimals"),
    (attribute(f"{TOTAL}PayableAmount", "currencyID", "USD"), "PayableAmount is not in SGD"),
    (text(f"{SELLER}cbc:EndpointID", "200012345W"), f"AccountingSupplierParty: {ENDPOINT}"),
    (text(f"{BUYER}cbc:EndpointID", "SGUEN200012345X"), f"AccountingCustomerParty: {ENDPOINT}"),
    (attribute(f"{BUYER}cbc:EndpointID", "schemeID", "0035"), f"AccountingCustomerParty: {ENDPOINT}"),
    (gone(f"{BUYER}cbc:EndpointID"), f"AccountingCustomerParty: {ENDPOINT}"),
    (gone(f"{BUYER}cac:PostalAddress/cbc:StreetName"), "AccountingCustomerParty: no cac:PostalAddress/cbc:StreetName"),
    (gone(f"{SELLER}cac:PostalAddress/cbc:PostalZone"), "AccountingSupplierParty: no cac:PostalAddress/cbc:PostalZone"),
    (gone(f"{SELLER}cac:PartyTaxScheme"), "AccountingSupplierParty: no cac:PartyTaxScheme/cbc:CompanyID"),
    (gone(f"{BUYER}cac:PartyLegalEntity/cbc:CompanyID"), "AccountingCustomerParty: no cac:PartyLegalEntity"),
    (gone("cac:InvoiceLine"), "no line"),
    (twice("cac:InvoiceLine"), "line ids are not unique"),
    (gone(f"{LINE}cac:Item/cbc:Name"), "line 1: no cac:Item/cbc:Name"),
    (gone(f"{LINE}cbc:InvoicedQuantity"), "line 1: no cbc:InvoicedQuantity"),
    (text(f"{LINE}cbc:InvoicedQuantity", "3"), PRICED),
    (text(f"{LINE}cac:Price/cbc:PriceAmount", "50.01"), PRICED),
    (text(f"{LINE}cac:Price/cbc:PriceAmount", "-50.00"), "line 1: a price or its base quantity is below zero"),
    (text(f"{TOTAL}LineExtensionAmount", "99.00"), "the lines do not add up to the amount without tax"),
    (text(f"{TOTAL}TaxExclusiveAmount", "99.00"), "the lines do not add up to the amount without tax"),
    (text(f"{TOTAL}TaxInclusiveAmount", "110.00"), "the total is not amount and tax"),
    (text(f"{TOTAL}TaxInclusiveAmount", "-1.00"), "the total is below zero"),
    (text(f"{TOTAL}PayableAmount", "100.00"), "what is payable is not the total less what was paid"),
    (twice("cac:TaxTotal"), "not one TaxTotal"),
    (text(f"{SUBTOTAL}cbc:TaxableAmount", "99.00"), NOT_OF_THE_LINES),
    (text(f"{LINE}{CATEGORY}cbc:Percent", "8"), NOT_OF_THE_LINES),
    (text(SCHEME, "VAT"), NOT_OF_THE_LINES),
    (text(f"{SUBTOTAL}cbc:TaxAmount", "9.01"), "the tax is not the sum of its parts"),
    (both(text(f"{SUBTOTAL}cbc:TaxAmount", "9.01"), text("cac:TaxTotal/cbc:TaxAmount", "9.01")), EXACT),
    (both(text(f"{SUBTOTAL}cac:TaxCategory/cbc:ID", "OS"), text(f"{LINE}{CATEGORY}cbc:ID", "OS")), "category OS at 9"),
    (text(f"{SUBTOTAL}cac:TaxCategory/cbc:ID", "ZR"), "category ZR at 9"),
]


@pytest.mark.parametrize(("change", "words"), BROKEN)
def test_each_rule_catches_what_breaks_it(registered, change, words):
    document = a_document(("2", "54.5000"))
    root = ET.fromstring(e_invoice(document))
    change(root)
    found = violations(ET.tostring(root), document)
    assert any(words in each for each in found), found


def test_what_is_no_invoice_and_what_another_document_says_is_caught(registered):
    document = a_document(("2", "54.5000"))
    xml = e_invoice(document)
    assert violations(b"<Order/>", document)[0] == "the root is Order"
    document.subtotal, document.total_amount = Decimal("99.99"), Decimal("108.99")
    assert violations(xml, document) == ["the amounts are not those of the document"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone("cbc:Note"), "a credit note without its reason"),
        (gone("cac:BillingReference"), "a credit note without number and date of what it corrects"),
        (
            gone("cac:BillingReference/cac:InvoiceDocumentReference/cbc:IssueDate"),
            "a credit note without number and date of what it corrects",
        ),
    ],
)
def test_a_credit_note_has_its_reason_and_what_it_corrects(registered, change, words):
    document = a_document(("2", "54.5000"), corrects=a_document(("2", "54.5000")))
    root = ET.fromstring(e_invoice(document))
    change(root)
    assert violations(ET.tostring(root), document) == [words]


def test_what_breaks_a_rule_never_leaves(registered, monkeypatch):
    monkeypatch.setattr(ubl, "PROFILE", "urn:somebody:else")
    with pytest.raises(NotAnEInvoice, match="INV-2026-000012: ProfileID is not"):
        e_invoice(a_document(("1", "1.00")))


@pytest.mark.parametrize("included", [True, False])
@pytest.mark.parametrize("gst_reg_no", ["", "M2-1234567-8"])
def test_no_document_that_can_be_issued_breaks_a_rule(settings, included, gst_reg_no):
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": gst_reg_no}
    settings.PRICES_INCLUDE_GST = included
    quantity = st.integers(-2_000_000, 2_000_000).map(lambda thousandths: str(Decimal(thousandths).scaleb(-3)))
    rate = st.integers(0, 20_000_000).map(lambda parts: str(Decimal(parts).scaleb(-4)))

    @hypothesis_settings(max_examples=150, database=None, deadline=None, derandomize=True)
    @given(st.lists(st.tuples(quantity, rate), min_size=1, max_size=12))
    def written(sold: list[Any]) -> None:
        document = a_document(*sold, included=included)
        assert e_invoice(document)

    written()
