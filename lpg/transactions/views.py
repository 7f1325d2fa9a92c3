from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.answers import shown
from lpg.api.door import Door, Readable, needs
from lpg.api.guard import actor_of
from lpg.api.inputs import ReasonInput
from lpg.customers.selectors import customers_seen_by
from lpg.facts import Fact
from lpg.payments.services import Money
from lpg.roles import Actor
from lpg.transactions import services
from lpg.transactions.holds import standings
from lpg.transactions.lines import Item
from lpg.transactions.models import Transaction
from lpg.transactions.selectors import transactions_seen_by, whole, with_items
from lpg.transactions.serializers import CreditRow, SaleInput, SaleRow, TransactionQuery, TransactionRow


def recorded(
    actor: Actor, values: Any, *, now: datetime, fact: Fact | None = None
) -> services.Sale | services.OnlyRead:
    """What the body of a sale asks for, posted or pushed."""
    reading, payment = values.get("current_meter_reading"), values.get("payment")
    return services.sell(
        actor=actor,
        customer_id=values["customer"],
        items=[
            Item(
                item["item_type"],
                item["quantity"],
                item.get("equipment"),
                item.get("rate"),
                item.get("condition") or "",
                item["description"],
            )
            for item in values["items"]
        ],
        reading=None if reading is None else services.Reading(reading, values.get("meter"), values["is_rollover"]),
        seller=services.Seller(values.get("vehicle"), values.get("depot")),
        payment=Money(payment["method"], payment["amount"], payment["reference"]) if payment else None,
        send_email=values["send_email"],
        remarks=values["remarks"],
        occurred_at=values.get("occurred_at"),
        client_temp_id=values.get("client_temp_id") or "",
        now=now,
        fact=fact,
    )


class TransactionDoor(Readable):
    """Sales at the customer's site. Nothing is edited or deleted: a mistake is voided."""

    tag = "Transactions"
    nouns = ("transaction", "transactions")
    needs = needs(
        "transactions",
        create_transaction="transactions.write",
        approve="transactions.decide",
        void="transactions.decide",
    )
    output = TransactionRow
    bodies = {"create": SaleInput, "create_transaction": SaleInput, "void": ReasonInput}  # noqa: RUF012
    answers = {  # noqa: RUF012
        "retrieve": (200, SaleRow),
        "create": (201, SaleRow),
        "create_transaction": (201, SaleRow),
        "approve": (200, SaleRow),
        "void": (200, SaleRow),
    }
    queries = {"list": TransactionQuery}  # noqa: RUF012
    lookups = {"since": "occurred_at__gte", "until": "occurred_at__lt"}  # noqa: RUF012
    searched = ("transaction_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Transaction]:
        return with_items(transactions_seen_by(actor_of(self.request)))

    def retrieve(self, request: Request, id: str) -> Response:
        row = self.found(whole(transactions_seen_by(actor_of(request))), id)
        return Response(shown(SaleRow, services.Sale(row, next(iter(row.issued), None))))

    def create(self, request: Request) -> HttpResponse:
        """Record what was delivered and returned, what the meter shows and what was paid: all of it or nothing."""

        return self.write(request, lambda values: recorded(actor_of(request), values, now=timezone.now()))

    @action(detail=False, methods=["post"], url_name="list")
    def create_transaction(self, request: Request) -> HttpResponse:
        """The same as recording a sale, under the owner's second name."""
        return self.create(request)

    @action(detail=True, methods=["post"])
    def approve(self, request: Request, id: str) -> HttpResponse:
        """Let a sale that waits go ahead, at the rates on its lines. Its document is issued now."""
        return self._decide(request, id, services.approve)

    @action(detail=True, methods=["post"])
    def void(self, request: Request, id: str) -> HttpResponse:
        """Take a sale back, with a reason: stock and meter go back, its document gets a credit note."""
        return self._decide(request, id, services.void)

    def _decide(self, request: Request, id: str, service: Callable[..., services.Sale]) -> HttpResponse:
        def effect(values: Any) -> services.Sale:
            return service(actor=actor_of(request), transaction_id=int(id), now=timezone.now(), **values)

        return self.write(request, effect)


class CustomerCreditDoor(Door):
    """What counts beside a customer's open invoices when the credit limit is judged."""

    tag = "Transactions"
    nouns = ("credit", "credits")
    needs = {"credit": "invoices.open"}  # noqa: RUF012
    output = CreditRow

    @action(detail=True, methods=["get"])
    def credit(self, request: Request, id: str) -> Response:
        """What this customer has left of money and credit notes, and what waits for approval."""
        customer = self.found(customers_seen_by(actor_of(request)), id)
        return Response(shown(CreditRow, standings([customer.pk])[customer.pk]))
