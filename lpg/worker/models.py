from django.db import models

from lpg.fields import AsciiField


class Chore(models.Model):
    """A thing to be done again and again: when it is due, and who is at it until when."""

    name = AsciiField(max_length=60, unique=True)
    due_at = models.DateTimeField(db_index=True)
    leased_until = models.DateTimeField(null=True)
    last_done_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name
