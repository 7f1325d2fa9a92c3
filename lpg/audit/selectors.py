"""Which audit rows somebody sees."""

from django.db.models import QuerySet

from lpg.audit.models import AuditLog
from lpg.roles import Actor, sees


def audit_seen_by(actor: Actor) -> QuerySet[AuditLog]:
    """Administrators see all, supervisors the rows of their own depots; rows without a depot are not theirs."""
    return AuditLog.objects.filter(sees(actor, "audit.read"))
