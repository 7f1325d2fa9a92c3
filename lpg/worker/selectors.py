"""How far the worker is behind."""

from datetime import datetime

from django.db.models import Min
from django.utils import timezone

from lpg.invoices.models import Delivery, Invoice
from lpg.worker.models import Chore


def oldest_due_seconds() -> int:
    """For how long the oldest due PDF, mail or chore has been waiting; 0 when nothing is due."""
    now = timezone.now()
    oldest: list[datetime | None] = [
        Chore.objects.filter(due_at__lte=now).aggregate(oldest=Min("due_at"))["oldest"],
        Invoice.objects.filter(pdf_due_at__lte=now).aggregate(oldest=Min("pdf_due_at"))["oldest"],
        Delivery.objects.filter(next_try_at__lte=now).aggregate(oldest=Min("next_try_at"))["oldest"],
    ]
    return int((now - min(at for at in oldest if at)).total_seconds()) if any(oldest) else 0
