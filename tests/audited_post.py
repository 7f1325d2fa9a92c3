"""What asking for mail, sending it, giving it up and printing leave in the audit."""

from typing import Any

from django.utils import timezone

from lpg.invoices import deliveries
from lpg.invoices.models import Delivery, Invoice
from lpg.transactions import services as sales
from tests.audited import Row, case, in_the_row, new
from tests.audited_sales import Trade, issued, made
from tests.post import ADDRESS, emailed, failed
from tests.sales import a_sale, delivered

TOLD = {"state", "attempts", "next_try_at", "gives_up_at", "last_error", "sent_at"}


class Post(Trade):
    """With a document that is on its way, claimed by a worker, and one that could not be delivered."""

    def __init__(self) -> None:
        super().__init__()
        self.claimed = emailed(self.admin, self.opened[0])
        assert deliveries.claim(self.claimed, now=timezone.now())
        self.undelivered = failed(self.admin, self.opened[1])

    def by_nobody(self) -> None:
        """What the worker does, the system does."""
        self.admin = None


def delivery_of(invoice: Invoice) -> Delivery:
    return invoice.deliveries.latest("pk")


def told(world: Post, action: str, before: dict[str, Any], delivery: Delivery) -> Row:
    after = in_the_row(delivery)
    changed = {name: (before[name], after[name]) for name in TOLD if before[name] != after[name]}
    return Row(action, delivery, changed, depot=world.depot, told=TOLD)


def stamped(world: Post, action: str, invoice: Invoice, column: str) -> Row:
    changed = {column: (None, in_the_row(invoice)[column])}
    return Row(action, invoice, changed, depot=world.depot, told={column})


@case(deliveries.email, Post)
def a_document_that_is_to_be_emailed(world: Post) -> list[Row]:
    invoice = deliveries.email(actor=world.admin, invoice_id=world.opened[0].pk, to=ADDRESS, now=timezone.now())
    delivery = delivery_of(invoice)
    return [Row("CREATE_DELIVERY", delivery, new(delivery), depot=world.depot)]


@case(deliveries.retry, Post)
def a_delivery_that_is_tried_again(world: Post) -> list[Row]:
    before = in_the_row(world.undelivered)
    given = {"invoice_id": world.opened[1].pk, "delivery_id": world.undelivered.pk, "now": timezone.now()}
    deliveries.retry(actor=world.admin, **given)
    return [told(world, "RETRY_DELIVERY", before, world.undelivered)]


@case(deliveries.mark_printed, Post)
def a_document_that_was_printed_twice(world: Post) -> list[Row]:
    for _ in range(2):
        deliveries.mark_printed(actor=world.admin, invoice_id=world.opened[0].pk, now=timezone.now())
    return [stamped(world, "PRINT_INVOICE", world.opened[0], "printed_at")]


@case(deliveries.arrived, Post)
def a_mail_that_the_server_has_taken(world: Post) -> list[Row]:
    before = in_the_row(world.claimed)
    for _ in range(2):
        deliveries.arrived(world.claimed, now=timezone.now())
    world.by_nobody()
    return [
        told(world, "SEND_DELIVERY", before, world.claimed),
        stamped(world, "EMAIL_INVOICE", world.opened[0], "emailed_at"),
    ]


@case(deliveries.refused, Post)
def a_mail_that_the_server_refuses(world: Post) -> list[Row]:
    before = in_the_row(world.claimed)
    deliveries.refused(world.claimed, "No such address")
    world.by_nobody()
    return [told(world, "FAIL_DELIVERY", before, world.claimed)]


@case(sales.sell, Trade)
def a_sale_whose_document_is_to_be_emailed_but_has_no_address(world: Trade) -> list[Row]:
    sale = a_sale(world.admin, world.metered, delivered(world.equipment, 1), seller=world.counter, send_email=True)
    delivery = delivery_of(sale.invoice)
    assert delivery.last_error == "no_address"
    return [
        made("CREATE_TRANSACTION", sale.transaction, world.depot),
        issued(world, sale.invoice),
        Row("CREATE_DELIVERY", delivery, new(delivery), depot=world.depot),
    ]
