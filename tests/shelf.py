"""Rows of every kind for lists to show, written straight into the tables: many at once, with ties."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from lpg.accounts.models import Session, User
from lpg.audit.models import AuditLog
from lpg.customers.models import Customer, Rate
from lpg.day_close.models import CountedMoney, CountedStock, DayClose
from lpg.depots.models import Depot, Vehicle
from lpg.distribution.models import Distribution, DistributionItem
from lpg.equipment.models import DefaultRate, Equipment
from lpg.inventory.models import Balance, Count, CountLine, Movement, Place
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.invoices.models import Delivery, Invoice, InvoiceLine
from lpg.meters.models import Meter, MeterReading
from lpg.payments.models import Allocation, Payment
from lpg.sync.models import Device, Operation, RawOperation, SyncException
from lpg.transactions.models import Transaction, TransactionItem
from tests import make
from tests.sales import a_meter

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.get_fixed_timezone(480))


class Shelf:
    """Rows of every kind, three to a name and to a day, with keys in no order of their ids."""

    def __init__(self, admin: User, depot: Depot):
        self.admin, self.depot = admin, depot
        self.vehicle = make.a_vehicle(admin, depot)
        self.store, self.truck, self.supplier = (
            place_of(owner) for owner in (Owner("depot", depot.pk), Owner("truck", self.vehicle.pk), SUPPLIER)
        )
        self.customer, self.equipment = make.a_customer(admin, depot), make.some_equipment(admin, rate=None)
        self.meter = a_meter(admin, self.customer)

    def path(self, route: str) -> str:
        ids = {"customers": self.customer.pk, "equipment": self.equipment.pk, "meters": self.meter.pk}
        return "/api/v1/" + route.replace("<id>", str(ids.get(route.split("/", maxsplit=1)[0])))

    def fill(self, number: int, start: int = 0) -> None:
        numbers = [(n * 7919) % 10_007 for n in range(start, start + number)]
        tied = [n % max(number // 3, 1) for n in numbers]
        day = [date(2026, 1, 1) + timedelta(days=n) for n in tied]
        Depot.objects.bulk_create(
            Depot(code=f"D{n:05d}", name=f"Depot {t}") for n, t in zip(numbers, tied, strict=True)
        )
        Vehicle.objects.bulk_create(Vehicle(plate_no=f"SBA {n:05d}", depot=self.depot) for n in numbers)
        Equipment.objects.bulk_create(
            Equipment(sku=f"S{n:05d}", name=f"Thing {t}", equipment_type="METER")
            for n, t in zip(numbers, tied, strict=True)
        )
        Customer.objects.bulk_create(
            Customer(customer_code=f"C{n:05d}", name=f"Shop {t}", payment_type="CASH", depot=self.depot)
            for n, t in zip(numbers, tied, strict=True)
        )
        User.objects.bulk_create(User(username=f"u{n:05d}", employee_id=f"U{n:05d}", depot=self.depot) for n in numbers)
        people = list(User.objects.filter(username__in=[f"u{n:05d}" for n in numbers]))
        Session.objects.bulk_create(
            Session(user=user, created_at=NOW, last_used_at=NOW, expires_at=timezone.now() + timedelta(days=1))
            for user in people
        )
        User.depots.through.objects.bulk_create(User.depots.through(user=user, depot=self.depot) for user in people)
        self.fill_stock(numbers)
        self.fill_day_closes(numbers)
        self.fill_exceptions(numbers)
        self.fill_meters(numbers)
        self.fill_sales(numbers)
        self.fill_customers(numbers)
        rate = Decimal("1.5")
        Rate.objects.bulk_create(
            Rate(customer=self.customer, equipment=self.equipment, rate=rate, effective_from=d) for d in day
        )
        DefaultRate.objects.bulk_create(DefaultRate(equipment=self.equipment, rate=rate, effective_from=d) for d in day)
        AuditLog.objects.bulk_create(
            AuditLog(
                user=self.admin, user_name="admin", action="X", entity_type="X", entity_id=n, payload={}, created_at=NOW
            )
            for n in numbers
        )

    def fill_stock(self, numbers: list[int]) -> None:
        things = list(Equipment.objects.filter(sku__in=[f"S{n:05d}" for n in numbers]))
        Balance.objects.bulk_create(
            Balance(place=self.store, equipment=thing, condition="FULL", physical=True, quantity=1) for thing in things
        )
        Movement.objects.bulk_create(self.a_movement(self.supplier, "", self.store, "FULL", n) for n in numbers)
        distributions = [
            Distribution(
                distribution_number=f"DST-20261120-{n:06d}",
                depot=self.depot,
                vehicle=self.vehicle,
                user=self.admin,
                created_at=NOW,
            )
            for n in numbers
        ]
        Distribution.objects.bulk_create(distributions)
        made = Distribution.objects.filter(distribution_number__in=[row.distribution_number for row in distributions])
        DistributionItem.objects.bulk_create(
            DistributionItem(
                distribution=row, depot=self.depot, equipment=thing, quantity=1, direction="OUT", condition="FULL"
            )
            for row in made
            for thing in things[:2]
        )
        before = set(Count.objects.values_list("pk", flat=True))
        Count.objects.bulk_create(Count(place=self.store, user=self.admin, created_at=NOW) for _ in numbers)
        CountLine.objects.bulk_create(
            CountLine(count=row, equipment=thing, condition="FULL", quantity=1, expected=2)
            for row in Count.objects.exclude(pk__in=before)
            for thing in things[:2]
        )

    def fill_day_closes(self, numbers: list[int]) -> None:
        days = [date(2000, 1, 1) + timedelta(days=n) for n in numbers]
        closes = DayClose.objects.bulk_create(
            DayClose(
                date=day,
                vehicle=self.vehicle,
                depot=self.depot,
                user=self.admin,
                **dict.fromkeys(("counted_at", "created_at"), NOW),
            )
            for day in days
        )
        CountedStock.objects.bulk_create(
            CountedStock(close=close, equipment=self.equipment, condition=condition, quantity=1, expected=2)
            for close in closes
            for condition in ("FULL", "EMPTY")
        )
        CountedMoney.objects.bulk_create(
            CountedMoney(close=close, method=method, amount=1, expected=2)
            for close in closes
            for method in ("CASH", "PAYNOW")
        )

    def fill_exceptions(self, numbers: list[int]) -> None:
        who = {"user": self.admin, "received_at": NOW}
        same = {"registered_at": NOW, "last_contact_at": NOW}
        phone, _ = Device.objects.get_or_create(user=self.admin, device_id="phone", defaults=same)
        raws = RawOperation.objects.bulk_create(
            RawOperation(**who, device_id=phone.device_id, digest=f"{n}", body="{}", seq=n) for n in numbers
        )
        operations = Operation.objects.bulk_create(
            Operation(**who, raw=raw, device=phone, seq=raw.seq, state="quarantined", depot=self.depot) for raw in raws
        )
        people = User.objects.filter(username__in=[f"u{n:05d}" for n in numbers])
        Device.objects.bulk_create(Device(user=user, device_id=user.username, **same) for user in people)
        SyncException.objects.bulk_create(
            SyncException(operation=operation, depot=self.depot, kind="malformed", words="?", raised_at=NOW)
            for operation in operations
        )

    def fill_meters(self, numbers: list[int]) -> None:
        Meter.objects.bulk_create(
            Meter(
                customer=self.customer,
                serial_no=f"M{n:05d}",
                serial_in_use=f"M{n:05d}",
                digits=5,
                installed_on=NOW,
                current_reading=n,
            )
            for n in numbers
        )
        same = {"meter": self.meter, "kind": MeterReading.Kind.PLAIN, "reading": 0, "previous": 0, "usage": 0}
        MeterReading.objects.bulk_create(
            MeterReading(**same, user=self.admin, read_at=NOW, created_at=NOW) for _ in numbers
        )

    def fill_sales(self, numbers: list[int]) -> None:
        """Of two lines each, half paid."""
        who = {"customer": self.customer, "user": self.admin}
        sales = Transaction.objects.bulk_create(
            Transaction(
                **who,
                transaction_number=f"TRX-20261120-{n:06d}",
                status=Transaction.Status.CONFIRMED,
                vehicle=self.vehicle,
                total_amount=2,
                **dict.fromkeys(("occurred_at", "created_at", "confirmed_at"), NOW),
            )
            for n in numbers
        )
        service = {"item_type": "SERVICE", "description": "Hose changed", "quantity": 1, "rate": 1}
        TransactionItem.objects.bulk_create(
            TransactionItem(transaction=sale, amount=1, **service) for sale in sales for _ in range(2)
        )
        documents = Invoice.objects.bulk_create(
            self.a_document(sale, n, **who) for sale, n in zip(sales, numbers, strict=True)
        )
        InvoiceLine.objects.bulk_create(
            InvoiceLine(invoice=document, net_amount=1, amount=1, **service) for document in documents for _ in range(2)
        )
        mail = {"to": "a@b.co", "state": "queued", "next_try_at": NOW, "user": self.admin, "created_at": NOW}
        Delivery.objects.bulk_create(
            Delivery(invoice=document, message_id=f"<{document.pk}.{n}@b.co>", **mail)
            for document in documents
            for n in range(2)
        )
        payments = Payment.objects.bulk_create(
            Payment(
                **who,
                payment_number=f"RCP-2026-{n:06d}",
                amount=1,
                unallocated=0,
                method="CASH",
                received_at=NOW,
                created_at=NOW,
            )
            for n in numbers
        )
        Allocation.objects.bulk_create(
            Allocation(payment=payment, invoice=document, amount=1, created_at=NOW)
            for payment, document in zip(payments, documents, strict=True)
        )

    def fill_customers(self, numbers: list[int]) -> None:
        """Each has a dollar of credit and one cylinder."""
        customers = list(Customer.objects.filter(customer_code__in=[f"C{n:05d}" for n in numbers]))
        Payment.objects.bulk_create(
            Payment(
                customer=customer,
                user=self.admin,
                payment_number=f"RCP-2025-{customer.customer_code[1:]}",
                method="CASH",
                **dict.fromkeys(("amount", "unallocated"), 1),
                **dict.fromkeys(("received_at", "created_at"), NOW),
            )
            for customer in customers
        )
        Place.objects.bulk_create(
            Place(key=f"customer:{customer.pk}", kind="customer", customer=customer) for customer in customers
        )
        Balance.objects.bulk_create(
            Balance(place=place, equipment=self.equipment, condition="", physical=True, quantity=1)
            for place in Place.objects.filter(customer__in=customers)
        )

    @staticmethod
    def a_document(sale: Transaction, n: int, **who: Any) -> Invoice:
        summary = {
            "id": sale.pk,
            "transaction_number": sale.transaction_number,
            "customer": sale.customer_id,
            "user": sale.user_id,
            "total_amount": "2.00",
            "created_at": NOW.isoformat(),
        }
        return Invoice(
            **who,
            invoice_number=f"INV-2026-{n:06d}",
            document_type=Invoice.Type.INVOICE,
            transaction=sale,
            seller={},
            buyer={},
            summary=summary,
            gst_rate=0,
            prices_include_gst=True,
            subtotal=2,
            tax_amount=0,
            total_amount=2,
            due_at_issue=2,
            balance_due=1,
            **dict.fromkeys(("issued_on", "due_date", "generated_at"), NOW),
        )

    def a_movement(self, origin: Place, taken: str, goal: Place, given: str, n: int = 1, **more: Any) -> Movement:
        ends = {"origin": origin, "origin_condition": taken, "destination": goal, "destination_condition": given}
        values = {"equipment": self.equipment, "quantity": n + 1, "cause": "UPDATE", "cause_id": n, "created_at": NOW}
        return Movement(**ends, **{**values, **more}, origin_after=0, destination_after=0, user=self.admin)
