"""The types of operations: for each what its payload is, which endpoint it stands for, and what does it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rest_framework import serializers
from rest_framework.serializers import Serializer

from lpg.api.inputs import Input
from lpg.day_close.serializers import DayCloseInput, DayCloseRow
from lpg.day_close.views import recorded as day_close_recorded
from lpg.distribution import services as distributions
from lpg.distribution.serializers import ConfirmInput, DistributionInput, DistributionRow
from lpg.distribution.views import confirmed as distribution_confirmed
from lpg.distribution.views import recorded as distribution_recorded
from lpg.facts import Fact
from lpg.invoices import deliveries
from lpg.invoices.serializers import EmailInput, InvoiceRow
from lpg.meters import services as meters
from lpg.meters.serializers import ReadingInput, ReadingRow
from lpg.payments.serializers import PaymentInput, PaymentRow
from lpg.payments.views import recorded as payment_recorded
from lpg.roles import Actor
from lpg.transactions.serializers import SaleInput, SaleRow
from lpg.transactions.services import OnlyRead
from lpg.transactions.views import recorded as sale_recorded

VERSION = 1
type Answer = Mapping[str, Any]


class Made(NamedTuple):
    """What an operation has made or changed, as later operations may name it."""

    entity: str
    id: int
    number: str = ""
    document_id: int | None = None


class Doing(NamedTuple):
    """What is done, and by whom. `id` is of what the endpoint's address names."""

    actor: Actor
    values: Any
    id: int
    fact: Fact
    now: datetime


class OnlyReadRow(serializers.Serializer[Any]):
    """Of a sale that had nothing but a reading which cannot be billed."""

    transaction = serializers.JSONField(default=None)
    invoice = serializers.JSONField(default=None)
    reading = ReadingRow()
    payment = PaymentRow(allow_null=True)


class Kind(NamedTuple):
    """A type of operation."""

    route: str  # the endpoint's
    body: type[Input]
    status: int
    shape: type[Serializer[Any]]
    do: Callable[[Doing], Any]
    made: Callable[[Answer], Made]
    names: str = ""  # the field of the payload with what the endpoint has in its address
    refers: Mapping[str, str] = {}  # field → what it names, that may have been made offline

    def shape_of(self, result: Any) -> type[Serializer[Any]]:
        """How it is shown."""
        return OnlyReadRow if isinstance(result, OnlyRead) else self.shape


class Task(NamedTuple):
    """An operation that can be tried. `id` is of what the endpoint's address names."""

    kind: Kind
    id: int
    values: Any
    route: str


def _distribution(answer: Answer) -> Made:
    return Made("distribution", answer["id"], answer["distribution_number"])


def _sale(answer: Answer) -> Made:
    if answer["transaction"] is None:
        return Made("reading", answer["reading"]["id"])
    sale, invoice = answer["transaction"], answer["invoice"]
    return Made("transaction", sale["id"], sale["transaction_number"], invoice["id"] if invoice else None)


def _sell(doing: Doing) -> Any:
    return sale_recorded(doing.actor, doing.values, now=doing.now, fact=doing.fact)


def _confirm(doing: Doing) -> Any:
    return distribution_confirmed(doing.actor, doing.id, doing.values, now=doing.now, fact=doing.fact)


def _cancel(doing: Doing) -> Any:
    return distributions.cancel(actor=doing.actor, distribution_id=doing.id, fact=doing.fact, now=doing.now)


def _read(doing: Doing) -> Any:
    return meters.record(actor=doing.actor, meter_id=doing.id, fact=doing.fact, now=doing.now, **doing.values)


def _email(doing: Doing) -> Any:
    return deliveries.email(
        actor=doing.actor, invoice_id=doing.id, to=doing.values["to"], fact=doing.fact, now=doing.now
    )


def _decided(action: str, body: type[Input], do: Callable[[Doing], Any]) -> Kind:
    named = {"distribution": "distribution"}
    return Kind(f"distributions-{action}", body, 200, DistributionRow, do, _distribution, "distribution", named)


KINDS: dict[str, Kind] = {
    "distribution.create": Kind(
        "distributions-list",
        DistributionInput,
        201,
        DistributionRow,
        lambda doing: distribution_recorded(doing.actor, doing.values, now=doing.now, fact=doing.fact),
        _distribution,
    ),
    "distribution.confirm": _decided("confirm", ConfirmInput, _confirm),
    "distribution.cancel": _decided("cancel", Input, _cancel),
    "transaction.create": Kind(
        "transactions-list",
        SaleInput,
        201,
        SaleRow,
        _sell,
        _sale,
    ),
    "payment.create": Kind(
        "payments-list",
        PaymentInput,
        201,
        PaymentRow,
        lambda doing: payment_recorded(doing.actor, doing.values, now=doing.now, fact=doing.fact),
        lambda answer: Made("payment", answer["id"], answer["payment_number"]),
        refers={"invoices": "invoice"},
    ),
    "meter.read": Kind(
        "meters-readings",
        ReadingInput,
        201,
        ReadingRow,
        _read,
        lambda answer: Made("reading", answer["id"]),
        "meter",
    ),
    "invoice.email": Kind(
        "invoices-email",
        EmailInput,
        202,
        InvoiceRow,
        _email,
        lambda answer: Made("invoice", answer["id"], answer["invoice_number"], answer["id"]),
        "invoice",
        {"invoice": "invoice"},
    ),
    "day.close": Kind(
        "day-closes-list",
        DayCloseInput,
        201,
        DayCloseRow,
        lambda doing: day_close_recorded(doing.actor, doing.values, now=doing.now, fact=doing.fact),
        lambda answer: Made("day_close", answer["id"]),
    ),
}
CLOCKS = ("occurred_at", "received_at", "read_at")  # what a payload may say of the time, by the phone's clock
