"""Which audit rows somebody sees."""

import json
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from lpg import sql
from lpg.audit.models import AuditLog
from lpg.roles import Actor, sees


def audit_seen_by(actor: Actor) -> QuerySet[AuditLog]:
    """Administrators see all, supervisors the rows of their own depots; rows without a depot are not theirs."""
    return AuditLog.objects.filter(sees(actor, "audit.read"))


def before_changes(entity_type: str, entity_id: int, action: str, since: datetime) -> dict[str, Any] | None:
    """What the first such change after a moment found: so the entity was at that moment. None: as it is today."""
    found = sql.rows(
        "SELECT payload FROM audit_auditlog WHERE entity_type = %s AND entity_id = %s AND action = %s"
        " AND created_at > %s ORDER BY id LIMIT 1",
        [entity_type, entity_id, action, sql.moment(since)],
    )
    before: dict[str, Any] | None = json.loads(found[0][0])["before"] if found else None
    return before
