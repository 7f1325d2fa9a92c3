from django.db import models

from lpg.append_only import AppendOnly
from lpg.fields import AsciiField


class StoredPdf(AppendOnly):
    """What is known of a PDF in the store: its content, by hash, and what it was made with. It is never replaced."""

    version = models.PositiveSmallIntegerField()
    content_hash = AsciiField(max_length=64)
    template_hash = AsciiField(max_length=64)
    renderer = AsciiField(max_length=40)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def __str__(self) -> str:
        return self.content_hash
