"""Sending what is due to customers. Between claiming a delivery and noting how it ended no transaction is open.

Sent at least once: whoever dies, or loses the line, between the mail server's yes and our note of it leaves a delivery
that is sent again when its lease is over, with the same Message-ID. Nothing else sends twice.
"""

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused

from django.core.mail import mailers
from django.db import DatabaseError, close_old_connections

from lpg import work
from lpg.errors import Refused
from lpg.invoices import deliveries, pdfs
from lpg.invoices.models import Delivery, Invoice
from lpg.invoices.post import mail_for
from lpg.invoices.selectors import deliveries_due
from lpg.mail import AddressRefused, in_words

log = logging.getLogger("lpg.worker")
AT_ONE_LOOK = 50
LONG_ENOUGH = 10.0  # seconds of sending at one look; PDFs and chores wait meanwhile
LONGEST_WAIT_FOR_PDF = 20.0  # seconds; with the mail server's 20 it is still within the lease
LONGEST_NOTE = 8.0  # seconds in which the database must come back, once a mail is out
QUIET = timedelta(seconds=15)  # after a mail server that does not work
ABOUT_ONE_MAIL = (AddressRefused, SMTPRecipientsRefused, SMTPDataError)  # all else is about the mail server
NO_PDF = "The PDF is not there yet."


class Sender:
    """One worker's way to the mail server. It is left alone for a while when it does not work."""

    def __init__(self, stopping: Callable[[], bool] = lambda: False) -> None:
        self.stopping = stopping
        self.quiet_until: datetime | None = None

    def send_due(self, now: datetime) -> int:
        """Try what is due at `now` and nobody else is at, the longest due first; how many were tried.

        What is wrong with one keeps none of the others: a mistake of ours is raised when all have had their turn.
        """
        if self.quiet_until and now < self.quiet_until:
            return 0
        round = _Round(self, now)
        with ExitStack() as all_of_them:
            for seen in reversed(list(deliveries_due(now)[:AT_ONE_LOOK])):
                all_of_them.callback(round.take, seen)
        return round.tried


class _Round:
    """What is due at one look."""

    def __init__(self, sender: Sender, began: datetime) -> None:
        self.sender, self.began, self.clock = sender, began, time.monotonic()
        self.tried = 0
        self.closed = False

    @property
    def now(self) -> datetime:
        """When it is a delivery's turn: a lease must not be half over when it starts."""
        return self.began + timedelta(seconds=self.lasted)

    @property
    def lasted(self) -> float:
        return time.monotonic() - self.clock

    def take(self, delivery: Delivery) -> None:
        if self.closed or self.lasted > LONG_ENOUGH or self.sender.stopping():
            return
        if not work.run(lambda: deliveries.claim(delivery, now=self.now)):
            return
        self.tried += 1
        claimed = self.lasted
        try:
            pdf = pdfs.at_once(delivery.invoice_id)
        except Refused as trouble:
            log.warning("delivery %s has no PDF: %s", delivery.pk, type(trouble).__name__)
            work.run(lambda: deliveries.not_now(delivery, NO_PDF, now=self.now))
            return
        if self.lasted - claimed > LONGEST_WAIT_FOR_PDF:  # the lease might not last; the next try finds it ready
            work.run(lambda: deliveries.not_now(delivery, NO_PDF, now=self.now))
            return
        self.send(delivery, pdf.content)

    def send(self, delivery: Delivery, pdf: bytes) -> None:
        invoice = Invoice.objects.select_related("corrects", "correction").get(pk=delivery.invoice_id)
        mail = mail_for(delivery, invoice, pdf, now=self.now)
        mailer = mailers.default
        try:
            mailer.open()
            mailer.send_messages([mail])
            self.note_surely(delivery)
        except AddressRefused as refusal:
            words = str(refusal)
            work.run(lambda: deliveries.refused(delivery, words))
        except OSError as trouble:
            log.warning("delivery %s was not sent: %s", delivery.pk, type(trouble).__name__)
            if not isinstance(trouble, ABOUT_ONE_MAIL):
                self.closed, self.sender.quiet_until = True, self.now + QUIET
            words = in_words(trouble)
            work.run(lambda: deliveries.not_now(delivery, words, now=self.now))
        finally:
            mailer.close()

    def note_surely(self, delivery: Delivery) -> None:
        """Only the database stands between us and a second mail: it is asked again for as long as that makes sense."""
        until = self.lasted + LONGEST_NOTE
        while True:
            try:
                work.run(lambda: deliveries.arrived(delivery, now=self.now))
            except (DatabaseError, work.Busy):
                if self.lasted > until:
                    raise
            else:
                return
            close_old_connections()
            time.sleep(0.2)
