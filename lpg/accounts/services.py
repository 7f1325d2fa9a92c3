"""The one door for every change of people, their passwords and their sessions."""

from datetime import datetime, timedelta
from typing import Any, TypedDict

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from lpg import trace, work
from lpg.accounts.models import Session, User
from lpg.accounts.selectors import sessions_seen_by, users_seen_by
from lpg.audit import services as audit
from lpg.depots.models import Depot, Vehicle
from lpg.depots.selectors import depot_named, vehicle_named
from lpg.errors import Invalid, Refused
from lpg.roles import Actor, Role, require

SESSION_LIFETIME = timedelta(days=7)


class LastAdmin(Refused):
    """Nobody would be left to run the system."""

    code = "last_admin"
    title = "The last administrator"


class ChangedMeanwhile(Refused):
    """Between the look at the password and the opening of the session the one or the other was ended."""

    status = 401
    code = "not_authenticated"
    title = "Not signed in"


class UserValues(TypedDict, total=False):
    username: str
    password: str
    first_name: str
    last_name: str
    email: str
    employee_id: str
    role: str
    depot: int | None
    depots: list[int]
    vehicle: int | None
    is_active: bool


@transaction.atomic
def create_user(*, actor: Actor | None, values: UserValues) -> User:
    """`actor` None: the system itself, for the first administrator. Raises Invalid for a weak or missing password."""
    if actor:
        require(actor, "users.write")
    columns, further = _resolved(actor, values)
    user = User(**columns)
    _set_password(user, values.get("password", ""))
    audit.save(user)
    user.depots.set(further or [])
    audit.record(actor=actor, action="CREATE_USER", entity=user, before=None, after=_snapshot(user))
    return user


@transaction.atomic
def change_user(*, actor: Actor, user_id: int, values: UserValues) -> User:
    """A new password or a switched-off account ends all sessions. Raises LastAdmin."""
    require(actor, "users.write")
    user = work.lock(users_seen_by(actor), user_id)
    before = _snapshot(user)
    columns, further = _resolved(actor, values, user)
    for name, value in columns.items():
        setattr(user, name, value)
    if "password" in values:
        _set_password(user, values["password"])
        audit.record(actor=actor, action="CHANGE_PASSWORD", entity=user, before=None, after=None)
    _keep_an_admin(user, before)
    audit.save(user)
    if further is not None:
        user.depots.set(further)
    after = _snapshot(user)
    if after != before:
        audit.record(actor=actor, action="UPDATE_USER", entity=user, before=before, after=after)
    if "password" in values or not user.is_active:
        _revoke_all(actor, user, but=None)
    return User.objects.get(pk=user.pk)


@transaction.atomic
def change_own_password(*, actor: User, new_password: str, session_id: int | None) -> User:
    """Ends every other session of the user. The current password has been checked by the door."""
    user = work.lock(User.objects.all(), actor.pk)
    _set_password(user, new_password, field="new_password")
    audit.save(user, update_fields=["password"])
    audit.record(actor=actor, action="CHANGE_PASSWORD", entity=user, before=None, after=None)
    _revoke_all(actor, user, but=session_id)
    return user


@transaction.atomic
def open_session(*, user: User, user_agent: str, now: datetime, lifetime: timedelta = SESSION_LIFETIME) -> Session:
    """`user` as it was when the password was found right; raises ChangedMeanwhile when that is no longer so."""
    as_checked = User.objects.filter(pk=user.pk, password=user.password, is_active=True)
    if not as_checked.update(last_login=now):  # from here on whoever changes the user waits, and then ends this too
        raise ChangedMeanwhile("The account was changed at this moment. Sign in again.")
    session = Session(
        user=user,
        created_at=now,
        last_used_at=now,
        expires_at=now + lifetime,
        address=trace.address.get(),
        user_agent=user_agent[:200],
    )
    return audit.create(session, actor=user)


@transaction.atomic
def revoke_session(*, actor: Actor, session_id: int) -> Session:
    """Its tokens are refused from now on. A session that is out already stays as it is."""
    require(actor, "sessions.revoke")
    return _revoke(actor, work.lock(sessions_seen_by(actor), session_id))


def touch_session(session: Session, now: datetime) -> None:
    """Note that the session was used: what a person looks at when they wonder whose phone this is. Not audited."""
    Session.objects.filter(pk=session.pk).update(last_used_at=now)


def use_device(*, session_id: int, device_id: int) -> None:
    """The session is on this device: it ends when the device is switched off. The device's own row is the record."""
    Session.objects.filter(pk=session_id).exclude(device=device_id).update(device=device_id)


def end_sessions_on(*, actor: Actor, device_id: int) -> None:
    """All sign-ins on a device that is switched off."""
    for session in Session.objects.select_for_update().filter(device=device_id, revoked_at=None).order_by("pk"):
        _revoke(actor, session)


def _revoke(actor: Actor, session: Session) -> Session:
    if session.revoked_at is None:
        audit.change(session, {"revoked_at": timezone.now()}, actor=actor, action="REVOKE_SESSION")
    return session


def _revoke_all(actor: Actor, user: User, but: int | None) -> None:
    for session in Session.objects.select_for_update().filter(user=user, revoked_at=None).order_by("pk"):
        if session.pk != but:
            _revoke(actor, session)


def _set_password(user: User, password: str, field: str = "password") -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid({field: error.messages}) from error
    user.set_password(password)


def _keep_an_admin(user: User, before: audit.Snapshot) -> None:
    """Locks the administrators, so that two of them cannot switch each other off at once."""
    was_admin = before["role"] == Role.ADMIN and before["is_active"]
    if not was_admin or (user.role == Role.ADMIN and user.is_active):
        return
    admins = User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk")
    if [admin.pk for admin in admins] == [user.pk]:
        raise LastAdmin("This is the last administrator. Make somebody else an administrator first.")


def _resolved(
    actor: Actor | None, values: UserValues, kept: User | None = None
) -> tuple[dict[str, Any], list[Depot] | None]:
    """The columns to set, and the further depots if they were given. What somebody has already may be retired."""
    columns: dict[str, Any] = {name: value for name, value in values.items() if name not in {"password", "depots"}}
    if "username" in columns:
        columns["username"] = columns["username"].lower()
    if (depot_id := values.get("depot")) is not None:
        columns["depot"] = kept.depot if kept and kept.depot_id == depot_id else _depot(actor, depot_id, "depot")
    if (vehicle_id := values.get("vehicle")) is not None:
        columns["vehicle"] = kept.vehicle if kept and kept.vehicle_id == vehicle_id else _vehicle(actor, vehicle_id)
    if "depots" not in values:
        return columns, None
    has = {depot.pk: depot for depot in kept.depots.all()} if kept else {}
    return columns, [has.get(pk) or _depot(actor, pk, "depots") for pk in sorted(set(values["depots"]))]


def _depot(actor: Actor | None, depot_id: int, field: str) -> Depot:
    return depot_named(actor, depot_id, field=field) if actor else Depot.objects.get(pk=depot_id)


def _vehicle(actor: Actor | None, vehicle_id: int) -> Vehicle:
    return vehicle_named(actor, vehicle_id) if actor else Vehicle.objects.get(pk=vehicle_id)


def _snapshot(user: User) -> audit.Snapshot:
    return {**audit.snapshot(user), "depots": sorted(user.depots.values_list("pk", flat=True))}
