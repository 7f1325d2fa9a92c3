"""Random weeks of sales, payments, credit, voids, reversals and stock against a plain model: no money or cylinder
appears or vanishes, and statement, ageing and sales report say of every day what was."""

from collections import Counter
from contextlib import closing, contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from lpg.clock import Days
from lpg.customers.models import Customer
from lpg.equipment.models import Equipment
from lpg.errors import Refused
from lpg.inventory.models import Balance
from lpg.inventory.places import place_of
from lpg.inventory.services import change_quantity
from lpg.invoices.models import Invoice
from lpg.invoices.reports import sales
from lpg.payments import services as payments
from lpg.payments.models import Allocation, Payment
from lpg.payments.reports import aged, customers_with_something_open
from lpg.payments.selectors import balance_of
from lpg.payments.statements import Closing, Entry, statement_of
from lpg.transactions.models import Transaction
from lpg.transactions.services import Sale
from tests.sales import PLENTY, Shop, delivered, full_back, returned, served, site
from tests.stock import disagreements

WEEKS = 40  # days ago that it all begins
RATE = Decimal("12.3400")
which = st.integers(0, 1)
money = st.integers(500, 9_000).map(lambda cents: Decimal(cents).scaleb(-2))
lines = st.lists(st.tuples(st.sampled_from("DERRS"), st.integers(1, 3)), min_size=1, max_size=3)
hours = st.integers(1, 60)


class Weeks(RuleBasedStateMachine):
    shop: Shop
    customers: ClassVar[list[Customer]]
    cylinder: ClassVar[Equipment]
    start: ClassVar

    def __init__(self):
        super().__init__()
        self.unit = transaction.atomic()
        self.unit.__enter__()
        self.now = self.start
        self.sold = {}  # sale → [customer, total, status]
        self.paid = {}  # payment → [customer, amount, counts]
        self.stands = [PLENTY, PLENTY]
        self.seen = []  # (moment, what was open then)

    def teardown(self):
        transaction.set_rollback(True)
        self.unit.__exit__(None, None, None)

    def later(self, hours):
        self.now = min(self.now + timedelta(hours=hours), timezone.now())
        return {"now": self.now}

    @contextmanager
    def judged(self, code):
        try:
            with transaction.atomic():
                yield
        except Refused as refused:
            assert refused.code == code, (refused.code, code)
        else:
            assert code is None, code

    # --- what may happen

    @rule(which=which, lines=lines, paid=st.none() | money, turn=st.integers(0, 3), hours=hours)
    def sell(self, which, lines, paid, turn, hours):
        """One time of four it waits for a supervisor."""
        waits = turn == 0
        rate = str(RATE + (1 if waits else 0))
        items, total = [], Decimal(0)
        for kind, n in lines:
            if kind == "S":
                items.append(served("5", n))
            elif kind == "E":
                items.append(returned(self.cylinder, n))
            else:
                items.append((delivered if kind == "D" else full_back)(self.cylinder, n, rate))
            total += {"S": 5, "E": 0, "D": Decimal(rate), "R": -Decimal(rate)}[kind] * n
            self.stands[which] += {"S": 0, "E": -n, "D": n, "R": -n}[kind]
        held = waits and any(kind in "DR" for kind, _ in lines)
        by = self.shop.driver if waits else None
        sale = self.shop.sell(*items, by=by, customer=self.customers[which], paid=str(paid or ""), **self.later(hours))
        pk = sale.transaction.pk
        assert sale.transaction.status == ("PENDING" if held else "CONFIRMED")
        self.sold[pk] = [which, total.quantize(Decimal("0.01")), sale.transaction.status]
        if paid:
            self.paid[sale.transaction.payments.get().pk] = [which, paid, True]

    @precondition(lambda self: self.sold)
    @rule(data=st.data(), hours=hours, any_of_them=st.booleans())
    def approve(self, data, hours, any_of_them):
        pk = self.choose(data, self.sold, [] if any_of_them else self.having("PENDING"))
        with self.judged(None if self.sold[pk][2] == "PENDING" else "not_pending"):
            self.shop.approve(Sale(Transaction.objects.get(pk=pk), None), **self.later(hours))
            self.sold[pk][2] = "CONFIRMED"

    @precondition(lambda self: self.sold)
    @rule(data=st.data(), hours=hours, any_of_them=st.booleans())
    def void(self, data, hours, any_of_them):
        by_credit = Allocation.objects.filter(released_at=None, credit_note__is_correction=False)
        pairs = by_credit.values_list("credit_note__transaction", "invoice__transaction")
        linked = {pk for pair in pairs for pk in pair}
        pk = self.choose(data, self.sold, [] if any_of_them else linked or self.having("CONFIRMED"))
        sale = Sale(Transaction.objects.get(pk=pk), None)
        with self.judged("already_void" if self.sold[pk][2] == "VOIDED" else None):
            self.shop.void(sale, **self.later(hours))
            self.sold[pk][2] = "VOIDED"
            for item in sale.transaction.items.exclude(equipment=None):
                back = -item.quantity if item.item_type == "DELIVERY" else item.quantity
                self.stands[self.sold[pk][0]] += back

    def having(self, status):
        return [pk for pk, sold in self.sold.items() if sold[2] == status]

    @rule(which=which, amount=money, hours=hours, kept=st.integers(0, 3))
    def pay(self, which, amount, hours, kept):
        """One time of four all of it stays as credit."""
        more = {"invoice_ids": []} if kept == 0 else {}
        made = self.shop.pay(str(amount), self.customers[which], **more, **self.later(hours))
        self.paid[made.pk] = [which, amount, True]

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), hours=hours, any_of_them=st.booleans())
    def use_a_payment(self, data, hours, any_of_them):
        pk = self.choose(data, self.paid, [] if any_of_them else self.counting())
        with self.judged(None if self.paid[pk][2] else "already_reversed"):
            payments.allocate(actor=self.shop.admin, payment_id=pk, **self.later(hours))

    @precondition(lambda self: self.counting())
    @rule(data=st.data(), hours=hours, any_of_them=st.booleans())
    def reverse(self, data, hours, any_of_them):
        settling = Allocation.objects.filter(released_at=None).values_list("payment", flat=True)
        pk = self.choose(data, self.paid if any_of_them else self.counting(), set(self.counting()) & set(settling))
        with self.judged(None if self.paid[pk][2] else "already_reversed"):
            payments.reverse(actor=self.shop.admin, payment_id=pk, reason="It came back", **self.later(hours))
        self.paid[pk][2] = False

    def counting(self):
        return [pk for pk, (_, _, counts) in self.paid.items() if counts]

    @staticmethod
    def choose(data, of, rather):
        return data.draw(st.sampled_from(sorted(rather or of)))

    @precondition(lambda self: Invoice.objects.exists())
    @rule(data=st.data(), hours=hours, any_of_them=st.booleans())
    def use_a_credit_note(self, data, hours, any_of_them):
        documents = {document.pk: document for document in Invoice.objects.all()}
        owing = {document.customer_id for document in documents.values() if document.balance_due > 0}
        left = [pk for pk, one in documents.items() if one.balance_due < 0 and one.customer_id in owing]
        pk = self.choose(data, documents, [] if any_of_them else left)
        with self.judged(None if documents[pk].is_credit_note else "no_credit_note"):
            payments.allocate_credit(actor=self.shop.admin, invoice_id=pk, **self.later(hours))

    @rule(which=which, delta=st.integers(-5, 5).filter(bool), hours=hours)
    def correct_stock(self, which, delta, hours):
        place, thing = place_of(site(self.customers[which])), self.cylinder.pk
        given = {"place": place, "equipment_id": thing, "condition": "", "delta": delta, "reason": "counted"}
        change_quantity(actor=self.shop.admin, **given, **self.later(hours))
        self.stands[which] += delta

    # --- what must hold

    def owes(self, which):
        confirmed = sum(total for of, total, status in self.sold.values() if of == which and status == "CONFIRMED")
        return confirmed - sum(amount for of, amount, counts in self.paid.values() if of == which and counts)

    @invariant()
    def each_owes_and_holds_what_the_model_says(self):
        for number, customer in enumerate(self.customers):
            assert balance_of(customer.pk) == self.owes(number)
            held = Balance.objects.get(place__customer=customer, equipment=self.cylinder).quantity
            assert held == self.stands[number]

    @invariant()
    def the_books_agree(self):
        assert disagreements() == {}

    @invariant()
    def a_reversed_payment_settles_nothing(self):
        gone = [pk for pk, (_, _, counts) in self.paid.items() if not counts]
        assert set(Payment.objects.filter(pk__in=gone).values_list("unallocated", flat=True)) <= {0}
        assert not Payment.objects.filter(pk__in=gone, allocations__released_at=None, allocations__pk__gt=0).exists()

    @precondition(lambda self: self.sold or self.paid)
    @rule(data=st.data(), which=which)
    def ask_for_a_statement(self, data, which):
        customer, today = self.customers[which], timezone.localdate()
        first = timezone.localdate(self.start)
        since = data.draw(st.dates(first - timedelta(days=1), today))
        until = data.draw(st.dates(since, today))
        standing = [self.statement(customer, Days(since, until))]
        whole = [self.statement(customer, Days(first, since - timedelta(days=1)))] if since > first else []
        rest = [self.statement(customer, Days(until + timedelta(days=1), today))] if until < today else []
        for before, after in zip(whole + standing, standing + rest, strict=False):
            if before is not after:
                assert before[1] == after[0]
        owes, held = (rest or standing)[-1][1]
        assert (owes, held) == (self.owes(which), self.stands[which])
        at = Days(until, until).ends
        rows = aged(list(customers_with_something_open(self.shop.admin, at)), until, at)
        nets = {row.id: row.net for row in rows}
        assert nets.get(customer.pk, 0) == standing[0][1][0]

    @invariant()
    def remember_what_is_open(self):
        if not self.seen or self.seen[-1][0] != self.now:
            self.seen.append((self.now, self.open_at(None)))
        else:  # decided at the same moment
            self.seen[-1] = (self.now, self.open_at(None))

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def ask_what_was_open(self, data):
        moment, was = data.draw(st.sampled_from(self.seen))
        assert self.open_at(moment + timedelta(microseconds=1)) == was

    def open_at(self, at):
        """Of each customer, by age on one and the same day."""
        customers, day = customers_with_something_open(self.shop.admin, at), timezone.localdate()
        return {row.id: row for row in aged(list(customers), day, at)}

    @rule()
    def ask_for_reports(self):
        today = timezone.localdate()
        rows = aged(list(customers_with_something_open(self.shop.admin, None)), today, None)
        nets = {row.id: row.net for row in rows}
        assert [nets.get(customer.pk, 0) for customer in self.customers] == [self.owes(0), self.owes(1)]
        days, depots = Days(timezone.localdate(self.start), today), [self.shop.depot.id]
        confirmed = sum(total for _, total, status in self.sold.values() if status == "CONFIRMED")
        for by in ("day", "driver", "depot", "equipment"):
            assert sum(row.net for row in sales(by, days, depot_ids=depots)) == confirmed, by

    @staticmethod
    def statement(customer, days):
        """(balance, cylinders) at its two ends; between them every entry follows on the one before."""
        with closing(statement_of(customer, days)) as parts:
            opening, *entries, end = parts
        assert isinstance(end, Closing)
        balance, held = opening.balance, Counter({one: quantity for one, _, quantity in opening.cylinders})
        ends = [(balance, sum(held.values()))]
        sums = Counter()
        times = [entry.at for entry in entries]
        assert times == sorted(times)
        assert all(days.begins <= at < days.ends for at in times)
        for entry in entries:
            assert isinstance(entry, Entry)
            balance += entry.amount or 0
            sums[entry.kind] += entry.amount or 0
            for moved in entry.moved:
                held[moved.equipment] += moved.brought - moved.taken
                assert held[moved.equipment] == moved.held
            assert entry.balance == balance
        totals = end.totals
        assert (totals.invoiced, totals.credited) == (sums["invoice"], -sums["credit_note"])
        assert (totals.paid, totals.reversed) == (-sums["payment"], sums["reversal"])
        assert end.standing.balance == balance
        assert {one: quantity for one, _, quantity in end.standing.cylinders} == {k: v for k, v in held.items() if v}
        return [*ends, (balance, sum(held.values()))]


@pytest.fixture
def weeks(admin, driver, one_transaction):
    """Two customers with plenty of cylinders since before it began."""
    Weeks.start = timezone.now() - timedelta(days=WEEKS)
    shop = Weeks.shop = Shop(admin, driver)
    Weeks.customers = [shop.another() for _ in range(2)]
    Weeks.cylinder = shop.thing(None, *Weeks.customers)
    return Weeks


def test_no_sequence_of_events_makes_or_loses_money_or_cylinders(weeks):
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        weeks,
        settings=settings(
            max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
