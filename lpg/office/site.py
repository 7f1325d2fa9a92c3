"""The desk: who may open it, how one signs in and out there, and the pages that belong to no one entry."""

from contextlib import suppress
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth import logout, update_session_auth_hash
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from lpg import work
from lpg.accounts import services, sign_in
from lpg.accounts.models import Session, User
from lpg.accounts.selectors import live
from lpg.desk.admin import DeskAdmin
from lpg.desk.forms import show
from lpg.errors import Refused
from lpg.office import approvals, list_views, paper_pages, report_pages, stock_pages
from lpg.office.home import overview
from lpg.office.password import OwnPassword
from lpg.roles import may

SESSION = "sid"  # where the browser's session keeps the number of the sign-in
SEEN_AGAIN_AFTER = timedelta(minutes=5)
FOUND_OF_A_KIND = 6
ONLY_FOR_THE_DESK = (
    "The desk is for supervisors and administrators. Drivers work with the app on the phone; "
    "ask an administrator if your role should be another."
)


class SignInForm(AuthenticationForm):  # type: ignore[misc]  # the theme has no types
    """Name and password, checked and counted as at the API."""

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        username, password = values.get("username"), values.get("password")
        if username and password:
            try:
                self.user_cache = sign_in.check(username=username, password=password)
            except Refused as refused:
                raise forms.ValidationError(refused.detail) from refused
            self.confirm_login_allowed(self.user_cache)
        return values

    def confirm_login_allowed(self, user: User) -> None:
        if not may(user, "desk.open"):
            raise forms.ValidationError(ONLY_FOR_THE_DESK)


class DeskSite(UnfoldAdminSite):  # type: ignore[misc]  # the theme has no types
    login_form = SignInForm
    login_template = "desk/sign_in.html"
    password_change_template = "desk/own_password.html"  # noqa: S105  # a file's name
    index_template = "desk/home.html"
    index_title = "Today"
    enable_nav_sidebar = True

    # --- who may

    def has_permission(self, request: HttpRequest) -> bool:
        """The role may open the desk, and this sign-in has not been ended elsewhere. Asked of the database once."""
        known: dict[str, Any] = vars(request)
        if known.get("desk_user") is not request.user:
            known["desk_user"], known["desk_session"] = request.user, _live_session(request)
        return known["desk_session"] is not None

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Signing in opens a session like any other device's, which can be listed and ended.

        Django has given the browser a new session key by then, so a key known before is worth nothing.
        """
        former = _live_session(request)
        response = cast(HttpResponse, super().login(request, {"title": "Sign in", **(extra_context or {})}))
        if request.method != "POST" or not isinstance(response, HttpResponseRedirect):
            return response
        user, agent, now = cast(User, request.user), request.headers.get("User-Agent", ""), timezone.now()
        lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)

        def effect() -> Session:
            if former:  # one sign-in for one browser
                services.revoke_session(actor=former.user, session_id=former.pk)
            return services.open_session(user=user, user_agent=agent, now=now, lifetime=lifetime)

        try:
            request.session[SESSION] = work.run(effect).pk
        except Refused as refused:  # busy
            logout(request)
            messages.error(request, refused.detail)
            return HttpResponseRedirect(reverse("admin:login"))
        return response

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ends the session too, so that nothing is left of this sign-in."""
        session = _live_session(request)
        if request.method == "POST" and session:
            with suppress(Refused):  # busy: the browser forgets it all the same
                work.run(lambda: services.revoke_session(actor=session.user, session_id=session.pk))
        return cast(HttpResponse, super().logout(request, extra_context))

    # --- pages

    def get_urls(self) -> list[Any]:
        own = (list_views, stock_pages, approvals, report_pages, paper_pages)
        return [address for pages in own for address in pages.urls(self)] + cast(list[Any], super().get_urls())

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if session := vars(request).get("desk_session"):
            _note_use(session)
        context = overview(cast(User, request.user), vars(request).get("desk_session"))
        return cast(HttpResponse, super().index(request, {**context, **(extra_context or {})}))

    @method_decorator(sensitive_post_parameters())
    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One's own password, by the same service as at the API; one's other sign-ins end."""
        user, session = cast(User, request.user), cast(Session, vars(request)["desk_session"])
        form = OwnPassword(user, request.POST or None)
        if request.method == "POST" and form.is_valid():
            new = form.cleaned_data["new_password"]
            try:
                changed = work.run(
                    lambda: services.change_own_password(actor=user, new_password=new, session_id=session.pk)
                )
            except Refused as refused:
                show(form, refused)
            else:
                update_session_auth_hash(request, changed)
                return HttpResponseRedirect(reverse("admin:password_change_done"))
        request.current_app = self.name
        context = {**self.each_context(request), "title": "Change my password", "form": form, **(extra_context or {})}
        return TemplateResponse(request, self.password_change_template, context)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        return cast(HttpResponse, OfThoseInUse.as_view(admin_site=self)(request))

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Ctrl-K: entries by the start of their code or name, out of what one may see, a few of each kind."""
        sought = request.GET.get("s", "").strip().replace("\x00", "")[:100]
        results: list[dict[str, str]] = []
        for model, desk in self._registry.items() if sought else ():
            if isinstance(desk, DeskAdmin) and desk.search_fields and desk.has_view_permission(request):
                rows, _ = desk.get_search_results(request, desk.get_queryset(request), sought)
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
                kind = str(model._meta.verbose_name).capitalize()
                results += [
                    {"title": str(row), "description": kind, "link": reverse(name, args=[row.pk])}
                    for row in rows[:FOUND_OF_A_KIND]
                ]
        return TemplateResponse(request, "desk/found.html", {"results": results, "sought": sought})


class OfThoseInUse(AutocompleteJsonView):
    """What a form offers to choose from as one types."""

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().filter(is_active=True)


def _live_session(request: HttpRequest) -> Session | None:
    """The sign-in that this browser's session belongs to, if it still lets somebody in at the desk."""
    user = request.user
    if not isinstance(user, User) or not user.is_active or not may(user, "desk.open"):
        return None
    number = request.session.get(SESSION)
    if not isinstance(number, int):
        return None
    sessions = Session.objects.filter(user=user, pk=number).select_related("user")
    return live(sessions, timezone.now()).first()


def _note_use(session: Session) -> None:
    now = timezone.now()
    if now - session.last_used_at > SEEN_AGAIN_AFTER:
        with suppress(Refused):  # busy: it is noted next time
            work.run(lambda: services.touch_session(session, now))
