"""What the environment says is what the settings are, and when the system refuses to start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.utils.module_loading import import_string

ROOT = Path(__file__).resolve().parent.parent
SECRET = "kJ7w!Qz0mT4vR8yB2nC6xL1pS5dF9gH3aE7uI0oM4tW8rY2qZ6"
PRODUCTION = {
    "DEBUG": "false",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "lpg.example.com",
    "EMAIL_HOST": "smtp.example.com",
}


def start(tmp_path: Path, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in an environment that holds nothing but what is given."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
    kept |= {name: value for name, value in os.environ.items() if name.startswith("COV")}
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *command.split()],
        cwd=ROOT,
        env={**kept, "DATA_DIR": str(tmp_path / "data"), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_deployment_check_is_clean_with_production_settings(tmp_path):
    found = start(tmp_path, "check --deploy --fail-level WARNING", **PRODUCTION)
    assert found.returncode == 0, found.stderr
    assert "no issues (0 silenced)" in found.stdout + found.stderr


def test_the_deployment_check_misses_a_mail_server(tmp_path):
    found = start(tmp_path, "check --deploy", **{**PRODUCTION, "EMAIL_HOST": ""})
    assert found.returncode != 0
    assert "lpg.E002" in found.stderr


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, ["SECRET_KEY", "ALLOWED_HOSTS"]),
        ({"SECRET_KEY": "short", "ALLOWED_HOSTS": "a.example"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "a.example"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": f"django-insecure-{SECRET}", "ALLOWED_HOSTS": "a.example"}, ["SECRET_KEY"]),
        ({"SECRET_KEY": SECRET}, ["ALLOWED_HOSTS"]),
        ({"SECRET_KEY": SECRET, "ALLOWED_HOSTS": "*"}, ["ALLOWED_HOSTS"]),
        ({"SECRET_KEY": SECRET, "ALLOWED_HOSTS": "a.example,*"}, ["ALLOWED_HOSTS"]),
        ({"SECRET_KEY": SECRET, "ALLOWED_HOSTS": " "}, ["ALLOWED_HOSTS"]),
        ({"SECRET_KEY": SECRET, "ALLOWED_HOSTS": "a.example", "DB_ENGINE": "mysql"}, ["DB_PASSWORD"]),
        ({"SECRET_KEY": SECRET, "ALLOWED_HOSTS": "a.example", "DB_ENGINE": "oracle"}, ["DB_ENGINE"]),
    ],
)
def test_production_without_its_secrets_refuses_in_one_sentence_that_says_what_to_set(environment, named, tmp_path):
    found = start(tmp_path, "check", DEBUG="false", **environment)
    assert found.returncode != 0
    assert len(found.stderr.strip().splitlines()) == 1, found.stderr
    assert found.stderr.startswith("HSH LPG cannot start: ")
    for name in ("SECRET_KEY", "ALLOWED_HOSTS", "DB_PASSWORD", "DB_ENGINE"):
        assert (name in found.stderr) is (name in named)
    for secret in environment.values():
        assert len(secret) < 10 or secret not in found.stderr


def said(tmp_path: Path, *names: str, **environment: str) -> dict:
    """Settings as a process with this environment sees them."""
    found = f"{{name: getattr(settings, name) for name in {names!r}}}"
    words = f"import json; from django.conf import settings; print(json.dumps({found}, default=str))"
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"} or name.startswith("COV")}
    found = subprocess.run(
        [sys.executable, "-c", words],
        cwd=ROOT,
        env={**kept, "DJANGO_SETTINGS_MODULE": "lpg.settings", "DATA_DIR": str(tmp_path / "data"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(found.stdout)


def test_a_secret_may_be_in_a_file(tmp_path):
    for name in ("SECRET_KEY", "METRICS_TOKEN", "DB_PASSWORD"):
        (tmp_path / name).write_text(f"{SECRET}{name}")
    files = {f"{name}_FILE": str(tmp_path / name) for name in ("SECRET_KEY", "METRICS_TOKEN", "DB_PASSWORD")}
    found = said(
        tmp_path,
        "SECRET_KEY",
        "METRICS_TOKEN",
        "DATABASES",
        DEBUG="false",
        DB_ENGINE="mysql",
        ALLOWED_HOSTS="a.example",
        **files,
    )
    assert found["SECRET_KEY"] == f"{SECRET}SECRET_KEY"
    assert found["METRICS_TOKEN"] == f"{SECRET}METRICS_TOKEN"
    assert found["DATABASES"]["default"]["PASSWORD"] == f"{SECRET}DB_PASSWORD"


def test_a_first_try_makes_its_own_secret_and_keeps_it(tmp_path):
    first, again = (said(tmp_path, "SECRET_KEY", "DEBUG") for _ in range(2))
    assert first == again
    assert first["DEBUG"] is True
    assert len(first["SECRET_KEY"]) >= 50
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o077 == 0
    assert said(tmp_path / "other", "SECRET_KEY")["SECRET_KEY"] != first["SECRET_KEY"]


def test_production_speaks_https_only_and_says_so_to_browsers(tmp_path):
    found = said(
        tmp_path,
        "SECURE_SSL_REDIRECT",
        "SECURE_HSTS_SECONDS",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        **PRODUCTION,
    )
    assert found == {
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
    }


def test_mail_goes_where_the_owners_names_say(tmp_path):
    found = said(
        tmp_path,
        "MAILERS",
        "DEFAULT_FROM_EMAIL",
        EMAIL_HOST="smtp.example.com",
        EMAIL_PORT="2525",
        EMAIL_USE_TLS="false",
        EMAIL_HOST_USER="",
        EMAIL_HOST_PASSWORD="",
        DEFAULT_FROM_EMAIL="Gas <gas@example.com>",
    )
    mailer = found["MAILERS"]["default"]
    assert mailer["BACKEND"] == "lpg.mail.Smtp"
    options = {name: mailer["OPTIONS"][name] for name in ("host", "port", "use_tls", "username", "password")}
    assert options == {"host": "smtp.example.com", "port": 2525, "use_tls": False, "username": "", "password": ""}
    assert mailer["OPTIONS"]["timeout"] == 20  # in all, see test_mail.py
    assert found["DEFAULT_FROM_EMAIL"] == "Gas <gas@example.com>"
    assert issubclass(import_string(mailer["BACKEND"]), BaseEmailBackend)
    without = said(tmp_path, "MAILERS", "DEFAULT_FROM_EMAIL")
    assert without["MAILERS"] == {
        "default": {"BACKEND": "lpg.mail.Files", "OPTIONS": {"folder": str(tmp_path / "data" / "mail")}}
    }
    assert without["DEFAULT_FROM_EMAIL"] == "HSH LPG <noreply@hshlpg.com.sg>"


@pytest.mark.parametrize("sender", ["nobody", "Gas gas@b.co", "Gas <gas@b.co>, x@y.co", "a@b.co\nX: y", "a@b..co"])
def test_a_sender_that_is_no_address_is_refused_in_a_sentence(sender, tmp_path):
    found = start(tmp_path, "check", DEFAULT_FROM_EMAIL=sender)
    assert found.returncode != 0
    assert len(found.stderr.strip().splitlines()) == 1
    assert "DEFAULT_FROM_EMAIL" in found.stderr


def test_lists_in_the_environment_are_separated_by_commas(tmp_path):
    given = {
        "ALLOWED_HOSTS": "a.example,b.example",
        "CORS_ALLOWED_ORIGINS": "https://a.example,https://b.example",
        "CSRF_TRUSTED_ORIGINS": "https://a.example",
        "TRUSTED_PROXIES": "10.0.0.0/8,127.0.0.1",
    }
    found = said(tmp_path, *given, **given)
    assert found == {name: value.split(",") for name, value in given.items()}
    assert said(tmp_path, *given) == {name: [] for name in given}


def test_a_database_is_named_by_the_owners_names(tmp_path):
    given = {"DB_NAME": "shop", "DB_USER": "u", "DB_PASSWORD": "p", "DB_HOST": "db.example", "DB_PORT": "3307"}
    kept = said(tmp_path, "DATABASES", DB_ENGINE="mysql", **given)["DATABASES"]["default"]
    assert {f"DB_{name}": kept[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")} == given
    assert kept["OPTIONS"]["isolation_level"] == "read committed"
    lite = said(tmp_path, "DATABASES")["DATABASES"]["default"]
    assert lite["NAME"] == str(tmp_path / "data" / "hsh_lpg.sqlite3")


def test_files_are_kept_where_the_store_named_is(tmp_path):
    keys = {
        "AWS_STORAGE_BUCKET_NAME": "papers",
        "AWS_S3_ENDPOINT_URL": "https://s3.example.com",
        "AWS_S3_REGION_NAME": "ap-southeast-1",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY_FILE": str(tmp_path / "secret"),
    }
    (tmp_path / "secret").write_text("key")
    assert said(tmp_path, "STORAGES")["STORAGES"]["default"] == {"BACKEND": "lpg.paper.disk.Disk"}
    for spelled in ("S3", "s3"):
        store = said(tmp_path, "STORAGES", STORAGE_BACKEND=spelled, **keys)["STORAGES"]["default"]
        options = ["papers", "https://s3.example.com", "ap-southeast-1", "id", "key"]
        assert (store["BACKEND"], list(store["OPTIONS"].values())) == ("lpg.paper.s3.S3", options)
    google = said(tmp_path, "STORAGES", STORAGE_BACKEND="GCS", GS_BUCKET_NAME="papers")["STORAGES"]["default"]
    assert google == {"BACKEND": "lpg.paper.gcs.GCS", "OPTIONS": {"bucket_name": "papers"}}
    for chosen in (store, google):
        import_string(chosen["BACKEND"])(**chosen["OPTIONS"])


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"STORAGE_BACKEND": "ftp"}, "STORAGE_BACKEND"),
        ({"STORAGE_BACKEND": "s3"}, "AWS_STORAGE_BUCKET_NAME"),
        ({"STORAGE_BACKEND": "gcs", "AWS_STORAGE_BUCKET_NAME": "papers"}, "GS_BUCKET_NAME"),
    ],
)
def test_a_store_that_cannot_be_is_refused_in_a_sentence(environment, named, tmp_path):
    found = start(tmp_path, "check", **environment)
    assert found.returncode != 0
    assert len(found.stderr.strip().splitlines()) == 1
    assert named in found.stderr


@pytest.mark.parametrize(("backend", "package"), [("s3", "boto3"), ("gcs", "google_crc32c")])
def test_a_store_whose_packages_are_not_there_says_how_to_get_them(backend, package, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['{package}'] = None; import lpg.settings"],
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), "STORAGE_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode != 0
    assert f"bin/setup {backend}" in ran.stderr.splitlines()[-1]
