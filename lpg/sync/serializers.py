import re
from typing import Any, ClassVar

from rest_framework import serializers

from lpg.api.inputs import Choice, Input, ListQuery, Query, Ref, Text
from lpg.invoices.serializers import PlainDecimal
from lpg.sync.copies import COLLECTIONS
from lpg.sync.models import Device

DEVICE_ID = "5f0f3a7e-9c3d-4a51-8a0e-2b6d1c9e7f10"
LONGEST_CURSOR = 500
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Uuid(serializers.UUIDField):
    """A UUID as text with hyphens, in small letters however it was sent."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not UUID.fullmatch(data):
            self.fail("invalid", value="This")
        return data.lower()


class DeviceRow(serializers.ModelSerializer[Device]):
    example: ClassVar[dict[str, Any]] = {
        "id": 5,
        "device_id": DEVICE_ID,
        "user": 3,
        "user_name": "driver",
        "name": "Ah Kow's phone",
        "platform": "Android 15, Chrome 142",
        "registered_at": "2026-11-02T07:30:00+08:00",
        "last_contact_at": "2026-11-20T18:05:00+08:00",
        "gaps": [[418, 420]],
        "skew_seconds": -4,
        "switched_off_at": None,
    }

    user_name = serializers.CharField(source="user.username")
    last_contact_at = serializers.DateTimeField(help_text="To the minute.")
    gaps = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="Operations that have not come though later ones have: from, to.",
    )
    skew_seconds = serializers.IntegerField(
        allow_null=True, help_text="How far its clock was ahead when it pushed last; null: it has not pushed yet."
    )

    class Meta:
        model = Device
        fields = (
            "id",
            "device_id",
            "user",
            "user_name",
            "name",
            "platform",
            "registered_at",
            "last_contact_at",
            "gaps",
            "skew_seconds",
            "switched_off_at",
        )


class DeviceInput(Input):
    echoes = DeviceRow
    example: ClassVar[dict[str, Any]] = {
        "device_id": DEVICE_ID,
        "name": "Ah Kow's phone",
        "platform": "Android 15, Chrome 142",
    }

    device_id = Uuid(help_text="Made once by the phone, and kept with its queue.")
    name = Text(max_length=100, allow_blank=True, required=False, default="")
    platform = Text(max_length=100, allow_blank=True, required=False, default="")


class DeviceQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    user = Ref(required=False)


class PullQuery(Query):
    cursor = serializers.CharField(
        required=False,
        max_length=LONGEST_CURSOR,
        help_text="Of the last pull, as it was given. Left out: everything, as for a new phone.",
    )


class ChangedRows(serializers.Serializer[Any]):
    """Rows as their lists show them; whoever has one with the same id replaces it."""

    def get_fields(self) -> dict[str, Any]:
        return {one.name: one.shape(many=True) for one in COLLECTIONS}


class RemovedIds(serializers.Serializer[Any]):
    """What to forget. Some of it the phone may never have had."""

    def get_fields(self) -> dict[str, Any]:
        return {one.name: serializers.ListField(child=serializers.IntegerField()) for one in COLLECTIONS}


class GstRow(serializers.Serializer[Any]):
    since = serializers.DateField()
    percent = PlainDecimal()


class CompanyRow(serializers.Serializer[Any]):
    """What a phone needs of the seller: to name it on a receipt, to draw its PayNow code, to work out its tax."""

    example: ClassVar[dict[str, Any]] = {
        "name": "HSH LPG Pte Ltd",
        "uen": "200012345W",
        "gst_reg_no": "M2-0012345-6",
        "address": "12 Tuas Avenue 3",
        "postal_code": "639412",
        "phone": "+65 6861 2345",
        "email": "",
        "prices_include_gst": True,
        "gst_rates": [{"since": "2023-01-01", "percent": "8"}, {"since": "2024-01-01", "percent": "9"}],
    }

    name = serializers.CharField()
    uen = serializers.CharField(help_text="Empty: there is no PayNow.")
    gst_reg_no = serializers.CharField(help_text="Empty: not registered, and no tax is charged.")
    address = serializers.CharField()
    postal_code = serializers.CharField()
    phone = serializers.CharField()
    email = serializers.CharField()
    prices_include_gst = serializers.BooleanField()
    gst_rates = GstRow(many=True, help_text="Each from its day on.")


class PullRow(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {
        "changes": {one.name: [one.shape.example] if one.name == "customers" else [] for one in COLLECTIONS},  # type: ignore[attr-defined]
        "removed": {one.name: [11] if one.name == "open_invoices" else [] for one in COLLECTIONS},
        "cursor": "WzUyMTcsIjIwMjYtMTEtMjBUMDE6MzA6MDArMDA6MDAiLCIyMDI2LTExLTIwIiwiM2YxYyIsLTEsMF0",
        "has_more": False,
        "reset_required": False,
        "server_now": "2026-11-20T09:30:00+08:00",
        "min_client": "1.0",
        "company": CompanyRow.example,
    }

    changes = ChangedRows()
    removed = RemovedIds()
    cursor = serializers.CharField(help_text="Store it together with the rows, and send it with the next pull.")
    has_more = serializers.BooleanField(help_text="There is another page: pull again at once.")
    reset_required = serializers.BooleanField(
        help_text="Forget all rows before taking over these: a snapshot begins. True on its first page only."
    )
    server_now = serializers.DateTimeField()
    min_client = serializers.CharField(help_text="The oldest version that may still record. Any may push.")
    company = CompanyRow()
