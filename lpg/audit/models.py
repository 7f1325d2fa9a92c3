from typing import ClassVar

from django.conf import settings
from django.db import models

from lpg.append_only import AppendOnly
from lpg.fields import AsciiField


class AuditLog(AppendOnly):
    """One change of one entity: who, what, before and after. A snapshot; it points at nothing that could change it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    user_name = models.CharField(max_length=150)
    action = AsciiField(max_length=60)
    entity_type = AsciiField(max_length=40)
    entity_id = models.BigIntegerField()
    depot = models.ForeignKey("depots.Depot", models.PROTECT, null=True, related_name="+")
    payload = models.JSONField()
    request_id = AsciiField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "audit entry"
        verbose_name_plural = "audit log"
        indexes: ClassVar = [
            models.Index(fields=["entity_type", "entity_id"], name="audit_of_entity"),
            models.Index(fields=["action"], name="audit_of_action"),
            models.Index(fields=["created_at"], name="audit_of_time"),
            models.Index(fields=["depot", "-id"], name="audit_of_depot"),  # newest first, as it is listed
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.entity_type} {self.entity_id}"
