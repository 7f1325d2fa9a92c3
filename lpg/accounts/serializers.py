from typing import Any, ClassVar

from rest_framework import serializers

from lpg.accounts.models import Session, User
from lpg.api.inputs import Choice, Code, Email, Flag, Input, ListQuery, Ref, Secret, Text
from lpg.roles import Role

USER = {
    "username": "driver",
    "first_name": "",
    "last_name": "",
    "email": "",
    "employee_id": "E-103",
    "role": "DRIVER",
    "depot": 1,
    "depots": [2],
    "vehicle": 1,
    "is_active": True,
}


class UserRow(serializers.ModelSerializer[User]):
    example: ClassVar[dict[str, Any]] = {"id": 3, **USER, "depot_name": "Singgas depot", "vehicle_no": "SBA 1234 K"}

    depot_name = serializers.CharField(source="depot.name", allow_null=True, default=None)
    vehicle_no = serializers.CharField(source="vehicle.plate_no", allow_null=True, default=None)

    class Meta:
        model = User
        fields = (
            "id",
            "username",
            "first_name",
            "last_name",
            "email",
            "employee_id",
            "role",
            "depot",
            "depot_name",
            "depots",
            "vehicle",
            "vehicle_no",
            "is_active",
        )


class UserInput(Input):
    echoes = UserRow
    renamed: ClassVar[dict[str, str]] = {"depot_id": "depot", "vehicle_id": "vehicle"}
    example: ClassVar[dict[str, Any]] = {**USER, "password": "three-blue-kettles"}

    username = Code(max_length=60)
    password = Secret()
    first_name = Text(max_length=80, allow_blank=True, required=False)
    last_name = Text(max_length=80, allow_blank=True, required=False)
    email = Email(allow_blank=True, required=False)
    employee_id = Code(max_length=30)
    role = Choice(Role.choices)
    depot = Ref(allow_null=True, required=False)
    depots = serializers.ListField(child=Ref(), max_length=100, required=False, help_text="Further depots.")
    vehicle = Ref(allow_null=True, required=False)
    is_active = Flag(required=False)


class UserChange(UserInput):
    """As read, with a new password if one is wanted."""

    password = Secret(required=False)


class UserQuery(ListQuery):
    ordering = Choice(["id", "-id", "username", "-username"], required=False)
    search = serializers.CharField(
        required=False, max_length=100, help_text="Start of a user name, employee id, first or last name."
    )
    role = Choice(Role.choices, required=False)
    depot = Ref(required=False, help_text="The home depot.")
    is_active = Flag(required=False)


class SessionRow(serializers.ModelSerializer[Session]):
    example: ClassVar[dict[str, Any]] = {
        "id": 12,
        "user": 3,
        "user_name": "driver",
        "user_agent": "HSH LPG on Android",
        "address": "203.0.113.7",
        "created_at": "2026-11-20T07:02:11+08:00",
        "last_used_at": "2026-11-20T09:30:00+08:00",
        "expires_at": "2026-11-27T07:02:11+08:00",
        "revoked_at": None,
    }

    user_name = serializers.CharField(source="user.username")

    class Meta:
        model = Session
        fields = (
            "id",
            "user",
            "user_name",
            "user_agent",
            "address",
            "created_at",
            "last_used_at",
            "expires_at",
            "revoked_at",
        )


class SessionQuery(ListQuery):
    ordering = Choice(["id", "-id"], required=False)
    user = Ref(required=False, help_text="Administrators may ask for anyone's.")


class SignInInput(Input):
    example: ClassVar[dict[str, Any]] = {"username": "driver", "password": "hsh-demo-2026"}

    username = Text(max_length=200)
    password = Secret()


class TokenPair(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {"access": "eyJhbGciOi…", "refresh": "eyJhbGciOi…"}

    access = serializers.CharField(help_text="Good for 8 hours.")
    refresh = serializers.CharField(help_text="Good for 7 days, as often as needed.")


class RefreshInput(Input):
    example: ClassVar[dict[str, Any]] = {"refresh": "eyJhbGciOi…"}

    refresh = Text(max_length=2000)


class Access(serializers.Serializer[Any]):
    example: ClassVar[dict[str, Any]] = {"access": "eyJhbGciOi…"}

    access = serializers.CharField(help_text="Good for 8 hours.")


class PasswordInput(Input):
    renamed: ClassVar[dict[str, str]] = {"old_password": "current_password", "password": "new_password"}
    example: ClassVar[dict[str, Any]] = {"current_password": "hsh-demo-2026", "new_password": "three-blue-kettles"}

    current_password = Secret()
    new_password = Secret()
