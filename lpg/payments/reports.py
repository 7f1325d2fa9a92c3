"""What is open and since when, and what was taken: reports on money, each a few statements whatever it covers."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from lpg import sql
from lpg.accounts.models import User
from lpg.clock import Days
from lpg.customers.models import Customer
from lpg.fields import MoneyField
from lpg.invoices.models import Invoice
from lpg.payments.models import Allocation, Payment
from lpg.roles import Actor, sees

AGES = (30, 60, 90)
CHUNK = 1_000
NOTHING = Decimal(0)


class Aged(NamedTuple):
    """What a customer owed at the end of a day, by how long ago it was invoiced."""

    id: int
    customer_code: str
    name: str
    depot: int
    days_0_30: Decimal
    days_31_60: Decimal
    days_61_90: Decimal
    days_over_90: Decimal
    total: Decimal
    overdue: Decimal  # of the total, what is past its due date
    credit: Decimal  # credit notes and money not yet used
    net: Decimal


class Taken(NamedTuple):
    """What one person took on one day in one way."""

    day: date
    user: int
    user_name: str
    method: str
    payments: int
    received: Decimal
    reversed: Decimal  # of what was received, what was reversed since
    net: Decimal


def customers_with_something_open(actor: Actor, at: datetime | None) -> QuerySet[Customer]:
    """Those who owe, or have credit, now; of a past moment also some with whom it has come to nothing by then."""
    documents = Invoice.objects.filter(customer=OuterRef("pk"))
    money = Payment.objects.filter(customer=OuterRef("pk"))
    if at is None:
        open_ones: Any = (
            Exists(documents.filter(balance_due__gt=NOTHING))
            | Exists(documents.filter(balance_due__lt=NOTHING))
            | Exists(money.filter(unallocated__gt=NOTHING))
        )
    else:
        settled_later = Q(paid_at__gte=at) | Q(credited_at__gte=at) | ~Q(balance_due=NOTHING)
        used_later = Exists(Allocation.objects.filter(payment=OuterRef("pk"), created_at__gte=at))
        left_then = Q(unallocated__gt=NOTHING) | Q(reversed_at__gte=at) | used_later
        open_ones = Exists(documents.filter(settled_later, generated_at__lt=at)) | Exists(
            money.filter(left_then, created_at__lt=at)
        )
    return Customer.objects.filter(sees(actor, "reports.read")).filter(open_ones)


def aged(customers: Sequence[Customer], day: date, at: datetime | None) -> list[Aged]:
    """What each owed at the end of that day (`at` None: now); those with nothing open are left out."""
    found = {row[0]: row[1:] for row in _open_of([customer.pk for customer in customers], day, at)}
    rows = []
    for customer in customers:
        if not any(amounts := found.get(customer.pk, ())):
            continue
        first, second, third, rest, overdue, credit = (_dollars(amount) for amount in amounts)
        total = first + second + third + rest
        who = customer.pk, customer.customer_code, customer.name, customer.depot_id
        rows.append(Aged(*who, first, second, third, rest, total, overdue, credit, total - credit))
    return rows


def all_aged(customers: QuerySet[Customer], day: date, at: datetime | None) -> Iterator[Aged]:
    """The same for however many, some at a time."""
    last = 0
    while chunk := list(customers.filter(pk__gt=last).order_by("pk")[:CHUNK]):
        yield from aged(chunk, day, at)
        last = chunk[-1].pk


LIVE = "a.created_at < %s AND (a.released_at IS NULL OR a.released_at >= %s)"
OPEN_THEN = f"""
    CASE WHEN i.is_correction = 1 THEN 0 ELSE
        CASE i.document_type WHEN 'credit_note' THEN -i.total_amount ELSE i.total_amount END
        - CASE i.document_type WHEN 'credit_note' THEN -1 ELSE 1 END * (
            COALESCE((SELECT SUM(a.amount) FROM payments_allocation a WHERE a.invoice_id = i.id AND {LIVE}), 0)
            + COALESCE((SELECT SUM(a.amount) FROM payments_allocation a WHERE a.credit_note_id = i.id AND {LIVE}), 0)
        ) END
"""  # noqa: S608  # every name here is ours
LEFT_THEN = f"""
    p.amount - COALESCE((SELECT SUM(a.amount) FROM payments_allocation a WHERE a.payment_id = p.id AND {LIVE}), 0)
"""  # noqa: S608


def _open_of(ids: Collection[int], day: date, at: datetime | None) -> list[sql.Row]:
    """Customer, what is open of each age, what of it is overdue, and credit: in cents."""
    if not ids:
        return []
    these = sql.groups(len(ids), 1)
    columns = "customer_id, issued_on, due_date"
    if at is None:
        values: list[Any] = [*ids, *ids]
        documents = f"SELECT {columns}, balance_due AS amount FROM invoices_invoice WHERE customer_id IN {these}"  # noqa: S608
        documents += " AND (balance_due > 0 OR balance_due < 0)"
        money = f"SELECT customer_id, NULL, NULL, -unallocated FROM payments_payment WHERE customer_id IN {these}"  # noqa: S608
        money += " AND unallocated > 0"
    else:
        then = sql.moment(at)
        values = [*[then] * 4, *ids, *[then] * 3, *[then] * 2, *ids, *[then] * 2]
        documents = f"""
            SELECT {columns}, {OPEN_THEN} AS amount FROM invoices_invoice i
            WHERE customer_id IN {these} AND generated_at < %s
                AND (balance_due <> 0 OR paid_at >= %s OR credited_at >= %s)
        """  # noqa: S608
        money = f"""
            SELECT customer_id, NULL, NULL, -({LEFT_THEN}) FROM payments_payment p
            WHERE customer_id IN {these} AND created_at < %s AND (reversed_at IS NULL OR reversed_at >= %s)
        """  # noqa: S608
    limits = [day - timedelta(days=age) for age in AGES]
    ages = ["issued_on >= %s", *["issued_on < %s AND issued_on >= %s"] * 2, "issued_on < %s"]
    sums = ", ".join(f"SUM(CASE WHEN amount > 0 AND {age} THEN amount ELSE 0 END)" for age in ages)
    statement = f"""
        SELECT customer_id, {sums}, SUM(CASE WHEN amount > 0 AND due_date < %s THEN amount ELSE 0 END),
            SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END)
        FROM ({documents} UNION ALL {money}) what_is_open GROUP BY customer_id
    """  # noqa: S608
    days = [limits[0], limits[0], limits[1], limits[1], limits[2], limits[2], day]
    return sql.rows(statement, [*(one.isoformat() for one in days), *values])


def takings(days: Days, *, depot_ids: Collection[int], user_id: int | None = None) -> list[Taken]:
    """By day of receipt, person and method, what was received from the customers of these depots."""
    if not depot_ids:
        return []
    later = [sql.moment(Days(day, day).ends) for day in days.each]
    which = "CASE " + " ".join(f"WHEN p.received_at < %s THEN {n}" for n in range(len(later))) + " END"
    values: list[Any] = [*later, sql.moment(days.begins), later[-1], *depot_ids]
    by_user = "" if user_id is None else " AND p.user_id = %s"
    values += [] if user_id is None else [user_id]
    found = sql.rows(
        f"""
        SELECT {which} AS day, p.user_id, p.method, COUNT(*), SUM(p.amount),
            SUM(CASE WHEN p.reversed_at IS NULL THEN 0 ELSE p.amount END)
        FROM payments_payment p JOIN customers_customer c ON c.id = p.customer_id
        WHERE p.received_at >= %s AND p.received_at < %s AND c.depot_id IN {sql.groups(len(depot_ids), 1)}{by_user}
        GROUP BY day, p.user_id, p.method
        """,  # noqa: S608
        values,
    )
    names = {user.pk: str(user) for user in User.objects.filter(pk__in={row[1] for row in found})}
    in_order = sorted(found, key=lambda row: (row[0], names[row[1]], Payment.Method.values.index(row[2])))
    return [
        Taken(
            days.each[day],
            user,
            names[user],
            method,
            count,
            _dollars(received),
            _dollars(undone),
            _dollars(received - undone),
        )
        for day, user, method, count, received, undone in in_order
    ]


def _dollars(cents: Any) -> Decimal:
    return Decimal(cents).scaleb(-MoneyField.decimal_places)
