"""PDFs as answers."""

from collections.abc import Callable
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from rest_framework.request import Request

PDF = "application/pdf"


class Known(NamedTuple):
    """What is known of a PDF without reading it."""

    content_hash: str
    size: int


def a_pdf(
    request: HttpRequest | Request, name: str, known: Known | None, fetch: Callable[[], tuple[str, bytes]]
) -> HttpResponse:
    """The PDF that `fetch` gives with its hash; nothing is read when the caller has what we know it to be."""
    headers = {"Cache-Control": "private, no-cache"}  # it may be kept, and is asked for each time
    told = parse_etags(request.headers.get("If-None-Match", ""))
    if known and (_etag(known.content_hash) in told or "*" in told):
        headers |= {"ETag": _etag(known.content_hash), "Content-Length": str(known.size)}  # of what is not sent
        return HttpResponseNotModified(headers=headers)
    content_hash, content = fetch()
    headers |= {"ETag": _etag(content_hash), "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(content, content_type=PDF, headers=headers)


def _etag(content_hash: str) -> str:
    return f'"{content_hash}"'
