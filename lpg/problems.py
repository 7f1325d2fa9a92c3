"""The one place where a "no" becomes HTTP: `application/problem+json`, always, in words for a person."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.views import APIView

from lpg import work
from lpg.errors import Errors, Invalid, Missing, NotAllowed, Refused, TooLarge

log = logging.getLogger("lpg.problems")

TITLES: dict[int, str] = {
    400: Invalid.title,
    401: "Not signed in",
    403: NotAllowed.title,
    404: Missing.title,
    405: "This address does not do that",
    413: TooLarge.title,
    415: "Only JSON is understood",
    500: "Our mistake",
}


class Problem(HttpResponse):
    """A refusal as a response."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str = "",
        errors: Errors | None = None,
        facts: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ):
        body: dict[str, Any] = {
            "type": f"urn:hsh-lpg:problem:{code}",
            "title": title or TITLES[status],
            "status": status,
            "detail": detail,
            "code": code,
            **(facts or {}),
        }
        if errors:
            body["errors"] = errors
        super().__init__(json.dumps(body), status=status, content_type="application/problem+json", headers=headers)


def handle(error: Exception, context: Mapping[str, Any]) -> HttpResponse:  # noqa: C901  # a table, read downwards
    """What DRF calls for everything a view raises. Nothing passes as HTML, and nothing tells of our insides."""
    if isinstance(error, Refused):
        return of(error)
    if isinstance(error, exceptions.ValidationError):
        return of(Invalid(flat(error.detail)))
    if isinstance(error, exceptions.ParseError):
        return Problem(400, "invalid", "The body is not valid JSON. Check its brackets, quotes and commas.")
    if isinstance(error, exceptions.AuthenticationFailed):
        return _sign_in("token_not_valid", "You are signed out, or the sign-in has run out. Sign in again.")
    if isinstance(error, exceptions.NotAuthenticated):
        return _sign_in("not_authenticated", "Sign in first, and send the access token with each request.")
    if isinstance(error, (exceptions.PermissionDenied, DjangoPermissionDenied)):
        return of(NotAllowed("Your role does not allow this. Ask a supervisor or an administrator to do it."))
    if isinstance(error, (exceptions.NotFound, Http404)):
        return of(Missing())
    if isinstance(error, exceptions.MethodNotAllowed):
        allowed = ", ".join(view.allowed_methods) if (view := _view(context)) else ""
        words = f"This address does not do that. It allows: {allowed}. Entries are never deleted, only switched off."
        return Problem(405, "method_not_allowed", words, headers={"Allow": allowed})
    if isinstance(error, exceptions.UnsupportedMediaType):
        return Problem(415, "unsupported_media_type", "Send the body as application/json.")
    if isinstance(error, RequestDataTooBig):
        return of(TooLarge("The body is too large. Send less in one request."))
    if isinstance(error, SuspiciousOperation):
        return Problem(400, "invalid", "The request is not well formed.")
    if isinstance(error, DatabaseError) and (work.is_contention(error) or work.is_away(error)):
        return of(work.Busy())
    log.exception("a mistake of ours", exc_info=error)
    return mistake()


def of(refused: Refused) -> Problem:
    headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
    if refused.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return Problem(
        refused.status,
        refused.code,
        refused.detail,
        title=refused.title,
        errors=refused.errors,
        facts=refused.facts,
        headers=headers,
    )


def mistake() -> Problem:
    words = "Something went wrong on our side and nothing was changed. Try again; if it stays, tell us the request id."
    return Problem(500, "server_error", words)


def flat(detail: Any) -> dict[str, list[str]]:
    """Nested errors as one level: `items.0.quantity`."""
    found: dict[str, list[str]] = {}

    def collect(path: str, part: Any) -> None:
        if isinstance(part, Mapping):
            for name, inner in part.items():
                collect(f"{path}.{name}" if path else str(name), inner)
        elif isinstance(part, list) and any(isinstance(inner, (Mapping, list)) for inner in part):
            for index, inner in enumerate(part):
                collect(f"{path}.{index}" if path else str(index), inner)
        elif part:
            messages = part if isinstance(part, list) else [part]
            found.setdefault(path or "non_field_errors", []).extend(str(message) for message in messages)

    collect("", detail)
    return found


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _sign_in(code: str, detail: str) -> Problem:
    return Problem(401, code, detail, headers={"WWW-Authenticate": 'Bearer realm="api"'})


def _view(context: Mapping[str, Any]) -> APIView | None:
    view = context.get("view")
    return view if isinstance(view, APIView) else None
