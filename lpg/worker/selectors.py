"""How far the worker is behind."""

from django.db.models import Min
from django.utils import timezone

from lpg.worker.models import Chore


def oldest_due_seconds() -> int:
    """For how long the oldest due job has been waiting; 0 when nothing is due."""
    now = timezone.now()
    oldest = Chore.objects.filter(due_at__lte=now).aggregate(oldest=Min("due_at"))["oldest"]
    return int((now - oldest).total_seconds()) if oldest else 0
