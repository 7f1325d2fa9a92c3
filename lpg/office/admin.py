"""The audit log at the desk. Here and not in `lpg.audit`, because the desk's own pages read from there."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.paginator import InfinitePaginator

from lpg.accounts.selectors import users_seen_by
from lpg.audit.models import AuditLog
from lpg.audit.selectors import audit_seen_by
from lpg.depots.selectors import depots_with
from lpg.desk import changes, filters, shown
from lpg.desk.admin import DeskAdmin, DeskList
from lpg.desk.shown import display
from lpg.roles import Actor

DONE = {
    "CREATE": "Added",
    "UPDATE": "Changed",
    "CONFIRM": "Confirmed",
    "APPROVE": "Approved",
    "CANCEL": "Cancelled",
    "VOID": "Voided",
    "REMOVE": "Removed",
    "CREATE_SESSION": "Signed in",
    "REVOKE_SESSION": "Ended a sign-in",
    "CHANGE_PASSWORD": "Changed a password",
}


class Done(filters.Pick):
    title = "action"
    parameter_name = "action"
    all_words = "All actions"

    def options(self, request: HttpRequest) -> filters.Options:
        return list(DONE.items())

    def narrowed(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if "_" in value:
            return rows.filter(action=value)
        return rows.filter(action__startswith=f"{value}_").exclude(action__in=[one for one in DONE if "_" in one])


class Kind(filters.Pick):
    title = "what"
    parameter_name = "entity_type"
    all_words = "Everything"

    def options(self, request: HttpRequest) -> filters.Options:
        return changes.entity_options()


class AuditList(DeskList):
    """A page of the log with each row in words, the names in them looked up once."""

    result_list: list[AuditLog]

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        for entry in changes.read(self.result_list):
            vars(entry.row)["entry"] = entry  # for the columns below


@admin.register(AuditLog)
class AuditAdmin(DeskAdmin):
    about = "audit"
    empty = "Whatever is changed leaves a row here. Nobody can change or delete one."
    paginator = InfinitePaginator  # the log is never counted: it only grows
    list_display = ("shown_time", "who", "shown_action", "shown_entity", "shown_fields", "depot")
    list_filter = (
        Done,
        Kind,
        filters.seen("who", "user", lambda actor: users_seen_by(actor).order_by("username"), all_words="Everybody"),
        filters.seen("depot", "depot", lambda actor: depots_with(actor, "audit.read"), all_words="All depots"),
        filters.Days,
    )
    list_select_related = ("depot",)
    ordering = ("-id",)
    sortable_by = ()

    @display(description="When")
    def shown_time(self, row: AuditLog) -> str:
        return shown.moment(row.created_at)

    @display(description="Who")
    def who(self, row: AuditLog) -> str:
        return row.user_name

    @display(description="What")
    def shown_action(self, row: Any) -> str:
        return str(row.entry.action)

    @display(description="Of what")
    def shown_entity(self, row: Any) -> str:
        return str(row.entry.entity)

    @display(description="Fields")
    def shown_fields(self, row: Any) -> str:
        return shown.NOTHING if row.entry.is_new else row.entry.fields or shown.NOTHING

    def rows(self, actor: Actor) -> QuerySet[AuditLog]:
        return audit_seen_by(actor)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[DeskList]:
        return AuditList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A page to read: what changed, from what to what, and the ids to copy."""
        if request.method not in {"GET", "HEAD"} or object_id is None:
            raise PermissionDenied
        row = self.found(request, object_id)
        entry = changes.read([row])[0]
        return self.page(request, "desk/audit_row.html", entry.action, row=row, entry=entry)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """A row of the log has no history: it is the history."""
        return self.changeform_view(request, object_id)
