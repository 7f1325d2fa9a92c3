"""Many workers and one mail server: each mail goes once. And a sale never meets that server."""

import statistics
import threading
import time
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from lpg.invoices import deliveries
from lpg.invoices.models import Delivery
from lpg.worker import sending
from lpg.worker.sending import Sender
from tests.post import ADDRESS, as_kept, due, send
from tests.races import all_well, together
from tests.running import until
from tests.sales import served

pytestmark = pytest.mark.django_db(transaction=True)
WORKERS = 4
LIMIT = 0.5  # seconds that a mail server has in these tests


@pytest.fixture
def server(mail_server, settings):
    settings.MAILERS = mail_server.settings(timeout=LIMIT)
    return mail_server


# --- two workers ------------------------------------------------------------------------------------------------------


def all_at_once(monkeypatch: Any) -> None:
    """Every worker has seen that the delivery is due before any of them takes it."""
    seen, real = threading.Barrier(WORKERS), sending._Round.take

    def together_from_here(*given: Any) -> None:
        seen.wait(30)
        real(*given)

    monkeypatch.setattr(sending._Round, "take", together_from_here)
    all_well(together(*[partial(send, timezone.now())] * WORKERS))


def test_of_many_workers_one_sends_it(shop, server, monkeypatch):
    (delivery,) = due(shop)
    all_at_once(monkeypatch)
    assert server.ids == [delivery.message_id]
    assert (as_kept(delivery).state, as_kept(delivery).attempts) == ("sent", 1)


def test_without_the_guard_many_would(shop, server, monkeypatch):
    """The control: who claims without looking again is seen by the test above."""
    due(shop)

    def careless(seen: Delivery, *, now: datetime) -> bool:
        lease = now + deliveries.LEASE
        anew: dict[str, Any] = {"state": "sending", "next_try_at": lease, "sent_at": None}  # another may be done by now
        Delivery.objects.filter(pk=seen.pk).update(**anew, attempts=F("attempts") + 1)
        seen.state, seen.next_try_at = "sending", lease
        return True

    monkeypatch.setattr(deliveries, "claim", careless)
    all_at_once(monkeypatch)
    assert len(server.taken) > 1


def test_many_workers_share_what_is_due_and_send_each_once(shop, server):
    made = sorted(delivery.message_id for delivery in due(shop, 20))
    now = timezone.now()
    tried = all_well(together(*[partial(send, now)] * WORKERS))
    assert sum(tried) == 20
    assert sorted(server.ids) == made


# --- a sale never talks to a mail server ------------------------------------------------------------------------------


def test_a_sale_takes_no_longer_while_the_mail_server_hangs(shop, server):
    """A worker is in the middle of it all the while; half the sales of one run meet a server that hangs."""
    reachable = shop.another(email=ADDRESS)
    took: dict[str, list[float]] = {"fine": [], "hang": []}
    over = threading.Event()

    def working() -> None:
        sender = Sender(over.is_set)
        while not over.is_set():
            sender.quiet_until = None  # it never leaves the server alone
            send(sender=sender)
            over.wait(0.01)
        connection.close()

    worker = threading.Thread(target=working)
    worker.start()
    try:
        for _ in range(6):
            for mood, times in took.items():
                server.mood, calls = mood, server.calls
                shop.sell(served("5"), customer=reachable, send_email=True)
                until(lambda calls=calls: server.calls > calls, lambda mood=mood: f"the worker does not call: {mood}")
                for _ in range(5):
                    started = time.perf_counter()
                    shop.sell(served("5"), customer=reachable, send_email=True)
                    times.append(time.perf_counter() - started)
    finally:
        over.set()
        worker.join(30)
    fine, hanging = (statistics.median(times) for times in took.values())
    assert hanging < LIMIT / 4
    assert hanging < fine * 2 + 0.01, (fine, hanging)
    print(f"median sale: {fine * 1000:.1f} ms with a fine mail server, {hanging * 1000:.1f} ms with one that hangs")
