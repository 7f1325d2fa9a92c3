"""Every address. The API stands under /api/v1/ and, the same, under /api/."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.defaults import bad_request, page_not_found, permission_denied, server_error
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from lpg import health, problems
from lpg.accounts.views import MeDoor, SessionDoor, TokenDoor, UserDoor
from lpg.audit.views import AuditDoor
from lpg.customers.views import CustomerDoor
from lpg.depots.views import DepotDoor, VehicleDoor
from lpg.distribution.views import DistributionDoor
from lpg.equipment.views import EquipmentDoor
from lpg.errors import Missing
from lpg.integrity.views import IntegrityDoor
from lpg.inventory.report_views import CylindersDoor
from lpg.inventory.views import CountDoor, InventoryDoor, MovementDoor
from lpg.invoices.report_views import SalesDoor
from lpg.invoices.views import InvoiceDoor, OpenInvoiceDoor
from lpg.meters.views import CustomerMeterDoor, MeterDoor
from lpg.payments.report_views import AgeingDoor, TakingsDoor
from lpg.payments.statement_views import StatementDoor
from lpg.payments.views import CreditDoor, PaymentDoor
from lpg.phone.views import app
from lpg.sync.push_views import ExceptionDoor, PushDoor, RetryDoor
from lpg.sync.views import DayCloseDoor, DeviceDoor, PullDoor
from lpg.transactions.views import CustomerCreditDoor, TransactionDoor


@csrf_exempt
def no_such_address(request: HttpRequest) -> HttpResponse:
    words = "There is no such address. Addresses end with a slash; they are listed at /api/schema/swagger-ui/."
    return problems.of(Missing(words))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.of(Missing()) if problems.is_api(request) else page_not_found(request, exception)


def mistake(request: HttpRequest) -> HttpResponse:
    return problems.mistake() if problems.is_api(request) else server_error(request)


def malformed(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.handle(exception, {}) if problems.is_api(request) else bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problems.handle(exception, {}) if problems.is_api(request) else permission_denied(request, exception)


handler400, handler403, handler404, handler500 = malformed, forbidden, not_found, mistake

router = SimpleRouter()  # the tags' order: that of the daily work
router.register("token", TokenDoor, basename="token")
router.register("me", MeDoor, basename="me")
router.register("sessions", SessionDoor, basename="sessions")
router.register("transactions", TransactionDoor, basename="transactions")
router.register("invoices", InvoiceDoor, basename="invoices")
router.register("invoices", CreditDoor, basename="invoice-credit")
router.register("payments", PaymentDoor, basename="payments")
router.register("distributions", DistributionDoor, basename="distributions")
router.register("inventories/movements", MovementDoor, basename="movements")
router.register("inventories/counts", CountDoor, basename="counts")
router.register("inventories", InventoryDoor, basename="inventories")
router.register("customers", CustomerDoor, basename="customers")
router.register("customers", CustomerMeterDoor, basename="customer-meters")
router.register("customers", OpenInvoiceDoor, basename="customer-invoices")
router.register("customers", CustomerCreditDoor, basename="customer-credit")
router.register("meters", MeterDoor, basename="meters")
router.register("customers", StatementDoor, basename="customer-statements")
router.register("reports/ageing", AgeingDoor, basename="ageing")
router.register("reports/sales", SalesDoor, basename="sales")
router.register("reports/takings", TakingsDoor, basename="takings")
router.register("reports/cylinders", CylindersDoor, basename="cylinders")
router.register("day-closes", DayCloseDoor, basename="day-closes")
router.register("sync/push", PushDoor, basename="sync-push")
router.register("sync/exceptions", ExceptionDoor, basename="sync-exceptions")
router.register("sync/exceptions", RetryDoor, basename="sync-exception-retry")
router.register("sync/pull", PullDoor, basename="sync-pull")
router.register("sync/devices", DeviceDoor, basename="sync-devices")
router.register("equipment", EquipmentDoor, basename="equipment")
router.register("depots", DepotDoor, basename="depots")
router.register("vehicles", VehicleDoor, basename="vehicles")
router.register("users", UserDoor, basename="users")
router.register("audit", AuditDoor, basename="audit")
router.register("integrity", IntegrityDoor, basename="integrity")

READ = ["get", "head"]
schema = [
    path("", SpectacularJSONAPIView.as_view(http_method_names=READ), name="schema"),
    path(
        "swagger-ui/",
        SpectacularSwaggerSplitView.as_view(
            url_name="schema", template_name="office/swagger_ui.html", http_method_names=READ
        ),
        name="swagger-ui",
    ),
    path(
        "redoc/",
        SpectacularRedocView.as_view(url_name="schema", template_name="office/redoc.html", http_method_names=READ),
        name="redoc",
    ),
]

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("favicon.ico", RedirectView.as_view(url=static("office/flame.svg")), name="favicon"),
    path("admin/", admin.site.urls),
    re_path("^app/(?P<path>.*)$", app, name="app"),
    path("api/schema/", include(schema)),
    re_path("^api/(?!v1/)", include(router.urls)),
    path("api/v1/", include(router.urls)),  # last, so that links are made with the canonical spelling
    re_path("^api/", no_such_address, name="api-no-such-address"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
