"""What every sale, every decision on it, every reading and every payment leaves in the audit."""

from decimal import Decimal
from typing import Any

from django.utils import timezone

from lpg.depots.models import Depot
from lpg.equipment import services as equipment
from lpg.inventory.places import Owner
from lpg.invoices.models import Invoice
from lpg.meters import services as meters
from lpg.meters.models import Meter, MeterReading
from lpg.payments import services as payments
from lpg.payments.models import Payment
from lpg.roles import Role
from lpg.transactions import services as sales
from lpg.transactions.models import Transaction
from tests import make
from tests.audited import Row, World, case, in_the_row, new
from tests.bad import a_payment
from tests.sales import a_meter, a_reading, a_sale, delivered, returned, served
from tests.stock import fill

BALANCE, CREDIT = {"balance_due", "paid_at", "credited_at"}, {"unallocated"}
DECIDED = {"status", "confirmed_at", "approved_at", "voided_at", "void_reason"}


class Trade(World):
    """With a meter that was read, a sale that waits, two with open invoices, and money that settles nothing yet."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = sales.Seller(depot_id=self.depot.pk)
        self.gauge = equipment.create_equipment(
            actor=self.admin, values={"sku": "G4", "name": "Gas meter", "equipment_type": "METER"}
        )
        fill(self.admin, Owner("depot", self.depot.pk), self.gauge, 5)
        fill(self.admin, Owner("customer", self.metered.pk), self.equipment, 5, "")
        self.meter = a_meter(self.admin, self.metered, "10.000", "M-1")
        self.reading = a_reading(self.admin, self.meter, "20.000")
        self.opened = [
            a_sale(self.admin, self.customer, delivered(self.equipment, 1), seller=self.counter).invoice
            for _ in range(2)
        ]
        dear = delivered(self.equipment, 1, rate="40.0000")
        self.waiting = a_sale(self.driver, self.customer, dear, paid="15.00").transaction
        self.money = a_payment(self.admin, self.customer, "50.00")
        self.stranger = make.a_user(Role.SUPERVISOR, by=self.admin, depot=self.union.pk)
        moved_out = make.a_customer(self.admin, self.depot)
        self.emptied = a_sale(self.admin, moved_out, delivered(self.equipment, 1), seller=self.counter).transaction
        fill(self.admin, Owner("customer", moved_out.pk), self.equipment, 0, "")

    def new_meter(self, **more: Any) -> meters.NewMeter:
        return meters.NewMeter(**{"serial_no": "M-2", "digits": 6, "initial_reading": Decimal("1.000"), **more})


def lines_of(entity: Transaction | Invoice) -> list[dict[str, Any]]:
    rows = entity.items if isinstance(entity, Transaction) else entity.lines
    return [in_the_row(row) for row in rows.order_by("pk")]


def issued(world: Trade, invoice: Invoice | None, action: str = "CREATE_INVOICE") -> Row:
    assert invoice is not None
    return Row(action, invoice, new(invoice), depot=world.depot, lines=lines_of(invoice))


def made(action: str, entity: Transaction | Meter | MeterReading | Payment, depot: Depot) -> Row:
    lines = lines_of(entity) if isinstance(entity, Transaction) else None
    return Row(action, entity, new(entity), depot=depot, lines=lines)


def settled(world: Trade, invoice: Invoice, before: str, after: str, **more: Any) -> Row:
    paid_at = {} if Decimal(after) else {"paid_at": (None, in_the_row(invoice)["paid_at"])}
    changed = {"balance_due": (before, after), **paid_at, **more}
    return Row("UPDATE_INVOICE", invoice, changed, depot=world.depot, told=BALANCE)


def used(world: Trade, payment: Payment, before: str, after: str) -> Row:
    return Row("UPDATE_PAYMENT", payment, {"unallocated": (before, after)}, depot=world.depot, told=CREDIT)


def billed(world: Trade, reading: MeterReading, before: int | None, after: int | None) -> Row:
    told = {"transaction"}
    return Row("UPDATE_METER_READING", reading, {"transaction": (before, after)}, depot=world.depot, told=told)


# --- Meters -----------------------------------------------------------------------------------------------------------


@case(meters.install, Trade)
def a_meter_that_is_installed_out_of_stock(world: Trade) -> list[Row]:
    given = world.new_meter(equipment_id=world.gauge.pk, depot_id=world.depot.pk)
    meter = meters.install(actor=world.admin, customer_id=world.customer.pk, new=given, now=timezone.now())
    return [
        made("CREATE_METER", meter, world.depot),
        made("CREATE_METER_READING", meter.readings.get(), world.depot),
    ]


@case(meters.replace, Trade)
def a_meter_that_is_replaced(world: Trade) -> list[Row]:
    new_one = meters.replace(
        actor=world.admin,
        meter_id=world.meter.pk,
        final_reading=Decimal("25.000"),
        new=world.new_meter(),
        now=timezone.now(),
    )
    gone = {"removed_on": (None, in_the_row(world.meter)["removed_on"]), "serial_in_use": ("M-1", None)}
    return [
        made("CREATE_METER_READING", world.meter.readings.latest("pk"), world.depot),
        Row("REMOVE_METER", world.meter, gone, depot=world.depot),
        made("CREATE_METER", new_one, world.depot),
        made("CREATE_METER_READING", new_one.readings.get(), world.depot),
    ]


@case(meters.record, Trade)
def a_reading_without_a_sale(world: Trade) -> list[Row]:
    row = meters.record(actor=world.admin, meter_id=world.meter.pk, reading=Decimal("21.500"), now=timezone.now())
    return [made("CREATE_METER_READING", row, world.depot)]


@case(meters.void, Trade)
def a_reading_that_is_taken_back(world: Trade) -> list[Row]:
    row = meters.void(
        actor=world.admin,
        meter_id=world.meter.pk,
        reading_id=world.reading.pk,
        reason="Read badly",
        now=timezone.now(),
    )
    changed = {"voided_at": (None, in_the_row(row)["voided_at"]), "void_reason": ("", "Read badly")}
    return [Row("VOID_METER_READING", row, changed, depot=world.depot)]


# --- Sales ------------------------------------------------------------------------------------------------------------


@case(sales.sell, Trade)
def a_sale_of_everything_at_once(world: Trade) -> list[Row]:
    items = (delivered(world.equipment, 2), returned(world.equipment, 2), served("15.0000"))
    sale = a_sale(world.admin, world.metered, *items, reading="30.000", paid="20.00", seller=world.counter)
    own = sale.transaction.meter_readings.latest("pk")
    return [
        made("CREATE_TRANSACTION", sale.transaction, world.depot),
        made("CREATE_METER_READING", own, world.depot),
        billed(world, world.reading, None, sale.transaction.pk),
        made("CREATE_PAYMENT", sale.transaction.payments.get(), world.depot),
        issued(world, sale.invoice),
    ]


@case(sales.sell, Trade)
def a_sale_that_gives_money_back(world: Trade) -> list[Row]:
    back = sales.Item("FULL_RETURN", 1, world.equipment.pk)
    sale = a_sale(world.admin, world.metered, back, seller=world.counter)
    return [
        made("CREATE_TRANSACTION", sale.transaction, world.depot),
        issued(world, sale.invoice, "CREATE_CREDIT_NOTE"),
    ]


@case(sales.sell, Trade)
def a_sale_that_waits_for_a_supervisor(world: Trade) -> list[Row]:
    world.admin = world.driver
    sale = a_sale(world.driver, world.customer, delivered(world.equipment, 1, rate="1.0000"), paid="1.00")
    return [
        made("CREATE_TRANSACTION", sale.transaction, world.depot),
        made("CREATE_PAYMENT", sale.transaction.payments.get(), world.depot),
    ]


@case(sales.approve, Trade)
def a_sale_that_is_approved_with_the_money_that_waited(world: Trade) -> list[Row]:
    sale = sales.approve(actor=world.admin, transaction_id=world.waiting.pk, now=timezone.now())
    row = in_the_row(sale.transaction)
    changed = {
        "status": ("PENDING", "CONFIRMED"),
        "confirmed_at": (None, row["confirmed_at"]),
        "approved_at": (None, row["approved_at"]),
    }
    return [
        Row("APPROVE_TRANSACTION", sale.transaction, changed, depot=world.depot, told=DECIDED),
        issued(world, sale.invoice),
        used(world, sale.transaction.payments.get(), "15.00", "0.00"),
    ]


def voided(world: Trade, row: Transaction, before: str) -> Row:
    sales.void(actor=world.admin, transaction_id=row.pk, reason="Wrong shop", now=timezone.now())
    changed = {
        "status": (before, "VOIDED"),
        "voided_at": (None, in_the_row(row)["voided_at"]),
        "void_reason": ("", "Wrong shop"),
    }
    return Row("VOID_TRANSACTION", row, changed, depot=world.depot, told=DECIDED)


@case(sales.void, Trade)
def a_sale_that_waited_and_is_voided(world: Trade) -> list[Row]:
    return [voided(world, world.waiting, "PENDING")]


class Billed(Trade):
    """With a sale that read the meter and is paid in two parts."""

    def __init__(self) -> None:
        super().__init__()
        sale = a_sale(self.admin, self.metered, reading="30.000", paid="10.00")
        self.sold, self.document = sale.transaction, sale.invoice
        self.paid = [self.sold.payments.get(), a_payment(self.admin, self.metered, "5.00", self.document.pk)]


@case(sales.void, Billed)
def a_sale_with_a_reading_and_two_payments_that_is_voided(world: Billed) -> list[Row]:
    taken_back = voided(world, world.sold, "CONFIRMED")
    own = world.sold.meter_readings.get()
    reading = {"voided_at": (None, in_the_row(own)["voided_at"]), "void_reason": ("", "Wrong shop")}
    document = Invoice.objects.get(pk=world.document.pk)
    changed = {"balance_due": ("25.00", "0.00"), "credited_at": (None, in_the_row(document)["credited_at"])}
    first, second = world.paid
    return [
        taken_back,
        Row("VOID_METER_READING", own, reading, depot=world.depot),
        billed(world, world.reading, world.sold.pk, None),
        issued(world, document.correction, "CREATE_CREDIT_NOTE"),
        Row("UPDATE_INVOICE", document, changed, depot=world.depot, told=BALANCE),
        used(world, first, "0.00", "10.00"),
        used(world, second, "0.00", "5.00"),
    ]


# --- Payments ---------------------------------------------------------------------------------------------------------


@case(payments.record, Trade)
def money_for_the_oldest_invoices(world: Trade) -> list[Row]:
    payment = payments.record(
        actor=world.admin,
        customer_id=world.customer.pk,
        money=payments.Money("CHEQUE", Decimal("60.00"), "OCBC 000123"),
        now=timezone.now(),
    )
    first, second = world.opened
    assert payment.unallocated == 0
    return [
        made("CREATE_PAYMENT", payment, world.depot),
        settled(world, first, "38.00", "0.00"),
        settled(world, second, "38.00", "16.00"),
    ]


@case(payments.record, Trade)
def money_for_no_invoice_at_all(world: Trade) -> list[Row]:
    return [made("CREATE_PAYMENT", a_payment(world.admin, world.customer, "7.00"), world.depot)]


def reversed_money(world: Trade, payment: Payment, before: str) -> Row:
    payments.reverse(actor=world.admin, payment_id=payment.pk, reason="Cheque came back", now=timezone.now())
    changed = {
        "unallocated": (before, "0.00"),
        "reversed_at": (None, in_the_row(payment)["reversed_at"]),
        "reverse_reason": ("", "Cheque came back"),
    }
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    return Row("REVERSE_PAYMENT", payment, changed, depot=world.depot, told={*CREDIT, "reversed_at", "reverse_reason"})


@case(payments.reverse, Trade)
def credit_that_counts_no_more(world: Trade) -> list[Row]:
    return [reversed_money(world, world.money, "50.00")]


class Paid(Trade):
    """With money that paid one invoice and a part of the other, and a credit note."""

    def __init__(self) -> None:
        super().__init__()
        self.spent = a_payment(self.admin, self.customer, "60.00", *(invoice.pk for invoice in self.opened))
        self.paid_at = in_the_row(self.opened[0])["paid_at"]
        back = sales.Item("FULL_RETURN", 1, self.equipment.pk)
        self.note = a_sale(self.admin, self.customer, back, seller=self.counter).invoice


@case(payments.reverse, Paid)
def money_that_paid_two_invoices_and_counts_no_more(world: Paid) -> list[Row]:
    first, second = world.opened
    taken_back = reversed_money(world, world.spent, "0.00")
    opened = settled(world, first, "0.00", "38.00", paid_at=(world.paid_at, None))
    return [taken_back, opened, settled(world, second, "16.00", "38.00")]


@case(payments.allocate_credit, Paid)
def credit_of_a_credit_note_that_is_used(world: Paid) -> list[Row]:
    payments.allocate_credit(actor=world.admin, invoice_id=world.note.pk, now=timezone.now())
    used_up = settled(world, world.note, "-38.00", "-22.00")
    return [settled(world, world.opened[1], "16.00", "0.00"), used_up]


@case(payments.allocate, Trade)
def credit_that_is_used(world: Trade) -> list[Row]:
    named = [world.opened[1].pk]
    payments.allocate(actor=world.admin, payment_id=world.money.pk, invoice_ids=named, now=timezone.now())
    return [settled(world, world.opened[1], "38.00", "0.00"), used(world, world.money, "50.00", "12.00")]
