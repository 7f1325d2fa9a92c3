from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminPasswordWidget

from lpg import work
from lpg.accounts import services
from lpg.accounts.models import Session, User
from lpg.accounts.selectors import live, sessions_seen_by, users_seen_by
from lpg.depots.selectors import depots_seen_by, vehicles_seen_by
from lpg.desk import filters, shown
from lpg.desk.admin import DeskAdmin, actor_of
from lpg.desk.forms import DeskForm
from lpg.desk.shown import display
from lpg.errors import Missing, Refused
from lpg.roles import Actor, Role

admin.site.unregister(Group)  # Django's own rights are not used: `lpg.roles` is the one table


class UserForm(DeskForm):
    called: ClassVar[dict[str, str]] = {"password": "new_password"}

    new_password = forms.CharField(
        label="New password",
        required=False,
        strip=False,
        max_length=256,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters, not only digits, and nothing from the name. Left empty, the password stays "
        "as it is; a new one ends all sign-ins of this person.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        password = self.fields.get("new_password")
        if password and not self.instance.pk:
            password.label, password.required = "Password", True
            password.help_text = "At least 10 characters, not only digits, and nothing from the name."

    def clean_username(self) -> str:
        """As the service keeps it: phones write the first letter large."""
        return str(self.cleaned_data["username"]).lower()


@admin.register(User)
class UserAdmin(DeskAdmin):
    about = "users"
    empty = "People are the drivers, supervisors and administrators of HSH."
    form = UserForm
    choices: ClassVar[Any] = {
        "depot": lambda actor: depots_seen_by(actor).order_by("code"),
        "depots": lambda actor: depots_seen_by(actor).order_by("code"),
        "vehicle": lambda actor: vehicles_seen_by(actor).order_by("plate_no"),
    }
    list_display = ("username", "full_name", "employee_id", "role", "depot", "vehicle", "may_sign_in")
    search_fields = ("username", "employee_id", "first_name", "last_name")
    search_help_text = "Start of user name, employee id or name"
    list_filter = (
        filters.pick("role", "role", Role.choices, all_words="All roles"),
        filters.seen("home depot", "depot", depots_seen_by, all_words="All home depots"),
        filters.pick("sign-in", "is_active", [("1", "May sign in"), ("0", "Switched off")], all_words="Everybody"),
    )
    list_select_related = ("depot", "vehicle")
    ordering = ("username",)
    fieldsets = (
        ("Person", {"fields": ("first_name", "last_name", "employee_id", "email")}),
        (
            "Work",
            {
                "fields": ("role", "depot", "depots", "vehicle"),
                "description": "Supervisors and drivers work at their home depot and the further ones. "
                "Administrators see everything.",
            },
        ),
        (
            "Sign-in",
            {
                "fields": ("username", "new_password", "is_active"),
                "description": "Nobody is ever deleted. Who may not sign in any more is out at once, on every device.",
            },
        ),
    )

    @display(description="Name")
    def full_name(self, user: User) -> str:
        return f"{user.first_name} {user.last_name}".strip() or shown.NOTHING

    @display(description="Sign-in", ordering="is_active", label={True: "success", False: "danger"})
    def may_sign_in(self, user: User) -> tuple[bool, str]:
        return user.is_active, "May sign in" if user.is_active else "Switched off"

    @method_decorator(sensitive_post_parameters("new_password"))
    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(*args, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Who may only read has no use for the password."""
        if self.has_change_permission(request, obj):
            return super().get_fieldsets(request, obj)
        person, job, sign_in = self.fieldsets
        return [person, job, (sign_in[0], {**sign_in[1], "fields": ("username", "is_active")})]

    def rows(self, actor: Actor) -> QuerySet[User]:
        return users_seen_by(actor)

    def make(self, actor: Actor, values: Any) -> User:
        return services.create_user(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> User:
        return services.change_user(actor=actor, user_id=id, values=values)


class State(filters.Pick):
    """Unlike the other filters this one begins with one of its values: who is signed in now."""

    title = "state"
    parameter_name = "state"
    all_words = "Signed in now"

    def options(self, request: HttpRequest) -> filters.Options:
        return [("ended", "Ended"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        now = timezone.now()
        if self.value() == "all":
            return queryset
        if self.value() == "ended":
            return queryset.exclude(pk__in=live(Session.objects.all(), now).values("pk"))
        return live(queryset, now)


@admin.register(Session)
class SessionAdmin(DeskAdmin):
    about = "sessions"
    empty = "Every sign-in at the desk, on a phone or by a program stands here."
    list_display = ("user", "device", "address", "since", "last_used", "end_button")
    search_fields = ("user__username",)
    search_help_text = "Start of user name"
    list_filter = (State,)
    list_select_related = ("user",)
    ordering = ("-id",)
    change_form_outer_after_template = "desk/end_sign_in.html"
    fieldsets = (
        ("Who and where", {"fields": ("user", "address", "user_agent")}),
        ("When", {"fields": ("created_at", "last_used_at", "expires_at", "revoked_at")}),
    )

    @display(description="Device")
    def device(self, session: Session) -> str:
        return shown.device(session.user_agent)

    @display(description="Since", ordering="created_at")
    def since(self, session: Session) -> str:
        return shown.moment(session.created_at)

    @display(description="Last used", ordering="last_used_at")
    def last_used(self, session: Session) -> str:
        return shown.moment(session.last_used_at)

    @display(description="State")
    def end_button(self, session: Session) -> str:
        """The list stands in a form of its own; this button sends that form elsewhere."""
        if session.revoked_at:
            return f"Ended {shown.moment(session.revoked_at)}"
        if not is_live(session):
            return "Run out" if session.user.is_active else "Switched off"
        words = f"End the sign-in of {session.user} on {shown.device(session.user_agent)}"
        return format_html(
            '<button class="desk-button desk-danger" formaction="{}" title="{}">End this sign-in</button>',
            self.end_address(session),
            words,
        )

    def rows(self, actor: Actor) -> QuerySet[Session]:
        return sessions_seen_by(actor).select_related("user")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        return [self.own_path("<path:object_id>/end/", self.end, "end"), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        session = context["original"]
        context["end_address"] = self.end_address(session) if is_live(session) else ""
        return super().render_change_form(request, context, *args, **kwargs)

    @staticmethod
    def end_address(session: Session) -> str:
        return reverse("admin:accounts_session_end", args=[session.pk])

    def end(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Throw a device out at once: a lost phone, somebody who left."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        session = self.found(request, object_id)
        try:
            work.run(lambda: services.revoke_session(actor=actor_of(request), session_id=session.pk))
        except Missing as missing:
            raise Http404 from missing
        except Refused as refused:
            self.message_user(request, refused.detail, messages.ERROR)
        else:
            device = shown.device(session.user_agent)
            self.message_user(request, f"The sign-in of {session.user} on {device} has ended.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:accounts_session_changelist"))


def is_live(session: Session) -> bool:
    """As the selector of that name says it of rows."""
    return session.revoked_at is None and session.expires_at > timezone.now() and session.user.is_active
