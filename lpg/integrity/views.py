from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.answers import shown
from lpg.api.door import Door
from lpg.errors import Missing
from lpg.integrity import services
from lpg.integrity.models import Run
from lpg.integrity.serializers import RunRow


class IntegrityDoor(Door):
    """Whether the books agree with themselves: stock with its ledger, documents with what they moved."""

    tag = "Integrity"
    needs = {"list": "integrity", "create": "integrity"}  # noqa: RUF012
    output = RunRow
    answers = {"create": (200, RunRow)}  # noqa: RUF012
    may_find_nothing = ("list",)
    pagination_class = None

    def list(self, request: Request) -> Response:
        """The last run, with its time."""
        run = Run.objects.order_by("-at", "-pk").first()
        if run is None:
            raise Missing("The books have not been verified yet. POST here to do it now.")
        return Response(shown(RunRow, run))

    def create(self, request: Request) -> HttpResponse:
        """Run every check now."""
        self.read(request)  # what is refused costs no run
        run = services.verify()
        return self.write(request, lambda values: services.keep(run))
