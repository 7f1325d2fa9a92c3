import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from lpg import mail
from lpg.invoices.pdfs import newest_id
from lpg.worker.sending import Sender
from lpg.worker.services import log, look

TO_FINISH = 5.0  # seconds that a mail server has left when we are told to stop
SCHEDULING = Path("/proc/self/schedstat")  # Linux's; nanoseconds: on the CPU, waiting for it, and how often it was ours


class Command(BaseCommand):
    help = (
        "Draws PDFs, sends mail and does chores, when they are due, until it is told to stop."
        " Where others want the CPU, it rests after each look for as long as they kept it waiting, and for longer"
        " while documents come in faster than it makes their PDFs."
        " Any number may run, on any machines that share the database."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then stop")
        parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks when nothing is due")

    def handle(self, *args: Any, once: bool, every: float, **options: Any) -> None:
        stop = threading.Event()

        def told(number: int, frame: FrameType | None) -> None:
            stop.set()
            mail.hurry(TO_FINISH)

        if not once:
            signal.signal(signal.SIGTERM, told)
            signal.signal(signal.SIGINT, told)
        sender, known = Sender(stop.is_set), None
        while not stop.is_set():
            close_old_connections()
            waited = kept_waiting()
            done = came = 0
            try:
                done = look(sender)
                newest = newest_id()
                came, known = newest - (newest if known is None else known), newest
            except DatabaseError as error:  # the database is away or busy: the work is still there when it is back
                log.warning("the database did not answer: %s", type(error).__name__)
            if once and not done:
                return
            stop.wait(rest(kept_waiting() - waited, every, crowded=came > done) if done else every)


def rest(waited: float, every: float, *, crowded: bool) -> float:
    """For how many seconds we leave the CPU to those who kept us waiting for it: for as long as they did.

    In a crowd for so much longer that hardly a twentieth of the time is ours: we would not keep up, only slow it down.
    """
    return min(20 * waited, 10 * every) if crowded else min(waited, every)


def kept_waiting() -> float:
    """For how many seconds others have had the CPU, by now, when we wanted it; 0 where the system does not say."""
    try:
        return int(SCHEDULING.read_text().split()[1]) / 1e9
    except OSError:
        return 0.0
