from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request

from lpg.api.door import Door, Readable, needs
from lpg.api.guard import actor_of
from lpg.api.inputs import ReasonInput
from lpg.api.paper import PDF, Known, a_pdf
from lpg.facts import Fact
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by, with_lines
from lpg.invoices.serializers import InvoiceRow
from lpg.payments import receipts, services
from lpg.payments.models import Payment
from lpg.payments.selectors import payments_seen_by, with_allocations
from lpg.payments.serializers import AllocateInput, PaymentInput, PaymentQuery, PaymentRow
from lpg.roles import Actor


def recorded(actor: Actor, values: Any, *, now: datetime, fact: Fact | None = None) -> Payment:
    """What the body of a payment asks for, posted or pushed."""
    made = services.record(
        actor=actor,
        customer_id=values["customer"],
        money=services.Money(values["method"], values["amount"], values["reference"]),
        invoice_ids=values.get("invoices"),
        received_at=values.get("received_at"),
        client_temp_id=values.get("client_temp_id") or "",
        now=now,
        fact=fact,
    )
    return with_allocations(Payment.objects.filter(pk=made.pk)).get()


class PaymentDoor(Readable):
    """Money received, with its numbered receipt, and the invoices it settles."""

    tag = "Payments"
    nouns = ("payment", "payments")
    needs = needs("payments", receipt="payments.read", allocate="payments.write", reverse="payments.reverse")
    output = PaymentRow
    files = {"receipt": (PDF, "%PDF-1.7")}  # noqa: RUF012
    bodies = {"create": PaymentInput, "allocate": AllocateInput, "reverse": ReasonInput}  # noqa: RUF012
    queries = {"list": PaymentQuery}  # noqa: RUF012
    lookups = {"since": "received_at__gte", "until": "received_at__lt"}  # noqa: RUF012
    searched = ("payment_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Payment]:
        return with_allocations(payments_seen_by(actor_of(self.request)))

    @action(detail=True, methods=["get"])
    def receipt(self, request: Request, id: str) -> HttpResponse:
        """The receipt as a PDF. It is made when it is first asked for, and once more after a reversal.

        With an `If-None-Match` of its `ETag` the answer is 304; 503 `busy` when a few wait for theirs already.
        """
        payment = self.found(payments_seen_by(actor_of(request)), id)
        known = receipts.latest_of(payment)

        def fetch() -> tuple[str, bytes]:
            paper = receipts.ensure(payment.pk, now=timezone.now())
            return paper.pdf.content_hash, paper.content

        return a_pdf(request, payment.payment_number, Known(known.content_hash, known.size) if known else None, fetch)

    def create(self, request: Request) -> HttpResponse:
        """Record money received. What is over stays as the customer's credit."""

        return self.write(request, lambda values: recorded(actor_of(request), values, now=timezone.now()))

    @action(detail=True, methods=["post"])
    def allocate(self, request: Request, id: str) -> HttpResponse:
        """Use what is left of this payment for open invoices of its customer."""

        def effect(values: Any) -> Payment:
            services.allocate(
                actor=actor_of(request), payment_id=int(id), invoice_ids=values.get("invoices"), now=timezone.now()
            )
            return self.rows().get(pk=int(id))

        return self.write(request, effect)

    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, id: str) -> HttpResponse:
        """Let this payment count no more, with a reason. What it settled is open again."""

        def effect(values: Any) -> Payment:
            services.reverse(actor=actor_of(request), payment_id=int(id), reason=values["reason"], now=timezone.now())
            return self.rows().get(pk=int(id))

        return self.write(request, effect)


class CreditDoor(Door):
    """What is left of a credit note."""

    tag = "Invoices"
    nouns = ("credit note", "credit notes")
    needs = {"allocate": "payments.write"}  # noqa: RUF012
    output = InvoiceRow
    bodies = {"allocate": AllocateInput}  # noqa: RUF012

    @action(detail=True, methods=["post"])
    def allocate(self, request: Request, id: str) -> HttpResponse:
        """Use what is left of this credit note for open invoices of its customer."""
        seen = invoices_seen_by(actor_of(request))

        def effect(values: Any) -> Invoice:
            services.allocate_credit(
                actor=actor_of(request), invoice_id=int(id), invoice_ids=values.get("invoices"), now=timezone.now()
            )
            return with_lines(seen).get(pk=int(id))

        return self.write(request, effect)
