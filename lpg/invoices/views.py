from django.db.models import QuerySet
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.door import Door, Readable
from lpg.api.guard import actor_of
from lpg.customers.selectors import customers_seen_by
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by, open_invoices_of, with_lines
from lpg.invoices.serializers import InvoiceQuery, InvoiceRow, OpenInvoiceQuery, OpenInvoiceRow


class InvoiceDoor(Readable):
    """Documents as they were issued: invoices and credit notes. They are never changed or deleted."""

    tag = "Invoices"
    nouns = ("invoice", "invoices")
    needs = dict.fromkeys(("list", "retrieve"), "invoices.read")
    output = InvoiceRow
    queries = {"list": InvoiceQuery}  # noqa: RUF012
    lookups = {"since": "issued_on__gte", "until": "issued_on__lt"}  # noqa: RUF012
    searched = ("invoice_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Invoice]:
        return with_lines(invoices_seen_by(actor_of(self.request)))


class OpenInvoiceDoor(Door):
    """What a customer has still to pay."""

    tag = "Invoices"
    nouns = ("open invoice", "open invoices")
    needs = {"open_invoices": "invoices.open"}  # noqa: RUF012
    output = OpenInvoiceRow
    queries = {"open_invoices": OpenInvoiceQuery}  # noqa: RUF012

    @action(detail=True, methods=["get"], url_path="open-invoices")
    def open_invoices(self, request: Request, id: str) -> Response:
        """Only number, date and balance: enough for whoever takes the money."""
        customer = self.found(customers_seen_by(actor_of(request)), id)
        return self.page(open_invoices_of(customer.pk))
