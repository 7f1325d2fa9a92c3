from django.db import models


class Run(models.Model):
    """One look at whether the books agree with themselves."""

    at = models.DateTimeField()
    ok = models.BooleanField()
    checks = models.JSONField()

    def __str__(self) -> str:
        return f"{self.at}: {'ok' if self.ok else 'not ok'}"
