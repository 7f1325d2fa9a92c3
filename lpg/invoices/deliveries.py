"""Documents on their way to customers: asked for, tried again, sent, given up; and that one was printed.

A delivery that is due has a time, `next_try_at`. Whoever tries, moves that time ahead by a guarded UPDATE: that is
their lease. The worker claims, talks to the mail server outside of any transaction, and says here how it went.
"""

import random
import secrets
from datetime import datetime, timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.encoding import punycode

from lpg import facts, mail, sql
from lpg.accounts.selectors import acting
from lpg.audit import services as audit
from lpg.errors import Invalid, Missing, Refused
from lpg.facts import Fact, Kind
from lpg.invoices.models import Delivery, Invoice
from lpg.invoices.selectors import invoices_seen_by, locked_documents, with_lines
from lpg.roles import Actor, require

LEASE = timedelta(seconds=50)  # what a dead worker was at is taken up after this
TRIES_FOR = timedelta(days=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=30)
LONGEST_DOMAIN = 50
NO_ADDRESS = "no_address"
GIVEN_UP = "Given up after a day. {}"
DIED = "Each try broke off; the log of the worker says why."
State = Delivery.State


class NoAddress(Refused):
    """Nobody said where to, and the customer has no address."""

    code = NO_ADDRESS
    title = "There is no email address"


class NotFailed(Refused):
    """Only what has failed is tried again by hand."""

    code = "not_failed"
    title = "It has not failed"


def queue(invoice: Invoice, to: str, *, user_id: int, now: datetime) -> audit.Happened:
    """A delivery of a document, due at once; failed already when `to` is no address. The caller writes the audit."""
    wrong = NO_ADDRESS if not to else "" if mail.usable(to) else "Mail cannot be sent to this address. Correct it."
    delivery = sql.new(
        Delivery,
        invoice=invoice,
        to=to,
        state=State.FAILED if wrong else State.QUEUED,
        next_try_at=None if wrong else now,
        gives_up_at=now + TRIES_FOR,
        last_error=wrong,
        message_id=_message_id(invoice),
        user_id=user_id,
        created_at=now,
    )
    sql.add([delivery])
    invoice.posted = [*invoice.posted, delivery]
    return audit.Happened("CREATE_DELIVERY", delivery, None, audit.snapshot(delivery))


@transaction.atomic
def email(*, actor: Actor, invoice_id: int, to: str = "", now: datetime, fact: Fact | None = None) -> Invoice:
    """Let a document go to this address, else to the customer's own of today, however often it went before.

    Raises NotAllowed, Missing, NoAddress, Invalid. Of a fact the last two are noted, and the delivery has failed.
    """
    actor = acting(actor, fact)
    invoice = _seen(actor, invoice_id)
    address = to or invoice.customer.email
    if fact:
        fact.counts_at(None, now)
        if not mail.usable(address):
            words = f"{invoice} could not go to {invoice.customer}: "
            words += f"mail cannot be sent to {address}." if address else "there is no email address."
            fact.note(Kind.NO_ADDRESS, words, invoice=invoice.pk, to=address)
    elif not address:
        raise NoAddress(
            f"{invoice.customer} has no email address. Enter one for the customer, or say where to send it (to)."
        )
    elif not mail.usable(address):
        raise Invalid({"to": [f"Mail cannot be sent to {address}. Check the address."]})
    happened = queue(invoice, address, user_id=actor.pk, now=now)
    audit.record_all(actor, [happened._replace(after={**(happened.after or {}), **facts.told(fact)})])
    return invoice


@transaction.atomic
def retry(*, actor: Actor, invoice_id: int, delivery_id: int, now: datetime) -> Invoice:
    """Try a failed delivery again, for another day.

    Raises NotAllowed, Missing, NotFailed, NoAddress.
    """
    invoice = _seen(actor, invoice_id)
    found = sql.entities(Delivery, f"WHERE id = %s AND invoice_id = %s{sql.locking()}", [delivery_id, invoice.pk])
    if not found:
        raise Missing
    delivery = found[0]
    delivery.invoice = invoice
    if delivery.state != State.FAILED:
        how = "has arrived" if delivery.state == State.SENT else "is on its way"
        raise NotFailed(f"This mail to {delivery.to} {how}. To send the document once more, email it again.")
    if not mail.usable(delivery.to):
        raise NoAddress("This delivery has no address to go to. Email the document again, to the right one.")
    before = _state(delivery)
    delivery.state, delivery.attempts, delivery.last_error = State.QUEUED, 0, ""
    delivery.next_try_at, delivery.gives_up_at = now, now + TRIES_FOR
    delivery.save(update_fields=["state", "attempts", "last_error", "next_try_at", "gives_up_at"])
    audit.record_all(actor, [audit.Happened("RETRY_DELIVERY", delivery, before, _state(delivery))])
    invoice.posted = [delivery if row.pk == delivery.pk else row for row in invoice.posted]
    return invoice


@transaction.atomic
def mark_printed(*, actor: Actor, invoice_id: int, now: datetime) -> Invoice:
    """Somebody has printed a document; the first time is kept. Raises NotAllowed, Missing."""
    invoice = _seen(actor, invoice_id)
    invoice.printed_at = locked_documents("id = %s", [invoice.pk])[0].printed_at
    if invoice.printed_at is None:
        audit.record_all(actor, [_first(invoice, "printed_at", "PRINT_INVOICE", now)])
    return invoice


@transaction.atomic
def claim(seen: Delivery, *, now: datetime) -> bool:
    """Whether this due delivery is ours to try, as long as the lease lasts. One that nobody survives is given up."""
    if seen.state == State.SENDING and now >= (seen.gives_up_at or now):
        _end(seen, GIVEN_UP.format(DIED))
        return False
    lease = now + LEASE
    if not _mine(seen).update(state=State.SENDING, next_try_at=lease, attempts=F("attempts") + 1):
        return False
    seen.state, seen.next_try_at, seen.attempts = State.SENDING, lease, seen.attempts + 1
    return True


@transaction.atomic
def arrived(delivery: Delivery, *, now: datetime) -> None:
    """The mail server has taken it, whoever may have thought otherwise meanwhile."""
    invoice = _locked_with(delivery)
    before = _state(delivery)
    sent = Delivery.objects.filter(pk=delivery.pk).exclude(state=State.SENT)
    if not sent.update(state=State.SENT, next_try_at=None, sent_at=now, last_error=""):
        return
    delivery.state, delivery.next_try_at, delivery.sent_at, delivery.last_error = State.SENT, None, now, ""
    happened = [audit.Happened("SEND_DELIVERY", delivery, before, _state(delivery))]
    if invoice.emailed_at is None:
        happened.append(_first(invoice, "emailed_at", "EMAIL_INVOICE", now))
    audit.record_all(None, happened)


@transaction.atomic
def not_now(delivery: Delivery, words: str, *, now: datetime) -> None:
    """A try failed, and the next may not: after twice as long as the last wait, until a day is over."""
    until = delivery.gives_up_at or now
    if now >= until:
        _end(delivery, GIVEN_UP.format(words))
        return
    wait = min(FIRST_WAIT * 2 ** min(delivery.attempts - 1, 10), LONGEST_WAIT) * random.uniform(0.8, 1)
    _mine(delivery).update(state=State.QUEUED, next_try_at=min(now + wait, until), last_error=words)


@transaction.atomic
def refused(delivery: Delivery, words: str) -> None:
    """A try failed, and every other would."""
    _end(delivery, words)


def _end(delivery: Delivery, words: str) -> None:
    """It has failed, unless somebody else is at it by now."""
    _locked_with(delivery)
    before = _state(delivery)
    if not _mine(delivery).update(state=State.FAILED, next_try_at=None, last_error=words):
        return
    delivery.state, delivery.next_try_at, delivery.last_error = State.FAILED, None, words
    audit.record_all(None, [audit.Happened("FAIL_DELIVERY", delivery, before, _state(delivery))])


def _mine(delivery: Delivery) -> QuerySet[Delivery]:
    """Nobody else has taken it up since we looked."""
    return Delivery.objects.filter(pk=delivery.pk, state=delivery.state, next_try_at=delivery.next_try_at)


def _seen(actor: Actor, invoice_id: int) -> Invoice:
    """With its lines, deliveries and customer. Raises NotAllowed, Missing."""
    require(actor, "invoices.read")
    seen = with_lines(invoices_seen_by(actor)).select_related("customer", "correction")
    invoice = seen.filter(pk=invoice_id).first()
    if invoice is None:
        raise Missing
    return invoice


def _locked_with(delivery: Delivery) -> Invoice:
    """The document, locked before its delivery is changed."""
    delivery.invoice = locked_documents("id = %s", [delivery.invoice_id])[0]
    return delivery.invoice


def _first(invoice: Invoice, column: str, action: str, now: datetime) -> audit.Happened:
    setattr(invoice, column, now)
    invoice.save(update_fields=[column])
    return audit.Happened(action, invoice, {column: None}, {column: audit.snapshot(invoice)[column]})


def _state(delivery: Delivery) -> audit.Snapshot:
    whole = audit.snapshot(delivery)
    return {name: whole[name] for name in ("state", "attempts", "next_try_at", "gives_up_at", "last_error", "sent_at")}


def _message_id(invoice: Invoice) -> str:
    """It names the document, so that a file of it does too."""
    domain = punycode(parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2])
    while len(domain) > LONGEST_DOMAIN:
        domain = domain.partition(".")[2]
    return f"<{invoice.invoice_number}-{secrets.token_hex(8)}@{domain or 'localhost'}>"
