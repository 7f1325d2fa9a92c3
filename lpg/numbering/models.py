from typing import ClassVar

from django.db import models

from lpg.fields import AsciiField


class Series(models.Model):
    """How far a series of documents has been numbered within one day or year."""

    series = AsciiField(max_length=3)
    period = AsciiField(max_length=8)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "series"
        constraints: ClassVar = [models.UniqueConstraint(fields=["series", "period"], name="series_once_per_period")]

    def __str__(self) -> str:
        return f"{self.series}-{self.period}-{self.last:06d}"
