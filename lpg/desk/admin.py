"""The base of every page of the desk: rights from `lpg.roles`, rows from selectors, changes by services.

Nothing is saved or deleted by Django's admin itself, and Django's own log of the admin stays empty.
"""

import re
from collections.abc import Callable
from typing import Any, ClassVar, NoReturn, cast

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.views import ChangeList
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminTextareaWidget,
)

from lpg import work
from lpg.api.pages import first_rows
from lpg.audit.selectors import audit_seen_by
from lpg.desk import changes, shown
from lpg.desk.forms import DeskForm, PlainForm
from lpg.desk.once import NotSaved, Saved, once, saved
from lpg.errors import Missing, Refused
from lpg.fields import FixedDecimalField
from lpg.roles import Actor, may
from lpg.search import starting_with

HISTORY_PAGE = 30


def actor_of(request: HttpRequest) -> Actor:
    return cast(Actor, request.user)


def allowed(request: HttpRequest, capability: str) -> bool:
    """Whether whoever asks has a part in this at all; nobody has who is not signed in."""
    return request.user.is_authenticated and may(actor_of(request), capability)


def only_with[Answer: HttpResponseBase](
    site: AdminSite, capability: str, view: Callable[..., Answer]
) -> Callable[..., Answer]:
    """A page of the desk's own for those whose role has this capability; the others are refused."""

    def judged(request: HttpRequest, **named: Any) -> Answer:
        if not allowed(request, capability):
            raise PermissionDenied
        return view(request, **named)

    return cast(Callable[..., Answer], site.admin_view(judged))


def id_in(text: str) -> int | None:
    """The id that an address names, or None for what can be no id."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


class DeskList(ChangeList):  # type: ignore[misc]  # the theme has no types
    """A page of a list, read as at the API. How many there are is said once, below it."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count
        if self.multi_page and not (self.show_all and self.can_show_all):
            before = (self.page_num - 1) * self.list_per_page
            self.result_list = first_rows(self.queryset, self.list_per_page, after=before)


class DeskAdmin(ModelAdmin):  # type: ignore[misc]  # the theme has no types
    """Says `about` whose capabilities count, which `rows` one sees, and by which services one makes and changes."""

    about: ClassVar[str]
    choices: ClassVar[dict[str, Callable[[Actor], QuerySet[Any]]]] = {}  # what a reference may be
    listed: ClassVar[bool] = False  # whether it comes and goes as a file too, at `admin:lists`
    empty: ClassVar[str] = ""  # what belongs here and how to make the first
    adds: ClassVar[str] = ""  # what the button says that makes one, where it is not "Add …"

    form = DeskForm
    actions = None
    empty_value_display = shown.NOTHING
    list_per_page = 50
    show_full_result_count = False
    list_fullwidth = True
    object_history_template = "desk/history.html"
    change_form_before_template = "desk/once.html"
    formfield_overrides: ClassVar[dict[Any, Any]] = {
        FixedDecimalField: {"widget": UnfoldAdminDecimalFieldWidget(attrs={"class": "desk-number"})},
        models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 3})},
        models.ManyToManyField: {"widget": UnfoldAdminCheckboxSelectMultipleWidget},
    }

    def rows(self, actor: Actor) -> QuerySet[Any]:
        """What the actor may see, ready to be shown."""
        raise NotImplementedError  # each admin says it

    def make(self, actor: Actor, values: Any) -> Model:
        raise NotImplementedError

    def change(self, actor: Actor, id: int, values: Any) -> Model:
        raise NotImplementedError

    # --- who may

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allowed(request, f"{self.about}.read")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return allowed(request, f"{self.about}.write")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return allowed(request, f"{self.about}.write")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    # --- which rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.rows(actor_of(request)).order_by(*self.get_ordering(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskList]:
        return DeskList

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """As at the API: by the start of any of these columns, which an index answers."""
        sought = search_term.strip()
        return (queryset.filter(starting_with(tuple(self.search_fields), sought)) if sought else queryset), False

    def found(self, request: HttpRequest, object_id: str) -> Any:
        """The entry of this address, out of what one may see."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or not self.has_view_permission(request, obj):
            raise Http404
        return obj

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        number = id_in(object_id)
        return None if number is None else self.get_queryset(request).filter(pk=number).first()

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        raise Http404

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what the filters ask: by any other column of its own one could guess at a password's hash."""
        return any(lookup in one.parameters() for one in self.list_filter)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"as_files": self.listed and allowed(request, "lists.import"), **(extra_context or {})}
        return cast(HttpResponse, super().changelist_view(request, context))

    # --- forms

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002
        form = super().get_form(request, obj, change, **kwargs)
        form.refused = vars(request).get("refused")
        return form

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.choices:
            kwargs["queryset"] = self.choices[db_field.name](actor_of(request))
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget  # no windows upon windows
        return field

    # --- changes

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A POST is one unit of work, tried again whole; what a service refuses stands on the same form, input kept."""
        view = super().changeform_view

        def answer() -> HttpResponse:
            return cast(HttpResponse, view(request, object_id, form_url, extra_context))

        def added() -> Saved:
            page = answer()
            if not isinstance(page, Saved):
                raise NotSaved(page)
            return page

        if request.method != "POST":
            return answer()
        try:
            return once(request, added) if object_id is None else work.run(answer)
        except NotSaved as not_saved:
            return cast(HttpResponse, not_saved.page)
        except Missing as missing:
            raise Http404 from missing
        except Refused as refused:
            vars(request)["refused"] = refused
            return answer()

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        there = cast(HttpResponseRedirect, self.response_post_save_add(request, obj))
        return Saved(there.url, f"The {self.opts.verbose_name} “{obj}” was added successfully.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001
        """By the service, with what was changed; a new entry with all that was written."""
        given = {field: name for name, field in form.called.items()}
        written = form.changed_data if change else form.fields
        values = {given.get(name, name): _plain(form.cleaned_data[name]) for name in written}
        actor = actor_of(request)
        obj.pk = (self.change(actor, obj.pk, values) if change else self.make(actor, values)).pk

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:  # noqa: FBT001
        """The service has done it."""

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> NoReturn:
        raise PermissionDenied

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        """Said once the change is safe: a unit of work that is tried again would say it twice."""
        say = super().message_user
        transaction.on_commit(lambda: say(request, message, *args, **kwargs))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit log has it."""

    log_change = log_addition

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """Nothing is deleted."""

    # --- pages of our own

    def small_form(
        self, request: HttpRequest, form: PlainForm, effect: Callable[[], object], *, obj: Any, title: str, button: str
    ) -> HttpResponse:
        """A form page that adds one thing to one entry in one unit of work, once, then shows the entry."""
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[obj.pk])

        def done() -> Saved:
            effect()
            return Saved(back, f"{title}: done.")

        context = {"form": form, "original": obj, "button": button, "back": back}
        return saved(request, form, done) or self.page(request, "desk/small_form.html", title, **context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        return cast(HttpResponse, super().render_change_form(request, context, *args, **kwargs))

    def button(self, request: HttpRequest, effect: Callable[[], object], *, back: str, words: str) -> HttpResponse:
        """A button that stands on another page: it does one thing once, and leads back there; if not, it says why."""
        form = PlainForm(request.POST)

        def done() -> Saved:
            effect()
            return Saved(back, words)

        way = saved(request, form, done)
        for message in () if way else form.non_field_errors():
            messages.error(request, str(message))
        return way or HttpResponseRedirect(back)

    def page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        request.current_app = self.admin_site.name
        whole = {**self.admin_site.each_context(request), "title": title, "opts": self.opts, **context}
        return TemplateResponse(request, template, whole)

    def history_of(self, obj: Any) -> Q:
        """Which audit rows tell of this entry."""
        return Q(entity_type=type(obj).__name__, entity_id=obj.pk)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What happened to this entry, newest first: as much of it as one may see."""
        obj = self.found(request, object_id)
        rows = audit_seen_by(actor_of(request)).filter(self.history_of(obj)).order_by("-id")
        before = id_in(request.GET.get("before", ""))
        if before is not None:
            rows = rows.filter(pk__lt=before)
        page = list(rows[: HISTORY_PAGE + 1])
        older = page[HISTORY_PAGE - 1].pk if len(page) > HISTORY_PAGE else None
        entries = changes.read(page[:HISTORY_PAGE])
        return self.page(
            request, self.object_history_template, "History", original=obj, entries=entries, older=older, before=before
        )

    def own_path(self, address: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        """An address under this admin, as `admin:app_model_name`."""
        whole = f"{self.opts.app_label}_{self.opts.model_name}_{name}"
        return cast(URLPattern, path(address, self.admin_site.admin_view(view), name=whole))


def _plain(value: Any) -> Any:
    """As services take it: references as ids."""
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, QuerySet):
        return sorted(value.values_list("pk", flat=True))
    return value
