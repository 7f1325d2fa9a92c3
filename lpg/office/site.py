"""The desk: who may open it, and how one signs in there."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from lpg.accounts import sign_in
from lpg.accounts.models import Session, User
from lpg.accounts.selectors import live
from lpg.errors import Refused
from lpg.roles import may

SESSION = "sid"


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


class DeskSite(UnfoldAdminSite):  # type: ignore[misc]  # the theme has no types
    login_form = SignInForm
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """The role may open the desk, and this sign-in has not been ended elsewhere."""
        user = request.user
        if not isinstance(user, User) or not user.is_active or not may(user, "desk.open"):
            return False
        sessions = Session.objects.filter(user=user, pk=request.session.get(SESSION, 0))
        return live(sessions, timezone.now()).exists()
