"""What the templates are told. Each kind of paper has its facts; a template shows them and works nothing out."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypedDict


class Seller(TypedDict):
    """The company, as it was."""

    name: str
    uen: str
    gst_reg_no: str
    address: str
    postal_code: str
    phone: str
    email: str


class Buyer(TypedDict):
    """The customer, as they were."""

    customer_code: str
    name: str
    address: str
    postal_code: str
    uen: str
    email: str
    phone: str


class Line(TypedDict):
    """One line of a document; amounts are below zero for what came back."""

    item_type: str
    description: str
    quantity: Decimal
    rate: Decimal
    net_amount: Decimal
    amount: Decimal


class Meter(TypedDict):
    """What the meter said."""

    serial_no: str
    previous: Decimal
    current: Decimal
    usage: Decimal
    rate: Decimal


class Cylinders(TypedDict):
    """So many of one kind."""

    name: str
    quantity: int
    damaged: bool


class Document(TypedDict):
    """`document.html`: an invoice of any type, or a credit note."""

    document_type: str
    title: str
    number: str
    issued_on: date
    due_date: date
    transaction_number: str
    occurred_at: datetime
    seller: Seller
    buyer: Buyer
    lines: Sequence[Line]
    meter: Meter | None
    returned: Sequence[Cylinders]
    held: Sequence[Cylinders]
    gst_rate: Decimal
    prices_include_gst: bool
    subtotal: Decimal
    tax_amount: Decimal
    total_amount: Decimal
    paid: Decimal
    due_at_issue: Decimal
    paynow: str  # the text of the QR code; blank: there is none
    reason: str
    corrects_number: str
    corrects_issued_on: date | None


class Receipt(TypedDict):
    """`receipt.html`: money received, and which documents it settled."""

    number: str
    received_at: datetime
    seller: Seller
    buyer: Buyer
    amount: Decimal
    method: str
    reference: str
    allocations: Sequence[tuple[str, Decimal]]  # number of the document, and how much of it
    unallocated: Decimal
    reversed_at: datetime | None
    reverse_reason: str


class Standing(TypedDict):
    """What is owed, and what is held, at one moment."""

    balance: Decimal
    cylinders: Sequence[tuple[str, int]]


class Entry(TypedDict):
    """One thing that changed money, cylinders or both."""

    at: datetime
    kind: str
    number: str
    what: str
    amount: Decimal | None  # None: only cylinders moved
    balance: Decimal  # after it
    moved: Sequence[tuple[str, int]]


class Statement(TypedDict):
    """`statement.html`: opening, entries, closing."""

    seller: Seller
    buyer: Buyer
    since: date
    until: date  # the last day shown
    opening: Standing
    entries: Sequence[Entry]
    closing: Standing
    invoiced: Decimal
    received: Decimal
