"""Why sales wait: judged when they are recorded, and in figures, for whoever decides.

The figures are as they are now, of many sales in a constant number of queries.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Prefetch, Q, QuerySet, Sum
from django.utils import timezone

from lpg import sql
from lpg.clock import BACK
from lpg.customers.models import Customer, Rate
from lpg.customers.selectors import rates_shown
from lpg.equipment.models import DefaultRate
from lpg.facts import Fact
from lpg.invoices import services as invoices
from lpg.invoices.models import Invoice
from lpg.invoices.tax import cents
from lpg.payments.models import Payment
from lpg.payments.selectors import balance_of
from lpg.roles import Actor, Role
from lpg.transactions.models import Transaction, TransactionItem
from lpg.transactions.selectors import ISSUED

NOTHING = Decimal("0.00")
LISTED = (TransactionItem.Type.DELIVERY, TransactionItem.Type.FULL_RETURN)  # what the price list has a rate for

LINES: Any = Prefetch("items", TransactionItem.objects.select_related("equipment").order_by("pk"), to_attr="in_order")

type Amounts = dict[int, Decimal]  # by customer


class Differing(NamedTuple):
    """A line whose rate is not what the price list says; `listed` None when it says nothing."""

    line: TransactionItem
    listed: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """How much more (below zero: less) the customer pays for this line."""
        if self.listed is None:
            return None
        sign = -1 if self.line.item_type == TransactionItem.Type.FULL_RETURN else 1
        return self.line.amount - sign * cents(self.line.quantity * self.listed)


class Credit(NamedTuple):
    """What a customer would owe with everything that waits, beside the limit."""

    limit: Decimal | None
    owes: Decimal
    waits: Decimal  # other sales of this customer
    this: Decimal

    @property
    def together(self) -> Decimal:
        return self.owes + self.waits + self.this

    @property
    def over(self) -> Decimal:
        """By how much; nothing when it is within the limit by now."""
        return NOTHING if self.limit is None else max(self.together - self.limit, NOTHING)


class Standing(NamedTuple):
    """What counts beside a customer's open invoices when the credit limit is judged."""

    id: int  # the customer's
    credit: Decimal  # money not allocated, and what is left of credit notes
    waits: Decimal  # what the sales that wait for approval will come to


class Why(NamedTuple):
    """The reasons that a sale has; None for one that it has not."""

    rates: list[Differing] | None
    credit: Credit | None


def with_lines(rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    """Each with its lines (`in_order`), their equipment, and its document."""
    return rows.prefetch_related(LINES, ISSUED)


def why(sales: Sequence[Transaction]) -> dict[int, Why]:
    """For each of these sales, with its lines and its customer, what a supervisor should know."""
    overrides = [sale for sale in sales if Transaction.Hold.RATE_OVERRIDE in sale.holds]
    beyond = [sale for sale in sales if Transaction.Hold.CREDIT_LIMIT in sale.holds]
    differing = _differing(overrides)
    owed, waiting = _owed({sale.customer_id for sale in beyond}), _waiting({sale.customer_id for sale in beyond})
    return {
        sale.pk: Why(
            differing.get(sale.pk),
            _credit(sale, owed, waiting) if sale in beyond else None,
        )
        for sale in sales
    }


def standings(customer_ids: Iterable[int]) -> dict[int, Standing]:
    """Of each of these customers, in three statements."""
    ids = list(customer_ids)
    notes = Invoice.objects.filter(customer__in=ids, balance_due__lt=NOTHING)
    money = Payment.objects.filter(customer__in=ids, unallocated__gt=NOTHING)
    credit: Amounts = defaultdict(lambda: NOTHING)
    for customer, left in notes.values_list("customer").annotate(Sum("balance_due")).order_by():
        credit[customer] -= left
    for customer, left in money.values_list("customer").annotate(Sum("unallocated")).order_by():
        credit[customer] += left
    waiting = _waiting(ids)
    return {id: Standing(id, credit[id], waiting[id]) for id in ids}


def final(sale: Transaction) -> Decimal:
    """What the document will come to, tax included."""
    return invoices.total_of([sale.total_amount], timezone.localdate(sale.occurred_at))


def reasons(
    actor: Actor,
    customer: Customer,
    lines: Sequence[TransactionItem],
    rates: dict[int | None, Decimal],
    rest: Decimal,
    fact: Fact | None,
) -> list[str]:
    """What a supervisor has to look at before there is a document. `rest` is what this sale leaves to be paid."""
    holds = []
    listed = [line for line in lines if line.item_type in LISTED]
    other = [line for line in listed if line.rate != rates.get(line.equipment_id)]
    if actor.role == Role.DRIVER and other and not (fact and _honoured(customer, other, fact)):
        holds.append(Transaction.Hold.RATE_OVERRIDE.value)
    limit = customer.credit_limit if customer.payment_type != Customer.Payment.CASH else None
    if limit is not None and balance_of(customer.pk) + _waits(customer.pk) + rest > limit:
        holds.append(Transaction.Hold.CREDIT_LIMIT.value)
    return holds


def _honoured(customer: Customer, lines: Sequence[TransactionItem], fact: Fact) -> bool:
    """Whether each of these rates was the customer's within a week before: the phone could not know better."""
    until = fact.captured_at
    shown = rates_shown(customer.pk, {line.equipment_id or 0 for line in lines}, until - BACK, until)
    return all(line.rate in shown[line.equipment_id or 0] for line in lines)


def _waits(customer_id: int) -> Decimal:
    """What the sales that wait for approval will come to."""
    rows = sql.entities(Transaction, "WHERE customer_id = %s AND status = 'PENDING'", [customer_id])
    finals = (invoices.total_of([row.total_amount], timezone.localdate(row.occurred_at)) for row in rows)
    return sum(finals, NOTHING)


def _credit(sale: Transaction, owed: Amounts, waiting: Amounts) -> Credit:
    this = final(sale)
    others = waiting.get(sale.customer_id, NOTHING) - (this if sale.status == Transaction.Status.PENDING else NOTHING)
    return Credit(sale.customer.credit_limit, owed.get(sale.customer_id, NOTHING), others, this)


def _owed(customer_ids: Iterable[int]) -> Amounts:
    """As `balance_of`, for several customers: open documents, less money not yet allocated."""
    ids = list(customer_ids)
    if not ids:
        return {}
    is_open = Q(balance_due__gt=NOTHING) | Q(balance_due__lt=NOTHING)
    documents = Invoice.objects.filter(is_open, customer__in=ids).values_list("customer").annotate(Sum("balance_due"))
    credit = Payment.objects.filter(customer__in=ids, unallocated__gt=NOTHING)
    owed: Amounts = defaultdict(lambda: NOTHING, documents.order_by())
    for customer, left in credit.values_list("customer").annotate(Sum("unallocated")).order_by():
        owed[customer] -= left
    return owed


def _waiting(customer_ids: Iterable[int]) -> Amounts:
    """What the sales of these customers that wait will come to."""
    ids = list(customer_ids)
    waiting: Amounts = defaultdict(lambda: NOTHING)
    for sale in Transaction.objects.filter(customer__in=ids, status=Transaction.Status.PENDING) if ids else ():
        waiting[sale.customer_id] += final(sale)
    return waiting


def _differing(sales: Sequence[Transaction]) -> dict[int, list[Differing]]:
    """The lines of each sale whose rate is not what the price list says for its day."""
    lines = {sale.pk: [line for line in sale.in_order if line.item_type in LISTED] for sale in sales}
    things = {line.equipment_id for found in lines.values() for line in found if line.equipment_id}
    own, default = _price_list({sale.customer_id for sale in sales}, things)
    return {
        sale.pk: [
            Differing(line, listed)
            for line in lines[sale.pk]
            if line.equipment_id
            and (listed := _rate(sale, own[sale.customer_id, line.equipment_id], default[line.equipment_id]))
            != line.rate
        ]
        for sale in sales
    }


type Dated = list[tuple[date, Decimal]]  # the one that counts last


def _price_list(
    customer_ids: Iterable[int], equipment_ids: Iterable[int]
) -> tuple[dict[tuple[int, int], Dated], dict[int, Dated]]:
    """The rates of these customers, and the default rates, for these things."""
    own: dict[tuple[int, int], Dated] = defaultdict(list)
    default: dict[int, Dated] = defaultdict(list)
    customers, things = list(customer_ids), list(equipment_ids)
    if not things:
        return own, default
    rates = Rate.objects.filter(customer__in=customers, equipment__in=things).order_by("effective_from", "id")
    for customer, thing, day, rate in rates.values_list("customer", "equipment", "effective_from", "rate"):
        own[customer, thing or 0].append((day, rate))
    defaults = DefaultRate.objects.filter(equipment__in=things).order_by("effective_from", "id")
    for thing, day, rate in defaults.values_list("equipment", "effective_from", "rate"):
        default[thing].append((day, rate))
    return own, default


def _rate(sale: Transaction, own: Dated, default: Dated) -> Decimal | None:
    """The customer's own rate in force on the day of the sale, else the default rate."""
    day = timezone.localdate(sale.occurred_at)
    for rates in (own, default):
        if begun := [rate for since, rate in rates if since <= day]:
            return begun[-1]
    return None
