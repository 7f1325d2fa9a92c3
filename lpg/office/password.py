"""Changing one's own password at the desk."""

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminPasswordWidget

from lpg.accounts import sign_in
from lpg.accounts.models import User
from lpg.desk.forms import PlainForm
from lpg.errors import Refused


class OwnPassword(PlainForm):
    """The current password is counted as at the sign-in when it is wrong; the new one the service judges."""

    current_password = forms.CharField(
        label="Current password",
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password", "autofocus": True}),
    )
    new_password = forms.CharField(
        label="New password",
        strip=False,
        max_length=256,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters, not only digits, and nothing from your name.",
    )
    again = forms.CharField(
        label="New password, again",
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, data: Any = None):
        super().__init__(data)
        self.user = user

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "new_password" in values and "again" in values and values["new_password"] != values["again"]:
            self.add_error("again", "This is not the same as above. Write the new password twice.")
        if not self.errors:
            self._check_current(values["current_password"])
        return values

    def _check_current(self, password: str) -> None:
        try:
            sign_in.check(username=self.user.username, password=password)
        except sign_in.WrongPassword:
            self.add_error("current_password", "This is not your current password.")
        except Refused as refused:
            self.add_error(None, refused.detail)
