"""What the tests of PDFs share: a shop with documents that wait for theirs, and what is kept of them."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from lpg.invoices.models import Invoice, InvoicePdf
from lpg.paper import store
from tests.sales import Shop, delivered


def documents(shop: Shop, how_many: int = 1, *, paid: str = "") -> list[Invoice]:
    """Just sold; nobody has made their PDFs."""
    thing = shop.thing("20.0000")
    sales = [shop.sell(delivered(thing, number + 1), paid=paid) for number in range(how_many)]
    return [sale.invoice for sale in sales if sale.invoice]


def files() -> list[str]:
    """All that is in the store, by the hash in its name; what never arrived counts too."""
    there = Path(settings.MEDIA_ROOT)
    return sorted(path.stem for path in there.rglob("*") if path.is_file())


def the_file(content_hash: str) -> Path:
    return Path(settings.MEDIA_ROOT) / store.name_of(content_hash)


def versions(invoice: Invoice) -> list[tuple[int, str]]:
    rows = InvoicePdf.objects.filter(invoice=invoice.pk).order_by("version")
    return list(rows.values_list("version", "content_hash"))


def due(invoice: Invoice) -> tuple[datetime | None, str | None]:
    invoice.refresh_from_db(fields=["pdf_due_at", "pdf_error"])
    return invoice.pdf_due_at, invoice.pdf_error


def made_once(invoice: Invoice) -> None:
    """One version, one file, and nothing is due."""
    ((version, content_hash),) = versions(invoice)
    assert version == 1
    assert store.fetch(content_hash) is not None
    assert files() == [content_hash]
    assert due(invoice) == (None, None)


def later(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)
