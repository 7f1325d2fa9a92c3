"""A real worker process: killed at every step of sending, told to stop in the middle of it, and quick."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone

from lpg import sql
from lpg.invoices import deliveries, pdfs
from lpg.invoices.models import Delivery
from lpg.worker.sending import Sender
from tests.mail_server import MailServer
from tests.post import ADDRESS, as_kept, emailed
from tests.races import surroundings
from tests.running import until
from tests.sales import Shop, served
from tests.stock import disagreements

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parent.parent
OVER = deliveries.LEASE + timedelta(seconds=5)

# A worker that is killed as soon as it comes to a point: before or after what stands there is done.
WORKER = """
import os, pkgutil, signal, sys
import django
django.setup()
place, when = sys.argv[1].split("/")
module, name = place.rsplit(".", 1)
from django.core.management import call_command
from lpg.worker import sending
owner = pkgutil.resolve_name(module)
done = getattr(owner, name)
def killed(*given, **more):
    if when == "after":
        done(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, killed)
call_command("worker", "--once")
"""
POINTS = {  # where; how often the server has the mail by then; whether we have noted it
    "lpg.invoices.deliveries.claim/before": (0, False),
    "lpg.invoices.deliveries.claim/after": (0, False),  # not yet committed
    "lpg.invoices.pdfs.at_once/before": (0, False),
    "lpg.worker.sending.mail_for/after": (0, False),
    "lpg.mail:Smtp.open/after": (0, False),
    "smtplib:SMTP.rcpt/after": (0, False),
    "smtplib:SMTP.data/after": (1, False),
    "lpg.mail:Smtp.send_messages/after": (1, False),
    "lpg.invoices.deliveries._first/after": (1, False),
    "lpg.audit.services.record_all/after": (1, False),
    "lpg.worker.sending:_Round.note_surely/after": (1, True),
    "lpg.mail:Smtp.close/before": (1, True),
}


@pytest.fixture
def server(mail_server, settings):
    settings.MAILERS = mail_server.settings()
    return mail_server


@pytest.fixture
def delivery(admin, driver) -> Delivery:
    """Due, of a document that has its PDF."""
    delivery = emailed(admin, Shop(admin, driver).sell(served("5")).invoice)
    pdfs.render_due(timezone.now())
    return delivery


@pytest.fixture
def begin(server, tmp_path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Processes that find this database, these files and this mail server."""
    ours = {"DATA_DIR": str(tmp_path), "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(server.port)}
    begun: list[subprocess.Popen[str]] = []

    def process(*words: str) -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen(
                [sys.executable, *words],
                cwd=ROOT,
                env={**surroundings(), **ours, "EMAIL_USE_TLS": "false"},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return begun[-1]

    yield process
    for one in begun:
        one.kill()
        one.communicate()


def ended(process: subprocess.Popen[str], code: int) -> None:
    words, _ = process.communicate(timeout=60)
    assert process.returncode == code, words


def done(delivery: Delivery, server: MailServer, mails: int) -> None:
    assert as_kept(delivery).state == "sent"
    assert Sender().send_due(timezone.now() + timedelta(days=2)) == 0
    assert server.ids == [delivery.message_id] * mails
    assert disagreements() == {}


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_loses_no_mail_and_only_after_the_servers_yes_sends_the_same_again(
    point, delivery, server, begin
):
    mails, noted = POINTS[point]
    ended(begin("-c", WORKER, point), -signal.SIGKILL)
    assert server.ids == [delivery.message_id] * mails
    if noted:
        done(delivery, server, mails)
        return
    assert as_kept(delivery).sent_at is None
    assert Sender().send_due(timezone.now() + OVER) == 1
    done(delivery, server, mails + 1)


@pytest.mark.parametrize(("mood", "mails"), [("hang", 0), ("dribble", 0), ("hold", 1)])
def test_killed_while_it_waits_for_the_server(mood, mails, delivery, server, begin):
    server.mood = mood
    worker = begin("manage.py", "worker")
    until(lambda: server.holding.is_set() if mood == "hold" else server.calls > 0, lambda: f"nobody came: {mood}")
    until(lambda: as_kept(delivery).state == "sending", lambda: as_kept(delivery).state)
    os.kill(worker.pid, signal.SIGKILL)
    ended(worker, -signal.SIGKILL)
    server.mood = "fine"
    now = timezone.now()
    assert Sender().send_due(now) == 0  # it has its lease still
    assert as_kept(delivery).next_try_at - now < timedelta(seconds=58)  # and a look each second: within a minute
    assert Sender().send_due(now + OVER) == 1
    done(delivery, server, mails + 1)


def test_killed_between_the_servers_yes_and_our_note_of_it(delivery, server, begin):
    """The database is locked from the moment in which the server has the mail."""
    server.mood = "hold"
    worker = begin("manage.py", "worker")
    until(server.holding.is_set, lambda: "nobody came")
    with transaction.atomic():
        sql.rows(f"SELECT id FROM invoices_invoice WHERE id = %s{sql.locking()}", [delivery.invoice_id])
        server.release()
        time.sleep(1)
        assert worker.poll() is None
        os.kill(worker.pid, signal.SIGKILL)
        ended(worker, -signal.SIGKILL)
    assert as_kept(delivery).state == "sending"
    server.mood = "fine"
    assert Sender().send_due(timezone.now() + OVER) == 1
    done(delivery, server, 2)


@pytest.mark.parametrize("mood", ["fine", "hang", "hold"])
def test_told_to_stop_it_does_so_in_order_within_seconds(mood, delivery, server, begin):
    server.mood = mood
    worker = begin("manage.py", "worker")
    until(lambda: server.calls > 0, lambda: "nobody came")
    if mood == "hold":
        until(server.holding.is_set, lambda: "no mail came")
    started = time.monotonic()
    worker.terminate()
    if mood == "hold":  # what the server is about to answer is heard
        time.sleep(0.5)
        server.release()
    ended(worker, 0)
    assert time.monotonic() - started < 12
    kept = as_kept(delivery)
    assert (kept.state, kept.attempts) == ("queued" if mood == "hang" else "sent", 1)
    assert len(server.taken) == (0 if mood == "hang" else 1)


def test_a_sale_has_its_mail_within_seconds(admin, driver, server, begin):
    """The PDF is drawn by the worker too."""
    shop = Shop(admin, driver)
    reachable = shop.another(email=ADDRESS)
    begin("manage.py", "worker")
    shop.sell(served("5"), customer=reachable, send_email=True)
    until(lambda: len(server.taken) == 1, lambda: "the first, while it starts")
    started = time.monotonic()
    shop.sell(served("6"), customer=reachable, send_email=True)
    until(lambda: len(server.taken) == 2, lambda: "the second")
    assert time.monotonic() - started < 5
