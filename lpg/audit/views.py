from django.db.models import QuerySet

from lpg.api.door import Readable, needs
from lpg.api.guard import actor_of
from lpg.audit.models import AuditLog
from lpg.audit.selectors import audit_seen_by
from lpg.audit.serializers import AuditQuery, AuditRow


class AuditDoor(Readable):
    """What happened: who changed what, before and after. Newest first; nothing here can be changed."""

    tag = "Audit"
    nouns = ("audit entry", "audit entries")
    needs = needs("audit")
    output = AuditRow
    queries = {"list": AuditQuery}  # noqa: RUF012
    lookups = {"since": "created_at__gte", "until": "created_at__lt"}  # noqa: RUF012
    default_ordering = "-id"

    def rows(self) -> QuerySet[AuditLog]:
        return audit_seen_by(actor_of(self.request))
