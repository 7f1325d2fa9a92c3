"""Files in Google Cloud Storage. What goes wrong there is an OSError, as it is with a disk."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.files.base import ContentFile
from google.api_core.exceptions import GoogleAPIError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage.retry import DEFAULT_RETRY
from storages.backends.gcloud import GoogleCloudStorage

PATIENT = {"timeout": 15, "retry": DEFAULT_RETRY.with_timeout(15)}  # seconds; left to itself it tries for minutes


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (GoogleAPIError, GoogleAuthError) as error:
        raise OSError(f"Google Cloud Storage: {type(error).__name__}") from error


class GCS(GoogleCloudStorage):  # type: ignore[misc]  # it says no types
    """A bucket that nobody else writes to. It answers soon, or is away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, file_overwrite=True)

    def _open(self, name: str, mode: str = "rb") -> "ContentFile[bytes]":
        with _translated():
            try:
                return ContentFile(self.bucket.blob(name).download_as_bytes(**PATIENT))
            except NotFound as error:
                raise FileNotFoundError(name) from error

    def _save(self, name: str, content: Any) -> str:
        with _translated():
            self.bucket.blob(name).upload_from_string(content.read(), content_type="application/pdf", **PATIENT)
        return name

    def delete(self, name: str) -> None:
        with _translated():
            self.bucket.delete_blobs([name], on_error=lambda blob: None, **PATIENT)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        with _translated():
            found = self.bucket.list_blobs(prefix=f"{path}/", delimiter="/", **PATIENT)
            files = [blob.name.rpartition("/")[2] for blob in found]
            return [folder.split("/")[-2] for folder in found.prefixes], files
