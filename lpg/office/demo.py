"""The demo: a small company to look at, made through the services like everything else."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle

from django.db import transaction
from django.utils import timezone

from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.customers import services as customers
from lpg.customers.models import Customer
from lpg.depots import services as depots
from lpg.equipment import services as equipment
from lpg.equipment.models import Equipment
from lpg.office import demo_closes, demo_sales, demo_stock
from lpg.roles import Actor, Role

PASSWORD = "hsh-demo-2026"  # noqa: S105  # said aloud by `make run`, and never loaded with DEBUG=false

DEPOTS = {
    "SINGGAS": ("Singgas depot", "12 Tuas Avenue 3, Singapore 639412", "+65 6861 2345"),
    "UNION": ("Union depot", "8 Sungei Kadut Street 2, Singapore 729231", "+65 6368 4410"),
    "HSH-KB": ("HSH Kaki Bukit", "35 Kaki Bukit Road 4, Singapore 417815", "+65 6744 0921"),
}
TRUCKS = {"SBA 1234 K": "SINGGAS", "SBB 5678 M": "UNION", "SBC 9012 P": "HSH-KB"}
EQUIPMENT = [  # SKU, name, type, kilograms of gas, default rate
    ("CYL-9", "9 kg cylinder", "CYLINDER", "9.00", "26.5000"),
    ("CYL-12.7", "12.7 kg cylinder", "CYLINDER", "12.70", "34.0000"),
    ("CYL-14", "14 kg cylinder", "CYLINDER", "14.00", "38.0000"),
    ("CYL-50-POL", "50 kg cylinder (POL)", "CYLINDER", "50.00", "128.0000"),
    ("CYL-50-L", "50 kg cylinder (L)", "CYLINDER", "50.00", "126.0000"),
    ("MTR-G4", "Gas meter G4", "METER", "1.90", "180.0000"),
    ("MTR-G10", "Gas meter G10", "METER", "3.60", "320.0000"),
    ("REG-LP", "Low-pressure regulator", "REGULATOR", "0.35", "28.0000"),
    ("REG-HP", "High-pressure regulator", "REGULATOR", "0.60", "45.0000"),
]
SHOPS = [  # name, street, postal code
    ("Ah Seng Chicken Rice", "Blk 226 Ang Mo Kio Ave 1 #01-601", "560226"),
    ("Kopi & Toast", "Blk 58 New Upper Changi Rd #01-12", "461058"),
    ("Banana Leaf Kitchen", "48 Serangoon Rd #01-02", "217959"),
    ("Golden Wok Zi Char", "Blk 85 Bedok North St 4 #01-207", "460085"),
    ("Lau Fishball Noodles", "Blk 505 Jurong West St 52 #01-33", "640505"),
    ("Nasi Padang Corner", "12 Kandahar St", "198885"),
    ("Hup Huat Bakery", "Blk 136 Bukit Batok West Ave 6 #01-88", "650136"),
    ("Sunrise Laundry", "21 Toh Guan Rd East #03-11", "608609"),
    ("金龙餐馆 Golden Dragon", "Blk 34 Upper Cross St #01-150", "050034"),
    ("Tian Tian Steamboat", "10 Jalan Besar #01-05", "208787"),
]
BRANCHES = ["Main", "East", "West", "North"]
UENS = ["202012345H", "200312345H", "53271234W"]


@transaction.atomic
def load() -> None:
    """Fill an empty database."""
    admin = accounts.create_user(actor=None, values=_person("admin", "E-001", Role.ADMIN))
    depot = {
        code: depots.create_depot(
            actor=admin, values={"code": code, "name": name, "address": address, "phone": phone}
        ).pk
        for code, (name, address, phone) in DEPOTS.items()
    }
    truck = {
        plate: depots.create_vehicle(actor=admin, values={"plate_no": plate, "depot": depot[code]}).pk
        for plate, code in TRUCKS.items()
    }
    _people(admin, depot, truck)
    catalogue = _equipment(admin)
    _customers(admin, list(depot.values()), catalogue)
    demo_sales.half_a_year(admin)
    rounds = demo_sales.Rounds(admin, User.objects.get(username="supervisor"))

    def a_day(crews: list[demo_stock.Crew], days_ago: int, since: datetime) -> None:
        rounds.drive(crews, days_ago, since)
        demo_closes.close(admin, crews, days_ago, since + timedelta(hours=9))

    demo_stock.load(admin, catalogue, a_day)


def _person(username: str, employee_id: str, role: Role) -> accounts.UserValues:
    return {
        "username": username,
        "password": PASSWORD,
        "employee_id": employee_id,
        "role": role,
    }


def _people(admin: User, depot: dict[str, int], truck: dict[str, int]) -> None:
    for person, place, plate in (
        (_person("supervisor", "E-101", Role.SUPERVISOR), "SINGGAS", None),
        (_person("driver", "E-201", Role.DRIVER), "SINGGAS", "SBA 1234 K"),
        (_person("driver2", "E-202", Role.DRIVER), "UNION", "SBB 5678 M"),
    ):
        person["depot"] = depot[place]
        if plate:
            person["vehicle"] = truck[plate]
        accounts.create_user(actor=admin, values=person)


def _equipment(admin: Actor) -> list[Equipment]:
    return [
        equipment.create_equipment(
            actor=admin,
            values={
                "sku": sku,
                "name": name,
                "equipment_type": kind,
                "weight_kg": Decimal(weight),
                "default_rate": Decimal(rate),
            },
        )
        for sku, name, kind, weight, rate in EQUIPMENT
    ]


def _customers(admin: Actor, depot_ids: list[int], catalogue: list[Equipment]) -> None:
    """Forty customers, each with a rate of their own for two cylinder sizes, every fourth on metered gas."""
    since, metered_since = (timezone.localdate() - timedelta(days=days) for days in (90, 200))
    payments, uens = cycle(Customer.Payment), cycle(UENS)
    cylinders = [item for item in catalogue if item.equipment_type == Equipment.Type.CYLINDER]
    names = [(f"{name}, {branch}", street, postal) for branch in BRANCHES for name, street, postal in SHOPS]
    for number, (name, street, postal_code) in enumerate(names, start=1):
        payment = next(payments)
        values: customers.CustomerValues = {
            "customer_code": f"C-{number:04d}",
            "name": name,
            "phone": f"+65 6{number:03d} {4000 + 37 * number:04d}",
            "address": street,
            "postal_code": postal_code,
            "payment_type": payment,
            "depot": depot_ids[(number - 1 + number // 3) % len(depot_ids)],
        }
        if payment != Customer.Payment.CASH:
            values["email"] = f"accounts{number}@customers.example"
            values["uen"] = next(uens)
            values["credit_limit"] = Decimal(1200 + 400 * (number % 6))
        customer = customers.create_customer(actor=admin, values=values)
        if number % 4 == 0:
            metered = Decimal("2.1000") + Decimal(number % 5) / 20
            customers.add_rate(
                actor=admin, customer_id=customer.pk, equipment_id=None, rate=metered, effective_from=metered_since
            )
        for item in (cylinders[number % 5], cylinders[(number + 2) % 5]):
            rate = (item.default_rate or Decimal(0)) - Decimal(number % 4) / 2
            customers.add_rate(
                actor=admin, customer_id=customer.pk, equipment_id=item.pk, rate=rate, effective_from=since
            )
