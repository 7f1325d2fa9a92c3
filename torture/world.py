"""The company that is tortured: one depot for two drivers, trucks with stock, customers with meters and limits."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.customers.services import create_customer
from lpg.depots.services import create_depot, create_vehicle
from lpg.equipment.services import create_equipment
from lpg.inventory.places import Owner, place_of
from lpg.inventory.services import change_quantity
from lpg.meters import services as meters
from lpg.roles import Role
from torture.day import Round

PASSWORD = "three-blue-kettles"
DRIVERS, DEPOTS, SHOPS = 8, 4, 12


@transaction.atomic
def build() -> list[Round]:
    """Into an empty database, by the services."""
    now = timezone.now()
    boss = {"username": "admin", "employee_id": "A-1", "password": PASSWORD, "role": Role.ADMIN}
    admin = accounts.create_user(actor=None, values=boss)
    things = [_thing(admin, number) for number in range(4)]
    depots = [
        create_depot(
            actor=admin, values={"code": f"D{number}", "name": f"Depot {number}", "address": "", "phone": ""}
        ).pk
        for number in range(DEPOTS)
    ]
    shops = {depot: [_shop(admin, depot, number, now) for number in range(SHOPS)] for depot in depots}
    return [_driver(admin, number, depots[number % DEPOTS], things, shops, now) for number in range(DRIVERS)]


def _thing(admin: User, number: int) -> int:
    about = {
        "sku": f"CYL-{number}",
        "name": f"Cylinder {number}",
        "equipment_type": "CYLINDER",
        "default_rate": Decimal("38.0000"),
    }
    return create_equipment(actor=admin, values=about).pk


def _shop(admin: User, depot: int, number: int, now: object) -> int:
    about = {
        "customer_code": f"C-{depot}-{number}",
        "name": f"Shop {number} of depot {depot}",
        "payment_type": ("CASH", "CREDIT", "MONTHLY")[number % 3],
        "credit_limit": Decimal("2000.00") if number % 4 == 1 else None,
        "depot": depot,
        "email": f"shop{number}@customers.example" if number % 2 else "",
        "meter_rate": Decimal("2.3500"),
    }
    customer = create_customer(actor=admin, values=about)
    if number < 3:  # noqa: PLR2004
        new = meters.NewMeter(f"M-{depot}-{number}", 7, Decimal(100))
        meters.install(actor=admin, customer_id=customer.pk, new=new, now=timezone.now())
    return customer.pk


def _driver(admin: User, number: int, depot: int, things: list[int], shops: dict[int, list[int]], now: object) -> Round:
    truck = create_vehicle(actor=admin, values={"plate_no": f"T {number}", "depot": depot})
    for owner, quantity in ((Owner("truck", truck.pk), 40), (Owner("depot", depot), 400)):
        for thing in things:
            change_quantity(
                actor=admin,
                place=place_of(owner),
                equipment_id=thing,
                condition="FULL",
                quantity=quantity,
                reason="before the storm",
                now=timezone.now(),
            )
    about = {"username": f"driver{number}", "employee_id": f"E-{number}", "password": PASSWORD, "role": Role.DRIVER}
    accounts.create_user(actor=admin, values={**about, "depot": depot, "vehicle": truck.pk})
    return Round(f"driver{number}", PASSWORD, depot, truck.pk, shops[depot], shops[depot][:3], things)
