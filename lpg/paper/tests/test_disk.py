"""A file is whole and on the disk, or it is not there."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from lpg.paper.disk import Disk

NAME = "pdf/ab/paper.pdf"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def disk(tmp_path):
    return Disk(location=tmp_path / "files")


def kept(disk: Disk) -> dict[str, bytes]:
    """Every file there is."""
    there = Path(disk.location)
    return {str(path.relative_to(there)): path.read_bytes() for path in there.rglob("*") if path.is_file()}


def test_a_file_is_kept_under_its_name_and_another_takes_its_place(disk):
    for content in (b"one", b"another"):
        assert disk.save(NAME, ContentFile(content)) == NAME
        assert kept(disk) == {NAME: content}
        with disk.open(NAME) as file:
            assert file.read() == content


def test_file_and_names_reach_the_disk_before_it_is_said_to_be_kept(disk, monkeypatch):
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        fsync(handle)
        done.append(f"sync {Path(f'/proc/self/fd/{handle}').readlink().relative_to(Path(disk.location).parent)}")

    def replaced(path: Path, target: Path) -> Path:
        done.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    disk.save(NAME, ContentFile(b"one"))
    folders = [line for line in done if not line.startswith("sync files/arriving/")]
    assert folders == [
        *(f"sync {name}" for name in (".", "files", "files/pdf", "files")),
        "rename",
        "sync files/pdf/ab",
    ]
    assert done.index("rename") == len(done) - 2
    assert done[-3].startswith("sync files/arriving/")
    done.clear()
    disk.save(NAME, ContentFile(b"one"))
    assert len(done) == 3


WRITE = """
import resource, sys
from django.conf import settings
settings.configure()
from django.core.files.base import ContentFile
from lpg.paper.disk import Disk
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    Disk(location=sys.argv[1]).save(sys.argv[2], ContentFile(b"x" * 200_000))
except OSError as error:
    print("refused", error.errno)
"""


def test_without_room_nothing_is_left_and_what_was_there_stays(disk):
    assert resource.RLIMIT_FSIZE is not None
    disk.save(NAME, ContentFile(b"one"))
    ran = subprocess.run(
        [sys.executable, "-c", WRITE, disk.location, NAME], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("refused"), ran.stderr
    assert kept(disk) == {NAME: b"one"}


def test_a_folder_that_cannot_be_made_is_an_oserror(tmp_path):
    (tmp_path / "files").write_text("no folder")
    with pytest.raises(OSError, match="files"):
        Disk(location=tmp_path / "files").save(NAME, ContentFile(b"one"))


def test_what_the_dead_left_behind_is_swept_and_what_is_arriving_is_not(disk):
    disk.save(NAME, ContentFile(b"one"))
    arriving = Path(disk.location) / "arriving"
    for name, age in (("left", 3700), ("arriving", 60)):
        (arriving / name).write_bytes(b"half")
        then = time.time() - age
        os.utime(arriving / name, (then, then))
    disk.save(NAME, ContentFile(b"two"))
    assert kept(disk) == {NAME: b"two", "arriving/arriving": b"half"}


def test_what_arrives_while_the_folder_is_swept_is_no_trouble(disk, monkeypatch):
    disk.save(NAME, ContentFile(b"one"))
    (Path(disk.location) / "arriving" / "gone").write_bytes(b"half")
    plain = Path.iterdir

    def gone_meanwhile(path: Path):
        for found in list(plain(path)):
            found.unlink()
            yield found

    monkeypatch.setattr(Path, "iterdir", gone_meanwhile)
    disk.save(NAME, ContentFile(b"two"))
    assert kept(disk) == {NAME: b"two"}
