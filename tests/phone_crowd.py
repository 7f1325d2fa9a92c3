"""A company with 5,000 customers at one depot, and a full day of sales of its driver: much for one phone.

Made beside the demo's, in the database of a site that runs. What would take the services a minute is written straight
into the tables, as they would have left it.
"""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import batched

from django.utils import timezone

from lpg.accounts.models import User
from lpg.customers.models import Customer, Rate
from lpg.equipment.models import Equipment
from lpg.inventory.models import Movement
from lpg.inventory.places import SUPPLIER, Owner, place_of, places_of
from lpg.inventory.services import Cause, Line, move
from lpg.meters.models import Meter, MeterReading
from lpg.sync import feed
from tests.sales import a_sale, delivered, returned
from tests.stock import fill

CUSTOMERS, SALES = 5_000, 60
METERED, MONTHLY = 3, 4  # every so many-th has a meter, and pays by the month
FAMILIES = ["Ah Seng", "Lau", "Golden Wok", "Hup Huat", "Rahman", "Sunrise", "Kim Heng", "Selvam", "Tian Tian"]
TRADES = ["Chicken Rice", "Fishball Noodles", "Bakery", "Laundry", "Nasi Padang", "Zi Char", "Coffee Shop", "Prata"]
CHINESE = ["金龙餐馆", "福建面家", "海南鸡饭", "大众茶室", "利华饼家", "同心火锅"]
STREETS = ["Ang Mo Kio Ave 1", "New Upper Changi Rd", "Bedok North St 4", "Jurong West St 52", "Toh Guan Rd East"]


def make() -> None:
    admin, driver = User.objects.get(username="admin"), User.objects.get(username="driver")
    sizes = list(Equipment.objects.filter(equipment_type=Equipment.Type.CYLINDER).order_by("pk"))
    Customer.objects.bulk_create(a_shop(number, driver.depot_id) for number in range(CUSTOMERS))
    customers = list(Customer.objects.filter(customer_code__startswith="S-").order_by("customer_code"))
    bought = [(one, sizes[(at + more) % len(sizes)]) for at, one in enumerate(customers) for more in (0, 2)]
    prices = [(one, size, Decimal("36.50")) for one, size in bought]
    prices += [(one, None, Decimal("2.35")) for one in customers[::METERED]]
    since = timezone.localdate() - timedelta(days=90)
    Rate.objects.bulk_create(
        Rate(customer=one, equipment=thing, rate=rate, effective_from=since) for one, thing, rate in prices
    )
    _meters(customers[::METERED], admin)
    _sites(bought, admin)
    for size in sizes:
        fill(admin, Owner("truck", driver.vehicle_id or 0), size, SALES)
    for at, (customer, size) in enumerate(bought[: 2 * SALES : 2]):
        a_sale(driver, customer, delivered(size, 2), returned(size, 1), paid="73.00" if at % 3 else "")
    feed.catch_up()  # as a worker does all day


def a_shop(number: int, depot: int | None) -> Customer:
    monthly = number % MONTHLY == 0
    return Customer(
        customer_code=f"S-{number:05d}",
        name=name_of(number),
        phone=f"+65 9{number // 100:03d} {37 * number % 10_000:04d}",
        address=f"Blk {number % 900 + 1} {STREETS[number % len(STREETS)]} #{number % 20 + 1:02d}-{number}",
        postal_code=f"{100_000 + 37 * number}",
        payment_type=Customer.Payment.MONTHLY if monthly else Customer.Payment.CASH,
        credit_limit=Decimal(2_000) if monthly else None,
        depot_id=depot,
    )


def name_of(number: int) -> str:
    """Every fifth has a Chinese name before the English one."""
    english = f"{FAMILIES[number % len(FAMILIES)]} {TRADES[number % len(TRADES)]} {number // 72}"
    return english if number % 5 else f"{CHINESE[number % len(CHINESE)]} {english}"


def _meters(customers: Sequence[Customer], admin: User) -> None:
    now, nothing = timezone.now(), Decimal(0)
    at = {"installed_on": timezone.localdate(), "digits": 5, "current_reading": Decimal(100)}
    serials = {one.pk: f"G4-{one.pk:07d}" for one in customers}
    Meter.objects.bulk_create(
        Meter(customer=one, serial_no=serials[one.pk], serial_in_use=serials[one.pk], **at) for one in customers
    )
    MeterReading.objects.bulk_create(
        MeterReading(
            meter=meter,
            kind=MeterReading.Kind.INITIAL,
            reading=meter.current_reading,
            previous=meter.current_reading,
            usage=nothing,
            read_at=now,
            user=admin,
            created_at=now,
        )
        for meter in Meter.objects.filter(customer__in=customers)
    )


def _sites(bought: Sequence[tuple[Customer, Equipment]], admin: User) -> None:
    """Each holds some of what it buys."""
    sites = places_of(Owner("customer", customer.pk) for customer, _ in bought)
    lines = [Line(place_of(SUPPLIER), "", sites[Owner("customer", one.pk)], "", size.pk, 3) for one, size in bought]
    for some in batched(lines, 1_000):
        move(some, cause=Cause(Movement.Cause.UPDATE, 1), reason="test", actor=admin, now=timezone.now())
