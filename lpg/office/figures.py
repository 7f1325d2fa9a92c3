"""The figures of the first page: what was sold and taken, where the cylinders are, and what is overdue.

Each is one or two statements along an index, however long the past is; `depots` are those whose figures one may see.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.urls import reverse

from lpg import sql
from lpg.clock import Days
from lpg.customers.models import Customer
from lpg.depots.models import Depot
from lpg.desk import shown
from lpg.equipment.models import Equipment
from lpg.fields import MoneyField
from lpg.inventory.models import Condition, Place
from lpg.invoices.reports import IS_CREDIT, OF_THESE
from lpg.payments.models import Payment
from lpg.payments.reports import takings

SHOWN_DAYS = 14
WEEK = timedelta(days=7)
WORST = 5
NOTHING = Decimal("0.00")


class Sum(NamedTuple):
    """So many sales that were not taken back, and what the documents come to, less credit notes."""

    sales: int = 0
    amount: Decimal = NOTHING

    def and_(self, other: "Sum") -> "Sum":
        return Sum(self.sales + other.sales, self.amount + other.amount)


class Sales(NamedTuple):
    """The sales of the last days, by day and depot; and those of a week ago, as they were at this time of day."""

    of: dict[tuple[date, int], Sum]
    so_far_last_week: Sum


def address(name: str, **asked: Any) -> str:
    """The list that explains a figure."""
    query = "&".join(f"{key}={value}" for key, value in asked.items() if value != "")
    return f"{reverse(f'admin:{name}')}{'?' + query if query else ''}"


def sales_of(depot_ids: Collection[int], now: datetime, today: date) -> Sales:
    """By the day each document was issued."""
    if not depot_ids:
        return Sales({}, Sum())
    signed = f"CASE WHEN {IS_CREDIT} THEN -i.total_amount ELSE i.total_amount END"
    sold = "CASE WHEN i.is_correction = 1 OR i.credited_at IS NOT NULL THEN 0 ELSE 1 END"
    until = "i.generated_at < %s"
    then = sql.moment(now - WEEK)
    found = sql.rows(
        f"""
        SELECT i.issued_on, c.depot_id, SUM({sold}), SUM({signed}),
            SUM(CASE WHEN {until} THEN {sold} ELSE 0 END), SUM(CASE WHEN {until} THEN {signed} ELSE 0 END)
        FROM {OF_THESE} {sql.groups(len(depot_ids), 1)} GROUP BY i.issued_on, c.depot_id
        """,  # noqa: S608  # every name here is ours
        [then, then, (today - timedelta(days=SHOWN_DAYS - 1)).isoformat(), today.isoformat(), *depot_ids],
    )
    of: dict[tuple[date, int], Sum] = {}
    so_far = Sum()
    for issued_on, depot_id, count, amount, count_then, amount_then in found:
        day = date.fromisoformat(str(issued_on))
        of[day, depot_id] = Sum(int(count), _dollars(amount))
        if day == today - WEEK:
            so_far = so_far.and_(Sum(int(count_then), _dollars(amount_then)))
    return Sales(of, so_far)


def sales_today(depots: Sequence[Depot], now: datetime, today: date) -> dict[str, Any]:
    """Today beside the same weekday of last week, for each depot, and the last days as bars."""
    sales = sales_of([depot.pk for depot in depots], now, today)
    days = Days(today - timedelta(days=SHOWN_DAYS - 1), today).each
    last_week = today - WEEK
    by_day = {day: _together(sales.of.get((day, depot.pk), Sum()) for depot in depots) for day in days}
    return {
        "today": _sum(by_day[today]),
        "last_week": _sum(by_day[last_week]),
        "so_far": _sum(sales.so_far_last_week),
        "weekday": f"{last_week:%A}",
        "compared": _compared(by_day[today].amount, sales.so_far_last_week.amount),
        "link": address("invoices_invoice_changelist", since=today, until=today),
        "link_last_week": address("invoices_invoice_changelist", since=last_week, until=last_week),
        "depots": [
            {
                "depot": depot,
                "today": _sum(sales.of.get((today, depot.pk), Sum())),
                "last_week": _sum(sales.of.get((last_week, depot.pk), Sum())),
                "link": address("invoices_invoice_changelist", depot=depot.pk, since=today, until=today),
            }
            for depot in depots
        ],
        "days": [
            {
                "day": day,
                "sum": _sum(by_day[day]),
                "link": address("invoices_invoice_changelist", since=day, until=day),
            }
            for day in days
        ],
        "any": any(one.sales for one in by_day.values()),
        "chart": {
            "kind": "days",
            "labels": [[f"{day:%a}", str(day.day)] for day in days],
            "titles": [shown.day(day) for day in days],
            "series": [{"name": "Sales", "values": [float(by_day[day].amount) for day in days]}],
            "notes": [_sold(by_day[day].sales) for day in days],
            "strong": [days.index(last_week), days.index(today)],
            "links": [address("invoices_invoice_changelist", since=day, until=day) for day in days],
        },
    }


def taken_today(depots: Sequence[Depot], today: date) -> dict[str, Any]:
    """What each person took today, by the way it was paid; what was reversed since does not count."""
    rows = takings(Days(today, today), depot_ids=[depot.pk for depot in depots])
    always = {Payment.Method.CASH.value, Payment.Method.PAYNOW.value}
    used = [method for method in Payment.Method.values if method in always or any(row.method == method for row in rows)]
    taken: defaultdict[tuple[int, str], defaultdict[str, Decimal]] = defaultdict(_purse)
    for row in rows:
        taken[row.user, row.user_name][row.method] += row.net
    people = sorted(taken.items(), key=lambda one: (-sum(one[1].values(), NOTHING), one[0][1]))
    together = [sum((by[method] for _, by in people), NOTHING) for method in used]
    labels = [str(Payment.Method(method).label) for method in used]
    day = {"since": today, "until": today}
    return {
        "total": shown.money(sum(together, NOTHING)),
        "each": list(zip(labels, map(shown.money, together), strict=True)),
        "methods": labels,
        "together": [shown.amount(amount) for amount in [*together, sum(together, NOTHING)]],
        "link": address("payments_payment_changelist", **day),
        "height": 88 + 36 * len(people),
        "people": [
            {
                "name": name,
                "link": address("payments_payment_changelist", user=user, **day),
                "amounts": [shown.amount(by[method]) if by[method] else shown.NOTHING for method in used],
                "total": shown.amount(sum(by.values(), NOTHING)),
            }
            for (user, name), by in people
        ],
        "chart": {
            "kind": "people",
            "labels": [name for (_, name), _ in people],
            "titles": [name for (_, name), _ in people],
            "series": [
                {"name": label, "values": [float(by[method]) for _, by in people]}
                for label, method in zip(labels, used, strict=True)
            ],
            "notes": [""] * len(people),
            "strong": [],
            "links": [address("payments_payment_changelist", user=user, **day) for (user, _), _ in people],
        },
    }


def _purse() -> defaultdict[str, Decimal]:
    """Amounts by how they were paid, nothing yet."""
    return defaultdict(lambda: NOTHING)


def cylinders_by_place(depots: Sequence[Depot]) -> dict[str, Any]:
    """Full and empty by size: at each depot, on their trucks, at their customers' sites."""
    ids = [depot.pk for depot in depots]
    found = _held(ids) if ids else []
    held: Counter[tuple[str, int, str]] = Counter()  # place, equipment, condition
    for kind, depot_id, equipment_id, condition, quantity in found:
        place = f"depot:{depot_id}" if kind == Place.Kind.DEPOT else kind
        held[place, equipment_id, condition] += int(quantity)
    there = {equipment for (_, equipment, _), quantity in held.items() if quantity}
    sizes = list(Equipment.objects.filter(pk__in=there).order_by("weight_kg", "name", "pk")) if there else []
    places = [(f"depot:{one.pk}", str(one.code), one.name, address("stock", depot=one.pk)) for one in depots]
    places.append((Place.Kind.TRUCK.value, "On trucks", "", address("stock")))
    places.append((Place.Kind.CUSTOMER.value, "At customers", "", address("reports_cylinders")))
    return {
        "sizes": [size.name.replace(" cylinder", "") for size in sizes],
        "places": [
            {
                "title": title,
                "subtitle": subtitle,
                "link": link,
                "cells": [_cell(held, key, size.pk) for size in sizes],
            }
            for key, title, subtitle, link in places
        ],
        "together": [_everywhere(held, size.pk) for size in sizes],
    }


def _held(depot_ids: list[int]) -> list[sql.Row]:
    return sql.rows(
        f"""
        SELECT p.kind, COALESCE(p.depot_id, v.depot_id, c.depot_id) AS home, b.equipment_id, b.`condition`,
            SUM(b.quantity)
        FROM inventory_balance b JOIN inventory_place p ON p.id = b.place_id
        JOIN equipment_equipment e ON e.id = b.equipment_id
        LEFT JOIN depots_vehicle v ON v.id = p.vehicle_id LEFT JOIN customers_customer c ON c.id = p.customer_id
        WHERE b.physical = 1 AND b.quantity > 0 AND e.equipment_type = %s
            AND COALESCE(p.depot_id, v.depot_id, c.depot_id) IN {sql.groups(len(depot_ids), 1)}
        GROUP BY p.kind, home, b.equipment_id, b.`condition`
        """,  # noqa: S608  # every name here is ours
        [Equipment.Type.CYLINDER, *depot_ids],
    )


def _cell(held: Counter[tuple[str, int, str]], place: str, size: int) -> dict[str, Any]:
    """What stands there of one size; a customer's site keeps a plain count."""
    if place == Place.Kind.CUSTOMER:
        return {"main": shown.number(held[place, size, Condition.NONE]), "more": [], "words": "there"}
    more = [(Condition.EMPTY, "empty"), (Condition.DAMAGED, "damaged")]
    return {
        "main": shown.number(held[place, size, Condition.FULL]),
        "words": "full",
        "more": [
            f"{shown.number(held[place, size, condition])} {words}"
            for condition, words in more
            if held[place, size, condition]
        ],
    }


def _everywhere(held: Counter[tuple[str, int, str]], size: int) -> str:
    return shown.number(sum(quantity for (_, equipment, _), quantity in held.items() if equipment == size))


def overdue(depots: Sequence[Depot], today: date) -> dict[str, Any]:
    """What is past its due date: all of it, and the customers who owe the most of it."""
    ids = [depot.pk for depot in depots]
    found = _overdue(ids, today) if ids else []
    worst = sorted(found, key=lambda row: (-row[1], row[0]))[:WORST]
    names = Customer.objects.in_bulk([row[0] for row in worst])
    return {
        "total": shown.money(sum((_dollars(row[1]) for row in found), NOTHING)),
        "customers": len(found),
        "invoices": sum(int(row[2]) for row in found),
        "link": address("invoices_invoice_changelist", state="overdue"),
        "worst": [
            {
                "customer": names[customer],
                "amount": shown.amount(_dollars(amount)),
                "invoices": int(count),
                "days": (today - date.fromisoformat(str(oldest))).days,
                "link": address("invoices_invoice_changelist", customer=customer, state="overdue"),
            }
            for customer, amount, count, oldest in worst
        ],
    }


def _overdue(depot_ids: list[int], today: date) -> list[sql.Row]:
    """By customer: cents, invoices, the oldest due date. Along the index of what is open of each customer."""
    return sql.rows(
        f"""
        SELECT i.customer_id, SUM(i.balance_due), COUNT(*), MIN(i.due_date)
        FROM customers_customer c JOIN invoices_invoice i ON i.customer_id = c.id
        WHERE c.depot_id IN {sql.groups(len(depot_ids), 1)} AND i.balance_due > 0 AND i.due_date < %s
        GROUP BY i.customer_id
        """,  # noqa: S608  # every name here is ours
        [*depot_ids, today.isoformat()],
    )


def _together(sums: Any) -> Sum:
    whole = Sum()
    for one in sums:
        whole = whole.and_(one)
    return whole


def _sum(one: Sum) -> dict[str, str]:
    return {"money": shown.money(one.amount), "amount": shown.amount(one.amount), "sales": _sold(one.sales)}


def _sold(number: int) -> str:
    return f"{number:,} sale{'' if number == 1 else 's'}"


def _compared(now: Decimal, then: Decimal) -> dict[str, str] | None:
    """How much more or less that is than a week ago at this time, in per cent; nothing beside nothing."""
    if then <= 0:
        return None
    per_cent = round((now - then) * 100 / then)
    if not per_cent:
        return {"sign": "=", "words": "as much as", "style": "desk-quiet"}
    more = per_cent > 0
    return {
        "sign": "▲" if more else "▼",
        "words": f"{abs(per_cent):,} % {'more' if more else 'less'} than",
        "style": "desk-good" if more else "desk-late",
    }


def _dollars(cents: Any) -> Decimal:
    return Decimal(cents).scaleb(-MoneyField.decimal_places)
