"""The mail that brings a document: what it says as text and as HTML, with the PDF beside it."""

from datetime import datetime
from email.utils import format_datetime
from typing import NamedTuple

from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone

from lpg.invoices.models import Delivery, Invoice
from lpg.mail import usable
from lpg.paper.filters import day, dollars

TEMPLATE = "mail/document"


class Said(NamedTuple):
    """What a mail says of a document as it stands now: a table of figures, and sentences."""

    figures: list[tuple[str, str]]
    sentences: list[str]
    is_asking: bool  # for money


def mail_for(delivery: Delivery, invoice: Invoice, pdf: bytes, *, now: datetime) -> EmailMultiAlternatives:
    """`invoice` comes with what it corrects and what corrects it. The sender is the one that settings name."""
    seller = {name: " ".join(str(value).split()) for name, value in invoice.seller.items()}
    kind = Invoice.Type(invoice.document_type).label
    facts = {
        "kind": kind.lower(),
        "number": invoice.invoice_number,
        "issued_on": day(invoice.issued_on),
        "buyer": invoice.buyer["name"],
        "seller": seller,
        "said": said_of(invoice),
    }
    mail = EmailMultiAlternatives(
        subject=f"{kind} {invoice.invoice_number} from {seller['name']}",
        body=render_to_string(f"{TEMPLATE}.txt", facts),
        to=[delivery.to],
        reply_to=[seller["email"]] if usable(seller["email"]) else [],
        headers={
            "Message-ID": delivery.message_id,
            "Date": format_datetime(timezone.localtime(now)),
            "Auto-Submitted": "auto-generated",
        },
    )
    mail.attach_alternative(render_to_string(f"{TEMPLATE}.html", facts), "text/html")
    mail.attach(f"{invoice.invoice_number}.pdf", pdf, "application/pdf")
    return mail


def said_of(invoice: Invoice) -> Said:
    """In the customer's words: what it comes to, and what is to be done about it."""
    if invoice.is_credit_note:
        return Said([("Credit", dollars(invoice.total_amount))], [_of_a_credit_note(invoice)], is_asking=False)
    total, due = ("Total", dollars(invoice.total_amount)), invoice.balance_due
    if invoice.corrected_by:
        words = f"It has been taken back by credit note {invoice.corrected_by}: there is nothing to pay."
        return Said([total], [words], is_asking=False)
    if not due:
        words = "It is paid. Thank you." if invoice.total_amount else "There is nothing to pay."
        return Said([total], [words], is_asking=False)
    by = [("Please pay by", day(invoice.due_date))] if invoice.due_date > invoice.issued_on else []
    return Said([total, ("To be paid", dollars(due)), *by], _how_to_pay(invoice), is_asking=True)


def _of_a_credit_note(note: Invoice) -> str:
    if note.corrects is None:
        return "This amount is your credit with us."
    of = f"{note.corrects} of {day(note.corrects.issued_on)}"
    return f"It takes back {of} in full. Reason: {note.reason}"


def _how_to_pay(invoice: Invoice) -> list[str]:
    uen = invoice.seller["uen"]
    if not uen:
        return []
    account = f"PayNow to UEN {uen} with {invoice.invoice_number} as reference"
    if invoice.balance_due == invoice.due_at_issue:  # what the code on the PDF says too
        return [f"Scan the PayNow code on the attached PDF with your bank's app, or pay by {account}."]
    return [f"Pay {dollars(invoice.balance_due)} by {account}."]
