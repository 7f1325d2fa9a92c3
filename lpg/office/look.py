"""How the desk looks: HSH's name, mark, colours and the way through it, as the theme wants to be told."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy

FLAME = "office/flame.svg"


def _file(path: str) -> Callable[[HttpRequest], str]:
    return lambda request: static(path)


def _who_may(capability: str) -> Callable[[HttpRequest], bool]:
    def permission(request: HttpRequest) -> bool:
        from lpg.desk.admin import allowed  # noqa: PLC0415  # settings are read before there are models

        return allowed(request, capability)

    return permission


def _link(title: str, icon: str, address: str, capability: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(address), "permission": _who_may(capability)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "HSH LPG",
    "SITE_HEADER": "HSH LPG",
    "SITE_SUBHEADER": "Desk",
    "SITE_URL": None,
    "SITE_ICON": _file(FLAME),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _file(FLAME)}],
    "STYLES": [_file("office/desk.css")],
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "base": {
            "50": "#F4F6F8",
            "100": "#EBEFF3",
            "200": "#DCE2E8",
            "300": "#C3CDD6",
            "400": "#9FB0C0",
            "500": "#5B6773",
            "600": "#44515E",
            "700": "#2C3A48",
            "800": "#222E3B",
            "900": "#0E1620",
            "950": "#090F17",
        },
        "primary": {
            "50": "#EFF6FD",
            "100": "#DCEBFA",
            "200": "#BBD9F5",
            "300": "#A3CFF9",
            "400": "#87C1F8",
            "500": "#6CB2F7",
            "600": "#0B5CAD",
            "700": "#094D91",
            "800": "#083E75",
            "900": "#072F59",
            "950": "#051F3C",
        },
        "font": {
            "subtle-light": "#5B6773",
            "subtle-dark": "#9FB0C0",
            "default-light": "#2B3947",
            "default-dark": "#CFD8E0",
            "important-light": "#12202F",
            "important-dark": "#E8EDF2",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": "",
                "items": [
                    {"title": "Today", "icon": "home", "link": reverse_lazy("admin:index")},
                    _link("Sales", "receipt", "admin:transactions_transaction_changelist", "transactions.read"),
                    {
                        **_link("Approvals", "approval", "admin:approvals", "transactions.decide"),
                        "badge": "lpg.office.approvals.how_many_wait",
                        "badge_variant": "warning",
                    },
                    _link("Invoices", "description", "admin:invoices_invoice_changelist", "invoices.read"),
                    _link("Payments", "payments", "admin:payments_payment_changelist", "payments.read"),
                    _link("Ageing", "hourglass_bottom", "admin:reports_ageing", "reports.read"),
                    _link("Reports", "bar_chart", "admin:reports_sales", "reports.read"),
                    _link("Emails", "mail", "admin:invoices_delivery_changelist", "invoices.read"),
                    _link("Day closes", "event_available", "admin:day_close_dayclose_changelist", "day_closes.read"),
                    {
                        **_link("To look at", "flag", "admin:sync_syncexception_changelist", "exceptions.read"),
                        "badge": "lpg.sync.admin.how_many_open",
                        "badge_variant": "warning",
                    },
                    _link("Stock", "inventory_2", "admin:stock", "stock.read"),
                    _link(
                        "Distributions",
                        "swap_horiz",
                        "admin:distribution_distribution_changelist",
                        "distributions.read",
                    ),
                    _link("Counts", "fact_check", "admin:inventory_count_changelist", "stock.read"),
                    _link("Customers", "storefront", "admin:customers_customer_changelist", "customers.read"),
                    _link("Meters", "gas_meter", "admin:meters_meter_changelist", "meters.read"),
                    _link("Equipment", "propane_tank", "admin:equipment_equipment_changelist", "equipment.read"),
                ],
            },
            {
                "title": "Depots & trucks",
                "separator": True,
                "items": [
                    _link("Depots", "warehouse", "admin:depots_depot_changelist", "depots.read"),
                    _link("Trucks", "local_shipping", "admin:depots_vehicle_changelist", "vehicles.read"),
                    _link("Phones", "smartphone", "admin:sync_device_changelist", "devices.read"),
                ],
            },
            {
                "title": "People & audit",
                "separator": True,
                "items": [
                    _link("People", "group", "admin:accounts_user_changelist", "users.read"),
                    _link("Sign-ins", "devices", "admin:accounts_session_changelist", "sessions.read"),
                    _link("Audit log", "history", "admin:audit_auditlog_changelist", "audit.read"),
                    _link("Import & export", "upload_file", "admin:lists", "lists.import"),
                ],
            },
            {
                "title": "For programs",
                "separator": True,
                "items": [
                    {"title": "API, to try", "icon": "api", "link": reverse_lazy("swagger-ui")},
                    {"title": "API, to read", "icon": "menu_book", "link": reverse_lazy("redoc")},
                ],
            },
        ],
    },
}
