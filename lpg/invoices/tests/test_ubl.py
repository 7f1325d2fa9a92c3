"""The e-invoice: what it says of each kind of document, valid by the published schemas and by our own rules."""

from pathlib import Path
from xml.etree import ElementTree as ET

import peppol
import pytest
from lxml import etree

from lpg.customers.services import change_customer
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import with_lines
from lpg.invoices.ubl import RecordIncomplete, e_invoice
from lpg.invoices.ubl_rules import NAMES
from tests.sales import Shop, a_meter, a_rate, delivered, full_back, returned, served, singapore

pytestmark = pytest.mark.django_db
SELLER, BUYER = "200012345W", "201912345R"
REGISTERED = {
    "name": "HSH LPG Pte Ltd",
    "uen": SELLER,
    "gst_reg_no": "M2-1234567-8",
    "address": "1 Tuas Road\n#02-03 Gas House\nBlock C\nGate 4",
    "postal_code": "637360",
    "phone": "61234567",
    "email": "accounts@hsh.example",
}
KNOWN = {"uen": BUYER, "address": "8 Kopi Lane", "postal_code": "238801", "name": "Kopi House"}


@pytest.fixture(autouse=True)
def company(settings):
    settings.COMPANY = REGISTERED


@pytest.fixture
def shop(admin, driver):
    shop = Shop(admin, driver)
    shop.customer = shop.another(**KNOWN)
    return shop


@pytest.fixture(scope="module")
def schemas():
    folder = Path(peppol.__file__).parent / "schema/maindoc"
    return {kind: etree.XMLSchema(file=str(folder / f"UBL-{kind}-2.1.xsd")) for kind in ("Invoice", "CreditNote")}


@pytest.fixture
def written(schemas):
    """The e-invoice of a document as the database keeps it, after the published schema has let it pass."""

    def written(document: Invoice) -> ET.Element:
        xml = e_invoice(kept(document))
        schemas[kind(ET.fromstring(xml))].assertValid(etree.fromstring(xml))
        assert e_invoice(kept(document)) == xml
        return ET.fromstring(xml)

    return written


def kept(document: Invoice) -> Invoice:
    return with_lines(Invoice.objects.all()).select_related("corrects").get(pk=document.pk)


def kind(root: ET.Element) -> str:
    return root.tag.rpartition("}")[2]


def said(root: ET.Element, *paths: str) -> list[str]:
    """The texts at these paths, without prefixes; "" where there is none."""
    return [text_at(root, path) for path in paths]


def text_at(root: ET.Element, path: str) -> str:
    *groups, leaf = path.split("/")
    return root.findtext("/".join([*(f"cac:{group}" for group in groups), f"cbc:{leaf}"]), "", NAMES)


def totals(root: ET.Element) -> list[str]:
    """Without tax, tax, with tax, paid already, payable."""
    money = [f"LegalMonetaryTotal/{name}Amount" for name in ("TaxExclusive", "TaxInclusive", "Prepaid", "Payable")]
    net, *others = said(root, *money)
    return [net, text_at(root, "TaxTotal/TaxAmount"), *others]


def lines(root: ET.Element) -> list[list[str]]:
    """Quantity, unit, amount, price, for how many."""
    found = []
    for line in root.findall(f"cac:{kind(root)}Line", NAMES):
        counted = "CreditedQuantity" if kind(root) == "CreditNote" else "InvoicedQuantity"
        unit = line.find(f"cbc:{counted}", NAMES).get("unitCode")
        quantity, *money = said(line, counted, "LineExtensionAmount", "Price/PriceAmount", "Price/BaseQuantity")
        found.append([quantity, unit, *money])
    return found


def category(root: ET.Element) -> set[tuple[str, ...]]:
    """Code, percent and scheme, of the whole and of each line."""
    found = [*root.iterfind(".//cac:TaxCategory", NAMES), *root.iterfind(".//cac:ClassifiedTaxCategory", NAMES)]
    return {tuple(said(each, "ID", "Percent", "TaxScheme/ID")) for each in found}


# --- what it says -------------------------------------------------------------------------------------------------


def test_an_invoice_says_who_to_whom_when_and_how_to_pay(shop, written):
    invoice = shop.sell(served("54.50", 2), now=singapore("2026-11-20T09:30:00")).invoice
    root = written(invoice)
    number = invoice.invoice_number
    assert said(root, "CustomizationID", "ProfileID", "ID", "InvoiceTypeCode", "DocumentCurrencyCode") == [
        "urn:peppol:pint:billing-1@sg-1",
        "urn:peppol:bis:billing",
        number,
        "380",
        "SGD",
    ]
    assert said(root, "IssueDate", "DueDate", "TaxCurrencyCode", "Note") == ["2026-11-20", "2026-11-20", "", ""]
    assert said(root, "BuyerReference") == [shop.customer.customer_code]
    seller, buyer = "AccountingSupplierParty/Party/", "AccountingCustomerParty/Party/"
    where = [
        f"PostalAddress/{part}"
        for part in (
            "StreetName",
            "AdditionalStreetName",
            "AddressLine/Line",
            "PostalZone",
            "Country/IdentificationCode",
        )
    ]
    who = ["EndpointID", *where, "PartyTaxScheme/CompanyID", "PartyLegalEntity/RegistrationName"]
    assert said(root, *(seller + path for path in who)) == [
        f"SGUEN{SELLER}",
        "1 Tuas Road",
        "#02-03 Gas House",
        "Block C, Gate 4",
        "637360",
        "SG",
        "M2-1234567-8",
        "HSH LPG Pte Ltd",
    ]
    assert said(root, *(buyer + path for path in who)) == [
        f"SGUEN{BUYER}",
        "8 Kopi Lane",
        "",
        "",
        "238801",
        "SG",
        "",
        "Kopi House",
    ]
    legal = "PartyLegalEntity/CompanyID"
    assert said(root, seller + legal, buyer + legal) == [SELLER, BUYER]
    assert {each.get("schemeID") for each in root.iterfind(".//cbc:EndpointID", NAMES)} == {"0195"}
    pay = [f"PaymentMeans/{name}" for name in ("PaymentMeansCode", "PaymentID", "PayeeFinancialAccount/ID")]
    assert said(root, *pay) == ["Z02", number, SELLER]


def test_each_document_has_a_uuid_of_its_own_for_ever(shop, written):
    first, second = (shop.sell(served("1.00")).invoice for _ in range(2))
    uuids = [text_at(written(invoice), "UUID") for invoice in (first, second, first)]
    assert uuids[0] == uuids[2] != uuids[1]


@pytest.mark.parametrize(
    ("included", "sold", "expected_totals", "expected_lines"),
    [
        (True, [("54.5000", 2)], ["100.00", "9.00", "109.00", "", "109.00"], [["2", "EA", "100.00", "50.00", ""]]),
        (False, [("54.5000", 2)], ["109.00", "9.81", "118.81", "", "118.81"], [["2", "EA", "109.00", "54.50", ""]]),
        (True, [("10.00", 3)], ["27.52", "2.48", "30.00", "", "30.00"], [["3", "EA", "27.52", "27.52", "3"]]),
        (False, [("0.5000", 1)], ["0.50", "0.05", "0.55", "", "0.55"], [["1", "EA", "0.50", "0.50", ""]]),  # 0.045
        (False, [("0.0333", 100)], ["3.33", "0.30", "3.63", "", "3.63"], [["100", "EA", "3.33", "3.33", "100"]]),
        (
            True,
            [("10.00", 1), ("20.00", 1), ("30.00", 1)],
            ["55.05", "4.95", "60.00", "", "60.00"],
            [["1", "EA", net, net, ""] for net in ("9.17", "18.35", "27.53")],
        ),
        (True, [("0", 4)], ["0.00", "0.00", "0.00", "", "0.00"], [["4", "EA", "0.00", "0.00", ""]]),
        (
            True,
            [("0.01", 1)] * 20,  # so many rounded lines that the residual takes the first below zero
            ["0.18", "0.02", "0.20", "", "0.20"],
            [["-1", "EA", "-0.01", "0.01", ""], *[["1", "EA", "0.01", "0.01", ""]] * 19],
        ),
    ],
)
def test_prices_and_amounts_agree_to_the_cent(shop, settings, written, included, sold, expected_totals, expected_lines):
    settings.PRICES_INCLUDE_GST = included
    root = written(shop.sell(*(served(rate, quantity) for rate, quantity in sold)).invoice)
    assert (totals(root), lines(root)) == (expected_totals, expected_lines)
    assert category(root) == {("SR", "9", "GST")}


def test_gas_is_counted_in_cubic_metres_and_empties_are_no_line(shop, written):
    a_rate(shop.admin, shop.customer, "2.1850")
    a_meter(shop.admin, shop.customer, "10")
    cylinder = shop.thing("54.5000", shop.customer)
    root = written(shop.sell(delivered(cylinder), returned(cylinder, 3), reading="22.345").invoice)
    assert lines(root) == [["1", "EA", "50.00", "50.00", ""], ["12.345", "MTQ", "24.74", "24.74", "12.345"]]


def test_what_came_back_full_is_a_quantity_below_zero(shop, written):
    cylinder = shop.thing("54.5000", shop.customer)
    root = written(shop.sell(delivered(cylinder, 3), full_back(cylinder, 1)).invoice)
    assert totals(root) == ["100.00", "9.00", "109.00", "", "109.00"]
    assert lines(root) == [["3", "EA", "150.00", "50.00", ""], ["-1", "EA", "-50.00", "50.00", ""]]


@pytest.mark.parametrize(
    ("paid", "expected", "means"),
    [
        ("9.00", ["100.00", "9.00", "109.00", "9.00", "100.00"], "Z02"),
        ("109.00", ["100.00", "9.00", "109.00", "109.00", "0.00"], ""),
        ("150.00", ["100.00", "9.00", "109.00", "109.00", "0.00"], ""),
    ],
)
def test_what_was_paid_at_once_is_said_and_what_is_paid_later_is_not(shop, written, paid, expected, means):
    invoice = shop.sell(served("109.00"), paid=paid).invoice
    before = e_invoice(kept(invoice))
    root = written(invoice)
    assert (totals(root), text_at(root, "PaymentMeans/PaymentMeansCode")) == (expected, means)
    shop.pay("100.00")
    assert e_invoice(kept(invoice)) == before


def test_a_company_without_gst_sells_out_of_its_scope(shop, settings, written):
    settings.COMPANY = {**REGISTERED, "gst_reg_no": ""}
    root = written(shop.sell(served("109.00")).invoice)
    assert (totals(root), category(root)) == (["109.00", "0.00", "109.00", "", "109.00"], {("OS", "0", "GST")})
    assert root.find(".//cac:PartyTaxScheme", NAMES) is None


# --- credit notes -------------------------------------------------------------------------------------------------


def test_a_voided_sale_is_credited_with_the_reason_and_what_it_corrects(shop, settings, written):
    sale = shop.sell(served("109.00"), paid="9.00", now=singapore("2023-12-31T12:00:00"))
    settings.PRICES_INCLUDE_GST = False
    shop.void(sale, reason="Wrong shop, see #AAA# and #42", now=singapore("2026-11-20T12:00:00"))
    note = Invoice.objects.get(is_correction=True)
    root = written(note)
    assert (kind(root), totals(root)) == ("CreditNote", ["100.93", "8.07", "109.00", "", "109.00"])
    assert said(root, "CreditNoteTypeCode", "IssueDate", "DueDate") == ["381", "2026-11-20", ""]
    assert text_at(root, "Note") == "Wrong shop, see ＃AAA＃ and ＃42"
    original = "BillingReference/InvoiceDocumentReference"
    number = sale.invoice.invoice_number
    assert said(root, f"{original}/ID", f"{original}/IssueDate") == [number, "2023-12-31"]
    assert category(root) == {("SR", "8", "GST")}
    assert root.find("cac:PaymentMeans", NAMES) is None


def test_more_came_back_than_went_out_is_a_credit_note_that_says_so(shop, written):
    cylinder = shop.thing("54.5000", shop.customer)
    sale = shop.sell(delivered(cylinder, 1), full_back(cylinder, 3))
    root = written(sale.invoice)
    assert (kind(root), totals(root)) == ("CreditNote", ["100.00", "9.00", "109.00", "", "109.00"])
    assert lines(root) == [["-1", "EA", "-50.00", "50.00", ""], ["3", "EA", "150.00", "50.00", ""]]
    assert text_at(root, "Note") == f"Returned in {sale.transaction.transaction_number}: 3 × {cylinder.name}"


def test_a_credit_note_that_is_taken_back_charges_again(shop, written):
    cylinder = shop.thing("54.5000", shop.customer)
    sale = shop.sell(full_back(cylinder, 2))
    shop.void(sale, reason="Not returned after all")
    root = written(Invoice.objects.get(is_correction=True))
    assert (kind(root), totals(root)) == ("Invoice", ["100.00", "9.00", "109.00", "109.00", "0.00"])
    assert lines(root) == [["2", "EA", "100.00", "50.00", ""]]
    original = "BillingReference/InvoiceDocumentReference/ID"
    assert said(root, "Note", original) == ["Not returned after all", sale.invoice.invoice_number]


# --- text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Tan & Sons <Trading> \"Pte\" 'Ltd'", "Tan & Sons <Trading> \"Pte\" 'Ltd'"),
        ("海记石油气 ]]> 𠮷", "海记石油气 ]]> 𠮷"),
        ("Bell\x07 and\x0b tab\tand\x1f\ufffe end", "Bell and tab and end"),
    ],
)
def test_names_are_written_as_they_are(shop, written, name, expected):
    invoice = kept(shop.sell(served("1.00", description=f"Hose for {expected}")).invoice)
    invoice.buyer = {**invoice.buyer, "name": name}
    root = ET.fromstring(e_invoice(invoice))
    assert text_at(root, "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName") == expected
    assert text_at(root, "InvoiceLine/Item/Name") == f"Hose for {expected}"


# --- what is missing ----------------------------------------------------------------------------------------------

UEN, OWN_UEN = "the customer's UEN", "the company's UEN (COMPANY_UEN)"
ADDRESS, POSTAL_CODE = "the customer's address", "the customer's postal code"
OWN_ADDRESS = "the company's address (COMPANY_ADDRESS)"
OWN_POSTAL_CODE = "the company's postal code (COMPANY_POSTAL_CODE)"


@pytest.mark.parametrize(
    ("seller", "buyer", "missing"),
    [
        ({}, {"uen": ""}, [UEN]),
        ({}, {"address": " \n"}, [ADDRESS]),
        ({}, {"postal_code": ""}, [POSTAL_CODE]),
        ({}, {"uen": "201912345N"}, ["a valid UEN of the customer: 201912345N is none"]),
        ({}, {"uen": "", "address": "", "postal_code": ""}, [UEN, ADDRESS, POSTAL_CODE]),
        ({"uen": ""}, {}, [OWN_UEN]),
        ({"uen": "12"}, {}, ["a valid UEN of the company: 12 is none (COMPANY_UEN)"]),
        (
            {"name": "", "uen": "", "address": "", "postal_code": ""},
            {"uen": ""},
            ["the company's name (COMPANY_NAME)", OWN_UEN, OWN_ADDRESS, OWN_POSTAL_CODE, UEN],
        ),
        ({"gst_reg_no": "", "address": "", "postal_code": ""}, {"uen": "", "address": ""}, [UEN]),
    ],
)
def test_what_the_records_lack_is_listed_all_at_once(shop, settings, seller, buyer, missing):
    settings.COMPANY = {**REGISTERED, **seller}
    invoice = kept(shop.sell(served("1.00")).invoice)
    invoice.buyer = {**invoice.buyer, **buyer}
    with pytest.raises(RecordIncomplete) as refused:
        e_invoice(invoice)
    assert refused.value.facts == {"missing": missing}
    assert "; ".join(missing) in refused.value.detail


def test_tax_without_a_registration_number_and_a_document_without_lines_are_told(shop):
    invoice = kept(shop.sell(served("1.00")).invoice)
    invoice.seller = {**invoice.seller, "gst_reg_no": ""}
    invoice.in_order = []
    with pytest.raises(RecordIncomplete) as refused:
        e_invoice(invoice)
    assert refused.value.facts["missing"] == [
        "the company's GST registration number (COMPANY_GST_REG_NO)",
        "a line that costs something or gives money back",
    ]


def test_the_address_gives_the_file_or_says_what_it_lacks(shop, signed_in, settings):
    driver, cylinder = signed_in(shop.admin), shop.thing("54.5000", shop.customer)
    invoice = shop.sell(delivered(cylinder)).invoice
    answer = driver.get(f"/api/v1/invoices/{invoice.pk}/ubl/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/xml")
    assert answer["Content-Disposition"] == f'attachment; filename="{invoice.invoice_number}.xml"'
    assert answer.content == e_invoice(kept(invoice))
    only = shop.sell(returned(cylinder)).invoice
    nameless = shop.sell(served("1.00"), customer=shop.another()).invoice
    for document, missing in (
        (only, ["a line that costs something or gives money back"]),
        (nameless, [UEN, ADDRESS, POSTAL_CODE]),
    ):
        answer = driver.get(f"/api/v1/invoices/{document.pk}/ubl/")
        body = answer.json()
        assert (answer.status_code, body["code"], body["missing"]) == (409, "record_incomplete", missing)


def test_a_record_that_changes_later_changes_no_document(shop):
    invoice = shop.sell(served("1.00")).invoice
    before = e_invoice(kept(invoice))
    values = {"name": "Somebody else", "uen": "53012345B", "address": "9 Elsewhere"}
    change_customer(actor=shop.admin, customer_id=shop.customer.pk, values=values)
    assert e_invoice(kept(invoice)) == before
