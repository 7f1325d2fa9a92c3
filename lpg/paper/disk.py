"""Files in a local folder: whole or not at all, and on the disk when we say so."""

import os
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.files.storage import FileSystemStorage

ARRIVING = "arriving"  # where a file is until it is whole; on the same disk as all the others
LEFT_BEHIND = 60 * 60  # seconds: what is older there was left by somebody who died


class Disk(FileSystemStorage):
    """A file has its name only once all of it is on the disk, and then takes the place of what had it before."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_overwrite=True)

    def _save(self, name: str, content: Any) -> str:
        """Raises OSError, then nothing is left of it."""
        target, arriving = Path(self.path(name)), Path(self.location, ARRIVING)
        _make(target.parent)
        _make(arriving)
        _sweep(arriving)
        new = arriving / uuid4().hex
        try:
            with new.open("xb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            new.replace(target)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        _fsync(target.parent)
        return name


def _make(folder: Path) -> None:
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True)
    _fsync(folder.parent)


def _fsync(folder: Path) -> None:
    """See to it that the names in a folder are on the disk; Windows does that by itself."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sweep(arriving: Path) -> None:
    for left in arriving.iterdir():
        try:
            if time.time() - left.stat().st_mtime > LEFT_BEHIND:
                left.unlink()
        except FileNotFoundError:  # it has arrived, or somebody else swept
            continue
