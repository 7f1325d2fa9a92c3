"""The file that somebody has just had checked, kept for an hour so that exactly this file is then imported.

Only the sign-in that checked it can name it, and its content is compared with what was checked.
"""

import hashlib
import secrets
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from lpg.errors import Missing
from lpg.office.lists import Report

FOLDER = "checked_files"
KEY = "checked_file"  # in the browser's session
LONGEST_AGE = timedelta(hours=1)


class NothingChecked(Missing):
    """There is no checked file of this list: it was imported already, or the check is too old."""

    def __init__(self) -> None:
        super().__init__("This check has been used already or is over an hour old. Check the file again.")


@dataclass(frozen=True)
class CheckedFile:
    noun: str
    name: str  # as the person called it
    stored: str
    digest: str
    checked_at: float
    figures: list[int]

    def content(self) -> bytes:
        """Raises NothingChecked when the file is gone, or is not what was checked."""
        try:
            with default_storage.open(self.stored) as file:
                data: bytes = file.read()
        except OSError as error:
            raise NothingChecked from error
        if hashlib.sha256(data).hexdigest() != self.digest:
            raise NothingChecked
        return data


def keep(session: SessionBase, data: bytes, name: str, report: Report) -> None:
    """Keep a file for the sign-in that had it checked, in place of the one it had checked before."""
    forget(session)
    digest = hashlib.sha256(data).hexdigest()
    stored = default_storage.save(f"{FOLDER}/{digest[:16]}-{secrets.token_hex(16)}", ContentFile(data))
    kept = CheckedFile(report.noun, name, stored, digest, timezone.now().timestamp(), report.figures)
    session[KEY] = asdict(kept)
    _sweep()


def kept(session: SessionBase, noun: str) -> CheckedFile:
    """Raises NothingChecked."""
    values: dict[str, Any] | None = session.get(KEY)
    if values is None:
        raise NothingChecked
    checked = CheckedFile(**values)
    age = timezone.now().timestamp() - checked.checked_at
    if checked.noun != noun or age > LONGEST_AGE.total_seconds():
        raise NothingChecked
    return checked


def forget(session: SessionBase) -> None:
    values: dict[str, Any] | None = session.pop(KEY, None)
    if values:
        default_storage.delete(values["stored"])


def _sweep() -> None:
    """Take away what was checked and never imported."""
    oldest = timezone.now() - LONGEST_AGE
    for name in default_storage.listdir(FOLDER)[1]:
        with suppress(OSError):  # somebody else has just taken it away
            if default_storage.get_modified_time(f"{FOLDER}/{name}") < oldest:
                default_storage.delete(f"{FOLDER}/{name}")
