"""What watches the system: alive, ready, and figures for Prometheus."""

import hmac
import os
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess

from lpg import trace
from lpg.worker.selectors import oldest_due_seconds

LOOPBACK = {"127.0.0.1", "::1"}
PROBE = "readyz"


def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """503 while something is missing that serving needs; says what, never why in detail."""
    checks: dict[str, bool] = {"database": _database_writable()}
    checks["migrations"] = checks["database"] and _migrated()
    checks["storage"] = _storage_writable()
    body: dict[str, Any] = {"ready": all(checks.values()), "checks": checks}
    if checks["migrations"]:
        body["oldest_job_seconds"] = oldest_due_seconds()
    return JsonResponse(body, status=200 if body["ready"] else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """From loopback only, or with the token; to anybody else there is nothing here."""
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        allowed = hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    else:
        allowed = trace.address.get() in LOOPBACK
    if not allowed:
        return HttpResponse(status=404)
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:  # the figures of all web processes together
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _database_writable() -> bool:
    """Take a write lock and give it back."""
    table = connection.ops.quote_name("worker_chore")
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET name = name WHERE 1 = 0")  # noqa: S608  # the name is ours
    except DatabaseError:
        return False
    return True


def _migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _storage_writable() -> bool:
    try:
        name = default_storage.save(f"{PROBE}/{uuid4().hex}", ContentFile(b"ready"))
        default_storage.delete(name)
    except OSError:
        return False
    return True
