"""What changes nothing, and what is refused half-way through, leaves nothing: not in the audit, nor in any table."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from lpg import work
from lpg.accounts import services as accounts
from lpg.accounts.models import Session
from lpg.audit.models import AuditLog
from lpg.customers import services as customers
from lpg.depots import services as depots
from lpg.distribution import services as distributions
from lpg.equipment import services as equipment
from lpg.errors import Invalid, Missing, NotAllowed
from lpg.inventory import counts
from lpg.inventory import services as stock
from lpg.meters import fitting
from lpg.meters import services as meters
from lpg.payments import services as payments
from lpg.roles import Role
from lpg.transactions import services as sales
from tests import audited_sales
from tests.audited import DAY, NEW_PASSWORD, World
from tests.audited_stock import change_stock, transferred
from tests.sales import a_sale, delivered

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "nothing",
    [
        lambda world: depots.change_depot(
            actor=world.admin, depot_id=world.depot.pk, values={"code": "SINGGAS", "name": world.depot.name}
        ),
        lambda world: depots.change_depot(actor=world.admin, depot_id=world.depot.pk, values={}),
        lambda world: depots.change_vehicle(
            actor=world.admin, vehicle_id=world.vehicle.pk, values={"depot": world.depot.pk, "is_active": True}
        ),
        lambda world: equipment.change_equipment(
            actor=world.admin, equipment_id=world.equipment.pk, values={"default_rate": Decimal(38), "weight_kg": None}
        ),
        lambda world: customers.change_customer(
            actor=world.admin,
            customer_id=world.metered.pk,
            values={"meter_rate": Decimal(2), "depot": world.depot.pk, "payment_terms_days": 30},
        ),
        lambda world: customers.change_customer(
            actor=world.admin,
            customer_id=world.customer.pk,
            values={"credit_limit": Decimal(100), "meter_rate": None},
        ),
        lambda world: accounts.change_user(
            actor=world.admin, user_id=world.driver.pk, values={"username": "Driver", "depots": [], "role": Role.DRIVER}
        ),
        lambda world: change_stock(world, quantity=100),
        lambda world: accounts.touch_session(world.session, timezone.now() + timedelta(hours=1)),
    ],
)
def test_what_changes_nothing_leaves_nothing(nothing):
    world = World()
    before = AuditLog.objects.count()
    work.run(lambda: nothing(world))
    assert AuditLog.objects.count() == before
    assert not Session.objects.exclude(revoked_at=None).exists()


def test_money_that_settles_nothing_leaves_nothing():
    world = audited_sales.Trade()
    before = AuditLog.objects.count()
    work.run(
        lambda: payments.allocate(actor=world.admin, payment_id=world.money.pk, invoice_ids=[], now=timezone.now())
    )
    assert AuditLog.objects.count() == before


def test_a_session_that_is_out_is_not_thrown_out_again():
    world = World()
    first = accounts.revoke_session(actor=world.admin, session_id=world.session.pk)
    before = AuditLog.objects.count()
    assert accounts.revoke_session(actor=world.admin, session_id=world.session.pk).revoked_at == first.revoked_at
    assert AuditLog.objects.count() == before


@pytest.mark.parametrize(
    ("refusal", "attempt"),
    [
        (NotAllowed, lambda world: depots.create_depot(actor=world.driver, values={"code": "X", "name": "X"})),
        (NotAllowed, lambda world: depots.change_depot(actor=world.driver, depot_id=world.depot.pk, values={})),
        (Invalid, lambda world: depots.create_depot(actor=world.admin, values={"code": "SINGGAS", "name": "Twice"})),
        (Invalid, lambda world: depots.create_depot(actor=world.admin, values={"code": " x", "name": "Spaces"})),
        (Missing, lambda world: depots.change_depot(actor=world.admin, depot_id=10**9, values={"name": "Nowhere"})),
        (Invalid, lambda world: depots.create_vehicle(actor=world.admin, values={"plate_no": "A 1", "depot": 10**9})),
        (
            Invalid,
            lambda world: equipment.add_default_rate(
                actor=world.admin, equipment_id=world.equipment.pk, rate=Decimal("-0.01"), effective_from=DAY
            ),
        ),
        (
            Invalid,  # the rate comes after the equipment was changed
            lambda world: equipment.change_equipment(
                actor=world.admin,
                equipment_id=world.equipment.pk,
                values={"name": "Changed", "default_rate": Decimal("0.00001")},
            ),
        ),
        (NotAllowed, lambda world: change_stock(world, actor=world.driver, delta=1)),
        (stock.InsufficientStock, lambda world: change_stock(world, delta=-101)),
        (
            stock.InsufficientStock,  # the document is written before the stock is found to be short
            lambda world: transferred(
                world,
                world.store,
                world.truck,
                [stock.Item(world.equipment.pk, 1), stock.Item(world.equipment.pk, 1, "DAMAGED")],
                depot=world.depot,
            ),
        ),
        (
            Invalid,
            lambda world: transferred(
                world, world.supplier, world.supplier, [stock.Item(world.equipment.pk, 1)], depot=world.depot
            ),
        ),
        (
            NotAllowed,
            lambda world: counts.approve(
                actor=world.second, count_id=world.count.pk, reason="Mine", now=timezone.now()
            ),
        ),
        (
            Missing,
            lambda world: distributions.confirm(
                actor=world.driver, distribution_id=world.distribution.pk, now=timezone.now()
            ),
        ),
        (
            Invalid,  # the second depot of the two
            lambda world: distributions.create(
                actor=world.admin,
                depot_id=world.depot.pk,
                items=[
                    distributions.Item(world.equipment.pk, 1, "OUT", "FULL"),
                    distributions.Item(world.equipment.pk, 1, "OUT", "FULL", 10**9),
                ],
                other_side=distributions.OtherSide(vehicle_id=world.vehicle.pk),
                now=timezone.now(),
            ),
        ),
        (
            Invalid,  # the first meter is out of the way already, and the final reading kept
            lambda world: meters.replace(
                actor=world.admin,
                meter_id=world.meter.pk,
                final_reading=Decimal(25),
                new=world.new_meter(initial_reading=Decimal(10**6)),
                now=timezone.now(),
            ),
        ),
        (
            stock.InsufficientStock,  # the meter is there already, and its first reading
            lambda world: meters.install(
                actor=world.admin,
                customer_id=world.customer.pk,
                new=world.new_meter(equipment_id=world.gauge.pk, vehicle_id=world.vehicle.pk),
                now=timezone.now(),
            ),
        ),
        (
            fitting.MeterReadingRegressed,
            lambda world: meters.record(
                actor=world.admin, meter_id=world.meter.pk, reading=Decimal("19.999"), now=timezone.now()
            ),
        ),
        (
            stock.InsufficientStock,  # everything but the stock is right
            lambda world: a_sale(
                world.admin,
                world.metered,
                delivered(world.equipment, 1_000),
                reading="30.000",
                paid="5.00",
                seller=world.counter,
            ),
        ),
        (
            NotAllowed,
            lambda world: sales.approve(actor=world.driver, transaction_id=world.waiting.pk, now=timezone.now()),
        ),
        (
            Missing,
            lambda world: sales.void(
                actor=world.stranger, transaction_id=world.waiting.pk, reason="x", now=timezone.now()
            ),
        ),
        (
            stock.InsufficientStock,  # what was sold is no longer there to be taken back
            lambda world: sales.void(
                actor=world.admin, transaction_id=world.emptied.pk, reason="Wrong shop", now=timezone.now()
            ),
        ),
        (
            Invalid,  # the second invoice of the two
            lambda world: payments.record(
                actor=world.admin,
                customer_id=world.customer.pk,
                money=payments.Money("CASH", Decimal(60)),
                invoice_ids=[world.opened[0].pk, 10**9],
                now=timezone.now(),
            ),
        ),
        (
            Missing,
            lambda world: payments.allocate(actor=world.stranger, payment_id=world.money.pk, now=timezone.now()),
        ),
        (
            Invalid,
            lambda world: accounts.change_user(actor=world.admin, user_id=world.driver.pk, values={"password": "weak"}),
        ),
        (
            Invalid,
            lambda world: accounts.create_user(actor=world.admin, values={"username": "x", "employee_id": "x"}),
        ),
        (
            accounts.LastAdmin,
            lambda world: accounts.change_user(
                actor=world.admin, user_id=world.admin.pk, values={"is_active": False, "password": NEW_PASSWORD}
            ),
        ),
    ],
)
def test_what_is_refused_leaves_nothing(refusal, attempt):
    world = audited_sales.Trade()

    def state() -> list[Any]:
        return [list(entity._base_manager.order_by("pk").values()) for entity in apps.get_models()]

    before = state()
    with pytest.raises(refusal):
        work.run(lambda: attempt(world))
    assert state() == before
