from collections.abc import Callable, Mapping
from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.fields import DateTimeField
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.accounts.tokens import Ended
from lpg.api.answers import shown
from lpg.api.door import Door, Readable
from lpg.api.guard import actor_of
from lpg.api.inputs import ReasonInput, StrictJSONParser
from lpg.errors import TooLarge
from lpg.sync import exceptions
from lpg.sync.models import SyncException
from lpg.sync.push import keep_safe, push
from lpg.sync.push_serializers import (
    MOST_BYTES,
    MOST_OPERATIONS,
    ExceptionQuery,
    ExceptionRow,
    NoteInput,
    PushInput,
    PushRow,
)


class PushParser(StrictJSONParser):
    """JSON up to what one push may carry."""

    most = MOST_BYTES
    too_large = (
        f"One push carries {MOST_OPERATIONS} operations and 256 KB at most. Nothing was taken; send fewer at once."
    )


class PushDoor(Door):
    """What phones have recorded."""

    tag = "Sync"
    nouns = ("push", "pushes")
    needs = {"create": "sync.push"}  # noqa: RUF012
    output = PushRow
    bodies = {"create": PushInput}  # noqa: RUF012
    answers = {"create": (200, PushRow)}  # noqa: RUF012
    keyed = False  # each operation is its own key
    takes_ended = True
    parser_classes = (PushParser,)

    def create(self, request: Request) -> HttpResponse:
        """Take in what a phone has recorded. Up to 100 operations or 256 KB a call; each has its own result.

        Nothing that happened is refused: what does not fit is done and noted, or kept until a person decides.
        """
        sent = request.data.get("operations") if isinstance(request.data, Mapping) else None
        if isinstance(sent, list) and len(sent) > MOST_OPERATIONS:
            raise TooLarge(PushParser.too_large)
        values = self.read(request)
        now = timezone.now()
        given: dict[str, Any] = {
            "actor": actor_of(request),
            "device_id": values["device_id"],
            "device_now": values["device_now"],
            "operations": values["operations"],
            "now": now,
        }
        auth = request.auth
        answered = keep_safe(**given, off_at=auth.ended_at) if isinstance(auth, Ended) else push(**given)
        server_now = DateTimeField().to_representation(timezone.now())
        body = (
            f'{{"results": [{", ".join(answered.lines)}], "missing": {answered.missing}, "server_now": "{server_now}"}}'
        )
        return HttpResponse(body, content_type="application/json")


class ExceptionDoor(Readable):
    """What phones have sent and a supervisor has to look at."""

    tag = "Sync"
    nouns = ("exception", "exceptions")
    needs = {  # noqa: RUF012
        "list": "exceptions.read",
        "retrieve": "exceptions.read",
        **dict.fromkeys(("resolve", "dismiss"), "exceptions.decide"),
    }
    output = ExceptionRow
    bodies = {"resolve": NoteInput, "dismiss": ReasonInput}  # noqa: RUF012
    queries = {"list": ExceptionQuery}  # noqa: RUF012
    lookups = {"device": "operation__device", "user": "operation__user"}  # noqa: RUF012
    default_ordering = "-id"

    def rows(self) -> QuerySet[SyncException]:
        return exceptions.exceptions_seen_by(actor_of(self.request))

    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, id: str) -> HttpResponse:
        """Say that it was seen to. An operation that was not done counts as settled in another way."""
        return self._decide(
            request,
            id,
            lambda values: exceptions.resolve(
                actor=actor_of(request), exception_id=int(id), note=values["note"], now=timezone.now()
            ),
        )

    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, id: str) -> HttpResponse:
        """Say that nothing is to be done. An operation that was not done never will be."""
        return self._decide(
            request,
            id,
            lambda values: exceptions.dismiss(
                actor=actor_of(request), exception_id=int(id), reason=values["reason"], now=timezone.now()
            ),
        )

    def _decide(self, request: Request, id: str, effect: Callable[[Any], SyncException]) -> HttpResponse:
        answer = self.write(request, effect)
        exceptions.follow(int(id))
        return answer


class RetryDoor(Door):
    """What could not be done, once more."""

    tag = "Sync"
    nouns = ("exception", "exceptions")
    needs = {"retry": "exceptions.decide"}  # noqa: RUF012
    output = ExceptionRow
    keyed = False  # the operation is its own key

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, id: str) -> HttpResponse:
        """Judge an operation that was not done again. As it is, as who recorded it, at the time it was captured.

        When it still cannot be done the exception stays open, and says why. Asked twice, it is judged twice.
        """
        self.read(request)
        row = exceptions.retry(actor=actor_of(request), exception_id=int(id), now=timezone.now())
        return cast(HttpResponse, Response(shown(ExceptionRow, row)))
