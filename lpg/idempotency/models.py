from typing import ClassVar

from django.conf import settings
from django.db import models

from lpg.fields import AsciiField


class Answer(models.Model):
    """The first answer to a key: given again, byte for byte, to whoever repeats the request."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    key = AsciiField(max_length=64)
    fingerprint = AsciiField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.TextField()
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="answer_once_per_key")]

    def __str__(self) -> str:
        return f"{self.key} → {self.status}"
