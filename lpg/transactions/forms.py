"""What is asked before a sale is voided."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

from lpg.desk.forms import PlainForm

APPROVALS = "approvals"  # the page that somebody decided from, and goes back to


class WhyVoided(PlainForm):
    reason = forms.CharField(
        label="Reason",
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="It stands in the books and on the credit note.",
    )
