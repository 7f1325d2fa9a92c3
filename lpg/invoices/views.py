from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg.api.door import Door, Readable
from lpg.api.guard import actor_of
from lpg.api.paper import PDF, Known, a_pdf
from lpg.customers.selectors import customers_seen_by
from lpg.invoices import deliveries, pdfs
from lpg.invoices.models import Invoice
from lpg.invoices.selectors import invoices_seen_by, open_invoices_of, with_lines
from lpg.invoices.serializers import EmailInput, InvoiceQuery, InvoiceRow, OpenInvoiceQuery, OpenInvoiceRow
from lpg.invoices.ubl import DECLARATION, e_invoice

BY_NUMBER = r"[0-9]{1,18}"


class InvoiceDoor(Readable):
    """Documents as they were issued: invoices and credit notes. They are never changed or deleted."""

    tag = "Invoices"
    nouns = ("invoice", "invoices")
    needs = dict.fromkeys(("list", "retrieve", "pdf", "ubl", "email", "retry", "print"), "invoices.read")
    output = InvoiceRow
    bodies = {"email": EmailInput}  # noqa: RUF012
    answers = {"email": (202, InvoiceRow)}  # noqa: RUF012
    queries = {"list": InvoiceQuery}  # noqa: RUF012
    files = {"pdf": (PDF, "%PDF-1.7"), "ubl": ("application/xml", DECLARATION)}  # noqa: RUF012
    may_refuse = ("ubl",)
    lookups = {"since": "issued_on__gte", "until": "issued_on__lt"}  # noqa: RUF012
    searched = ("invoice_number",)
    default_ordering = "-id"

    def rows(self) -> QuerySet[Invoice]:
        return with_lines(invoices_seen_by(actor_of(self.request)))

    @action(detail=True, methods=["get"])
    def pdf(self, request: Request, id: str) -> HttpResponse:
        """The PDF of this document. It never changes; with an `If-None-Match` of its `ETag` the answer is 304.

        Should it not be there yet, it is made now; 503 `busy` when others are being made and a few wait already.
        """
        invoice = self.found(invoices_seen_by(actor_of(request)), id)
        known = pdfs.latest_of(invoice.pk)

        def fetch() -> tuple[str, bytes]:
            paper = pdfs.at_once(invoice.pk)
            return paper.pdf.content_hash, paper.content

        return a_pdf(request, invoice.invoice_number, Known(known.content_hash, known.size) if known else None, fetch)

    @action(detail=True, methods=["get"])
    def ubl(self, request: Request, id: str) -> HttpResponse:
        """The e-invoice. Peppol PINT-SG in UBL 2.1, of the document as it was issued.

        409 `record_incomplete` lists in `missing` what the customer's and the company's records lacked then.
        """
        invoice = self.found(self.rows().select_related("corrects"), id)
        disposition = f'attachment; filename="{invoice.invoice_number}.xml"'
        return HttpResponse(
            e_invoice(invoice), content_type="application/xml", headers={"Content-Disposition": disposition}
        )

    @action(detail=True, methods=["post"])
    def email(self, request: Request, id: str) -> HttpResponse:
        """Let it go by email. To the address given, else to the customer's own of today; a worker sends it in a moment.

        409 `no_address` when there is neither. How it fares stands in `deliveries`.
        """
        return self.write(
            request,
            lambda values: deliveries.email(
                actor=actor_of(request), invoice_id=int(id), to=values["to"], now=timezone.now()
            ),
        )

    @action(detail=True, methods=["post"], url_path=f"deliveries/(?P<delivery>{BY_NUMBER})/retry")
    def retry(self, request: Request, id: str, delivery: str) -> HttpResponse:
        """Try a delivery that has failed again, for another day."""
        return self.write(
            request,
            lambda values: deliveries.retry(
                actor=actor_of(request), invoice_id=int(id), delivery_id=int(delivery), now=timezone.now()
            ),
        )

    @action(detail=True, methods=["post"])
    def print(self, request: Request, id: str) -> HttpResponse:
        """Say that it was printed. `printed_at` keeps the first time."""
        return self.write(
            request,
            lambda values: deliveries.mark_printed(actor=actor_of(request), invoice_id=int(id), now=timezone.now()),
        )


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
