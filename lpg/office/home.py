"""The first page of the desk, opened each morning: what was sold and taken, what is where, waits and happened."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from lpg.accounts.models import Session, User
from lpg.accounts.selectors import live, sessions_seen_by, users_seen_by
from lpg.audit.selectors import audit_seen_by
from lpg.customers.selectors import customers_seen_by
from lpg.day_close.models import DayClose
from lpg.day_close.selectors import day_closes_seen_by
from lpg.depots.models import Depot
from lpg.depots.selectors import depots_with, vehicles_seen_by
from lpg.desk import changes, shown
from lpg.distribution.models import Distribution
from lpg.distribution.selectors import distributions_seen_by
from lpg.equipment.selectors import equipment_seen_by
from lpg.inventory.models import Count
from lpg.inventory.selectors import places_seen_by
from lpg.invoices.models import Delivery
from lpg.invoices.selectors import deliveries_seen_by
from lpg.office import figures
from lpg.office.approvals import waiting
from lpg.roles import may
from lpg.sync.exceptions import exceptions_seen_by
from lpg.sync.models import SyncException

LATEST = 10
SIGNED_IN = 8


def overview(user: User, session: Session | None) -> dict[str, Any]:
    """What the page shows, in a number of queries that does not grow with the data."""
    now = timezone.now()
    sessions = live(sessions_seen_by(user), now).select_related("user").order_by("-last_used_at", "-id")
    newest = list(sessions[: SIGNED_IN + 1])
    depots = list(depots_with(user, "reports.read"))
    latest = audit_seen_by(user).filter(user__isnull=False)  # what people did; papers and emails have their own lists
    return {
        "hello": user.first_name or user.username,
        "role": user.get_role_display(),
        "own_depots": [str(depot) for depot in depots],
        "cards": _cards(user),
        "waiting": _waiting(user),
        "sign_ins": [
            {
                "session": one,
                "device": shown.device(one.user_agent),
                "here": session is not None and one.pk == session.pk,
            }
            for one in newest[:SIGNED_IN]
        ],
        "more_sign_ins": len(newest) > SIGNED_IN,
        "latest": changes.read(latest.select_related("depot").order_by("-id")[:LATEST]),
        "to_do": _to_do(user),
        **_figures(depots, now),
    }


def _figures(depots: list[Depot], now: datetime) -> dict[str, Any]:
    today = timezone.localdate(now)
    return {
        "day": today,
        "sales": figures.sales_today(depots, now, today),
        "taken": figures.taken_today(depots, today),
        "cylinders": figures.cylinders_by_place(depots),
        "overdue": figures.overdue(depots, today),
    }


def _cards(user: User) -> list[dict[str, Any]]:
    counted: list[tuple[str, str, str, str, QuerySet[Any]]] = [
        ("Customers", "storefront", "customers_customer", "customers", customers_seen_by(user)),
        ("Equipment", "propane_tank", "equipment_equipment", "equipment", equipment_seen_by(user)),
        ("Trucks", "local_shipping", "depots_vehicle", "vehicles", vehicles_seen_by(user)),
        ("People", "group", "accounts_user", "users", users_seen_by(user)),
    ]
    return [
        {
            "title": title,
            "icon": icon,
            "count": rows.filter(is_active=True).count(),
            "link": reverse(f"admin:{name}_changelist"),
            "add": reverse(f"admin:{name}_add") if may(user, f"{about}.write") else "",
        }
        for title, icon, name, about, rows in counted
        if may(user, f"{about}.read")
    ]


def _waiting(user: User) -> list[dict[str, Any]]:
    """What somebody must decide."""
    distributions = reverse("admin:distribution_distribution_changelist")
    counts = reverse("admin:inventory_count_changelist")
    counted: list[tuple[str, str, str, str, QuerySet[Any]]] = [
        ("Sales to approve", "approval", reverse("admin:approvals"), "transactions.decide", waiting(user)),
        (
            "Distributions pending",
            "swap_horiz",
            f"{distributions}?status=PENDING",
            "distributions.read",
            distributions_seen_by(user).filter(status=Distribution.Status.PENDING),
        ),
        (
            "Counts waiting",
            "fact_check",
            f"{counts}?status=PENDING",
            "stock.read",
            Count.objects.filter(place__in=places_seen_by(user), status=Count.Status.PENDING),
        ),
        (
            "Day closes waiting",
            "event_available",
            f"{reverse('admin:day_close_dayclose_changelist')}?status=PENDING",
            "day_closes.read",
            day_closes_seen_by(user).filter(status=DayClose.Status.PENDING),
        ),
        (
            "Phones: to look at",
            "flag",
            reverse("admin:sync_syncexception_changelist"),
            "exceptions.read",
            exceptions_seen_by(user).filter(state=SyncException.State.OPEN),
        ),
        (
            "Emails that failed",
            "mark_email_unread",
            figures.address("invoices_delivery_changelist", state="failed"),
            "invoices.read",
            deliveries_seen_by(user).filter(state=Delivery.State.FAILED),
        ),
    ]
    return [
        {"title": title, "icon": icon, "count": rows.count(), "link": link}
        for title, icon, link, capability, rows in counted
        if may(user, capability)
    ]


def _to_do(user: User) -> list[dict[str, str]]:
    """Links to what one most often comes for."""
    wanted = [
        ("payments.write", "Record payment", "payments", "admin:payments_payment_add"),
        ("distributions.write", "Add distribution", "swap_horiz", "admin:distribution_distribution_add"),
        ("stock.write", "Move stock", "inventory_2", "admin:stock_move"),
        ("customers.write", "Add customer", "person_add", "admin:customers_customer_add"),
        ("users.write", "Add person", "badge", "admin:accounts_user_add"),
        ("vehicles.write", "Add truck", "local_shipping", "admin:depots_vehicle_add"),
        ("audit.read", "See what happened", "history", "admin:audit_auditlog_changelist"),
        ("me", "Change my password", "key", "admin:password_change"),
    ]
    return [
        {"title": title, "icon": icon, "link": reverse(name)}
        for capability, title, icon, name in wanted
        if may(user, capability)
    ]
