"""Statements as they are answered: JSON while it is read, or a PDF."""

import json
from collections.abc import Generator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from lpg.api.door import Door
from lpg.api.exports import DaysQuery, streamed
from lpg.api.guard import actor_of
from lpg.api.paper import PDF
from lpg.clock import Days, days_between
from lpg.customers.models import Customer
from lpg.customers.selectors import customers_seen_by
from lpg.invoices.serializers import shown_money
from lpg.paper.keeping import attempted
from lpg.paper.render import render
from lpg.paper.turns import turn
from lpg.payments.statements import WORDS, Closing, Entry, Moved, Standing, Totals, on_paper, statement_of

AT_A_TIME = 250  # entries: some 60 KB
HELD = {"equipment": 3, "equipment_name": "14 kg cylinder", "quantity": 4}
MOVED = {"equipment": 3, "equipment_name": "14 kg cylinder", "brought": 2, "taken": 1, "held": 5}


class StatementCustomer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    customer_code = serializers.CharField()
    name = serializers.CharField()


class StatementHeld(serializers.Serializer[Any]):
    equipment = serializers.IntegerField()
    equipment_name = serializers.CharField()
    quantity = serializers.IntegerField()


class StatementStanding(serializers.Serializer[Any]):
    balance = shown_money(help_text="What is owed; below zero: the customer's credit.")
    cylinders = StatementHeld(many=True)


class StatementMoved(serializers.Serializer[Any]):
    equipment = serializers.IntegerField()
    equipment_name = serializers.CharField()
    brought = serializers.IntegerField(help_text="Came to the customer.")
    taken = serializers.IntegerField(help_text="Left the customer.")
    held = serializers.IntegerField(help_text="Stand there since.")


class StatementEntry(serializers.Serializer[Any]):
    at = serializers.DateTimeField(help_text="When it was recorded.")
    kind = serializers.ChoiceField(list(WORDS))
    id = serializers.IntegerField(help_text="Of the document, the payment, or what moved the stock.")
    number = serializers.CharField(allow_blank=True)
    what = serializers.CharField()
    amount = shown_money(allow_null=True, help_text="Below zero for payments and credit notes; null: only stock moved.")
    balance = shown_money(help_text="What is owed after it.")
    cylinders = StatementMoved(many=True)


class StatementTotals(serializers.Serializer[Any]):
    invoiced = shown_money()
    credited = shown_money()
    paid = shown_money()
    reversed = shown_money()
    cylinders = StatementMoved(many=True)


class StatementRow(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "customer": {"id": 1, "customer_code": "C-0001", "name": "Golden Dragon Restaurant"},
        "since": "2026-11-01",
        "until": "2026-11-20",
        "opening": {"balance": "0.00", "cylinders": [HELD]},
        "entries": [
            {
                "at": "2026-11-20T09:30:04+08:00",
                "kind": "invoice",
                "id": 12,
                "number": "INV-2026-000012",
                "what": "Invoice",
                "amount": "109.00",
                "balance": "109.00",
                "cylinders": [MOVED],
            }
        ],
        "closing": {"balance": "109.00", "cylinders": [{**HELD, "quantity": 5}]},
        "totals": {
            "invoiced": "109.00",
            "credited": "0.00",
            "paid": "0.00",
            "reversed": "0.00",
            "cylinders": [MOVED],
        },
    }

    customer = StatementCustomer()
    since = serializers.DateField()
    until = serializers.DateField(help_text="The last day, itself included.")
    opening = StatementStanding()
    entries = StatementEntry(many=True)
    closing = StatementStanding()
    totals = StatementTotals()


class StatementDoor(Door):
    """What a customer owed and held, what happened since, and what they owe and hold now."""

    tag = "Reports"
    nouns = ("statement", "statements")
    needs = {"statement": "statements.read", "statement_pdf": "statements.read"}  # noqa: RUF012
    output = StatementRow
    queries = {"statement": DaysQuery, "statement_pdf": DaysQuery}  # noqa: RUF012
    files = {"statement_pdf": (PDF, "%PDF-1.7")}  # noqa: RUF012
    may_refuse = ("statement_pdf",)
    pagination_class = None

    @action(detail=True, methods=["get"])
    def statement(self, request: Request, id: str) -> StreamingHttpResponse:
        """Money and cylinders side by side: opening, entries in the order they were recorded, closing.

        Both days are included. Opening and entries make the closing, whichever days are asked for.
        """
        customer, days = self._of(request, id)
        return streamed(_pieces(customer, days), "application/json")

    @action(detail=True, methods=["get"], url_path="statement/pdf", url_name="statement-pdf")
    def statement_pdf(self, request: Request, id: str) -> HttpResponse:
        """The same as a PDF, up to 2,000 entries. 409 `too_long` asks for a shorter period."""
        customer, days = self._of(request, id)
        facts = on_paper(customer, days)
        with turn():
            content = attempted(lambda: render("statement", facts)).content
        name = f"statement-{customer.customer_code}-{days.since}-{days.until}"
        quoted = "".join(one if one.isalnum() or one in "-_." else "-" for one in name)
        headers = {"Content-Disposition": f'inline; filename="{quoted}.pdf"', "Cache-Control": "private, no-cache"}
        return HttpResponse(content, content_type=PDF, headers=headers)

    def _of(self, request: Request, id: str) -> tuple[Customer, Days]:
        customer = self.found(customers_seen_by(actor_of(request)), id)
        asked = self.query_values
        return customer, days_between(asked.get("since"), asked.get("until"), today=timezone.localdate())


def _pieces(customer: Customer, days: Days) -> Generator[bytes]:
    """The whole answer, as it is read."""
    who = {"id": customer.pk, "customer_code": customer.customer_code, "name": customer.name}
    before = f'{{"customer":{_json(who)},"since":"{days.since}","until":"{days.until}","opening":'
    waiting: list[dict[str, Any]] = []
    with closing(statement_of(customer, days)) as parts:
        for part in parts:
            if isinstance(part, Entry):
                waiting.append(_entry(part))
                if len(waiting) == AT_A_TIME:
                    yield f"{before}{_json(waiting)[1:-1]}".encode()
                    waiting, before = [], ","
            elif isinstance(part, Standing):
                yield f'{before}{_json(_standing(part))},"entries":['.encode()
                before = ""
            else:
                rest = f"{before}{_json(waiting)[1:-1]}" if waiting else ""
                yield f"{rest}{_end(part)}".encode()


def _end(part: Closing) -> str:
    return f'],"closing":{_json(_standing(part.standing))},"totals":{_json(_totals(part.totals))}}}'


def _standing(standing: Standing) -> dict[str, Any]:
    held = [
        {"equipment": equipment, "equipment_name": name, "quantity": quantity}
        for equipment, name, quantity in standing.cylinders
    ]
    return {"balance": _money(standing.balance), "cylinders": held}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "at": _time(entry.at),
        "kind": entry.kind,
        "id": entry.id,
        "number": entry.number,
        "what": entry.what,
        "amount": None if entry.amount is None else _money(entry.amount),
        "balance": _money(entry.balance),
        "cylinders": [_moved(one) for one in entry.moved],
    }


def _totals(totals: Totals) -> dict[str, Any]:
    sums = {name: _money(getattr(totals, name)) for name in ("invoiced", "credited", "paid", "reversed")}
    return {**sums, "cylinders": [_moved(one) for one in totals.cylinders]}


def _moved(moved: Moved) -> dict[str, Any]:
    equipment, name, brought, taken, held = moved
    return {"equipment": equipment, "equipment_name": name, "brought": brought, "taken": taken, "held": held}


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _time(at: datetime) -> str:
    return at.astimezone(timezone.get_default_timezone()).isoformat()


_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
