"""The demo's sales: half a year of metered gas, then a fortnight of rounds.

Some wait, one was taken back, some are paid, some are not though it is high time; and one email has no address.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lpg.accounts.models import User
from lpg.customers.models import Customer, Rate
from lpg.inventory.models import Balance
from lpg.inventory.places import Owner
from lpg.invoices import deliveries
from lpg.invoices.models import Invoice
from lpg.meters import services as meters
from lpg.meters.models import Meter
from lpg.office.demo_stock import OLDEST, Crew
from lpg.payments import services as payments
from lpg.payments.selectors import balance_of
from lpg.payments.services import Money
from lpg.transactions import services as sales
from lpg.transactions.lines import Item
from lpg.transactions.services import Reading, Sale, Seller

USED = ("38.400", "41.250", "36.905", "44.130", "47.300", "43.755")  # units, in each of six months before this one
METERED = ("C-0004", "C-0008", "C-0012", "C-0020", "C-0028", "C-0036")
REPLACED, ROLLED_OVER = "C-0012", "C-0008"  # whose meter was replaced on the way, and whose began again at zero
STOPPED_PAYING = {"C-0020": 2, "C-0036": 4}  # who, and in which of the months
STOPS = 4  # of each truck on each day
EMAILED = 6
QUANTITIES = ((2, 1), (3, 2), (1, 1), (4, 1))  # of the two sizes that a customer buys
SERVICE = Item("SERVICE", 1, rate=Decimal("25.0000"), description="Hose and clip replaced")


def half_a_year(admin: User) -> None:
    """Meters, and each month a sale of what they measured. Who is billed pays after three weeks, but for the last."""
    now = timezone.now()
    begun = (now - timedelta(days=30 * len(USED) + OLDEST + 6)).replace(hour=2, minute=20)
    installed = []
    for number, customer in enumerate(Customer.objects.filter(customer_code__in=METERED).order_by("pk")):
        start = Decimal("99920.000") if customer.customer_code == ROLLED_OVER else Decimal(160 * number)
        new = meters.NewMeter(f"G4-22019{17 + 4 * number}", 5, start)
        installed.append(meters.install(actor=admin, customer_id=customer.pk, new=new, now=begun))
    for month in range(len(USED)):
        at = begun + timedelta(days=30 * (month + 1))
        installed = [_a_month(admin, meter, number, month, at) for number, meter in enumerate(installed)]
    for number, meter in enumerate(installed):  # read, and to be billed by the next sale
        reading = meter.current_reading + Decimal("9.500") + number
        meters.record(
            actor=admin, meter_id=meter.pk, reading=reading, now=(now - timedelta(days=OLDEST + 2)).replace(hour=3)
        )


def _a_month(admin: User, meter: Meter, number: int, month: int, at: datetime) -> Meter:
    customer = meter.customer
    if customer.customer_code == REPLACED and month == len(USED) // 2:
        final = meter.current_reading + Decimal("17.225")
        new = meters.NewMeter("G4-2203108", 5, Decimal("0.000"))
        replaced = at - timedelta(days=11)
        meter = meters.replace(actor=admin, meter_id=meter.pk, final_reading=final, new=new, now=replaced)
    used = Decimal(USED[(month + number) % len(USED)]) + 3 * number
    whole, beyond = meter.current_reading + used, Decimal(10) ** meter.digits
    reading = Reading(whole % beyond, is_rollover=whole >= beyond)
    sold = sales.sell(actor=admin, customer_id=customer.pk, reading=reading, now=at)
    if month < STOPPED_PAYING.get(customer.customer_code, len(USED) - 1) and sold.invoice:
        money = Money("BANK_TRANSFER", sold.invoice.balance_due, f"GIRO {customer.customer_code}")
        payments.record(actor=admin, customer_id=customer.pk, money=money, now=at + timedelta(days=21))
    return Meter.objects.select_related("customer").get(pk=meter.pk)


class Rounds:
    """What the trucks sell on their way, day by day."""

    def __init__(self, admin: User, supervisor: User):
        self.admin, self.supervisor = admin, supervisor
        self.rates: dict[int, list[Rate]] = {}  # by customer
        for rate in Rate.objects.exclude(equipment=None).order_by("pk"):
            self.rates.setdefault(rate.customer_id, []).append(rate)

    def drive(self, crews: list[Crew], days_ago: int, since: datetime) -> None:
        now = timezone.now()
        customers = [list(Customer.objects.filter(depot=crew.depot).order_by("pk")) for crew in crews]
        for stop in range(STOPS):
            for number, (crew, visited) in enumerate(zip(crews, customers, strict=True)):
                at = min(now, since + timedelta(minutes=70 * stop + 9 * number))
                quantities = QUANTITIES[(stop + days_ago + number) % len(QUANTITIES)]
                self._stop(crew, visited[(days_ago * 3 + stop) % len(visited)], quantities, at)
        later = min(now, since + timedelta(hours=6))
        if days_ago == 7:  # noqa: PLR2004  # on that day
            for visited in customers:
                self._pay_up(visited, later)
        if days_ago == 3:  # noqa: PLR2004
            self._let_go_ahead(crews[0], customers[0][-1], later)
        if days_ago == 1:
            self._taken_back(crews[0], customers[0][0], later)
            self._paid(customers[0], later)
        if days_ago == 0:
            self._emailed(crews[0], customers[0])
            self._left_waiting(crews, customers)

    def _stop(self, crew: Crew, customer: Customer, quantities: tuple[int, int], at: datetime) -> None:
        """Deliver two sizes, take back the empties of the last time, and take money from whoever pays at once."""
        truck, site = _held(Owner("truck", crew.vehicle.pk)), _held(Owner("customer", customer.pk))
        number = int(customer.customer_code.removeprefix("C-"))  # ids are not the same in every database
        items, amount = [], Decimal("0.00")
        for rate, wanted in zip(self.rates[customer.pk], quantities, strict=True):
            if quantity := min(wanted, truck.get((rate.equipment_id, "FULL"), 0)):
                items.append(Item("DELIVERY", quantity, rate.equipment_id))
                amount += quantity * rate.rate
        items += [Item("EMPTY_RETURN", quantity, id) for (id, _), quantity in site.items() if quantity]
        money = None
        if customer.payment_type == Customer.Payment.CASH and amount:
            method, reference = ("PAYNOW", f"PN{crew.who.pk}{number:04d}") if number % 2 else ("CASH", "")
            money = Money(method, Decimal("20.00") if number % 5 == 0 else amount, reference)
        elif number % 4 == 0:
            items.append(SERVICE)
        self._sell(crew, customer, items, at, payment=money)

    def _let_go_ahead(self, crew: Crew, customer: Customer, at: datetime) -> None:
        """Below the price list, and a supervisor has said yes."""
        sold = self._sell(crew, customer, [self._below(customer, 3, "2.0000")], at)
        sales.approve(
            actor=self.supervisor, transaction_id=sold.transaction.pk, now=min(timezone.now(), at + timedelta(hours=1))
        )

    def _taken_back(self, crew: Crew, customer: Customer, at: datetime) -> None:
        line = Item("DELIVERY", 2, self.rates[customer.pk][0].equipment_id)
        sold = self._sell(crew, customer, [line], at)
        sales.void(
            actor=self.supervisor,
            transaction_id=sold.transaction.pk,
            reason="Recorded for the wrong shop",
            now=min(timezone.now(), at + timedelta(hours=1)),
        )

    def _pay_up(self, customers: Sequence[Customer], at: datetime) -> None:
        """Whoever is billed pays what is due so far; not those who have stopped."""
        for customer in customers:
            owed = balance_of(customer.pk)
            billed = customer.payment_type != Customer.Payment.CASH
            if billed and owed > 0 and customer.customer_code not in STOPPED_PAYING:
                money = Money("BANK_TRANSFER", owed, f"GIRO {customer.customer_code}")
                payments.record(actor=self.admin, customer_id=customer.pk, money=money, now=at)

    def _paid(self, customers: Sequence[Customer], at: datetime) -> None:
        """Of those who are billed one pays what is due, one a part, and one more than that."""
        billed = [one for one in customers if one.payment_type != Customer.Payment.CASH]
        owing = [(one, owed) for one in billed if (owed := balance_of(one.pk)) > 0]
        for (customer, owed), share in zip(owing, (Decimal(1), Decimal("0.5"), Decimal("1.25")), strict=False):
            money = Money("BANK_TRANSFER", (owed * share).quantize(Decimal("0.01")), f"IBG {customer.customer_code}")
            payments.record(actor=self.supervisor, customer_id=customer.pk, money=money, now=at)

    def _emailed(self, crew: Crew, customers: Sequence[Customer]) -> None:
        """The last invoices of those who are billed are on their way; one is for a customer without an address."""
        now = timezone.now()
        last = Invoice.objects.filter(customer__in=customers).exclude(customer__email="").order_by("-pk")
        for invoice in last[:EMAILED]:
            deliveries.email(actor=self.supervisor, invoice_id=invoice.pk, now=now)
        unreachable = next(one for one in customers if not one.email)
        money = Money("CASH", SERVICE.rate or Decimal(0))
        self._sell(crew, unreachable, [SERVICE], now, payment=money, send_email=True)

    def _left_waiting(self, crews: Sequence[Crew], customers: Sequence[Sequence[Customer]]) -> None:
        """What a supervisor finds: two rates below the price list, and a customer over the limit."""
        now = timezone.now()
        regular, other = customers[0][1], customers[1][1]
        told = "Asked for last year's price."
        money = Money("CASH", Decimal("40.00"))
        self._sell(crews[0], regular, [self._below(regular, 2, "3.5000")], now, remarks=told, payment=money)
        self._sell(crews[1], other, [self._below(other, 1, "1.2500")], now)
        room = {one: one.credit_limit - balance_of(one.pk) for one in customers[0] if one.credit_limit is not None}
        truck = _held(Owner("truck", crews[0].vehicle.pk))
        lines = [Item("DELIVERY", min(6, full), id) for (id, how), full in truck.items() if how == "FULL" and full]
        self._sell(crews[0], min(room, key=lambda one: room[one]), lines, now, remarks="For the weekend.")

    def _below(self, customer: Customer, quantity: int, by: str) -> Item:
        rate = self.rates[customer.pk][0]
        return Item("DELIVERY", quantity, rate.equipment_id, rate.rate - Decimal(by))

    def _sell(self, crew: Crew, customer: Customer, items: Sequence[Item], at: datetime, **more: Any) -> Sale:
        seller = Seller(vehicle_id=crew.vehicle.pk)
        sold: Sale = sales.sell(actor=crew.who, customer_id=customer.pk, items=items, seller=seller, now=at, **more)
        return sold


def _held(owner: Owner) -> dict[tuple[int | None, str], int]:
    """What a place holds, by equipment and condition."""
    rows = Balance.objects.filter(place__key=owner.key).order_by("pk")
    return {(row.equipment_id, row.condition): row.quantity for row in rows}
