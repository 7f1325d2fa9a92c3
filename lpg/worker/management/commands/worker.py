import signal
import threading
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from lpg.worker.services import log, sweep


class Command(BaseCommand):
    help = "Does what is due until it is told to stop. Any number may run, on any machines that share the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then stop")
        parser.add_argument("--every", type=float, default=2.0, help="seconds between two looks")

    def handle(self, *args: Any, once: bool, every: float, **options: Any) -> None:
        stop = threading.Event()

        def told(number: int, frame: FrameType | None) -> None:
            stop.set()

        if not once:
            signal.signal(signal.SIGTERM, told)
            signal.signal(signal.SIGINT, told)
        while not stop.is_set():
            close_old_connections()
            try:
                sweep(timezone.now())
            except DatabaseError as error:  # the database is away or busy: the work is still there when it is back
                log.warning("the database did not answer: %s", type(error).__name__)
            if once:
                return
            stop.wait(every)
