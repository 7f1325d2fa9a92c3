"""Somebody with the database's own password: the triggers are gone and the checks of columns are off."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from lpg.append_only import AppendOnly, Kept, drop_triggers
from lpg.facts import Fact
from lpg.payments import services as payments
from tests.sales import (
    Shop,
    a_meter,
    a_reading,
    a_replacement,
    delivered,
    full_back,
    returned,
    served,
    singapore,
)
from tests.stock import disagreements

CHECKED = {
    "sqlite": "PRAGMA ignore_check_constraints = {off}",
    "mysql": "SET check_constraint_checks = {on}, foreign_key_checks = {on}",
}


def execute(statement: str, *values: object) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


@contextmanager
def unguarded() -> Iterator[None]:
    """For tests with `transaction=True`: the flush after the test puts the triggers back."""
    for table in [*AppendOnly.tables(), *(model._meta.db_table for model in Kept.__subclasses__())]:
        for statement in drop_triggers(table):
            execute(statement)
    execute(CHECKED[connection.vendor].format(on=0, off=1))
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        execute(CHECKED[connection.vendor].format(on=1, off=0))


def found_by(*statements: str) -> dict[str, list[str]]:
    """What verify says of what these statements do; then it is undone."""
    point = transaction.savepoint_create()
    for statement in statements:
        assert execute(statement), f"it touched nothing: {statement}"
    found = disagreements()
    transaction.savepoint_rollback(point)
    return found


def every_kind_of_sale(shop: Shop, settings: object) -> None:
    """Days with a bit of everything; nothing in them disagrees."""
    home = shop.another(meter_rate=Decimal("2.3456"), payment_type="CREDIT", credit_limit=Decimal(5000))
    cylinder, small = shop.thing("54.5050", shop.customer, home), shop.thing("0.0050", shop.customer, home)
    meter = a_meter(shop.admin, home, "99990.500")
    a_reading(shop.admin, meter, "99998")
    shop.sell(delivered(cylinder, 2), returned(cylinder, 1), customer=home, reading="12", is_rollover=True)
    shop.sell(delivered(small), full_back(small, 3), served("7.5050"), paid="20.00")
    shop.sell(delivered(cylinder), full_back(cylinder, 3, condition="DAMAGED"))
    shop.sell(returned(cylinder, 4))
    shop.void(shop.sell(full_back(cylinder), paid="1.00"))
    shop.void(shop.sell(delivered(cylinder), returned(cylinder), customer=home, reading="40", paid="10.00"))
    meter = a_replacement(shop.admin, meter, "40.250", "7")
    shop.sell(customer=home, reading="7.125")
    a_reading(shop.admin, meter, "9")
    for end in (None, shop.approve, shop.void):
        waits = shop.sell(delivered(cylinder, 1, "40.0050"), by=shop.driver, paid="30.00")
        if end:
            end(waits)
    shop.sell(delivered(cylinder), customer=home, reading="1", fact=Fact(timezone.now()))
    shop.pay("35.00", home)
    gone = shop.pay("9.00", home)
    payments.reverse(actor=shop.admin, payment_id=gone.pk, reason="Cheque came back", now=timezone.now())
    credit = shop.sell(full_back(cylinder), customer=home).invoice
    shop.sell(served("4.00"), customer=home)
    payments.allocate_credit(actor=shop.admin, invoice_id=credit.pk, now=timezone.now())
    shop.sell(served("1.00"), customer=shop.another(email="shop@example.com"), send_email=True)
    settings.COMPANY = {**settings.COMPANY, "gst_reg_no": "M2-1234567-8"}
    for settings.PRICES_INCLUDE_GST in (True, False):
        shop.sell(delivered(cylinder, 3), delivered(small, 7), served("33.3333"))
        shop.sell(full_back(cylinder, 1, "9.9950"), served("0.0500"), now=singapore("2023-06-01T12:00:00"))
        shop.void(shop.sell(served("99.9950"), customer=home))
