"""PDFs of documents: each is made once and kept as it is; a lost one is drawn again.

A document without its PDF has a time from which on somebody may make it, `pdf_due_at`. Whoever does, moves that time
ahead by a guarded UPDATE: that is their lease. The file is stored before its row is written, so whoever dies leaves at
most a file that is right and will be found to be there. Drawing takes long: no transaction is open meanwhile, so these
functions open their own units of work and are called outside of any.
"""

import random
import time
from datetime import datetime, timedelta

from django.utils import timezone

from lpg import sql, work
from lpg.customers.models import Customer
from lpg.invoices.models import Invoice, InvoiceLine, InvoicePdf
from lpg.invoices.papers import print_document
from lpg.paper.keeping import (
    BeingMade,
    CannotBeMade,
    Paper,
    add_version,
    content_of,
    drawn_and_stored,
)
from lpg.paper.render import Rendered
from lpg.paper.turns import turn

LEASE = timedelta(seconds=60)  # a PDF whose maker died is taken up after this
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=30)
SET = f"UPDATE {Invoice._meta.db_table} SET"
IS_DUE = "pdf_due_at <= %s"
IS_FREE = "(pdf_due_at <= %s OR pdf_due_at IS NULL OR pdf_error IS NOT NULL)"  # for who asks: it may yet wait for a try
PATIENCE = 3.0  # seconds for which a person waits for somebody else to make it


def render_due(now: datetime, limit: int = 50) -> int:
    """Make the PDFs that are due at `now` and that nobody else is making, the oldest first; how many were made."""
    began, made = time.monotonic(), 0
    due = Invoice.objects.filter(pdf_due_at__lte=now).order_by("pdf_due_at", "pk")
    for pk in due.values_list("pk", flat=True)[:limit]:
        at = now + timedelta(seconds=time.monotonic() - began)
        try:
            _make(pk, IS_DUE, at)
        except BeingMade:
            continue
        except CannotBeMade as failed:
            if failed.is_store:  # nor would the others find room; they stay due
                break
        else:
            made += 1
    return made


def ensure(invoice_id: int, *, now: datetime) -> Paper[InvoicePdf]:
    """The PDF of a document, made if it is not there yet or is lost: whoever asks need not wait until it is due.

    Raises BeingMade, CannotBeMade, and Busy when too many are being made in this process.
    """
    pdf = latest_of(invoice_id)
    content = content_of(pdf)
    if pdf is not None and content is not None:
        return Paper(pdf, content)
    with turn():
        return _make(invoice_id, IS_FREE, now)


def at_once(invoice_id: int) -> Paper[InvoicePdf]:
    """The same for a person, who will wait for a moment while somebody else makes it. Raises what `ensure` raises."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return ensure(invoice_id, now=timezone.now())
        except BeingMade:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


def newest_id() -> int:
    """Of the document that was issued last; 0 before the first."""
    ((newest,),) = sql.rows(f"SELECT MAX(id) FROM {Invoice._meta.db_table}")  # noqa: S608
    return newest or 0


def latest_of(invoice_id: int) -> InvoicePdf | None:
    """The version in force."""
    found = sql.entities(InvoicePdf, "WHERE invoice_id = %s ORDER BY version DESC LIMIT 1", [invoice_id])
    return found[0] if found else None


def _make(invoice_id: int, free: str, now: datetime) -> Paper[InvoicePdf]:
    began = time.monotonic()
    lease = _claimed(invoice_id, free, now)
    try:
        pdf = latest_of(invoice_id)
        content = content_of(pdf)
        if pdf is not None and content is not None:  # somebody else was quicker
            work.run(lambda: _settle(invoice_id))
            return Paper(pdf, content)
        invoice = _whole(invoice_id)
        made = drawn_and_stored(lambda: print_document(invoice))
    except CannotBeMade as failed:
        _postpone(invoice_id, lease, failed.why, now + timedelta(seconds=time.monotonic() - began))
        raise
    kept = work.run(lambda: _kept(invoice, pdf, made, now))
    if kept.content_hash != made.content_hash:  # our lease ran out, and whoever took it up was quicker
        raise BeingMade
    return Paper(kept, made.content)


def _claimed(invoice_id: int, free: str, now: datetime) -> datetime:
    """When the lease on making this PDF ends. Raises BeingMade when it is not `free`."""
    lease = now + LEASE
    values = [sql.moment(lease), invoice_id, sql.moment(now)]
    if not work.run(lambda: sql.run(f"{SET} pdf_due_at = %s, pdf_error = NULL WHERE id = %s AND {free}", values)):
        raise BeingMade
    return lease


def _whole(invoice_id: int) -> Invoice:
    """A document with its lines and its customer, read quickly: there may be thousands to be drawn."""
    invoice = sql.entities(Invoice, "WHERE id = %s", [invoice_id])[0]
    invoice.in_order = sql.entities(InvoiceLine, "WHERE invoice_id = %s ORDER BY id", [invoice_id])
    invoice.customer = sql.entities(Customer, "WHERE id = %s", [invoice.customer_id])[0]
    return invoice


def _postpone(invoice_id: int, lease: datetime, words: str, now: datetime) -> None:
    """The next try: as long from now as the document is old already, so that each wait is about twice the last."""
    mine = Invoice.objects.filter(pk=invoice_id, pdf_due_at=lease)
    issued = Invoice.objects.values_list("generated_at", flat=True).get(pk=invoice_id)
    wait = min(max(now - issued, FIRST_WAIT), LONGEST_WAIT) * random.uniform(0.9, 1.1)
    work.run(lambda: mine.update(pdf_due_at=now + wait, pdf_error=words))


def _kept(invoice: Invoice, seen: InvoicePdf | None, made: Rendered, now: datetime) -> InvoicePdf:
    """The row in force: of what was made, unless somebody else has written one since we looked."""
    _settle(invoice.pk)
    before = latest_of(invoice.pk)
    return before if before and before != seen else add_version(InvoicePdf, {"invoice": invoice}, before, made, now)


def _settle(invoice_id: int) -> None:
    """Nothing is due any more; and the document is locked until the unit of work ends."""
    sql.run(f"{SET} pdf_due_at = NULL, pdf_error = NULL WHERE id = %s", [invoice_id])
