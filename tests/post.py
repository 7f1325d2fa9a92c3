"""What the tests of mail share: deliveries in every state, and time that goes by."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from lpg.accounts.models import User
from lpg.invoices import deliveries, pdfs
from lpg.invoices.models import Delivery, Invoice
from lpg.worker.sending import Sender
from tests.sales import Shop, served

ADDRESS = "shop@example.com"


def emailed(by: User, invoice: Invoice | int, to: str = ADDRESS, **more: Any) -> Delivery:
    """A delivery that is due at once."""
    pk = invoice if isinstance(invoice, int) else invoice.pk
    return deliveries.email(actor=by, invoice_id=pk, to=to, **{"now": timezone.now(), **more}).posted[-1]


def failed(by: User, invoice: Invoice | int, **more: Any) -> Delivery:
    """One that the mail server has refused for good."""
    delivery = emailed(by, invoice, **more)
    assert deliveries.claim(delivery, now=timezone.now())
    deliveries.refused(delivery, "The mail server refuses mail for this address (code 550).")
    return delivery


def sent(by: User, invoice: Invoice | int, at: datetime | None = None, **more: Any) -> Delivery:
    delivery = emailed(by, invoice, **more)
    assert deliveries.claim(delivery, now=timezone.now())
    deliveries.arrived(delivery, now=at or timezone.now())
    return delivery


def due(shop: Shop, number: int = 1) -> list[Delivery]:
    """Deliveries that are due, each of a document that has its PDF."""
    made = [emailed(shop.admin, shop.sell(served("5")).invoice) for _ in range(number)]
    pdfs.render_due(timezone.now())
    return made


def send(at: datetime | None = None, sender: Sender | None = None) -> int:
    """What a worker does at one look, but for PDFs and chores."""
    return (sender or Sender()).send_due(at or timezone.now())


def as_kept(delivery: Delivery) -> Delivery:
    """As the database has it now."""
    return Delivery.objects.get(pk=delivery.pk)
