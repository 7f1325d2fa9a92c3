"""How the desk calls documents and says what has become of them and of their emails."""

from typing import NamedTuple

from django.utils import timezone

from lpg.invoices.models import Delivery, Invoice


class State(NamedTuple):
    """What has become of a document: a key, the words, and the style of the sign."""

    key: str
    words: str
    style: str


PAID = State("paid", "Paid", "desk-good")
CREDITED = State("credited", "Taken back", "desk-quiet")
OVERDUE = State("overdue", "Overdue", "desk-late")
PART = State("part", "Part paid", "desk-waiting")
OPEN = State("open", "To be paid", "desk-waiting")
CREDIT_LEFT = State("credit", "Credit left", "desk-waiting")
USED = State("used", "Used", "desk-quiet")

LABELS = {  # the colours of the theme
    "paid": "success",
    "credited": "default",
    "overdue": "danger",
    "part": "warning",
    "open": "warning",
    "credit": "warning",
    "used": "default",
}


def state_of(invoice: Invoice) -> State:
    if invoice.is_credit_note:
        return CREDIT_LEFT if invoice.balance_due else USED
    if invoice.credited_at:
        return CREDITED
    if not invoice.balance_due:
        return PAID
    if invoice.due_date < timezone.localdate():
        return OVERDUE
    return PART if invoice.balance_due < invoice.total_amount else OPEN


EMAIL_LABELS = {"sent": "success", "failed": "danger", "queued": "warning", "sending": "warning", "again": "warning"}


def email_state_of(delivery: Delivery) -> State:
    if delivery.state == Delivery.State.SENT:
        return State("sent", "Sent", "desk-good")
    if delivery.state == Delivery.State.FAILED:
        return State("failed", "Failed", "desk-late")
    if delivery.state == Delivery.State.QUEUED and delivery.attempts:
        return State("again", "To be tried again", "desk-waiting")
    words = "Being sent" if delivery.state == Delivery.State.SENDING else "Queued"
    return State(delivery.state, words, "desk-waiting")
