"""Files in a store that speaks S3. What goes wrong there is an OSError, as it is with a disk."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile
from storages.backends.s3 import S3Storage


def _translated[**P, R](do: Callable[P, R]) -> Callable[P, R]:
    @wraps(do)
    def translated(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return do(*args, **kwargs)
        except (BotoCoreError, Boto3Error, ClientError) as error:
            raise OSError(f"the S3 store: {type(error).__name__}") from error

    return translated


class S3(S3Storage):  # type: ignore[misc]  # it says no types
    """S3 itself, or with an `endpoint_url` whatever speaks its language. It answers soon, or is away."""

    def __init__(self, **options: Any) -> None:
        style = "path" if options.get("endpoint_url") else "auto"
        config = Config(
            connect_timeout=5,
            read_timeout=15,
            retries={"total_max_attempts": 2},
            s3={"addressing_style": style},
            request_checksum_calculation="when_required",  # not every store knows the others; we hash ourselves
            response_checksum_validation="when_required",
        )
        super().__init__(**options, client_config=config, file_overwrite=True, default_acl=None)

    @_translated
    def _open(self, name: str, mode: str = "rb") -> "ContentFile[bytes]":
        """All of it at once: what is read later could not be told from a file of ours."""
        with super()._open(name, mode) as file:
            return ContentFile(file.read())

    _save = _translated(S3Storage._save)
    delete = _translated(S3Storage.delete)
    listdir = _translated(S3Storage.listdir)
