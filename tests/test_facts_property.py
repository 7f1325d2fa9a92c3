"""Random days in which requests and facts mix: whatever the phones push, no balance falls below nothing."""

from decimal import Decimal
from typing import ClassVar

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from lpg.distribution import services as distributions
from lpg.errors import Refused
from lpg.facts import Fact
from lpg.inventory.models import Balance
from lpg.meters.selectors import unbilled
from lpg.transactions.models import Transaction
from lpg.transactions.services import OnlyRead, Sale
from tests import make
from tests.sales import Shop, a_meter, a_reading, delivered, full_back, returned, site
from tests.stock import a_distribution, disagreements, fill

which = st.integers(0, 1)
quantities = st.integers(1, 6)
lines = st.lists(st.tuples(st.sampled_from("DEF"), which, quantities), min_size=1, max_size=4)
readings = st.integers(0, 1200)  # of a meter with three digits
KINDS = {"D": delivered, "E": returned, "F": full_back}


class Days(RuleBasedStateMachine):
    """A truck, a depot and a site with little in them; each deed is a plain request, or a fact."""

    shop: Shop
    things: ClassVar[list]

    def __init__(self):
        super().__init__()
        self.unit = transaction.atomic()
        self.unit.__enter__()
        self.meter = a_meter(self.shop.admin, self.shop.customer, "500", digits=3)
        self.sales, self.distributions = [], []
        self.shown, self.gas, self.billed = Decimal(500), Decimal(0), {}  # what the model knows of the chain

    def teardown(self):
        transaction.set_rollback(True)
        self.unit.__exit__(None, None, None)

    def deed(self, may_refuse, do, **given):
        """As a request (may_refuse) it may be refused with one of these codes; as a fact it never is."""
        if not may_refuse:
            fact = Fact(timezone.now())
            return do(**given, fact=fact), fact
        try:
            with transaction.atomic():
                return do(**given), None
        except Refused as refused:
            assert refused.code in may_refuse, refused
            return None, None

    def fits(self, reading):
        return self.shown <= reading < 1000

    @rule(lines=lines, reading=st.none() | readings, plain=st.booleans())
    def sell(self, lines, reading, plain):
        codes = ("insufficient_stock", "meter_reading_regressed", "invalid") if plain else ()
        items = [KINDS[kind](self.things[thing], quantity) for kind, thing, quantity in lines]
        self.sold(codes, items, reading)

    @rule(reading=readings, plain=st.booleans())
    def sell_gas(self, reading, plain):
        self.sold(("meter_reading_regressed", "invalid") if plain else (), [], reading)

    def sold(self, codes, items, reading):
        read = {} if reading is None else {"reading": str(reading)}
        sale, fact = self.deed(codes, lambda **fact: self.shop.sell(*items, by=self.shop.driver, **read, **fact))
        if sale is None:
            return
        bills = reading is not None and self.fits(reading)
        if fact and reading is not None:
            outside = {"reading_regressed", "reading_outside"} & {one.kind.value for one in fact.noted}
            assert bool(outside) is not bills
        assert isinstance(sale, OnlyRead) is (not items and not bills)
        if isinstance(sale, OnlyRead):
            return
        self.sales.append(sale.transaction.pk)
        if bills:
            self.gas += reading - self.shown
            self.shown = Decimal(reading)
            self.billed[sale.transaction.pk] = sale.transaction.meter_usage

    @rule(reading=readings, plain=st.booleans())
    def read(self, reading, plain):
        codes = ("meter_reading_regressed", "invalid") if plain else ()
        row, _ = self.deed(codes, lambda **fact: a_reading(self.shop.driver, self.meter, str(reading), **fact))
        if row is None:
            return
        assert (row.kind == "PLAIN") is self.fits(reading)
        if row.kind == "PLAIN":
            self.gas += reading - self.shown
            self.shown = Decimal(reading)

    @precondition(lambda self: self.sales)
    @rule(data=st.data())
    def void(self, data):
        pk = data.draw(st.sampled_from(self.sales))
        sale = Sale(Transaction.objects.get(pk=pk), None)
        before = self.meter.readings.filter(transaction=pk, voided_at=None).order_by("-pk").first()
        codes = ("insufficient_stock", "already_void", "later_reading_exists")
        done, _ = self.deed(codes, lambda: self.shop.void(sale))
        if done and before:
            self.gas -= before.usage
            self.shown = before.previous
            del self.billed[pk]

    @rule(lines=st.lists(st.tuples(which, quantities), min_size=1, max_size=3))
    def create(self, lines):
        items = [(self.things[thing], quantity) for thing, quantity in lines]
        self.distributions.append(a_distribution(self.shop.driver, self.shop.depot.id, *items).pk)

    @precondition(lambda self: self.distributions)
    @rule(data=st.data(), name=st.sampled_from(["confirm", "cancel"]), plain=st.booleans())
    def decide(self, data, name, plain):
        pk = data.draw(st.sampled_from(self.distributions))
        codes = ("insufficient_stock", "already_confirmed", "not_pending") if plain else ()
        do = getattr(distributions, name)
        given = {"actor": self.shop.driver, "distribution_id": pk, "now": timezone.now()}
        row, fact = self.deed(codes, do, **given)
        if fact:
            wanted = {"confirm": "CONFIRMED", "cancel": "CANCELLED"}[name]
            assert (row.status == wanted) is not any(one.kind == "first_wins" for one in fact.noted)

    @invariant()
    def no_place_holds_less_than_nothing_and_the_books_agree(self):
        assert not Balance.objects.filter(place__kind__in=["depot", "truck", "customer"], quantity__lt=0).exists()
        assert disagreements() == {}

    @invariant()
    def no_gas_is_lost_or_billed_twice(self):
        self.meter.refresh_from_db(fields=["current_reading"])
        assert self.meter.current_reading == self.shown
        assert unbilled(self.meter).total + sum(self.billed.values()) == self.gas


@pytest.mark.django_db
def test_no_mix_of_requests_and_facts_makes_the_books_lie(admin, driver):
    shop = Days.shop = Shop(admin, driver)
    shop.customer = shop.another(meter_rate=Decimal("2.0000"))
    Days.things = [make.some_equipment(admin) for _ in range(2)]
    for owner, condition in ((shop.depot, "FULL"), (shop.truck, "FULL"), (site(shop.customer), "")):
        for thing in Days.things:
            fill(admin, owner, thing, 4, condition)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Days,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
