"""The PDF of a document over the API: made when first asked for, then out of the store, and only when it is needed."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from django.utils import timezone

from lpg.invoices import pdfs
from lpg.invoices.models import Invoice
from lpg.paper import store, turns
from tests import make
from tests.papers import documents, due, made_once, the_file
from tests.races import surroundings

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def invoice(shop):
    return documents(shop)[0]


@pytest.fixture
def client(admin):
    return make.a_client(admin)


def address(invoice: Invoice) -> str:
    return f"/api/v1/invoices/{invoice.pk}/pdf/"


@pytest.mark.django_db
def test_it_is_made_when_first_asked_for_and_then_kept(invoice, client):
    first, again = client.get(address(invoice)), client.get(address(invoice))
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert first["Content-Type"] == "application/pdf"
    assert first["Content-Disposition"] == f'inline; filename="{invoice.invoice_number}.pdf"'
    assert first["Cache-Control"] == "private, no-cache"
    assert first["ETag"] == f'"{store.sha256(first.content).hexdigest()}"'
    made_once(invoice)
    told = client.get(f"/api/v1/invoices/{invoice.pk}/").json()["pdf_url"]
    assert told == f"http://testserver{address(invoice)}"
    assert client.get(told).content == first.content
    listed = client.get("/api/v1/invoices/").json()["results"]
    assert [row["pdf_url"] for row in listed] == [told]


@pytest.mark.django_db
def test_who_has_it_already_is_not_sent_it_again(invoice, client, monkeypatch):
    tag = client.get(address(invoice))["ETag"]
    monkeypatch.setattr(store, "fetch", None)  # nor is it read
    size = invoice.pdfs.get().size
    for given in (tag, f'"other", {tag}', "*", f"W/{tag}, {tag}"):
        answer = client.get(address(invoice), headers={"If-None-Match": given})
        assert (answer.status_code, answer.content) == (304, b""), given
        assert (answer["ETag"], answer["Cache-Control"]) == (tag, "private, no-cache")
        assert answer["Content-Length"] == str(size)


@pytest.mark.django_db
def test_who_has_none_or_another_is_sent_it(invoice, client):
    for given in ("*", '"other"'):  # there is none yet when the first one asks
        assert client.get(address(invoice), headers={"If-None-Match": given}).status_code == 200, given
    tag = client.get(address(invoice))["ETag"]
    assert client.get(address(invoice), headers={"If-None-Match": tag.strip('"')}).status_code == 200


@pytest.mark.django_db
def test_a_lost_one_is_drawn_again_for_who_asks(invoice, client):
    first = client.get(address(invoice))
    the_file(first["ETag"].strip('"')).write_bytes(b"%PDF damaged")
    assert client.get(address(invoice)).content == first.content
    made_once(invoice)


@pytest.mark.django_db
def test_who_may_not_see_the_document_does_not_see_its_pdf(invoice, other_driver):
    answer = make.a_client(other_driver).get(address(invoice))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert due(invoice)[0] is not None  # and nothing was made


@pytest.mark.django_db
def test_while_somebody_else_makes_it_one_waits_a_moment_and_no_longer(invoice, client, monkeypatch):
    now = timezone.now()
    pdfs._claimed(invoice.pk, pdfs.IS_DUE, now)
    monkeypatch.setattr(pdfs, "PATIENCE", 0.2)
    answer = client.get(address(invoice))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer["Retry-After"] == "2"
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_when_too_many_are_being_drawn_it_is_busy_and_what_is_stored_is_served(shop, client, monkeypatch):
    kept, wanted = documents(shop, 2)
    assert client.get(address(kept)).status_code == 200
    monkeypatch.setattr(turns, "_queue", threading.BoundedSemaphore(1))
    with turns.turn():
        refused, served = client.get(address(wanted)), client.get(address(kept))
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (503, "busy", "2")
    assert served.status_code == 200
    assert due(wanted)[1] is None  # the next may take it at once
    assert client.get(address(wanted)).status_code == 200


@pytest.mark.django_db
def test_when_the_store_is_away_it_is_busy_in_words_that_tell_nothing_of_our_insides(invoice, client, monkeypatch):
    def away(*given):
        raise OSError("/secret/place is away")

    monkeypatch.setattr(store, "keep", away)
    answer = client.get(address(invoice))
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "busy", "15")
    assert "secret" not in answer.content.decode()


SERVE = """
import sys
import django
django.setup()
from django.conf import settings
from rest_framework.test import APIClient
settings.MEDIA_ROOT, token, kept, wanted = sys.argv[1:]
settings.ALLOWED_HOSTS = ["*"]
import lpg.wsgi
client = APIClient()
client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
for path in ("invoices/", "transactions/", "payments/", f"invoices/{kept}/", f"invoices/{kept}/pdf/"):
    assert client.get(f"/api/v1/{path}").status_code == 200, path
assert client.get("/readyz").status_code == 200
print([name for name in sys.modules if name.split(".")[0] in {"weasyprint", "boto3", "google"}])
assert client.get(f"/api/v1/invoices/{wanted}/pdf/").status_code == 200
print("weasyprint" in sys.modules)
"""


@pytest.mark.django_db(transaction=True)
def test_a_web_process_is_without_weasyprint_until_it_must_draw(shop, client, settings):
    kept, wanted = documents(shop, 2)
    assert client.get(address(kept)).status_code == 200
    token = client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    words = [str(settings.MEDIA_ROOT), token, str(kept.pk), str(wanted.pk)]
    ran = subprocess.run(
        [sys.executable, "-c", SERVE, *words], cwd=ROOT, env=surroundings(), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-2:] == ["[]", "True"]
    assert due(wanted) == (None, None)


FULL = """
import resource, sys
import django
django.setup()
from django.conf import settings
from django.utils import timezone
settings.MEDIA_ROOT = sys.argv[1]
from lpg.invoices import pdfs
from lpg.invoices.models import Invoice
pdfs.print_document(Invoice.objects.get())  # what drawing writes of its own is there
plain = resource.getrlimit(resource.RLIMIT_FSIZE)
draw = pdfs.drawn_and_stored
def full(do):
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, plain[1]))
    try:
        return draw(do)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, plain)
pdfs.drawn_and_stored = full
print(pdfs.render_due(timezone.now()))
"""


@pytest.mark.django_db(transaction=True)
def test_without_room_on_the_disk_nothing_is_half_and_it_is_made_when_there_is(invoice, settings):
    ran = subprocess.run(
        [sys.executable, "-c", FULL, str(settings.MEDIA_ROOT)],
        cwd=ROOT,
        env=surroundings(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (0, "0\n"), ran.stderr
    next_try, why = due(invoice)
    assert why is not None
    assert why.startswith("There is no room left for PDFs.")
    assert not [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert pdfs.render_due(next_try) == 1
    made_once(invoice)
