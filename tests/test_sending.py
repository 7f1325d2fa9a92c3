"""The worker and a real mail server in every mood: nothing lost, nothing sent twice, nobody kept waiting."""

import errno
import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lpg import work
from lpg.invoices import deliveries, pdfs
from lpg.invoices.models import Delivery, Invoice
from lpg.paper.keeping import CannotBeMade
from lpg.worker import sending, services
from lpg.worker.selectors import oldest_due_seconds
from lpg.worker.sending import Sender
from tests.post import ADDRESS, as_kept, due, emailed, send
from tests.sales import served

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT = 0.5  # seconds that a mail server has in these tests; twenty in earnest
SECOND = timedelta(seconds=1)


@pytest.fixture
def server(mail_server, settings):
    settings.MAILERS = mail_server.settings(timeout=LIMIT)
    return mail_server


# --- as it should be --------------------------------------------------------------------------------------------------


def test_a_look_draws_the_pdf_and_sends_the_mail_of_a_sale(shop, server):
    sale = shop.sell(served("5"), customer=shop.another(email=ADDRESS), send_email=True)
    assert services.look(Sender()) >= 2
    (mail,) = server.taken
    delivery = sale.invoice.deliveries.get()
    assert (delivery.state, delivery.attempts, delivery.next_try_at) == ("sent", 1, None)
    assert mail["Message-ID"] == delivery.message_id
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == f"{sale.invoice.invoice_number}.pdf"
    assert attached.get_content() == pdfs.ensure(sale.invoice.pk, now=timezone.now()).content
    assert Invoice.objects.get(pk=sale.invoice.pk).emailed_at == delivery.sent_at
    assert services.look(Sender()) == 0
    assert len(server.taken) == 1


def test_the_longest_due_goes_first(shop, server):
    now = timezone.now()
    made = [emailed(shop.admin, shop.sell(served("5")).invoice, now=now - age * SECOND) for age in (1, 3, 2)]
    assert send(now) == 3
    assert server.ids == [made[1].message_id, made[2].message_id, made[0].message_id]


def test_an_idle_look_costs_four_statements_that_only_read(shop, server):
    services.look(Sender())
    with CaptureQueriesContext(connection) as caught:
        assert services.look(Sender()) == 0
    assert [query["sql"].split()[0] for query in caught] == ["SELECT"] * 4


def test_what_is_due_counts_as_waiting(shop, server):
    services.look(Sender())
    assert oldest_due_seconds() == 0
    (delivery,) = due(shop)
    Delivery.objects.update(next_try_at=timezone.now() - 90 * SECOND)
    assert 90 <= oldest_due_seconds() < 120
    Invoice.objects.filter(pk=delivery.invoice_id).update(pdf_due_at=timezone.now() - 200 * SECOND)
    assert 200 <= oldest_due_seconds() < 230


# --- a server that is not well ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mood", ["hang", "dribble", "away", "later", "full"])
def test_what_cannot_be_sent_now_is_tried_again_later(mood, shop, server):
    (delivery,) = due(shop)
    server.mood = mood
    started, now = time.monotonic(), timezone.now()
    assert send(now) == 1
    assert time.monotonic() - started < LIMIT + 3
    kept = as_kept(delivery)
    assert (kept.state, kept.attempts, kept.sent_at) == ("queued", 1, None)
    assert now + 11 * SECOND < kept.next_try_at < now + 19 * SECOND
    assert kept.last_error.startswith("The mail server")
    server.mood = "fine"
    assert send(now + 10 * SECOND) == 0
    assert send(now + 20 * SECOND) == 1
    assert (as_kept(delivery).state, as_kept(delivery).last_error) == ("sent", "")
    assert server.ids[-1:] == [delivery.message_id]


def test_an_address_that_is_refused_for_good_fails_at_once_and_others_go(shop, server):
    first, second = due(shop, 2)
    server.mood = "unknown"
    assert send() == 2
    for delivery in (first, second):
        kept = as_kept(delivery)
        assert (kept.state, kept.last_error) == (
            "failed",
            "The mail server refuses mail for this address (code 550).",
        )
    server.mood = "fine"
    deliveries.retry(actor=shop.admin, invoice_id=first.invoice_id, delivery_id=first.pk, now=timezone.now())
    assert send() == 1
    assert server.ids == [first.message_id]
    assert as_kept(first).state == "sent"


def test_a_server_that_does_not_work_is_left_alone_for_a_while_and_asked_once_only(shop, server):
    due(shop, 5)
    server.mood, sender, now = "hang", Sender(), timezone.now()
    assert send(now, sender) == 1
    assert server.calls == 1
    assert Delivery.objects.filter(attempts=0, state="queued").count() == 4  # not even claimed
    assert send(now + 10 * SECOND, sender) == 0
    server.mood = "fine"
    assert send(now + sending.QUIET + 2 * SECOND, sender) == 5
    assert len(set(server.ids)) == len(server.ids) == 5


def test_a_dead_mail_server_holds_up_no_pdf(shop, server):
    server.mood = "hang"
    due(shop, 3)
    new = shop.sell(served("5")).invoice
    sender, started = Sender(), time.monotonic()
    services.look(sender)
    assert new.pdfs.exists()
    newer = shop.sell(served("5")).invoice
    services.look(sender)
    assert newer.pdfs.exists()
    assert time.monotonic() - started < LIMIT + 5
    assert server.calls == 1


def test_a_server_that_is_down_for_an_hour_loses_nothing_and_gets_everything_once(shop, server):
    made = {delivery.message_id for delivery in due(shop, 12)}
    server.mood, sender, began = "away", Sender(), timezone.now()
    now = began
    while now < began + timedelta(hours=1):
        send(now, sender)
        now += timedelta(seconds=20)
    assert server.calls > 30
    assert not server.taken
    assert Delivery.objects.filter(state="queued").count() == 12
    server.mood = "fine"
    while Delivery.objects.exclude(state="sent").exists():
        assert now < began + timedelta(hours=2)
        send(now, sender)
        now += timedelta(seconds=20)
    assert sorted(server.ids) == sorted(made)


def test_a_day_of_failing_ends_visibly_and_a_retry_begins_another(shop, server):
    (delivery,) = due(shop)
    server.mood, now = "away", timezone.now()
    while as_kept(delivery).state == "queued":
        now = max(as_kept(delivery).next_try_at, now)
        send(now)
    kept = as_kept(delivery)
    assert timedelta(hours=23, minutes=59) < now - delivery.created_at < timedelta(hours=24, minutes=5)
    assert (kept.state, kept.last_error) == ("failed", "Given up after a day. The mail server sent us away (code 421).")
    server.mood = "fine"
    assert send(now + timedelta(days=2)) == 0
    deliveries.retry(actor=shop.admin, invoice_id=delivery.invoice_id, delivery_id=delivery.pk, now=timezone.now())
    assert send() == 1
    assert server.ids == [delivery.message_id]


# --- the one case in which a mail goes twice --------------------------------------------------------------------------


def test_a_line_that_drops_after_the_mail_was_taken_means_the_same_mail_again(shop, server):
    (delivery,) = due(shop)
    server.mood, now = "drop", timezone.now()
    assert send(now) == 1
    assert as_kept(delivery).state == "queued"
    assert as_kept(delivery).last_error == "The mail server broke the conversation off."
    server.mood = "fine"
    assert send(now + 20 * SECOND) == 1
    assert server.ids == [delivery.message_id] * 2
    assert as_kept(delivery).state == "sent"


def test_a_database_that_is_away_for_a_moment_after_the_mail_is_out_means_no_second_mail(shop, server, monkeypatch):
    (delivery,) = due(shop)
    real, refusals = deliveries.arrived, iter([OperationalError(2006, "gone"), work.Busy()])

    def arrived(*given: Any, **more: Any) -> None:
        if refusal := next(refusals, None):
            raise refusal
        real(*given, **more)

    monkeypatch.setattr(deliveries, "arrived", arrived)
    assert send() == 1
    assert as_kept(delivery).state == "sent"
    assert server.ids == [delivery.message_id]


def test_a_database_that_stays_away_ends_in_the_same_mail_again(shop, server, monkeypatch):
    (delivery,) = due(shop)

    def gone(*given: Any, **more: Any) -> None:
        raise OperationalError(2006, "gone")

    monkeypatch.setattr(sending, "LONGEST_NOTE", 0.3)
    now = timezone.now()
    with monkeypatch.context() as away:
        away.setattr(deliveries, "arrived", gone)
        with pytest.raises(OperationalError):
            send(now)
    assert as_kept(delivery).state == "sending"
    assert send(now + deliveries.LEASE - 5 * SECOND) == 0
    assert send(now + deliveries.LEASE + SECOND) == 1
    assert server.ids == [delivery.message_id] * 2
    assert timedelta(seconds=60) > deliveries.LEASE + SECOND


# --- disks, PDFs, mistakes of ours ------------------------------------------------------------------------------------


def test_a_full_disk_delays_mail_that_goes_into_files_and_loses_none(shop, settings, tmp_path, monkeypatch):
    settings.MAILERS = {"default": {"BACKEND": "lpg.mail.Files", "OPTIONS": {"folder": str(tmp_path / "mail")}}}
    (delivery,) = due(shop)
    now = timezone.now()

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        assert send(now) == 1
    assert (as_kept(delivery).state, as_kept(delivery).last_error) == ("queued", "The disk is full.")
    assert send(now + 20 * SECOND) == 1
    (file,) = (tmp_path / "mail").glob("*.eml")
    assert file.name.startswith(delivery.invoice.invoice_number)
    assert as_kept(delivery).state == "sent"


def test_a_pdf_that_cannot_be_made_delays_the_mail_and_loses_nothing(shop, server, monkeypatch):
    delivery = emailed(shop.admin, shop.sell(served("5")).invoice)
    now = timezone.now()

    def no_room(invoice_id: int) -> None:
        raise CannotBeMade("There is no room left", is_store=True)

    with monkeypatch.context() as disk:
        disk.setattr(pdfs, "at_once", no_room)
        assert send(now) == 1
    kept = as_kept(delivery)
    assert (kept.state, kept.last_error) == ("queued", "The PDF is not there yet.")
    assert send(now + 20 * SECOND) == 1
    assert server.ids == [delivery.message_id]


def test_a_pdf_that_took_too_long_leaves_the_sending_to_the_next_try(shop, server, monkeypatch):
    (delivery,) = due(shop)
    monkeypatch.setattr(sending, "LONGEST_WAIT_FOR_PDF", 0.0)
    now = timezone.now()
    assert send(now) == 1
    assert (as_kept(delivery).state, server.calls) == ("queued", 0)


def test_a_mistake_of_ours_in_one_keeps_no_other_and_is_raised_in_the_end(shop, server, monkeypatch):
    made = due(shop, 3)
    real, now = sending.mail_for, timezone.now()

    def poisoned(delivery: Delivery, *given: Any, **more: Any) -> Any:
        if delivery.pk == made[0].pk:
            raise KeyError("a mistake of ours")
        return real(delivery, *given, **more)

    monkeypatch.setattr(sending, "mail_for", poisoned)
    chores: list[datetime] = []
    monkeypatch.setattr(services, "sweep", lambda at: chores.append(at) or 1)
    with pytest.raises(KeyError):
        services.look(Sender())
    assert sorted(server.ids) == sorted(delivery.message_id for delivery in made[1:])
    assert len(chores) == 1
    assert as_kept(made[0]).state == "sending"  # its lease keeps it away
    assert send(now + 30 * SECOND) == 0


def test_who_is_told_to_stop_takes_up_nothing_new(shop, server):
    due(shop, 3)
    told: list[bool] = []

    def stopping() -> bool:
        told.append(True)
        return len(told) > 1

    assert Sender(stopping).send_due(timezone.now()) == 1
    assert Delivery.objects.filter(state="queued", attempts=0).count() == 2


def test_a_slow_server_has_only_so_long_at_one_look(shop, server, monkeypatch):
    due(shop, 3)
    monkeypatch.setattr(sending, "LONG_ENOUGH", 0.0)
    assert send() == 0
    monkeypatch.setattr(sending, "LONG_ENOUGH", 10.0)
    assert send() == 3
