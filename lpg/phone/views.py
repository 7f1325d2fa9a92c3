"""The phone's app, as `web/` was built: its files, and its one page at every other address under /app/."""

from http import HTTPStatus
from pathlib import Path
from wsgiref.headers import Headers

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from whitenoise import WhiteNoise
from whitenoise.middleware import WhiteNoiseMiddleware

PREFIX = "app/"
HASHED = "assets/"  # files there have their content's hash in their name


@require_safe
def app(request: HttpRequest, path: str) -> HttpResponseBase:
    """The file, else the page that finds its own way. 503 with what to do, where nothing was built."""
    files = built()
    found = files.find_file(f"/{PREFIX}{path}") if path else None
    if found is None and path.startswith(HASHED):
        raise Http404  # of an older build: a page would be taken for a script
    if found is None:
        found = files.find_file(f"/{PREFIX}index.html")
    if found is None:
        return render(request, "phone/not_built.html", status=HTTPStatus.SERVICE_UNAVAILABLE)
    response: HttpResponseBase = WhiteNoiseMiddleware.serve(found, request)
    return response


def built() -> WhiteNoise:
    """The files as they are now: a build shows at once, without a restart."""
    return WhiteNoise(
        application=None,
        root=settings.PHONE_APP,
        prefix=PREFIX,
        autorefresh=True,
        allow_all_origins=False,
        add_headers_function=_headers,
        immutable_file_test=_is_hashed,
    )


def _is_hashed(path: str, url: str) -> bool:
    return url.startswith(f"/{PREFIX}{HASHED}")


def _headers(headers: Headers, path: str, url: str) -> None:
    """All but the hashed files are asked for anew each time: so an update arrives with the next start of the app."""
    if not _is_hashed(path, url):
        headers["Cache-Control"] = "no-cache"
    if Path(path).suffix == ".webmanifest":
        headers["Content-Type"] = "application/manifest+json"
