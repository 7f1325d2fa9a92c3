"""A PDF is made once and kept as it is; a lost one is drawn again; what fails is tried again, and says why."""

import errno
import random
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest
from django.utils import timezone

from lpg.audit.models import AuditLog
from lpg.invoices import papers, pdfs
from lpg.invoices.models import Invoice, InvoicePdf
from lpg.paper import render, store
from lpg.paper.keeping import BeingMade, CannotBeMade
from tests.papers import documents, due, files, later, made_once, the_file, versions
from tests.stock import disagreements

pytestmark = pytest.mark.django_db
ANYWAY = "generated_at <= %s"  # whatever anybody else is at


@pytest.fixture
def invoice(shop):
    return documents(shop)[0]


@pytest.fixture
def other_template(settings, tmp_path):
    """The owner changes how documents look."""

    def changed() -> None:
        folder = tmp_path / "templates"
        folder.mkdir()
        style = (render.OUR_TEMPLATES / "paper.css").read_text()
        (folder / "paper.css").write_text(f"{style}\nbody {{ color: #123 }}\n")
        settings.TEMPLATE_DIR = str(folder)

    return changed


def told(action: str) -> list[AuditLog]:
    return list(AuditLog.objects.filter(action=action, entity_type="InvoicePdf").order_by("pk"))


def make(invoice: Invoice) -> pdfs.Paper[InvoicePdf]:
    return pdfs.ensure(invoice.pk, now=timezone.now())


def test_it_is_made_kept_and_told_once(invoice, singgas):
    paper = make(invoice)
    assert paper.content.startswith(b"%PDF-")
    made_once(invoice)
    pdf = paper.pdf
    assert (pdf.version, pdf.size, str(pdf)) == (1, len(paper.content), pdf.content_hash)
    assert pdf.renderer.startswith("WeasyPrint ")
    (row,) = told("CREATE_INVOICE_PDF")
    assert (row.user, row.user_name, row.entity_id, row.depot) == (None, "system", pdf.pk, singgas)
    assert row.payload["before"] is None
    assert row.payload["after"]["content_hash"] == pdf.content_hash
    assert make(invoice) == paper
    assert len(told("CREATE_INVOICE_PDF")) == 1
    assert pdfs.latest_of(invoice.pk) == pdf
    assert disagreements() == {}


def test_the_worker_makes_what_is_due_the_oldest_first(shop):
    first, second, third = documents(shop, 3)
    Invoice.objects.filter(pk=third.pk).update(pdf_due_at=timezone.now() - timedelta(hours=1))
    Invoice.objects.filter(pk=second.pk).update(pdf_due_at=later(60))
    now = timezone.now()
    assert pdfs.render_due(now, 1) == 1
    assert [len(versions(one)) for one in (first, second, third)] == [0, 0, 1]
    assert pdfs.render_due(now) == 1
    assert pdfs.render_due(now) == 0
    assert [len(versions(one)) for one in (first, second, third)] == [1, 0, 1]
    assert pdfs.render_due(later(61)) == 1
    assert len(files()) == 3


def test_what_somebody_is_making_is_left_to_them_until_their_lease_ends(invoice, monkeypatch):
    now = timezone.now()
    pdfs._claimed(invoice.pk, pdfs.IS_DUE, now)  # and then they die
    monkeypatch.setattr(pdfs, "PATIENCE", 0.2)
    assert pdfs.render_due(now + timedelta(seconds=59)) == 0
    with pytest.raises(BeingMade) as refused:
        pdfs.at_once(invoice.pk)
    assert (refused.value.status, refused.value.code, refused.value.retry_after) == (503, "busy", 2)
    assert files() == []
    assert pdfs.render_due(now + timedelta(seconds=60)) == 1
    made_once(invoice)


def test_what_another_worker_has_taken_meanwhile_is_passed_over(shop, monkeypatch):
    first, second, third = documents(shop, 3)

    def draw(document):
        if document.pk == first.pk:
            pdfs._claimed(second.pk, pdfs.IS_DUE, timezone.now())  # by the other one
        return papers.print_document(document)

    monkeypatch.setattr(pdfs, "print_document", draw)
    assert pdfs.render_due(timezone.now()) == 2
    assert [len(versions(one)) for one in (first, second, third)] == [1, 0, 1]


def test_whoever_comes_too_late_takes_what_the_other_made(invoice, monkeypatch):
    """A lease ran out, both have drawn: the second finds the first's row."""
    draw = pdfs.print_document
    drawn, quicker = [], []

    def slow(document):
        made = draw(document)
        drawn.append(made)
        if len(drawn) == 1:
            quicker.append(pdfs._make(invoice.pk, ANYWAY, timezone.now()))
        return made

    monkeypatch.setattr(pdfs, "print_document", slow)
    assert make(invoice).pdf == quicker[0].pdf
    made_once(invoice)
    assert len(told("CREATE_INVOICE_PDF")) == 1


def test_whoever_comes_too_late_with_another_does_not_take_its_place(invoice, monkeypatch):
    draw = pdfs.print_document
    others = []

    def slow(document):
        made = draw(document)
        if not others:
            others.append(
                made._replace(content=b"%PDF another", content_hash=store.sha256(b"%PDF another").hexdigest())
            )
            pdfs._make(invoice.pk, ANYWAY, timezone.now())
            return others[0]
        return made

    monkeypatch.setattr(pdfs, "print_document", slow)
    with pytest.raises(BeingMade):
        make(invoice)
    assert [version for version, _ in versions(invoice)] == [1]
    assert versions(invoice)[0][1] != others[0].content_hash


@pytest.mark.parametrize("harm", ["deleted", "damaged", "cut short"])
def test_a_lost_file_that_comes_out_the_same_is_put_back(invoice, harm, caplog):
    paper = make(invoice)
    file = the_file(paper.pdf.content_hash)
    if harm == "deleted":
        file.unlink()
    else:
        file.write_bytes(paper.content[:-7] + (b"" if harm == "cut short" else b"another"))
    assert make(invoice) == paper
    made_once(invoice)
    assert not told("UPDATE_INVOICE_PDF")
    assert "the same to the byte" in caplog.text
    assert disagreements() == {}


def test_a_lost_file_that_comes_out_otherwise_is_a_new_version(invoice, other_template):
    first = make(invoice).pdf
    other_template()
    assert make(invoice).pdf == first  # a stored PDF is never replaced
    the_file(first.content_hash).unlink()
    second = make(invoice)
    assert second.pdf.content_hash != first.content_hash
    assert versions(invoice) == [(1, first.content_hash), (2, second.pdf.content_hash)]
    (row,) = told("UPDATE_INVOICE_PDF")
    assert row.entity_id == second.pdf.pk
    assert row.payload["before"]["content_hash"] == first.content_hash
    assert row.payload["after"]["content_hash"] == second.pdf.content_hash
    assert make(invoice) == second
    words = f"{invoice}: its PDF was lost and came out otherwise; version 2 is in force"
    assert disagreements() == {"invoices: PDFs have one version": [words]}


def test_a_lost_file_is_found_again_after_whoever_drew_it_has_died(invoice, monkeypatch):
    pdf = make(invoice).pdf
    the_file(pdf.content_hash).unlink()
    with monkeypatch.context() as patched:
        patched.setattr(pdfs, "_kept", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            make(invoice)
    assert due(invoice)[0] is not None
    assert pdfs.render_due(later(61)) == 1
    made_once(invoice)


FAILURES = [
    (OSError(errno.ENOSPC, "No space left on device"), "There is no room left for PDFs."),
    (OSError("the S3 store: EndpointConnectionError"), "The store for PDFs cannot be reached or written."),
    (render.NotRendered("The template document.html cannot be used: x"), "The template document.html cannot be used"),
    (KeyError("held"), "This PDF cannot be drawn: its template fails."),
    (render.NotRendered("x" * 500), "x" * 200),
]


@pytest.mark.parametrize(("trouble", "words"), FAILURES, ids=lambda value: type(value).__name__)
def test_what_fails_says_why_and_is_tried_again_ever_more_seldom(invoice, trouble, words, monkeypatch):
    issued = invoice.generated_at
    monkeypatch.setattr(random, "uniform", lambda low, high: (low, high) == (0.9, 1.1) and 1.0)
    with monkeypatch.context() as patched:
        patched.setattr(pdfs, "time", SimpleNamespace(monotonic=lambda: 0.0))  # however slow the machine is

        def fails(content, content_hash):
            raise trouble

        patched.setattr(store, "keep", fails)
        waits, at = [], issued
        for _ in range(12):
            assert pdfs.render_due(at) == 0
            next_try, why = due(invoice)
            assert why
            assert why.startswith(words)
            waits.append(round((next_try - at).total_seconds()))
            assert pdfs.render_due(next_try - timedelta(seconds=1)) == 0
            assert due(invoice) == (next_try, why)  # it was not tried
            at = next_try + timedelta(seconds=1)
    assert waits[0] == 15
    assert all(later <= 2 * earlier + 3 for earlier, later in pairwise(waits))
    assert waits == sorted(waits)
    assert waits[-1] == 30 * 60
    assert versions(invoice) == []
    assert pdfs.render_due(at) == 1
    made_once(invoice)


def test_whoever_asks_need_not_wait_for_the_next_try(invoice, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(store, "keep", lambda *given: (_ for _ in ()).throw(OSError("away")))
        with pytest.raises(CannotBeMade) as refused:
            make(invoice)
    assert (refused.value.status, refused.value.code) == (503, "busy")
    assert "away" not in refused.value.detail
    assert due(invoice)[1] is not None
    make(invoice)
    made_once(invoice)


def test_who_tries_again_what_failed_has_it_to_themselves(invoice, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(store, "keep", lambda *given: (_ for _ in ()).throw(OSError("away")))
        assert pdfs.render_due(timezone.now()) == 0
    pdfs._claimed(invoice.pk, pdfs.IS_FREE, timezone.now())
    assert due(invoice)[1] is None
    with pytest.raises(BeingMade):
        make(invoice)


def test_a_store_that_is_away_is_tried_with_one_document_and_a_bad_document_stops_no_other(shop, monkeypatch):
    bad, *rest = documents(shop, 3)
    tried = []

    def draw(document):
        tried.append(document.pk)
        if document.pk == bad.pk:
            raise render.NotRendered("no")
        return papers.print_document(document)

    monkeypatch.setattr(pdfs, "print_document", draw)
    with monkeypatch.context() as patched:
        patched.setattr(store, "keep", lambda *given: (_ for _ in ()).throw(OSError("away")))
        assert pdfs.render_due(timezone.now()) == 0
    assert tried == [bad.pk, rest[0].pk]
    assert pdfs.render_due(later(20)) == 2
    assert [len(versions(one)) for one in (bad, *rest)] == [0, 1, 1]


def test_a_store_that_cannot_be_asked_makes_no_new_version(invoice, monkeypatch):
    make(invoice)
    with monkeypatch.context() as patched:
        patched.setattr(store, "fetch", lambda content_hash: (_ for _ in ()).throw(OSError("away")))
        with pytest.raises(CannotBeMade):
            make(invoice)
        assert due(invoice) == (None, None)
    made_once(invoice)
