from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Choice, Input, ListQuery, Ref, Text, Whole
from lpg.sync.models import Operation, SyncException
from lpg.sync.said import Clock, OperationInput
from lpg.sync.serializers import DEVICE_ID, Uuid
from lpg.transactions.serializers import SaleRow

MOST_OPERATIONS = 100
MOST_BYTES = 256 * 1024
PROTOCOL = 1
STATUSES = (
    "applied",
    "replayed",
    "applied_with_exception",
    "quarantined",
    "blocked",
    "mismatch",
    "retry",
)
PAYLOAD = OperationInput.example["payload"]
NOT_AN_OBJECT = {"client_temp_id": None, "seq": None}


class Anything(serializers.JSONField):
    """One operation. What is wrong with it is said in its own result."""

    def to_internal_value(self, data: Any) -> Any:
        return data


class PushInput(Input):
    example: ClassVar[dict[str, Any]] = {
        "protocol": PROTOCOL,
        "device_id": DEVICE_ID,
        "device_now": "2026-11-20T18:05:00+08:00",
        "operations": [OperationInput.example],
    }

    protocol = Whole(min_value=0, max_value=1_000, help_text="1. Another is refused.")
    device_id = Uuid(help_text="Made once by the phone, and kept with its queue.")
    device_now = Clock(help_text="What the phone's clock shows now, however wrong it is.")
    operations = serializers.ListField(
        child=Anything(allow_null=True), help_text="In any order. At most 100, in at most 256 KB: 413 beyond."
    )

    def validate_protocol(self, protocol: int) -> int:
        if protocol != PROTOCOL:
            raise serializers.ValidationError(f"This server speaks protocol {PROTOCOL}. Nothing was taken.")
        return protocol


class NotedRow(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class ErrorRow(NotedRow):
    """Why it is not simply done; there may be more fields, as in problems."""

    more = NotedRow(many=True, required=False, help_text="What else there is to look at.")
    waits_for = serializers.ListField(
        child=serializers.CharField(), required=False, help_text="What a blocked one needs: their client_temp_ids."
    )
    missing = serializers.IntegerField(required=False, help_text="What the end of a day waits for: so many not come,")
    blocked = serializers.IntegerField(required=False, help_text="so many that wait themselves,")
    quarantined = serializers.IntegerField(required=False, help_text="so many for a supervisor to decide.")


class ResultRow(serializers.Serializer[Any]):
    client_temp_id = serializers.CharField(allow_null=True)
    seq = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(STATUSES)
    id = serializers.IntegerField(allow_null=True, help_text="Of what it has made.")
    number = serializers.CharField(allow_null=True)
    entity = serializers.JSONField(help_text="What the endpoint would have answered.")
    error = ErrorRow(allow_null=True)


class PushRow(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "results": [
            {
                "client_temp_id": OperationInput.example["client_temp_id"],
                "seq": 418,
                "status": "applied",
                "id": 12,
                "number": "TRX-20261120-000012",
                "entity": SaleRow.example,
                "error": None,
            }
        ],
        "missing": [[411, 413]],
        "server_now": "2026-11-20T18:05:01+08:00",
    }

    results = ResultRow(many=True)
    missing = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Operations that have not come though later ones have: from, to. Send them.",
    )
    server_now = serializers.DateTimeField()


class OperationRow(serializers.ModelSerializer[Operation]):
    """What the phone recorded, and what has become of it."""

    type = serializers.CharField()
    depends_on = serializers.JSONField(source="needed")
    payload = serializers.JSONField()
    said_at = serializers.CharField(allow_null=True, help_text="When it was captured, by the phone's own clock.")
    error = serializers.JSONField(source="problem")

    class Meta:
        model = Operation
        fields = (
            "id",
            "client_temp_id",
            "seq",
            "type",
            "state",
            "captured_at",
            "said_at",
            "received_at",
            "depends_on",
            "payload",
            "entity",
            "entity_id",
            "number",
            "error",
        )


class ExceptionRow(serializers.ModelSerializer[SyncException]):
    example: ClassVar[dict[str, Any]] = {
        "id": 3,
        "state": "open",
        "kind": "short_stock",
        "detail": "Truck SBA 1234 K held 1 × 14 kg cylinder FULL by the books, and 2 were taken.",
        "expected": {"short": [{"equipment": 3, "held": 1, "taken": 2}]},
        "depot": 1,
        "user": 3,
        "user_name": "driver",
        "device": 5,
        "operation": {
            "id": 90,
            "client_temp_id": OperationInput.example["client_temp_id"],
            "seq": 418,
            "type": "transaction.create",
            "state": "applied_with_exception",
            "captured_at": "2026-11-20T09:30:00+08:00",
            "said_at": "2026-11-20T09:30:00+08:00",
            "received_at": "2026-11-20T18:05:01+08:00",
            "depends_on": [],
            "payload": PAYLOAD,
            "entity": "transaction",
            "entity_id": 12,
            "number": "TRX-20261120-000012",
            "error": {"code": "short_stock", "detail": "Truck SBA 1234 K held 1 × 14 kg cylinder FULL by the books."},
        },
        "raised_at": "2026-11-20T18:05:01+08:00",
        "decided_by": None,
        "decided_at": None,
        "note": "",
    }

    kind = serializers.CharField()
    detail = serializers.CharField(source="words")
    expected = serializers.JSONField(help_text="What the server expected or found, in figures.")
    user = serializers.IntegerField(source="operation.user_id")
    user_name = serializers.CharField(source="operation.user.username")
    device = serializers.IntegerField(source="operation.device_id")
    operation = OperationRow()

    class Meta:
        model = SyncException
        fields = (
            "id",
            "state",
            "kind",
            "detail",
            "expected",
            "depot",
            "user",
            "user_name",
            "device",
            "operation",
            "raised_at",
            "decided_by",
            "decided_at",
            "note",
        )


class NoteInput(Input):
    example: ClassVar[dict[str, Any]] = {"note": "Counted with the driver: the truck was loaded without a distribution"}

    note = Text(max_length=200)


class ExceptionQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    state = Choice(SyncException.State.choices, required=False)
    kind = serializers.CharField(required=False, max_length=40)
    device = Ref(required=False)
    user = Ref(required=False)
