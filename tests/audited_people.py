"""What every change of master data, of people and of their sessions leaves in the audit."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from lpg.accounts import services as accounts
from lpg.customers import services as customers
from lpg.customers.models import Customer, Rate
from lpg.depots import services as depots
from lpg.equipment import services as equipment
from lpg.equipment.models import DefaultRate
from lpg.roles import Role
from lpg.sync import devices
from lpg.sync.serializers import DEVICE_ID
from tests.audited import DAY, NEW_PASSWORD, Row, World, case, in_the_row, new


@case(depots.create_depot)
def a_new_depot(world: World) -> list[Row]:
    made = depots.create_depot(actor=world.admin, values={"code": "HSH-KB", "name": "Kranji"})
    return [Row("CREATE_DEPOT", made, new(made), depot=made)]


@case(depots.change_depot)
def a_changed_depot(world: World) -> list[Row]:
    values: depots.DepotValues = {"name": "New name", "code": "SINGGAS", "phone": "6452 1188", "is_active": False}
    old = world.depot.name
    made = depots.change_depot(actor=world.admin, depot_id=world.depot.pk, values=values)
    changed = {"name": (old, "New name"), "phone": ("", "6452 1188"), "is_active": (True, False)}
    return [Row("UPDATE_DEPOT", made, changed, depot=made)]


@case(depots.create_vehicle)
def a_new_vehicle(world: World) -> list[Row]:
    made = depots.create_vehicle(actor=world.admin, values={"plate_no": "SBX 1 A", "depot": world.union.pk})
    return [Row("CREATE_VEHICLE", made, new(made), depot=world.union)]


@case(depots.change_vehicle)
def a_vehicle_that_moves(world: World) -> list[Row]:
    made = depots.change_vehicle(actor=world.admin, vehicle_id=world.vehicle.pk, values={"depot": world.union.pk})
    return [Row("UPDATE_VEHICLE", made, {"depot": (world.depot.pk, world.union.pk)}, depot=world.union)]


@case(equipment.create_equipment)
def new_equipment_without_a_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {"sku": "M-1", "name": "Meter", "equipment_type": "METER"}
    made = equipment.create_equipment(actor=world.admin, values=values)
    return [Row("CREATE_EQUIPMENT", made, new(made))]


@case(equipment.create_equipment)
def new_equipment_with_a_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {
        "sku": "M-1",
        "name": "Meter",
        "equipment_type": "METER",
        "weight_kg": Decimal("1.50"),
        "default_rate": Decimal(0),
    }
    made = equipment.create_equipment(actor=world.admin, values=values)
    rate = DefaultRate.objects.latest("pk")
    return [Row("CREATE_EQUIPMENT", made, new(made)), Row("CREATE_DEFAULT_RATE", rate, new(rate))]


@case(equipment.change_equipment)
def equipment_with_a_new_name_and_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {"name": "Big", "default_rate": Decimal("39.5000"), "weight_kg": Decimal(12)}
    old = world.equipment.name
    made = equipment.change_equipment(actor=world.admin, equipment_id=world.equipment.pk, values=values)
    rate = DefaultRate.objects.latest("pk")
    return [
        Row("UPDATE_EQUIPMENT", made, {"name": (old, "Big"), "weight_kg": (None, "12.00")}),
        Row("CREATE_DEFAULT_RATE", rate, new(rate)),
    ]


@case(equipment.change_equipment)
def equipment_with_only_a_new_rate(world: World) -> list[Row]:
    values: equipment.EquipmentValues = {"default_rate": Decimal("39.5000")}
    equipment.change_equipment(actor=world.admin, equipment_id=world.equipment.pk, values=values)
    rate = DefaultRate.objects.latest("pk")
    return [Row("CREATE_DEFAULT_RATE", rate, new(rate))]


@case(equipment.add_default_rate)
def one_more_default_rate(world: World) -> list[Row]:
    rate = equipment.add_default_rate(
        actor=world.admin, equipment_id=world.equipment.pk, rate=Decimal(38), effective_from=DAY
    )
    return [Row("CREATE_DEFAULT_RATE", rate, new(rate))]


@case(customers.create_customer)
def a_new_customer(world: World) -> list[Row]:
    values: customers.CustomerValues = {
        "customer_code": "C-0",
        "name": "José 金龙",
        "payment_type": Customer.Payment.CASH,
        "depot": world.union.pk,
        "meter_rate": Decimal("2.35"),
    }
    made = customers.create_customer(actor=world.admin, values=values)
    rate = Rate.objects.latest("pk")
    return [
        Row("CREATE_CUSTOMER", made, new(made), depot=world.union),
        Row("CREATE_RATE", rate, new(rate), depot=world.union),
    ]


@case(customers.change_customer)
def a_customer_that_moves_and_gets_a_limit(world: World) -> list[Row]:
    values: customers.CustomerValues = {"depot": world.union.pk, "credit_limit": Decimal("100.5")}
    made = customers.change_customer(actor=world.admin, customer_id=world.customer.pk, values=values)
    changed = {"depot": (world.depot.pk, world.union.pk), "credit_limit": ("100.00", "100.50")}
    return [Row("UPDATE_CUSTOMER", made, changed, depot=world.union)]


@case(customers.change_customer)
def a_customer_with_a_new_meter_rate(world: World) -> list[Row]:
    values: customers.CustomerValues = {"meter_rate": Decimal("2.01"), "name": world.metered.name}
    customers.change_customer(actor=world.admin, customer_id=world.metered.pk, values=values)
    rate = Rate.objects.latest("pk")
    return [Row("CREATE_RATE", rate, new(rate), depot=world.depot)]


@case(customers.add_rate)
def a_rate_for_equipment(world: World) -> list[Row]:
    rate = customers.add_rate(
        actor=world.admin,
        customer_id=world.customer.pk,
        equipment_id=world.equipment.pk,
        rate=Decimal("36.5"),
        effective_from=DAY,
    )
    return [Row("CREATE_RATE", rate, new(rate), depot=world.depot)]


@case(accounts.create_user)
def a_new_user(world: World) -> list[Row]:
    values: accounts.UserValues = {
        "username": "New.One",
        "employee_id": "E-9000",
        "password": NEW_PASSWORD,
        "role": Role.SUPERVISOR,
        "depot": world.union.pk,
        "depots": [world.depot.pk],
    }
    made = accounts.create_user(actor=world.admin, values=values)
    return [Row("CREATE_USER", made, new(made), depot=world.union)]


@case(accounts.create_user)
def the_first_administrator(world: World) -> list[Row]:
    values: accounts.UserValues = {
        "username": "root",
        "employee_id": "E-0",
        "password": NEW_PASSWORD,
        "role": Role.ADMIN,
    }
    world.admin = None  # type: ignore[assignment]  # nobody: the system itself
    made = accounts.create_user(actor=None, values=values)
    return [Row("CREATE_USER", made, new(made))]


@case(accounts.change_user)
def a_user_with_further_depots(world: World) -> list[Row]:
    values: accounts.UserValues = {"depots": [world.union.pk], "first_name": "Ali", "vehicle": world.vehicle.pk}
    made = accounts.change_user(actor=world.admin, user_id=world.driver.pk, values=values)
    changed = {"depots": ([], [world.union.pk]), "first_name": ("", "Ali"), "vehicle": (None, world.vehicle.pk)}
    return [Row("UPDATE_USER", made, changed, depot=world.depot)]


@case(accounts.change_user)
def a_user_who_is_given_a_new_password(world: World) -> list[Row]:
    made = accounts.change_user(actor=world.admin, user_id=world.driver.pk, values={"password": NEW_PASSWORD})
    return [Row("CHANGE_PASSWORD", made, depot=world.depot, silent=True), out(world)]


@case(accounts.change_user)
def a_user_who_leaves(world: World) -> list[Row]:
    made = accounts.change_user(actor=world.admin, user_id=world.driver.pk, values={"is_active": False})
    return [Row("UPDATE_USER", made, {"is_active": (True, False)}, depot=world.depot), out(world)]


@case(accounts.change_own_password)
def somebody_who_changes_the_password(world: World) -> list[Row]:
    kept = accounts.open_session(user=world.admin, user_agent="desk", now=timezone.now())
    world.session = accounts.open_session(user=world.admin, user_agent="lost phone", now=timezone.now())
    opened = [Row("CREATE_SESSION", session, new(session)) for session in (kept, world.session)]
    made = accounts.change_own_password(actor=world.admin, new_password=NEW_PASSWORD, session_id=kept.pk)
    return [*opened, Row("CHANGE_PASSWORD", made, silent=True), out(world, depot=None)]


@case(accounts.open_session)
def a_sign_in(world: World) -> list[Row]:
    world.admin = world.driver
    made = accounts.open_session(user=world.driver, user_agent="phone", now=timezone.now())
    return [Row("CREATE_SESSION", made, new(made), depot=world.depot)]


@case(accounts.revoke_session)
def a_sign_out(world: World) -> list[Row]:
    accounts.revoke_session(actor=world.admin, session_id=world.session.pk)
    return [out(world)]


def out(world: World, **given: Any) -> Row:
    world.session.refresh_from_db()
    changed = {"revoked_at": (None, in_the_row(world.session)["revoked_at"])}
    return Row("REVOKE_SESSION", world.session, changed, **{"depot": world.depot, **given})


class Carried(World):
    """With a phone in the driver's pocket, on the sign-in of this world."""

    def __init__(self) -> None:
        super().__init__()
        self.phone = devices.register(**self.registered(), name="Old name", platform="")

    def registered(self, device_id: str = DEVICE_ID) -> dict[str, Any]:
        who = {"actor": self.driver, "session_id": self.session.pk}
        return {**who, "device_id": device_id, "now": timezone.now()}


@case(devices.register, Carried)
def a_phone_and_the_same_one_again(world: Carried) -> list[Row]:
    world.admin = world.driver
    other = devices.register(**world.registered("11111111-1111-4111-8111-111111111111"), name="A phone", platform="")
    devices.register(**world.registered(), name="Old name", platform="")
    return [Row("CREATE_DEVICE", other, new(other), depot=world.depot)]


@case(devices.register, Carried)
def a_phone_that_is_called_otherwise(world: Carried) -> list[Row]:
    world.admin = world.driver
    same = devices.register(**world.registered(), name="New name", platform="")
    return [Row("UPDATE_DEVICE", same, {"name": ("Old name", "New name")}, depot=world.depot)]


@case(devices.known, Carried)
def a_phone_that_pushes_without_ever_having_been_registered(world: Carried) -> list[Row]:
    world.admin = world.driver
    who, now = {"actor": world.driver}, timezone.now()
    devices.known(**who, device_id=DEVICE_ID, now=now)
    other = devices.known(**who, device_id="22222222-2222-4222-8222-222222222222", now=now)
    return [Row("CREATE_DEVICE", other, new(other), depot=world.depot)]


@case(devices.switch_off, Carried)
def a_phone_that_is_lost(world: Carried) -> list[Row]:
    gone = devices.switch_off(actor=world.admin, device_pk=world.phone.pk, now=timezone.now())
    since = in_the_row(gone)["switched_off_at"]
    return [Row("SWITCH_OFF_DEVICE", gone, {"switched_off_at": (None, since)}, depot=world.depot), out(world)]


@case(accounts.end_sessions_on, Carried)
def the_sign_ins_on_a_phone(world: Carried) -> list[Row]:
    accounts.end_sessions_on(actor=world.admin, device_id=world.phone.pk)
    return [out(world)]
