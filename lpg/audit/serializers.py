from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Choice, ListQuery, Moment, Ref
from lpg.audit.models import AuditLog


class AuditRow(serializers.ModelSerializer[AuditLog]):
    example: ClassVar[dict[str, Any]] = {
        "id": 1024,
        "user": 2,
        "user_name": "supervisor",
        "action": "UPDATE_CUSTOMER",
        "entity_type": "Customer",
        "entity_id": 1,
        "depot": 1,
        "payload": {"before": {"phone": ""}, "after": {"phone": "+65 6452 1188"}},
        "request_id": "6f2d0d3c4a5b4a0f9e5d1b7c8a9e0f11",
        "created_at": "2026-11-20T09:30:00+08:00",
    }

    class Meta:
        model = AuditLog
        fields = (
            "id",
            "user",
            "user_name",
            "action",
            "entity_type",
            "entity_id",
            "depot",
            "payload",
            "request_id",
            "created_at",
        )


class AuditQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    entity_type = serializers.CharField(required=False, max_length=40, help_text="Such as Customer.")
    entity_id = Ref(required=False)
    action = serializers.CharField(required=False, max_length=60, help_text="Such as UPDATE_CUSTOMER.")
    user = Ref(required=False)
    depot = Ref(required=False)
    since = Moment(required=False, help_text="From this time on.")
    until = Moment(required=False, help_text="Before this time.")
