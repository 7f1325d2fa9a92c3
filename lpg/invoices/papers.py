"""A document on paper: the facts for its template, all frozen at issue, so that it prints the same for ever."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from lpg import sql
from lpg.invoices.models import Invoice, InvoiceLine
from lpg.invoices.paynow import paynow_code
from lpg.paper.facts import Buyer, Cylinders, Document, Line, Meter, Seller
from lpg.paper.render import Rendered, render

NOTHING = Decimal("0.00")
TITLES = {
    Invoice.Type.INVOICE: "Invoice",
    Invoice.Type.TAX_INVOICE: "Tax Invoice",
    Invoice.Type.SIMPLIFIED: "Simplified Tax Invoice",
    Invoice.Type.CREDIT_NOTE: "Credit Note",
}


def print_document(invoice: Invoice) -> Rendered:
    """Its PDF. Raises NotRendered."""
    return render("document", facts_of(invoice))


def facts_of(invoice: Invoice) -> Document:
    """What stands on the document. Nothing that changes later: not what is still due, not the status."""
    corrects, summary, seller = invoice.corrects, invoice.summary, cast(Seller, invoice.seller)
    due = invoice.due_at_issue
    # A correction undoes a visit: what its meter showed and what was held then is the other document's to say.
    visit = {} if corrects else summary
    return Document(
        document_type=invoice.document_type,
        title=TITLES[Invoice.Type(invoice.document_type)],
        number=invoice.invoice_number,
        issued_on=invoice.issued_on,
        due_date=invoice.due_date,
        transaction_number=summary["transaction_number"],
        occurred_at=datetime.fromisoformat(summary["occurred_at"]),
        seller=seller,
        buyer=cast(Buyer, invoice.buyer),
        lines=[_line(line) for line in _lines(invoice)],
        meter=_meter(visit["meter"]) if "meter" in visit else None,
        returned=[_cylinders(row) for row in visit.get("returned", ())],
        held=[_cylinders(row) for row in visit.get("held", ())],
        gst_rate=invoice.gst_rate,
        prices_include_gst=invoice.prices_include_gst,
        subtotal=invoice.subtotal,
        tax_amount=invoice.tax_amount,
        total_amount=invoice.total_amount,
        paid=NOTHING if invoice.is_credit_note else invoice.total_amount - due,
        due_at_issue=due,
        paynow=paynow_code(seller["uen"], due, invoice.invoice_number, seller["name"])
        if due > 0 and seller["uen"]
        else "",
        reason=invoice.reason,
        corrects_number=corrects.invoice_number if corrects else "",
        corrects_issued_on=corrects.issued_on if corrects else None,
    )


def _lines(invoice: Invoice) -> list[InvoiceLine]:
    if hasattr(invoice, "in_order"):
        return invoice.in_order
    return sql.entities(InvoiceLine, "WHERE invoice_id = %s ORDER BY id", [invoice.pk])


def _line(line: InvoiceLine) -> Line:
    return Line(
        item_type=line.item_type,
        description=line.description,
        quantity=line.quantity,
        rate=line.rate,
        net_amount=line.net_amount,
        amount=line.amount,
    )


def _meter(frozen: dict[str, str]) -> Meter:
    return Meter(
        serial_no=frozen["serial_no"],
        previous=Decimal(frozen["previous"]),
        current=Decimal(frozen["current"]),
        usage=Decimal(frozen["usage"]),
        rate=Decimal(frozen["rate"]),
    )


def _cylinders(frozen: dict[str, Any]) -> Cylinders:
    return Cylinders(name=frozen["name"], quantity=frozen["quantity"], damaged=frozen["condition"] == "DAMAGED")
