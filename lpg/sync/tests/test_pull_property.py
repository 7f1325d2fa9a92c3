"""Random days of a small company, and phones that pull when there is a signal: they hold what the lists show."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.customers import services as customers
from lpg.depots import services as depots
from lpg.distribution import services as distributions
from lpg.equipment import services as equipment
from lpg.errors import Refused
from lpg.inventory.places import Owner
from lpg.invoices import deliveries
from lpg.meters import services as meters
from lpg.meters.models import Meter, MeterReading
from lpg.payments import services as payments
from lpg.roles import Role
from lpg.sync import feed
from lpg.sync import pull as pulling
from lpg.transactions import services as sales
from tests import make
from tests.phones import Pocket
from tests.sales import (
    a_default_rate,
    a_meter,
    a_rate,
    a_reading,
    a_replacement,
    a_sale,
    delivered,
    returned,
    served,
    site,
)
from tests.stock import a_distribution, fill

which = st.integers(0, 11)
few = st.integers(0, 2)
flag = st.booleans()

PAYS: list[dict[str, Any]] = [
    {"payment_type": "CASH"},
    {"payment_type": "CREDIT", "credit_limit": Decimal(40)},
    {"payment_type": "MONTHLY", "credit_limit": None},
]


class Company:
    """Two depots with three customers each, two drivers, a supervisor and an administrator."""

    def __init__(self, admin: User, supervisor: User, driver: User, other_driver: User):
        self.admin = admin
        self.people = [driver, supervisor, admin, other_driver]
        self.depots = [driver.depot_id or 0, other_driver.depot_id or 0]
        self.trucks: list[int | None] = [driver.vehicle_id or 0, other_driver.vehicle_id or 0, None]
        self.things = [make.some_equipment(admin, rate="10") for _ in range(2)]
        self.customers = [
            make.a_customer(admin, depot, meter_rate=Decimal(2), email="shop@example.com", **pays)
            for depot in (driver.depot, other_driver.depot)
            for pays in PAYS
        ]
        self.meters = [a_meter(admin, customer, "100") for customer in self.customers]
        for thing in self.things:
            for owner in [*(Owner("depot", id) for id in self.depots), *map(site, self.customers)]:
                fill(admin, owner, thing, 50, "" if owner.kind == "customer" else "FULL")
            for truck in self.trucks[:2]:
                fill(admin, Owner("truck", truck or 0), thing, 50)


class Days(RuleBasedStateMachine):
    company: Company

    def __init__(self) -> None:
        super().__init__()
        self.unit: Any = transaction.atomic()
        self.unit._from_testcase = True  # a pull opens units of work of its own within it
        self.unit.__enter__()
        self.phones = [Pocket(user) for user in self.company.people]
        self.sold: list[int] = []
        self.paid: list[int] = []
        self.loads: list[int] = []
        self.number = 0

    def teardown(self) -> None:
        try:
            for phone in self.phones:
                self.whole(phone)
        finally:
            for phone in self.phones:
                phone.store.close()
            transaction.set_rollback(True)
            self.unit.__exit__(None, None, None)

    def person(self, number: int) -> User:
        return User.objects.get(pk=self.company.people[number % 4].pk)

    def customer(self, number: int) -> Any:
        return self.company.customers[number % 6]

    def thing(self, number: int) -> Any:
        return self.company.things[number % 2]

    @staticmethod
    def tried(do: Callable[[], Any]) -> Any:
        """What cannot be done leaves nothing."""
        try:
            with transaction.atomic():
                return do()
        except Refused:
            return None

    # --- phones

    @rule(one=which)
    def a_phone_has_a_signal(self, one):
        self.whole(self.phones[one % 4])

    @rule(one=which)
    def a_phone_has_a_signal_for_one_page(self, one):
        phone = self.phones[one % 4]
        page = phone.page(phone.store.fact("cursor"))
        phone.store.take(
            changes=page["changes"], removed=page["removed"], cursor=page["cursor"], afresh=page["reset_required"]
        )

    @staticmethod
    def whole(phone: Pocket) -> None:
        phone.pull()
        phone.agrees()

    # --- the day's work

    @rule(by=which, to=which, what=few, metered=flag, dear=flag, paid=flag)
    def sale(self, by, to, what, metered, dear, paid):
        self.number += 1
        lines = [
            delivered(self.thing(what), 1, rate="11" if dear else None),
            returned(self.thing(what)),
            served("5", 1, f"Visit {self.number}"),
        ]
        customer = self.customer(to)
        last = Meter.objects.filter(customer=customer, removed_on=None).latest("pk").current_reading
        reading = str(last + 1) if metered else None
        made = self.tried(
            lambda: a_sale(
                self.person(by), customer, *lines, reading=reading, paid="3" if paid else "", send_email=paid
            )
        )
        if made:
            self.sold.append(made.transaction.pk)

    @rule(which=which, void=flag)
    def decided(self, which, void):
        if self.sold:
            given = {"transaction_id": self.sold[which % len(self.sold)], "actor": self.company.admin}
            given |= {"reason": "Wrong"} if void else {}
            decide = sales.void if void else sales.approve
            self.tried(lambda: decide(**given, now=timezone.now()))

    @rule(to=which, amount=st.integers(1, 60))
    def money(self, to, amount):
        money = payments.Money("CASH", Decimal(amount))
        made = self.tried(
            lambda: payments.record(
                actor=self.company.admin, customer_id=self.customer(to).pk, money=money, now=timezone.now()
            )
        )
        self.paid.append(made.pk)

    @rule(which=which)
    def money_back(self, which):
        if self.paid:
            pk = self.paid[which % len(self.paid)]
            reverse = {"actor": self.company.admin, "payment_id": pk, "reason": "Bounced", "now": timezone.now()}
            self.tried(lambda: payments.reverse(**reverse))

    @rule(by=which, depot=few, what=few)
    def load(self, by, depot, what):
        made = self.tried(
            lambda: a_distribution(
                self.person(by),
                self.company.depots[depot % 2],
                (self.thing(what), 1),
                vehicle_id=self.company.trucks[by % 2],
            )
        )
        if made:
            self.loads.append(made.pk)

    @rule(which=which, confirm=flag)
    def loaded(self, which, confirm):
        if self.loads:
            do = distributions.confirm if confirm else distributions.cancel
            pk = self.loads[which % len(self.loads)]
            self.tried(lambda: do(actor=self.company.admin, distribution_id=pk, now=timezone.now()))

    @rule(of=which, kind=few)
    def meter(self, of, kind):
        meter = Meter.objects.filter(customer=self.customer(of), removed_on=None).latest("pk")
        if kind == 0:
            a_reading(self.company.admin, meter, str(meter.current_reading + 2))
        elif kind == 1:
            a_replacement(self.company.admin, meter, str(meter.current_reading + 1))
        else:
            newest = MeterReading.objects.filter(meter=meter, voided_at=None).latest("pk")
            void = {"meter_id": meter.pk, "reading_id": newest.pk, "reason": "Read badly", "now": timezone.now()}
            self.tried(lambda: meters.void(actor=self.company.admin, **void))

    @rule(of=which, what=few, later=flag)
    def price(self, of, what, later):
        since = timezone.localdate() + timedelta(days=int(later))
        self.number += 1
        if what == 2:
            a_rate(self.company.admin, self.customer(of), f"{self.number}", since=since)
        elif later:
            a_default_rate(self.company.admin, self.thing(what), f"{self.number}", since)
        else:
            a_rate(self.company.admin, self.customer(of), f"{self.number}", self.thing(what), since)

    @rule(which=which)
    def mail(self, which):
        if self.sold:
            invoice = sales.Transaction.objects.get(pk=self.sold[which % len(self.sold)]).documents.first()
            if invoice:
                now = timezone.now()
                self.tried(lambda: deliveries.email(actor=self.company.admin, invoice_id=invoice.pk, to="", now=now))
                deliveries.mark_printed(actor=self.company.admin, invoice_id=invoice.pk, now=now)

    # --- the office

    @rule(which=which, depot=few)
    def customer_moves(self, which, depot):
        values = {"depot": self.company.depots[depot % 2]}
        customers.change_customer(actor=self.company.admin, customer_id=self.customer(which).pk, values=values)

    @rule(which=which, how=few)
    def other_credit(self, which, how):
        customer = self.customer(which).pk
        customers.change_customer(actor=self.company.admin, customer_id=customer, values=dict(PAYS[how]))

    @rule(which=which, kind=few)
    def other_names(self, which, kind):
        self.number += 1
        new, admin = f"New {self.number}", self.company.admin
        if kind == 0:
            customers.change_customer(actor=admin, customer_id=self.customer(which).pk, values={"name": new})
        elif kind == 1:
            equipment.change_equipment(actor=admin, equipment_id=self.thing(which).pk, values={"name": new})
        else:
            truck = self.company.trucks[which % 2]
            depots.change_vehicle(actor=admin, vehicle_id=truck or 0, values={"plate_no": new})
            depots.change_depot(actor=admin, depot_id=self.company.depots[which % 2], values={"name": new})

    @rule(what=few, active=flag)
    def retired(self, what, active):
        values: Any = {"is_active": active}
        equipment.change_equipment(actor=self.company.admin, equipment_id=self.thing(what).pk, values=values)

    @rule(who=which, depot=few, truck=few, further=flag)
    def other_work(self, who, depot, truck, further):
        person = self.person(who)
        values: Any = {
            "depot": self.company.depots[depot % 2],
            "depots": self.company.depots if further else [],
            "vehicle": self.company.trucks[truck],
        }
        accounts.change_user(actor=self.company.admin, user_id=person.pk, values=values)

    @rule(truck=few, depot=few)
    def truck_moves(self, truck, depot):
        values: Any = {"depot": self.company.depots[depot % 2]}
        depots.change_vehicle(actor=self.company.admin, vehicle_id=self.company.trucks[truck % 2] or 0, values=values)

    @rule(who=which, driver=flag)
    def other_role(self, who, driver):
        if who % 4 != 2:  # somebody must stay the administrator
            values: Any = {"role": Role.DRIVER if driver else Role.SUPERVISOR}
            accounts.change_user(actor=self.company.admin, user_id=self.person(who).pk, values=values)


@pytest.fixture
def days(admin, supervisor, driver, other_driver, monkeypatch, one_transaction):
    """Small pages and small batches, so that everything falls apart somewhere."""
    monkeypatch.setattr(pulling, "PAGE", 7)
    monkeypatch.setattr(feed, "BATCH", 5)
    Days.company = Company(admin, supervisor, driver, other_driver)
    return Days


@pytest.mark.django_db
def test_whatever_happens_a_phone_that_has_pulled_holds_what_the_lists_show(days):
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        days,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
