"""Which devices somebody sees, and what one has still to send."""

from django.db.models import Count, Q, QuerySet

from lpg.accounts.selectors import users_seen_by
from lpg.day_close.services import Queue
from lpg.roles import Actor, sees
from lpg.sync.models import Device, Operation


def devices_seen_by(actor: Actor) -> QuerySet[Device]:
    """Supervisors: of the people of their depots. Everybody: their own."""
    mine = Q(user=actor.pk)
    seen = sees(actor, "devices.read", depots=lambda: mine | Q(user__in=users_seen_by(actor)), self_=mine)
    return Device.objects.filter(seen).select_related("user")


def queue_of(device_pk: int) -> Queue:
    """What was recorded on a device and is not done yet: it has not come, waits, or is to be decided."""
    missing = sum(last - first + 1 for first, last in Device.objects.get(pk=device_pk).gaps)
    states = Operation.objects.filter(device=device_pk).order_by().values_list("state")
    waiting = dict(states.filter(state__in=["blocked", "quarantined"]).annotate(count=Count("pk")))
    return Queue(missing, waiting.get("blocked", 0), waiting.get("quarantined", 0))
