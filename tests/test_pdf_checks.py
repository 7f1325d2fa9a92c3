"""Verify looks for each PDF in the store and reads what it finds; what is wrong with it is told by its number."""

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from lpg.invoices import checks as of_documents
from lpg.invoices import pdfs
from lpg.invoices.models import Invoice
from lpg.paper import checks, store
from lpg.payments import receipts
from tests.papers import documents, later, the_file
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
DOCUMENTS = "invoices: PDFs are in the store and as they were stored"
RECEIPTS = "payments: receipts are in the store and as they were stored"


@pytest.fixture
def kept(shop):
    """Number and hash of three documents' PDFs."""
    sold = documents(shop, 3)
    assert pdfs.render_due(later(1)) == 3
    return [(one.invoice_number, one.pdfs.get().content_hash) for one in sold]


def test_a_file_that_is_gone_changed_or_cut_short_is_seen(kept):
    assert disagreements() == {}
    (gone, its), (changed, hers), (short, theirs) = kept
    the_file(its).unlink()
    content = the_file(hers).read_bytes()
    the_file(hers).write_bytes(content[:100] + bytes([content[100] ^ 1]) + content[101:])
    the_file(theirs).write_bytes(the_file(theirs).read_bytes()[:-1])
    assert disagreements().keys() == {DOCUMENTS}
    assert set(disagreements()[DOCUMENTS]) == {
        f"{gone}: its PDF is not in the store",
        f"{changed}: its PDF is no longer what was stored",
        f"{short}: its PDF is no longer what was stored",
    }


@pytest.mark.parametrize("why", [None, "There is no room left for PDFs."])
def test_a_document_that_waits_for_more_than_an_hour_is_told_with_the_reason(kept, shop, why, monkeypatch):
    (waits,) = documents(shop)
    Invoice.objects.filter(pk=waits.pk).update(pdf_error=why)
    for minutes, told in ((59, False), (61, True)):
        at = later(60 * minutes)
        monkeypatch.setattr(of_documents.timezone, "now", lambda at=at: at)
        words = f"{waits} has had no PDF for more than an hour: {why or 'no worker has come to it'}"
        assert disagreements() == ({"invoices: PDFs are made within the hour": [words]} if told else {})
        monkeypatch.undo()


def test_receipts_are_looked_for_too(shop):
    payment = shop.pay("15.00")
    the_file(receipts.ensure(payment.pk, now=timezone.now()).pdf.content_hash).unlink()
    assert disagreements() == {RECEIPTS: [f"{payment}: its PDF is not in the store"]}


def test_when_there_is_no_time_to_read_all_of_them_each_is_still_looked_for(kept, monkeypatch):
    monkeypatch.setattr(checks, "READING", -1.0)
    (gone, its), (_, changed), _ = kept
    the_file(its).unlink()
    the_file(changed).write_bytes(b"%PDF another")
    assert disagreements() == {DOCUMENTS: [f"{gone}: its PDF is not in the store"]}


def test_it_goes_round_once_from_wherever_it_begins(kept, monkeypatch):
    monkeypatch.setattr(checks, "CHUNK", 1)
    read: list[str] = []
    fetch = store.fetch
    monkeypatch.setattr(store, "fetch", lambda content_hash: read.append(content_hash) or fetch(content_hash))
    firsts = set()
    for last in range(3):
        monkeypatch.setattr(checks.random, "randint", lambda low, high, last=last: high - last)
        assert checks.lost_pdfs("invoices_invoicepdf", "invoice_id", "invoices_invoice.invoice_number") == []
        assert sorted(read) == sorted(content_hash for _, content_hash in kept)
        firsts.add(read[0])
        read.clear()
    assert len(firsts) == 3


def test_only_the_first_that_are_lost_are_told(kept, monkeypatch):
    monkeypatch.setattr(checks, "SHOWN", 2)
    for _, content_hash in kept:
        the_file(content_hash).unlink()
    assert len(disagreements()[DOCUMENTS]) == 2


def test_a_store_that_is_away_is_told_and_no_pdf_is_said_to_be_lost(kept, monkeypatch):
    def away(folder):
        raise PermissionError("/a/place")

    monkeypatch.setattr(default_storage, "listdir", away)
    assert disagreements() == {name: ["the store of PDFs cannot be asked"] for name in (DOCUMENTS, RECEIPTS)}
