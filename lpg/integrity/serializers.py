from typing import Any, ClassVar

from rest_framework import serializers


class CheckRow(serializers.Serializer[Any]):
    name = serializers.CharField()
    ok = serializers.BooleanField()
    rows = serializers.ListField(child=serializers.CharField())


class RunRow(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "ok": True,
        "at": "2026-11-20T02:00:00+08:00",
        "checks": [{"name": "stock: nothing appears or vanishes", "ok": True, "rows": []}],
    }

    ok = serializers.BooleanField()
    at = serializers.DateTimeField()
    checks = CheckRow(many=True)
