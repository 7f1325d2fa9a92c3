"""A long past of sales in no time, written straight into the tables as the services would have left them."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Model
from django.utils import timezone

from lpg import sql
from lpg.accounts.models import User
from lpg.customers.models import Customer
from lpg.equipment.models import Equipment
from lpg.inventory.models import Balance, Movement
from lpg.inventory.places import SUPPLIER, Owner, place_of
from lpg.invoices.models import Invoice, InvoiceLine, InvoicePdf
from lpg.paper import store
from lpg.transactions.models import Transaction, TransactionItem
from tests.sales import a_sale, delivered
from tests.stock import fill

PER_DAY, BATCH = 1_000, 1_000
PAPER = b"%PDF of no particular sale"


class SalesHistory:
    """Copies of one real sale of one line each, a thousand a day, over many customers of one driver."""

    def __init__(self, admin: User, driver: User, customers: list[Customer], equipment: Equipment) -> None:
        self.admin, self.driver, self.customers, self.equipment = admin, driver, customers, equipment
        self.truck = place_of(Owner("truck", driver.vehicle_id or 0))

    def make(self, sales: int) -> None:
        fill(self.admin, Owner("truck", self.driver.vehicle_id or 0), self.equipment, 1)
        first = a_sale(self.driver, self.customers[0], delivered(self.equipment, 1))
        kinds = (Transaction, TransactionItem, Invoice, InvoiceLine, InvoicePdf, Movement)
        model = {kind: _columns(kind) for kind in kinds}
        assert first.invoice
        paper = sha256(PAPER).hexdigest()
        store.keep(PAPER, paper)  # one sheet for all
        rows: dict[type[Model], list[tuple[Any, ...]]] = {kind: [] for kind in model}
        audit: list[tuple[Any, ...]] = []
        pattern = {
            Transaction: _row(first.transaction),
            TransactionItem: _row(first.transaction.in_order[0]),
            Invoice: _row(first.invoice),
            InvoiceLine: _row(first.invoice.in_order[0]),
            Movement: _row(Movement.objects.get(cause="TRANSACTION", cause_id=first.transaction.pk)),
        }
        sites = [place_of(Owner("customer", customer.pk)).pk for customer in self.customers]
        now, base, documents = timezone.now(), first.transaction.pk, first.invoice.pk
        year, _, numbered = first.invoice.invoice_number.removeprefix("INV-").partition("-")
        for number in range(1, sales + 1):
            day = now - timedelta(days=(sales - number) // PER_DAY + 1)
            at, date = sql.moment(day), f"{timezone.localtime(day):%Y%m%d}"
            which = number % len(self.customers)
            customer, name = self.customers[which].pk, f"TRX-{date}-{(number - 1) % PER_DAY + 1:06d}"
            ids = {"id": base + number, "customer_id": customer}
            times = {"created_at": at, "occurred_at": at, "confirmed_at": at}
            sale = {**pattern[Transaction], **ids, **times, "transaction_number": name}
            document = {
                **pattern[Invoice],
                "id": documents + number,
                "customer_id": customer,
                "transaction_id": base + number,
                "invoice_number": f"INV-{year}-{int(numbered) + number:06d}",
                "generated_at": at,
                "issued_on": f"{timezone.localtime(day):%Y-%m-%d}",
                "pdf_due_at": None,  # long printed
            }
            moved = {
                **pattern[Movement],
                "id": None,
                "destination_id": sites[which],
                "destination_after": (number - 1) // len(sites) + 1,
                "origin_after": sales - number,
                "cause_id": base + number,
                "cause_number": name,
                "created_at": at,
            }
            rows[Transaction].append(tuple(sale.values()))
            line = {**pattern[TransactionItem], "id": None, "transaction_id": base + number}
            rows[TransactionItem].append(tuple(line.values()))
            rows[Invoice].append(tuple(document.values()))
            told = {**pattern[InvoiceLine], "id": None, "invoice_id": documents + number}
            rows[InvoiceLine].append(tuple(told.values()))
            rows[Movement].append(tuple(moved.values()))
            rows[InvoicePdf].append((None, 1, paper, paper, "by hand", len(PAPER), at, documents + number))
            for kind, id in (("Transaction", base + number), ("Invoice", documents + number)):
                audit.append((self.driver.pk, "driver", f"CREATE_{kind.upper()}", kind, id, "{}", "", at))
            if number % BATCH == 0 or number == sales:
                for kind, waiting in rows.items():
                    sql.insert(kind._meta.db_table, model[kind], waiting)
                    waiting.clear()
                columns = ["user_id", "user_name", "action", "entity_type", "entity_id", "payload", "request_id"]
                sql.insert("audit_auditlog", [*columns, "created_at"], audit)
                audit.clear()
            if number % PER_DAY == 0:
                sql.insert("numbering_series", ["series", "period", "last"], [("TRX", date, PER_DAY)])
        sql.run("UPDATE numbering_series SET last = %s WHERE series = 'INV'", [int(numbered) + sales])
        self._stock(sales, sites)

    def _stock(self, sales: int, sites: list[int]) -> None:
        """The supplier gave the truck what it sold, and each site holds what it bought."""
        counted = dict.fromkeys(sites, 0)
        for number in range(1, sales + 1):
            counted[sites[number % len(sites)]] += 1
        supplier = place_of(SUPPLIER)
        moved = _row(Movement.objects.order_by("pk")[0])
        moved |= {"id": None, "origin_id": supplier.pk, "quantity": sales, "origin_after": -sales, "cause": "TRANSFER"}
        moved |= {"destination_after": sales, "destination_id": self.truck.pk, "equipment_id": self.equipment.pk}
        sql.insert("inventory_movement", _columns(Movement), [tuple(moved.values())])
        Balance(place=supplier, equipment=self.equipment, physical=False, quantity=-sales).save()
        for site, quantity in counted.items():
            held = Balance.objects.filter(place=site, equipment=self.equipment).first()
            held = held or Balance(place_id=site, equipment=self.equipment, physical=True, quantity=0)
            held.quantity += quantity
            held.save()


def _columns(kind: type[Model]) -> list[str]:
    return [field.column for field in kind._meta.concrete_fields]


def _row(one: Model) -> dict[str, Any]:
    """What the database holds of a row."""
    columns = _columns(type(one))
    these = ", ".join(f"`{column}`" for column in columns)
    found = sql.rows(f"SELECT {these} FROM {type(one)._meta.db_table} WHERE id = %s", [one.pk])[0]
    return dict(zip(columns, map(_as_kept, found), strict=True))


def _as_kept(value: Any) -> Any:
    return str(value) if hasattr(value, "isoformat") else value
