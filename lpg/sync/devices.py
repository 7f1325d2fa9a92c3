"""The one door for changes of devices: who carries which, and who no longer may."""

from datetime import datetime, timedelta

from django.db import transaction

from lpg import sql, work
from lpg.accounts import services as accounts
from lpg.accounts.models import User
from lpg.audit import services as audit
from lpg.errors import Refused
from lpg.roles import Actor, require
from lpg.sync.models import Device
from lpg.sync.selectors import devices_seen_by

CONTACT = timedelta(minutes=1)  # how exactly the last contact is kept


class SwitchedOff(Refused):
    """This device was switched off: a lost phone, somebody who left."""

    status = 401
    code = "token_not_valid"
    title = "This device was switched off"


@transaction.atomic
def register(*, actor: Actor, session_id: int, device_id: str, name: str, platform: str, now: datetime) -> Device:
    """This session is on this device from now on. The same again changes nothing. Raises SwitchedOff."""
    require(actor, "devices.register")
    work.lock(User.objects.all(), actor.pk)  # so that two of one device do not collide
    device = Device.objects.select_for_update().filter(user=actor.pk, device_id=device_id).first()
    if device is None:
        values = {"name": name, "platform": platform, "registered_at": now, "last_contact_at": now}
        device = audit.create(Device(device_id=device_id, user_id=actor.pk, **values), actor=actor)
    elif device.switched_off_at:
        raise SwitchedOff("This device was switched off. Ask your supervisor, or use another one.")
    else:
        audit.change(device, {"name": name, "platform": platform}, actor=actor)
    accounts.use_device(session_id=session_id, device_id=device.pk)
    return device


@transaction.atomic
def switch_off(*, actor: Actor, device_pk: int, now: datetime) -> Device:
    """Nobody gets in on this phone any more, also with tokens that were given out before.

    It counts for everybody on the phone whom the actor may see. What is off stays off, as it was.
    """
    require(actor, "devices.switch_off")
    seen = devices_seen_by(actor)
    named = work.lock(seen.select_related(None), device_pk)
    for device in seen.select_related(None).select_for_update().filter(device_id=named.device_id).order_by("pk"):
        if device.switched_off_at is None:
            audit.change(device, {"switched_off_at": now}, actor=actor, action="SWITCH_OFF_DEVICE")
        accounts.end_sessions_on(actor=actor, device_id=device.pk)
    return seen.get(pk=device_pk)


@transaction.atomic
def known(*, actor: Actor, device_id: str, now: datetime) -> Device:
    """The device that somebody pushes from. One that was never registered is noted by its id alone."""
    device = Device.objects.filter(user=actor.pk, device_id=device_id).first()
    if device is not None:
        return device
    work.lock(User.objects.all(), actor.pk)  # as above
    device = Device.objects.filter(user=actor.pk, device_id=device_id).first()
    new = Device(device_id=device_id, user_id=actor.pk, registered_at=now, last_contact_at=now)
    return device or audit.create(new, actor=actor)


def heard_from(device_pk: int, now: datetime) -> None:
    """Note the contact: what a person looks at when they wonder where a phone is. Not audited."""
    sql.run("UPDATE sync_device SET last_contact_at = %s WHERE id = %s", [sql.moment(now), device_pk])
