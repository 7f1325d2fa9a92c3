"""The web server. bin/run starts it, with the address; by hand: python -m gunicorn lpg.wsgi"""

import os
import shutil
from typing import Any

from django.conf import settings
from django.db import connections
from prometheus_client import multiprocess, values

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lpg.settings")

# Set here so that a PORT in the environment alone never opens the system to the outside.
bind = "127.0.0.1:8000"

# Processes, one request each at a time: measured, threads gave half the throughput.
worker_class = "sync"
workers = settings.WEB_PROCESSES
# The program is loaded once, before the workers are forked: a worker that dies is replaced in milliseconds,
# memory is shared, and a program that does not load is seen at once. In return a reload (HUP) does not bring
# new code; a restart does. Nothing open may cross the fork: see pre_fork.
preload_app = True

timeout = 60  # a request that takes longer loses its worker
graceful_timeout = 10  # what a request under way may still take when the server stops
# A worker that leaks is replaced some day, and not all of them on the same one.
max_requests = 20_000
max_requests_jitter = 2_000

# Longest request line, number of header fields, length of one.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# Nobody is believed about where a request came from: that is for the settings to decide, in one place.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}

accesslog = None  # the program writes its own request log
loglevel = "warning"
control_socket_disable = True  # it would be a file in somebody's home folder
# The heartbeat of a worker is a file; on a disk it may hang.
RAM_DISK = "/dev/shm"  # noqa: S108
worker_tmp_dir = RAM_DISK if os.access(RAM_DISK, os.W_OK) else None

# Each worker counts into files of its own, /metrics adds them up. When this is set already, it is a reload.
if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    folder = settings.DATA_DIR / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)

    # By default the files are named by process id, so every replaced worker would leave some for ever.
    # The two exceptions in this file: prometheus-client says no types for what a server with processes needs.
    values.ValueClass = values.MultiProcessValue(lambda: os.environ.get("WEB_WORKER", "0"))  # type: ignore[no-untyped-call]


def pre_fork(server: Any, worker: Any) -> None:
    """In the master, before each worker."""
    connections.close_all()  # a connection in two processes is corruption
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(number for number in range(1, len(taken) + 2) if number not in taken)


def post_fork(_server: Any, worker: Any) -> None:
    """In the worker, before anything else."""
    os.environ["WEB_WORKER"] = str(worker.slot)


def child_exit(_server: Any, worker: Any) -> None:
    """In the master, when a worker has ended: what it said about the present moment no longer holds."""
    multiprocess.mark_process_dead(worker.slot)  # type: ignore[no-untyped-call]  # as above
