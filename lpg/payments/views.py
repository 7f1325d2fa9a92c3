from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request

from lpg.api.door import Readable, needs
from lpg.api.guard import actor_of
from lpg.payments import services
from lpg.payments.models import Payment
from lpg.payments.selectors import payments_seen_by, with_allocations
from lpg.payments.serializers import AllocateInput, PaymentInput, PaymentQuery, PaymentRow


class PaymentDoor(Readable):
    """Money received, with its numbered receipt, and the invoices it settles."""

    tag = "Payments"
    nouns = ("payment", "payments")
    needs = needs("payments", allocate="payments.write")
    output = PaymentRow
    bodies = {"create": PaymentInput, "allocate": AllocateInput}  # noqa: RUF012
    queries = {"list": PaymentQuery}  # noqa: RUF012
    lookups = {"since": "received_at__gte", "until": "received_at__lt"}  # noqa: RUF012
    searched = ("payment_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Payment]:
        return with_allocations(payments_seen_by(actor_of(self.request)))

    def create(self, request: Request) -> HttpResponse:
        """Record money received. What is over stays as the customer's credit."""

        def effect(values: Any) -> Payment:
            made = services.record(
                actor=actor_of(request),
                customer_id=values["customer"],
                money=services.Money(values["method"], values["amount"], values["reference"]),
                invoice_ids=values.get("invoices"),
                received_at=values.get("received_at"),
                client_temp_id=values.get("client_temp_id") or "",
                now=timezone.now(),
            )
            return self.rows().get(pk=made.pk)

        return self.write(request, effect)

    @action(detail=True, methods=["post"])
    def allocate(self, request: Request, id: str) -> HttpResponse:
        """Use what is left of this payment for open invoices of its customer."""

        def effect(values: Any) -> Payment:
            services.allocate(
                actor=actor_of(request), payment_id=int(id), invoice_ids=values.get("invoices"), now=timezone.now()
            )
            return self.rows().get(pk=int(id))

        return self.write(request, effect)
