"""Where PDFs are kept: under the hash of their content, so that what is there is either right or lost."""

from hashlib import sha256

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

FOLDER = "pdf"


def fetch(content_hash: str) -> bytes | None:
    """The PDF of this hash; None when it is lost: not there, or no longer what it was. Raises OSError: cannot say."""
    try:
        with default_storage.open(name_of(content_hash)) as file:
            content: bytes = file.read()
    except FileNotFoundError:
        return None
    return content if sha256(content).hexdigest() == content_hash else None


def keep(content: bytes, content_hash: str) -> None:
    """See to it that the PDF is in the store, and stays there whatever dies. Raises OSError when that cannot be."""
    if fetch(content_hash) is None:
        default_storage.save(name_of(content_hash), ContentFile(content))


def kept() -> set[str]:
    """The hashes of all that is there, by its name. Raises OSError when the store cannot be asked."""
    found: set[str] = set()
    for part in _listed(FOLDER)[0]:
        found.update(name.removesuffix(".pdf") for name in _listed(f"{FOLDER}/{part}")[1])
    return found


def name_of(content_hash: str) -> str:
    return f"{FOLDER}/{content_hash[:2]}/{content_hash}.pdf"


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        return default_storage.listdir(folder)
    except FileNotFoundError:  # nothing was ever kept there
        return [], []
