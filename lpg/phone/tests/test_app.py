"""The phone's app as it is served: each file as it has to be kept, and one page for every other address."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from lpg.phone.management.commands.phone_schema import marked, used_schema
from tests.running import ROOT

pytestmark = pytest.mark.django_db  # closing an answer looks after the connections
PAGE = "<!doctype html><title>app</title>"


@pytest.fixture
def app(settings, tmp_path: Path) -> Path:
    """A build of it."""
    (tmp_path / "assets").mkdir()
    for name, content in {
        "index.html": PAGE,
        "sw.js": "self",
        "manifest.webmanifest": "{}",
        "assets/index-a1b2.js": "go()" * 500,
    }.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "assets" / "index-a1b2.js.gz").write_bytes(gzip.compress(b"go()" * 500))
    settings.PHONE_APP = tmp_path
    return tmp_path


@pytest.fixture
def get(client):
    """Asks, and closes what it was answered."""
    answers = []

    def ask(address: str, **options: Any):
        answers.append(client.get(address, **options))
        return answers[-1]

    yield ask
    for answer in answers:
        answer.close()


def content(response) -> str:
    return b"".join(response).decode()


@pytest.mark.parametrize(
    "address", ["/app/", "/app/outbox", "/app/customers/7/sale", "/app/..%2F..%2Fmanage.py", "/app//"]
)
def test_every_address_that_is_no_file_is_the_page(get, app, address):
    response = get(address)
    assert (response.status_code, content(response)) == (200, PAGE)
    assert response["Content-Type"].startswith("text/html")
    assert response["Cache-Control"] == "no-cache", "an update arrives with the next start"


def test_hashed_files_are_kept_for_ever_and_come_compressed(get, app):
    response = get("/app/assets/index-a1b2.js", headers={"Accept-Encoding": "gzip"})
    assert "immutable" in response["Cache-Control"]
    assert response["Content-Encoding"] == "gzip"
    assert gzip.decompress(b"".join(response)) == b"go()" * 500


def test_a_hashed_file_of_an_older_build_is_not_the_page(get, app):
    assert get("/app/assets/index-0000.js").status_code == 404


@pytest.mark.parametrize(
    ("address", "type"),
    [("/app/sw.js", "text/javascript"), ("/app/manifest.webmanifest", "application/manifest+json")],
)
def test_what_brings_updates_is_asked_for_anew(get, app, address, type):
    response = get(address)
    assert response["Content-Type"].split(";")[0] == type
    assert response["Cache-Control"] == "no-cache"
    again = get(address, headers={"If-None-Match": response["ETag"]})
    assert again.status_code == 304


def test_the_page_may_load_nothing_from_elsewhere_and_nothing_inline(get, app):
    policy = get("/app/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "data:" not in policy
    assert "Access-Control-Allow-Origin" not in get("/app/")


def test_it_is_only_read(client, app):
    assert client.post("/app/").status_code == 405
    assert client.head("/app/").status_code == 200


def test_the_address_without_a_slash_leads_there(get, app):
    assert get("/app").headers["Location"] == "/app/"


def test_without_a_build_it_says_how_to_get_one(get, settings, tmp_path):
    settings.PHONE_APP = tmp_path / "nothing"
    response = get("/app/")
    assert response.status_code == 503
    assert "Node 20" in response.content.decode()
    assert "make run" in response.content.decode()


def test_a_build_shows_at_once(get, settings, tmp_path):
    settings.PHONE_APP = tmp_path / "dist"
    assert get("/app/").status_code == 503
    settings.PHONE_APP.mkdir()
    (settings.PHONE_APP / "index.html").write_text(PAGE)
    assert content(get("/app/")) == PAGE


def test_the_types_of_the_phone_are_those_of_the_schema():
    there = (ROOT / "web" / "src" / "api" / "schema.d.ts").read_text().partition("\n")[0]
    assert there == marked(used_schema()), "the API has changed: make schema"


def test_the_schema_names_all_that_it_refers_to():
    schema = used_schema()
    named = set(re.findall(r"#/components/schemas/(\w+)", str(schema)))
    assert named == set(schema["components"]["schemas"])
    assert {"SaleInputRequest", "PullRow", "CompanyRow"} <= named


def test_what_was_made_from_the_schema_is_marked_with_it(capsys, tmp_path):
    call_command("phone_schema")
    assert json.loads(capsys.readouterr().out) == used_schema()
    made = tmp_path / "schema.d.ts"
    made.write_text("export {}\n")
    call_command("phone_schema", mark=made)
    assert made.read_text() == f"{marked(used_schema())}\nexport {{}}\n"
