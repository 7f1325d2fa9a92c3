"""Random months at two customers' sites against a plain model: no gas is lost or billed twice, no dollar appears."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import ClassVar

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.test.utils import override_settings
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lpg import sql
from lpg.equipment.models import Equipment
from lpg.errors import Refused
from lpg.meters import services as meters
from lpg.meters.models import Meter, MeterReading
from lpg.meters.selectors import unbilled
from lpg.payments import services as payments
from lpg.payments.selectors import balance_of
from lpg.transactions.models import Transaction
from lpg.transactions.services import Sale
from tests.sales import Shop, a_meter, a_reading, a_replacement, answer, delivered, full_back, returned, served
from tests.stock import disagreements

DIGITS, BEYOND = 3, Decimal(1000)  # so that it begins again at zero all the time
LISTED, METER_RATE, LIMIT = Decimal("12.3450"), Decimal("0.3335"), Decimal("60.00")
BILLED = """
    SELECT customer_id, SUM(meter_usage) FROM transactions_transaction
    WHERE status <> 'VOIDED' AND meter_id IS NOT NULL GROUP BY customer_id
"""
which = st.integers(0, 1)
used = st.integers(0, 400_000).map(lambda thousandths: Decimal(thousandths).scaleb(-3))
money = st.integers(1, 9_000).map(lambda cents: Decimal(cents).scaleb(-2))
rates = st.integers(0, 400_000).map(lambda units: Decimal(units).scaleb(-4))
lines = st.lists(st.tuples(st.sampled_from("DERS"), st.integers(1, 3), rates), min_size=1, max_size=3)


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


@dataclass
class Read:
    """A reading as the model knows it."""

    pk: int
    meter: int
    usage: Decimal
    kind: str
    sale: int | None = None
    live: bool = True


@dataclass
class Sold:
    """A sale as the model knows it."""

    site: "Site"
    final: Decimal
    status: str
    own: Read | None
    bills: list[Read]


@dataclass
class Site:
    """A customer, the meter that hangs there now, all readings ever, and what went over the counter."""

    customer: object
    meter: Meter
    shown: Decimal
    readings: list[Read] = field(default_factory=list)
    paid: Decimal = Decimal(0)
    through: Decimal = Decimal(0)  # all gas that went through its meters

    def due(self) -> list[Read]:
        return [read for read in self.readings if read.live and read.sale is None and read.kind != "INITIAL"]

    def is_last(self, read: Read) -> bool:
        """Whether nothing was read after it, and its meter still hangs there."""
        later = [other for other in self.readings if other.live and other.pk > read.pk]
        return read.meter == self.meter.pk and not later

    def after(self, usage: Decimal) -> tuple[Decimal, bool]:
        """What the meter shows when so much more was used, and whether it has begun again."""
        shown = self.shown + usage
        return (shown - BEYOND, True) if shown >= BEYOND else (shown, False)


class Months(RuleBasedStateMachine):
    shop: Shop
    cylinder: Equipment
    meters: ClassVar[list[Meter]]

    def __init__(self):
        super().__init__()
        self.unit = transaction.atomic()
        self.unit.__enter__()
        self.sites = []
        for meter in (
            Meter.objects.filter(pk__in=[meter.pk for meter in self.meters]).select_related("customer").order_by("pk")
        ):
            self.sites.append(Site(meter.customer, meter, meter.current_reading))
            self.keep(self.sites[-1], meter.readings.get(), Decimal(0))
        self.sales = {}
        self.payments = []
        self.taxed = None

    @initialize(included=st.sampled_from([None, True, False]))
    def company(self, included):
        """Not registered for GST; registered, with prices that include it; with prices before it."""
        number = "" if included is None else "M2-1234567-8"
        company = {**django_settings.COMPANY, "gst_reg_no": number}
        self.taxed = override_settings(COMPANY=company, PRICES_INCLUDE_GST=included is not False)
        self.on_top = included is False
        self.taxed.enable()

    def teardown(self):
        if self.taxed:
            self.taxed.disable()
        transaction.set_rollback(True)
        self.unit.__exit__(None, None, None)

    @staticmethod
    def keep(site, row, usage):
        site.readings.append(Read(row.pk, row.meter_id, usage, row.kind))
        site.through += usage
        return site.readings[-1]

    @contextmanager
    def judged(self, code):
        """What is done within is refused with this code; when it is None, it is done."""
        try:
            with transaction.atomic():
                yield
        except Refused as refused:
            assert refused.code == code, (refused.code, code)
        else:
            assert code is None, code

    # --- what may happen

    @rule(which=which, usage=used, falls=st.integers(0, 3))
    def read(self, which, usage, falls):
        """Without a sale; one reading of four is said to be lower, and refused."""
        site = self.sites[which]
        if falls == 0 and 0 < usage <= site.shown:
            with self.judged("meter_reading_regressed"):
                a_reading(self.shop.admin, site.meter, str(site.shown - usage))
            return
        shown, is_rollover = site.after(usage)
        self.keep(site, a_reading(self.shop.admin, site.meter, str(shown), is_rollover=is_rollover), usage)
        site.shown = shown

    @rule(which=which, usage=used, initial=used)
    def replace(self, which, usage, initial):
        site = self.sites[which]
        shown, is_rollover = site.after(usage)
        old = site.meter
        site.meter = a_replacement(self.shop.admin, old, str(shown), str(initial), is_rollover=is_rollover)
        self.keep(site, old.readings.latest("pk"), usage)
        self.keep(site, site.meter.readings.get(), Decimal(0))
        site.shown = initial

    @rule(which=which, usage=used, paid=st.none() | money)
    def sell_gas(self, which, usage, paid):
        self.sell(self.sites[which], usage, [], paid)

    @rule(which=which, lines=lines, paid=st.none() | money, override=st.booleans())
    def sell_things(self, which, lines, paid, override):
        self.sell(self.sites[which], None, lines, paid, override=override)

    @rule(which=which, usage=used, lines=lines, override=st.booleans())
    def sell_gas_and_things(self, which, usage, lines, override):
        self.sell(self.sites[which], usage, lines, None, override=override)

    def sell(self, site, usage, lines, paid, *, override=False):
        items, goods, differs = self.priced(lines, override=override)
        bills = [] if usage is None else site.due()
        billed = sum((read.usage for read in bills), usage or Decimal(0))
        total = goods + cents(billed * METER_RATE)
        final = total + cents(total * 9 / 100) if self.on_top else total
        reading = {}
        if usage is not None:
            shown, is_rollover = site.after(usage)
            reading = {"reading": str(shown), "is_rollover": is_rollover}
        waits = sum(sold.final for sold in self.sales.values() if sold.site is site and sold.status == "PENDING")
        over = site is self.sites[1] and self.balance(site) + waits + final - (paid or 0) > LIMIT
        sale = self.shop.sell(*items, by=self.shop.driver, customer=site.customer, paid=str(paid or ""), **reading)
        told, _ = answer(sale)
        holds = ["rate_override"] * differs + ["credit_limit"] * over
        assert (told["holds"], told["status"]) == (holds, "PENDING" if holds else "CONFIRMED")
        assert told["total_amount"] == f"{total:.2f}"
        own = None
        if usage is not None:
            assert told["meter_usage"] == f"{billed:.3f}"
            own = self.keep(site, MeterReading.objects.latest("pk"), usage)
            site.shown = shown
            bills.append(own)
            for read in bills:
                read.sale = told["id"]
        self.sales[told["id"]] = Sold(site, final, told["status"], own, bills)
        if paid:
            site.paid += paid
            self.payments.append(sale.transaction.payments.get().pk)

    def priced(self, lines, *, override):
        """The items, what they come to, and whether a rate differs from the price list."""
        items, total, differs = [], Decimal(0), False
        for kind, n, said in lines:
            rate = said if override or kind == "S" else LISTED
            given = str(rate) if rate is said else None
            if kind == "E":
                items.append(returned(self.cylinder, n))
            elif kind == "S":
                items.append(served(given, n))
                total += cents(n * rate)
            else:
                items.append((delivered if kind == "D" else full_back)(self.cylinder, n, given))
                total += cents(n * rate) if kind == "D" else -cents(n * rate)
                differs |= rate != LISTED
        return items, total, differs

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), any_of_them=st.booleans())
    def void(self, data, any_of_them):
        possible = [id for id, sold in self.sales.items() if self.stands(sold) is None]
        id = data.draw(st.sampled_from(sorted(self.sales) if any_of_them or not possible else possible))
        sold = self.sales[id]
        code = self.stands(sold)
        with self.judged(code):
            answer(self.shop.void(self.found(id)))
        if code is None:
            sold.status = "VOIDED"
            for read in sold.bills:
                read.sale = None
            if sold.own:
                self.forget(sold.site, sold.own)

    @staticmethod
    def stands(sold):
        """Why a sale cannot be voided."""
        if sold.status == "VOIDED":
            return "already_void"
        return "later_reading_exists" if sold.own and not sold.site.is_last(sold.own) else None

    @staticmethod
    def found(id):
        return Sale(Transaction.objects.get(pk=id), None)

    @staticmethod
    def forget(site, read):
        read.live = False
        site.through -= read.usage
        site.shown -= read.usage
        if site.shown < 0:
            site.shown += BEYOND

    @precondition(lambda self: self.sales)
    @rule(data=st.data(), any_of_them=st.booleans())
    def approve(self, data, any_of_them):
        waiting = [id for id, sold in self.sales.items() if sold.status == "PENDING"]
        id = data.draw(st.sampled_from(sorted(self.sales) if any_of_them or not waiting else waiting))
        with self.judged(None if self.sales[id].status == "PENDING" else "not_pending"):
            answer(self.shop.approve(self.found(id)))
            self.sales[id].status = "CONFIRMED"

    @rule(which=which, data=st.data(), last=st.booleans())
    def void_a_reading(self, which, data, last):
        site = self.sites[which]
        live = [read for read in site.readings if read.live]
        read = live[-1] if last else data.draw(st.sampled_from(site.readings))
        code = None
        if not read.live:
            code = "already_void"
        elif read.sale:
            code = "billed"
        elif read.kind != "PLAIN" or not site.is_last(read):
            code = "later_reading_exists"
        with self.judged(code):
            meters.void(actor=self.shop.admin, meter_id=read.meter, reading_id=read.pk, reason="x", now=timezone.now())
            self.forget(site, read)

    @rule(which=which, amount=money, data=st.data(), new=st.booleans())
    def pay(self, which, amount, data, new):
        """New money, or what is left of some."""
        if new or not self.payments:
            site = self.sites[which]
            self.payments.append(self.shop.pay(str(amount), site.customer).pk)
            site.paid += amount
        else:
            pk = data.draw(st.sampled_from(self.payments))
            payments.allocate(actor=self.shop.admin, payment_id=pk, now=timezone.now())

    # --- what must hold

    def balance(self, site):
        confirmed = [sold.final for sold in self.sales.values() if sold.site is site and sold.status == "CONFIRMED"]
        return sum(confirmed, Decimal(0)) - site.paid

    @invariant()
    def all_gas_is_billed_once_or_still_due(self):
        billed = dict(sql.rows(BILLED))
        for site in self.sites:
            site.meter.refresh_from_db(fields=["current_reading"])
            assert site.meter.current_reading == site.shown
            due = unbilled(site.meter).total
            assert due == sum(read.usage for read in site.due())
            assert Decimal(billed.get(site.customer.pk, 0)).scaleb(-3) + due == site.through

    @invariant()
    def what_each_owes_is_what_was_sold_less_what_was_paid(self):
        assert [balance_of(site.customer.pk) for site in self.sites] == [self.balance(site) for site in self.sites]

    @invariant()
    def the_books_agree(self):
        assert disagreements() == {}


@pytest.fixture
def months(admin, driver):
    """Two metered customers, one of them with a credit limit, and cylinders."""
    shop = Months.shop = Shop(admin, driver)
    credit = {"payment_type": "CREDIT", "credit_limit": LIMIT}
    customers = [shop.another(meter_rate=METER_RATE, **more) for more in ({}, credit)]
    Months.cylinder = shop.thing(str(LISTED), *customers)
    Months.meters = [a_meter(admin, customer, "990", digits=DIGITS) for customer in customers]
    return Months


def test_no_sequence_of_events_loses_gas_or_money(months):
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        months,
        settings=settings(
            max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
