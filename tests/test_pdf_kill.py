"""Whoever makes PDFs may be killed at any instant, and any number may make one at once: one version, one file."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.utils import IntegrityError
from django.utils import timezone

from lpg.invoices import pdfs
from lpg.invoices.models import Invoice, InvoicePdf
from lpg.paper.keeping import BeingMade
from tests.papers import documents, due, files, later, made_once, versions
from tests.races import surroundings, together
from tests.stock import disagreements

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parent.parent

# A worker that is killed as soon as it comes to a point: before or after what stands there is done.
WORKER = """
import os, pkgutil, signal, sys
import django
django.setup()
from django.conf import settings
from django.utils import timezone
settings.MEDIA_ROOT = sys.argv[1]
place, when = sys.argv[2].split("/")
module, name = place.rsplit(".", 1)
from lpg.invoices import pdfs
owner = pkgutil.resolve_name(module)
done = getattr(owner, name)
def killed(*given, **more):
    if when == "after":
        done(*given, **more)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, name, killed)
pdfs.render_due(timezone.now())
"""
POINTS = {  # where, and how many files there are then
    "lpg.invoices.pdfs._claimed/before": 0,
    "lpg.invoices.pdfs._claimed/after": 0,
    "lpg.invoices.pdfs.print_document/after": 0,
    "lpg.paper.disk._sweep/after": 0,
    "pathlib.Path.replace/before": 1,  # it has arrived, and has no name yet
    "lpg.paper.store.keep/after": 1,
    "lpg.invoices.pdfs._settle/after": 1,
    "lpg.invoices.pdfs.add_version/after": 1,
    "lpg.audit.services.record/after": 1,
    "lpg.invoices.pdfs._kept/after": 1,
}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", *words]
    return subprocess.run(
        command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_anywhere_leaves_nothing_half_and_another_takes_it_up(shop, point):
    (invoice,) = documents(shop)
    killed = run(WORKER, str(settings.MEDIA_ROOT), point)
    assert killed.returncode == -9, killed.stderr
    assert versions(invoice) == []
    assert len(files()) == POINTS[point]
    assert due(invoice)[0] is not None
    assert disagreements() == {}
    left = [Path(file).unlink() for file in (Path(settings.MEDIA_ROOT) / "arriving").glob("*")]
    assert len(left) == (point == "pathlib.Path.replace/before")  # an hour later it would be swept
    assert pdfs.render_due(later(61)) == 1
    made_once(invoice)
    assert disagreements() == {}


def drawn_by(invoice: Invoice) -> str:
    """What one of many gets who ask at once."""
    while True:
        try:
            return pdfs.ensure(invoice.pk, now=timezone.now()).pdf.content_hash
        except BeingMade:
            continue


def test_eight_at_once_make_one_version_and_all_get_it(shop, monkeypatch):
    (invoice,) = documents(shop)
    draw, drawn = pdfs.print_document, []
    monkeypatch.setattr(pdfs, "print_document", lambda document: drawn.append(1) or draw(document))
    results = together(*[partial(drawn_by, invoice)] * 8)
    ((_, content_hash),) = versions(invoice)
    assert {result for result in results if not isinstance(result, Exception)} == {content_hash}
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(getattr(result, "code", "") == "busy" for result in refused), refused  # more than may wait in a process
    assert len(drawn) == 1
    made_once(invoice)


def test_without_claim_and_turn_all_of_them_would_draw(shop, monkeypatch):
    """The positive control: the unit of work alone still lets only one row in."""
    (invoice,) = documents(shop)
    draw, drawn = pdfs.print_document, []
    monkeypatch.setattr(pdfs, "print_document", lambda document: drawn.append(1) or draw(document))
    monkeypatch.setattr(pdfs, "_claimed", lambda invoice_id, free, now: now)
    monkeypatch.setattr(pdfs, "turn", lambda: connection.execute_wrapper(lambda run, *given: run(*given)))
    results = together(*[partial(drawn_by, invoice)] * 8)
    assert not [result for result in results if isinstance(result, Exception)]
    assert len(drawn) > 1
    made_once(invoice)


def test_the_database_itself_lets_no_version_in_twice(shop):
    (invoice,) = documents(shop)
    pdf = pdfs.ensure(invoice.pk, now=timezone.now()).pdf
    values = {**InvoicePdf.objects.filter(pk=pdf.pk).values().get(), "id": None}
    with pytest.raises(IntegrityError):
        InvoicePdf.objects.create(**values)


ENSURE = """
import sys
import django
django.setup()
from django.conf import settings
from django.utils import timezone
from lpg.invoices import pdfs
settings.MEDIA_ROOT = sys.argv[1]
print(pdfs.at_once(int(sys.argv[2])).pdf.content_hash if len(sys.argv) > 2 else pdfs.render_due(timezone.now()))
"""


def test_processes_at_once_make_each_document_once(shop):
    sold = documents(shop, 6)
    asked = [[str(settings.MEDIA_ROOT)]] * 2 + [[str(settings.MEDIA_ROOT), str(sold[0].pk)]] * 2
    command = [sys.executable, "-c", ENSURE]
    running = [
        subprocess.Popen(command + words, cwd=ROOT, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for words in asked
    ]
    said = [process.communicate(timeout=60) for process in running]
    assert [process.returncode for process in running] == [0] * 4, said
    made = [out.decode().strip() for out, _ in said]
    assert made[2] == made[3] == versions(sold[0])[0][1]
    assert 5 <= int(made[0]) + int(made[1]) <= 6
    assert [[number for number, _ in versions(one)] for one in sold] == [[1]] * 6
    assert len(files()) == 6
    assert disagreements() == {}
