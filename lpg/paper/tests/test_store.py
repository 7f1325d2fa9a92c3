"""What is kept under a hash is right or lost, on a disk and in real servers that speak S3 and Google's language."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import boto3
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from google.cloud.storage.retry import DEFAULT_RETRY

from lpg.paper import gcs as gcs_module
from lpg.paper import store
from tests.running import free_port, until

CONTENT = b"%PDF-1.7 a paper"
HASH = sha256(CONTENT).hexdigest()
BUCKET = "papers"
S3_KEYS = {"access_key": "testing", "secret_key": "testing", "region_name": "ap-southeast-1"}


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError as error:
        return hasattr(error, "code")  # any answer will do


def served(folder: Path, command: list[str], address: str, **environment: str) -> Iterator[str]:
    """A server for as long as it is needed."""
    log = folder / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *command], stdout=out, stderr=out, cwd=folder, env={**os.environ, **environment}
        )
    try:
        until(lambda: answers(address), log.read_text)
        yield address
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def s3(tmp_path_factory) -> Iterator[str]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    for server in served(tmp_path_factory.mktemp("s3"), ["-m", "moto.server", "-p", str(port)], address):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "ap-southeast-1"}
        place = {"LocationConstraint": "ap-southeast-1"}
        boto3.client("s3", endpoint_url=server, **keys).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        yield server


@pytest.fixture(scope="module")
def gcs(tmp_path_factory) -> Iterator[str]:
    port = free_port()
    command = ["-m", "gcp_storage_emulator", "start", "--host=127.0.0.1", f"--port={port}", "--in-memory"]
    folder = tmp_path_factory.mktemp("gcs")
    yield from served(folder, [*command, f"--default-bucket={BUCKET}"], f"http://127.0.0.1:{port}")


@pytest.fixture(params=["disk", "s3", "gcs"])
def somewhere(request, settings, monkeypatch) -> str:
    """PDFs are kept there."""
    if request.param == "s3":
        options = {"bucket_name": BUCKET, "endpoint_url": request.getfixturevalue("s3"), **S3_KEYS}
        settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "lpg.paper.s3.S3", "OPTIONS": options}}
    if request.param == "gcs":
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", request.getfixturevalue("gcs"))
        options = {"bucket_name": BUCKET, "project_id": "testing"}
        settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": "lpg.paper.gcs.GCS", "OPTIONS": options}}
    return request.param


def test_a_pdf_is_kept_lost_damaged_and_kept_again(somewhere):
    assert store.fetch(HASH) is None
    assert store.kept() == set()
    for _ in range(2):
        store.keep(CONTENT, HASH)
        assert store.fetch(HASH) == CONTENT
        assert store.kept() == {HASH}
    default_storage.save(store.name_of(HASH), ContentFile(b"%PDF-1.7 another"))
    assert store.fetch(HASH) is None
    assert store.kept() == {HASH}
    store.keep(CONTENT, HASH)
    assert store.fetch(HASH) == CONTENT
    default_storage.delete(store.name_of(HASH))
    assert store.fetch(HASH) is None
    assert store.kept() == set()


def test_what_is_kept_is_written_once(somewhere, monkeypatch):
    store.keep(CONTENT, HASH)
    with monkeypatch.context() as patched:
        patched.setattr(type(default_storage._wrapped), "_save", None)
        store.keep(CONTENT, HASH)
    default_storage.delete(store.name_of(HASH))


def test_a_store_that_is_away_is_an_oserror_and_the_system_is_not_ready(somewhere, settings, client, db, monkeypatch):
    if somewhere == "disk":
        settings.MEDIA_ROOT.parent.mkdir(exist_ok=True)
        settings.MEDIA_ROOT.write_text("no folder")
    else:
        away = f"http://127.0.0.1:{free_port()}"
        monkeypatch.setitem(gcs_module.PATIENT, "retry", DEFAULT_RETRY.with_timeout(0.5))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", away)
        chosen = settings.STORAGES["default"]
        options = {**chosen["OPTIONS"], **({"endpoint_url": away} if somewhere == "s3" else {})}
        settings.STORAGES = {**settings.STORAGES, "default": {**chosen, "OPTIONS": options}}
    for attempt in (lambda: store.fetch(HASH), store.kept, lambda: store.keep(CONTENT, HASH)):
        with pytest.raises(OSError):
            attempt()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["storage"] is False


def test_the_system_is_ready_with_each(somewhere, client, db):
    assert client.get("/readyz").json()["checks"]["storage"] is True
