"""Who may come in, and in which form: loaded by DRF itself, so it knows nothing of views."""

from typing import TYPE_CHECKING, Any, cast

from rest_framework import permissions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from lpg.roles import Actor, may

if TYPE_CHECKING:
    from rest_framework.views import APIView


NO_ACTION = {"", "metadata"}  # 405 follows; the second is DRF's name for OPTIONS


def actor_of(request: Request) -> Actor:
    return cast(Actor, request.user)


class HasRole(permissions.IsAuthenticated):
    """The role has a part in this action at all (`lpg.roles`); which rows, the selectors and services judge."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if not super().has_permission(request, view):
            return False
        action: str = getattr(view, "action", None) or ""
        needs: dict[str, str] = getattr(view, "needs", {})
        return action in NO_ACTION or may(actor_of(request), needs[action])


class OneType(BaseContentNegotiation):
    """Each address has its one type; what the client would accept is not negotiated."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        kind = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        renderer: BaseRenderer = next(iter(renderers))
        return renderer, renderer.media_type or ""
