"""The desk's page for lists as files: download, have a file checked, import exactly the file that was checked."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, register_converter, reverse
from django.urls.converters import StringConverter
from django.utils import timezone

from lpg.desk.admin import actor_of, only_with
from lpg.errors import Refused
from lpg.office import checked_file, lists
from lpg.office.list_kinds import Done, Listing
from lpg.office.list_nouns import LISTS
from lpg.office.lists import Report
from lpg.sheets import MAX_BYTES, MEDIA, Kind

SHOWN_CHANGES = 200


class Noun(StringConverter):
    regex = "|".join(LISTS)


class KindOfFile(StringConverter):
    regex = "|".join(MEDIA)


register_converter(Noun, "listed")
register_converter(KindOfFile, "kind_of_file")


def urls(site: AdminSite) -> list[URLPattern]:
    """The addresses under `lists/`, for the desk's site."""

    pages = Pages(site)
    return [
        path("lists/", only_with(site, "lists.import", pages.index), name="lists"),
        path(
            "lists/<listed:noun>.<kind_of_file:kind>",
            only_with(site, "lists.export", pages.download),
            name="lists_download",
        ),
        path(
            "lists/<listed:noun>-template.<kind_of_file:kind>",
            only_with(site, "lists.import", pages.template),
            name="lists_template",
        ),
        path("lists/<listed:noun>/check/", only_with(site, "lists.import", pages.check), name="lists_check"),
        path("lists/<listed:noun>/import/", only_with(site, "lists.import", pages.import_), name="lists_import"),
    ]


class Pages:
    """The views, as pages of this site."""

    def __init__(self, site: AdminSite):
        self.site = site

    def index(self, request: HttpRequest) -> HttpResponse:
        actor = actor_of(request)
        cards = [{"list": kind, "entries": counted(kind, kind(actor).count())} for kind in LISTS.values()]
        return self._page(request, "office/list_index.html", "Import and export", cards=cards)

    def download(self, request: HttpRequest, noun: str, kind: Kind) -> HttpResponse:
        data = lists.export(noun, kind, actor=actor_of(request))
        return _file(data, f"{noun}-{timezone.localdate().isoformat()}", kind)

    def template(self, request: HttpRequest, noun: str, kind: Kind) -> HttpResponse:
        return _file(lists.template(noun, kind, actor=actor_of(request)), f"{noun}-template", kind)

    def check(self, request: HttpRequest, noun: str) -> HttpResponse:
        """A dry run of the uploaded file. If all of it is right it is kept, to be imported by the next step."""
        upload = request.FILES.get("file")
        if request.method != "POST":
            return self._back()
        if upload is None:
            return self._back(request, "Choose a file first, then check it.")
        data = upload.read(MAX_BYTES + 1)
        name = (upload.name or "")[:100]
        try:
            report = lists.run(noun, data, actor=actor_of(request), dry=True)
        except Refused as refused:
            return self._report(request, Report(noun), name, refused=refused)
        if report.faults or not report.effects:
            checked_file.forget(request.session)
        else:
            checked_file.keep(request.session, data, name, report)
        return self._report(request, report, name)

    def import_(self, request: HttpRequest, noun: str) -> HttpResponse:
        """Import the file that was checked, unless it would come out otherwise by now."""
        if request.method != "POST":
            return self._back()
        try:
            checked = checked_file.kept(request.session, noun)
            data = checked.content()
            report = lists.run(noun, data, actor=actor_of(request), dry=False, as_checked=checked.figures)
        except Refused as refused:
            return self._back(request, refused.detail)
        checked_file.forget(request.session)
        if report.done:
            messages.success(request, f"Imported: {in_words(report)}.")
            return self._back()
        if report.effects and not report.faults:
            checked_file.keep(request.session, data, checked.name, report)
        return self._report(request, report, checked.name, otherwise=True)

    def _report(self, request: HttpRequest, report: Report, name: str, **more: Any) -> HttpResponse:
        kind = lists.listing(report.noun)
        changes = [
            {"change": change, "before": _shown(change.before), "after": _shown(change.after)}
            for change in report.changes[:SHOWN_CHANGES]
        ]
        context = {
            "list": kind,
            "report": report,
            "created": report.counts[Done.CREATED],
            "changed": report.counts[Done.CHANGED],
            "unchanged": report.counts[Done.UNCHANGED],
            "bad_rows": "1 row" if report.bad_rows == 1 else f"{report.bad_rows:,} rows",
            "file_name": name,
            "changes": changes,
            "more_changes": len(report.changes) - len(changes),
            "effects": counted(kind, report.effects),
            **more,
        }
        return self._page(request, "office/list_report.html", f"{kind.title}: check of {name}", **context)

    def _page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        request.current_app = self.site.name
        return TemplateResponse(request, template, {**self.site.each_context(request), "title": title, **context})

    def _back(self, request: HttpRequest | None = None, error: str = "") -> HttpResponse:
        if request and error:
            messages.error(request, error)
        return HttpResponseRedirect(reverse("admin:lists"))


def in_words(report: Report) -> str:
    """12 customers created, 3 changed, 25 left as they were"""
    created, changed, unchanged = report.figures
    kind = lists.listing(report.noun)
    return f"{counted(kind, created)} created, {changed:,} changed, {unchanged:,} left as they were"


def counted(kind: type[Listing], number: int) -> str:
    return f"{number:,} {kind.one if number == 1 else kind.many}"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _file(data: bytes, name: str, kind: Kind) -> HttpResponse:
    response = HttpResponse(data, content_type=MEDIA[kind])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
