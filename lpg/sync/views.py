import gzip
import re
from typing import Any, cast

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from rest_framework.decorators import action
from rest_framework.fields import DateTimeField
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from lpg.accounts.models import Session
from lpg.api.door import Door, Listed
from lpg.api.guard import actor_of
from lpg.day_close import views as day_close
from lpg.day_close.services import EMPTY, Queue
from lpg.sync import devices
from lpg.sync.models import Device
from lpg.sync.pull import pull
from lpg.sync.selectors import devices_seen_by, queue_of
from lpg.sync.serializers import CompanyRow, DeviceInput, DeviceQuery, DeviceRow, PullQuery, PullRow

_GZIP = re.compile(r"(?:^|,)\s*(?:gzip|\*)\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[^,]*)?(?:,|$)", re.IGNORECASE)
QUICK = 3  # of the levels of gzip: nearly as small as the usual 6, in half the time


class DeviceDoor(Listed):
    """The phones people record on. A session belongs to the device that it has registered."""

    tag = "Sync"
    nouns = ("device", "devices")
    needs = {"list": "devices.read", "create": "devices.register", "switch_off": "devices.switch_off"}  # noqa: RUF012
    output = DeviceRow
    bodies = {"create": DeviceInput}  # noqa: RUF012
    queries = {"list": DeviceQuery}  # noqa: RUF012

    def rows(self) -> QuerySet[Device]:
        return devices_seen_by(actor_of(self.request))

    def create(self, request: Request) -> HttpResponse:
        """Register this device for the session. The same device again is the same row.

        401 when it was switched off.
        """

        def effect(values: Any) -> Device:
            session = cast(Session, request.auth)
            return devices.register(actor=actor_of(request), session_id=session.pk, **values, now=timezone.now())

        return self.write(request, effect)

    @action(detail=True, methods=["post"], url_path="switch-off")
    def switch_off(self, request: Request, id: str) -> HttpResponse:
        """Switch a device off: a lost phone, somebody who left. Its sign-ins end at once, for all on it."""
        return self.write(
            request, lambda values: devices.switch_off(actor=actor_of(request), device_pk=int(id), now=timezone.now())
        )


class PullDoor(Door):
    """The phone's copy of what its user may see."""

    tag = "Sync"
    nouns = ("change", "changes")
    needs = {"list": "sync.pull"}  # noqa: RUF012
    output = PullRow
    queries = {"list": PullQuery}  # noqa: RUF012
    pagination_class = None

    def list(self, request: Request) -> HttpResponse:
        """Bring a phone's copy up to date. What changed since the cursor, page by page; without one: everything.

        Compressed when the client accepts gzip. 400 for a cursor that no pull has given; one that is too old, or was
        taken when the user saw something else, begins a new snapshot (`reset_required`).
        """
        now = timezone.now()
        device_pk = cast(Session, request.auth).device_id
        page = pull(actor_of(request), self.query_values.get("cursor"), device_pk=device_pk, now=now)
        server = {"server_now": DateTimeField().to_representation(now), "min_client": settings.MIN_CLIENT}
        content = JSONRenderer().render({**page._asdict(), **server, "company": _company()})
        answer = HttpResponse(content, content_type="application/json")
        if _GZIP.search(request.headers.get("Accept-Encoding", "")):
            # Only here: nothing in it is secret, and nothing of the request comes back in it (BREACH).
            answer.content = gzip.compress(content, QUICK, mtime=0)
            answer["Content-Encoding"] = "gzip"
        patch_vary_headers(answer, ["Accept-Encoding"])
        return answer


class DayCloseDoor(day_close.DayCloseDoor):
    __doc__ = day_close.DayCloseDoor.__doc__

    def queue(self, request: Request) -> Queue:
        device_pk = cast(Session, request.auth).device_id
        return queue_of(device_pk) if device_pk else EMPTY


def _company() -> Any:
    """The seller as documents name it, and its taxes."""
    rates = [{"since": since, "percent": percent} for since, percent in settings.GST_RATES]
    prices = {"prices_include_gst": settings.PRICES_INCLUDE_GST, "gst_rates": rates}
    return CompanyRow({**settings.COMPANY, **prices}).data
