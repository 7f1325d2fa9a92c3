"""Around each request: who asks, what is written down, what a browser may do, and whether the system is well."""

import json
import logging
import re
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.files.storage import default_storage
from django.db import DatabaseError, connection
from django.test import Client

from lpg import middleware, trace
from lpg.accounts.models import Session, SignInFailures
from lpg.audit.models import AuditLog
from lpg.health import PROBE
from tests import make
from tests.bad import is_a_problem


@pytest.fixture
def lines(monkeypatch):
    """What the request log writes, as it is written."""
    stream = StringIO()
    (handler,) = (one for one in logging.getLogger("lpg.requests").handlers if type(one) is logging.StreamHandler)
    monkeypatch.setattr(handler, "stream", stream)
    return lambda: stream.getvalue().splitlines()


def rebuilt(client) -> None:
    """The middleware reads the settings when it is made."""
    client.handler.load_middleware()


# --- The request id ---------------------------------------------------------------------------------------------------


def test_every_answer_carries_a_request_id_and_no_two_the_same(client, db):
    found = [client.get(path)["X-Request-ID"] for path in ("/healthz", "/api/v1/me/", "/api/v1/nothing/", "/admin/")]
    assert len(set(found)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in found)


def test_the_callers_own_id_comes_back_and_stands_in_the_audit_and_the_log(admin, signed_in, lines):
    answer = signed_in(admin).post(
        "/api/v1/depots/", {"code": "N", "name": "N"}, format="json", headers={"X-Request-ID": "truck-7.42_a"}
    )
    assert (answer.status_code, answer["X-Request-ID"]) == (201, "truck-7.42_a")
    assert AuditLog.objects.latest("pk").request_id == "truck-7.42_a"
    assert json.loads(lines()[-1])["request_id"] == "truck-7.42_a"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "a\x1bb", "{}", "<script>", "a;b", "a/b"])
def test_an_id_that_is_not_harmless_is_replaced(given, client, db):
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])


# --- The request log --------------------------------------------------------------------------------------------------


def test_a_request_is_one_line_of_json_that_says_who_what_and_how_long(driver, signed_in, lines):
    signed_in(driver).get("/api/v1/customers/?search=secret-search")
    (line,) = lines()
    found = json.loads(line)
    assert set(found) == {"method", "path", "status", "user", "duration_ms", "address", "request_id"}
    assert (found["method"], found["path"], found["status"]) == ("GET", "/api/v1/customers/", 200)
    assert (found["user"], found["address"]) == ("driver", "127.0.0.1")
    assert 0 < found["duration_ms"] < 10_000


def test_no_query_no_body_and_no_token_is_written_down(driver, signed_in, lines, capsys, caplog):
    client = signed_in(driver)
    token = client._credentials["HTTP_AUTHORIZATION"].split()[1]
    key = {"Idempotency-Key": "secret-key", "Cookie": "x=secret-cookie", "User-Agent": "secret-agent"}
    body = {"username": "driver", "password": "secret-password"}
    client.post("/api/v1/token/?q=secret-query", body, format="json")
    client.post("/api/v1/token/", body, format="json")
    client.post("/api/v1/customers/", {"name": "secret-name"}, format="json", headers=key)
    client.post("/api/v1/token/refresh/", {"refresh": token}, format="json")
    client.get("/api/v1/nothing/?secret-query=1")
    client.get(f"/admin/?token={token}")
    written = "\n".join(lines()) + caplog.text + "".join(capsys.readouterr())
    assert len(lines()) == 6
    assert "secret" not in written
    assert token not in written
    assert token.split(".")[1] not in written


@pytest.mark.parametrize(
    "path", ["/api/v1/%0a%22forged%22:%20true/", "/%0d%0ax", "/%22%5c", "/%ff%fe/", "/%F0%9F%94%A5/", "/%00"]
)
def test_a_nasty_path_is_still_one_line(path, client, db, lines):
    client.get(path)
    (line,) = lines()
    assert json.loads(line)["status"] in {404, 400}
    assert "forged" not in json.loads(line)


def test_refusals_and_mistakes_have_their_line_too(admin, signed_in, lines, monkeypatch):
    client = signed_in(admin)
    client.raise_request_exception = False
    client.get("/api/v1/customers/0/")
    client.get("/healthz", headers={"Host": "evil.example"})
    monkeypatch.setattr("lpg.depots.services.create_depot", lambda **values: 1 / 0)
    client.post("/api/v1/depots/", {"code": "N", "name": "N"}, format="json")
    assert [json.loads(line)["status"] for line in lines()] == [404, 400, 500]


def test_other_log_lines_are_json_with_the_request_id_and_the_exception():
    trace.request_id.set("abc")
    try:
        json.loads("why\nindeed")
    except ValueError:
        record = logging.LogRecord("lpg.x", logging.ERROR, "f", 1, "it %s", ("broke",), sys.exc_info())
    found = json.loads(trace.JsonLines().format(record))
    assert (found["level"], found["logger"], found["message"], found["request_id"]) == (
        "ERROR",
        "lpg.x",
        "it broke",
        "abc",
    )
    assert "JSONDecodeError" in found["exception"]
    plain = logging.LogRecord("lpg.x", logging.INFO, "f", 1, "fine", (), None)
    assert "exception" not in json.loads(trace.JsonLines().format(plain))


# --- Who really asks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trusted", "sender", "forwarded", "believed"),
    [
        ([], "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (["10.0.0.1"], "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (["10.0.0.1"], "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.1"], "10.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.1", "6.6.6.6, 198.51.100.1, 10.2.2.2", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.1", "10.9.9.9", "10.9.9.9"),
        (["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.1"], "10.0.0.1", "2001:db8::7", "2001:db8::7"),
        (["10.0.0.1"], "10.0.0.1", "", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", " , ,", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", "nonsense", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", "é🔥", "10.0.0.1"),
        (["10.0.0.1"], "10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        (["10.0.0.1"], "", "198.51.100.1", ""),
    ],
)
def test_a_forwarded_address_is_believed_from_trusted_proxies_only(
    trusted, sender, forwarded, believed, client, db, settings, lines
):
    settings.TRUSTED_PROXIES = trusted
    rebuilt(client)
    body = json.dumps({"username": "nobody", "password": "nothing"})
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    answer = client.post("/api/v1/token/", body, content_type="application/json", REMOTE_ADDR=sender, **headers)
    assert answer.status_code == 401
    assert json.loads(lines()[-1])["address"] == believed
    assert SignInFailures.objects.filter(subject=f"address:{believed}").exists()


def test_a_session_remembers_the_believed_address_and_the_device(driver, client, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    rebuilt(client)
    body = json.dumps({"username": "driver", "password": make.PASSWORD})
    headers = {"X-Forwarded-For": "198.51.100.1", "User-Agent": "é" * 300}
    assert client.post("/api/v1/token/", body, content_type="application/json", headers=headers).status_code == 200
    session = Session.objects.latest("pk")
    assert (session.address, len(session.user_agent)) == ("198.51.100.1", 200)


@pytest.mark.parametrize(("trusted", "scheme"), [([], "http"), (["127.0.0.1"], "https")])
def test_a_forwarded_scheme_is_believed_from_trusted_proxies_only(trusted, scheme, admin, singgas, settings):
    settings.TRUSTED_PROXIES = trusted
    for _ in range(2):
        make.a_customer(admin, singgas)
    client = make.a_client(admin)
    rebuilt(client)
    page = client.get("/api/v1/customers/?page_size=1", headers={"X-Forwarded-Proto": "https"}).json()
    assert page["next"].startswith(f"{scheme}://testserver")


def test_a_host_that_is_not_ours_is_a_problem_on_every_page(client, db):
    for path in ("/api/v1/me/", "/healthz", "/", "/admin/", "/api/schema/", "/api/v1/nothing/"):
        for host in ("evil.example", "testserver.evil.example", "a b", "testserver:port", "[::1", "é.example"):
            answer = client.get(path, headers={"Host": host})
            assert answer.status_code == 400, (path, host)
            assert is_a_problem(answer)["code"] == "invalid"
            assert host.encode() not in answer.content
            answer = client.get(path, headers={"X-Forwarded-Host": host})
            assert answer.status_code != 400


# --- What a browser may do --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "directives"),
    [
        (
            "/api/v1/me/",
            {
                "default-src 'self'",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            },
        ),
        (
            "/admin/login/",
            {"script-src 'self' 'unsafe-eval'", "style-src 'self' 'unsafe-inline'", "frame-ancestors 'none'"},
        ),
        ("/api/schema/redoc/", {"style-src 'self' 'unsafe-inline'", "worker-src 'self' blob:", "img-src 'self' data:"}),
        ("/api/schema/swagger-ui/", {"default-src 'self'", "img-src 'self' data:"}),
        ("/nothing", {"default-src 'self'"}),
    ],
)
def test_every_page_says_what_it_may_load(path, directives, client, db):
    answer = client.get(path)
    found = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    assert directives <= found
    if not path.startswith("/admin/"):
        assert "unsafe-eval" not in answer["Content-Security-Policy"]
    assert "unsafe-inline" not in "".join(part for part in found if "script" in part)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"


def test_only_listed_origins_may_call_the_api_from_a_browser(client, db, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, idempotency-key"}
    allowed = client.options("/api/v1/customers/", headers={"Origin": "https://app.example.com", **ask})
    assert allowed.status_code == 200
    assert allowed["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert {"authorization", "idempotency-key", "content-type"} <= set(
        allowed["Access-Control-Allow-Headers"].split(", ")
    )
    answer = client.get("/api/v1/me/", headers={"Origin": "https://app.example.com"})
    assert answer["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "retry-after" in answer["Access-Control-Expose-Headers"]
    for origin in ("https://evil.example", "http://app.example.com", "https://app.example.com.evil.example", "null"):
        for refused in (
            client.options("/api/v1/customers/", headers={"Origin": origin, **ask}),
            client.get("/api/v1/me/", headers={"Origin": origin}),
        ):
            assert "Access-Control-Allow-Origin" not in refused
    for path in ("/admin/login/", "/healthz"):
        assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": "https://app.example.com"})
    assert not getattr(configured, "CORS_ALLOW_ALL_ORIGINS", False)
    assert not getattr(configured, "CORS_ALLOW_CREDENTIALS", False)


def test_plain_http_is_redirected_but_for_the_probes(db, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    client = Client()
    moved = client.get("/api/v1/me/")
    assert (moved.status_code, moved["Location"]) == (301, "https://testserver/api/v1/me/")
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200
    answer = client.get("/api/v1/me/", secure=True)
    assert answer.status_code == 401
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"


def test_every_policy_is_reached_by_its_path():
    assert list(middleware.POLICIES)[-1] == "/"
    for start_of_path in middleware.POLICIES:
        first = next(start for start in middleware.POLICIES if start_of_path.startswith(start))
        assert first == start_of_path


# --- Alive, ready, figures --------------------------------------------------------------------------------------------


def test_alive_needs_nothing_at_all(client):
    answer = client.get("/healthz")  # a test that may not touch the database
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_ready_says_what_it_looked_at(client, db):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "ready": True,
        "checks": {"database": True, "migrations": True, "storage": True},
        "oldest_job_seconds": answer.json()["oldest_job_seconds"],
    }
    assert not list(Path(default_storage.location, PROBE).iterdir())


def not_ready(client) -> dict:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert not re.search(r"Error|Traceback|password|/dev|sock", answer.content.decode())
    return answer.json()["checks"]


def test_not_ready_while_the_database_is_away(client, db):
    def away(*args, **kwargs):
        raise DatabaseError(2002, "cannot connect through /var/run/x.sock with password y")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        checks = not_ready(client)
    assert checks == {"database": False, "migrations": False, "storage": True}


@pytest.mark.django_db(transaction=True)
def test_not_ready_while_the_database_takes_no_writes(client):
    lite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only=ON" if lite else "SET SESSION TRANSACTION READ ONLY")
        try:
            checks = not_ready(client)
        finally:
            cursor.execute("PRAGMA query_only=OFF" if lite else "SET SESSION TRANSACTION READ WRITE")
    assert checks["database"] is False


def test_not_ready_while_a_migration_is_missing(client, db):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'worker'")
    assert not_ready(client) == {"database": True, "migrations": False, "storage": True}


def test_not_ready_while_files_cannot_be_kept(client, db, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "a file"
    settings.MEDIA_ROOT.write_text("no folder")
    assert not_ready(client) == {"database": True, "migrations": True, "storage": False}


@pytest.mark.parametrize(
    ("token", "sender", "header", "status"),
    [
        ("", "127.0.0.1", "", 200),
        ("", "::1", "", 200),
        ("", "203.0.113.7", "", 404),
        ("", "203.0.113.7", "Bearer ", 404),
        ("figures", "203.0.113.7", "Bearer figures", 200),
        ("figures", "203.0.113.7", "figures", 200),
        ("figures", "203.0.113.7", "Bearer wrong", 404),
        ("figures", "127.0.0.1", "", 404),
        ("figures", "127.0.0.1", "Bearer é🔥", 404),
    ],
)
def test_figures_are_for_loopback_or_for_who_has_the_token(token, sender, header, status, client, db, settings):
    settings.METRICS_TOKEN = token
    answer = client.get("/metrics", REMOTE_ADDR=sender, HTTP_AUTHORIZATION=header)
    assert answer.status_code == status
    assert (b"lpg_requests_total" in answer.content) is (status == 200)


def test_loopback_cannot_be_claimed_through_a_proxy(client, db, settings):
    answer = client.get("/metrics", REMOTE_ADDR="203.0.113.7", headers={"X-Forwarded-For": "127.0.0.1"})
    assert answer.status_code == 404
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    rebuilt(client)
    answer = client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
    assert answer.status_code == 404


def test_figures_count_by_route_and_no_caller_can_invent_more_of_them(admin, signed_in):
    client = signed_in(admin)
    client.get("/api/v1/customers/1/")
    client.generic("INVENTED", "/api/v1/customers/")
    client.get("/api/v1/invented/")
    figures = client.get("/metrics").content.decode()
    assert 'route="api/v1/customers/' in figures
    assert "INVENTED" not in figures
    assert "invented" not in figures
    assert "lpg_request_seconds_bucket" in figures


def test_figures_of_all_web_processes_are_read_together(client, db, monkeypatch, tmp_path):
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    answer = client.get("/metrics")
    assert (answer.status_code, answer.content) == (200, b"")  # no process has written any yet
