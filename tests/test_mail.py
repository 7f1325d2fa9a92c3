"""How mail leaves, against real servers in every mood and onto a real disk."""

import errno
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage, mailers

from lpg import mail
from lpg.mail import AddressRefused, in_words, usable
from tests.mail_server import MailServer
from tests.running import free_port

LIMIT = 1.0  # seconds; twenty in earnest


@pytest.fixture
def server(mail_server):
    return mail_server


def a_mail(to: str = "shop@example.com", number: str = "INV-2026-000001-ab") -> EmailMessage:
    return EmailMessage("Subject", "Text", to=[to], headers={"Message-ID": f"<{number}@example.com>"})


def post(message: EmailMessage | None = None) -> None:
    mailer = mailers.default
    try:
        mailer.open()
        mailer.send_messages([message or a_mail()])
    finally:
        mailer.close()


def fails(settings: Any, configuration: dict[str, Any]) -> tuple[OSError, float]:
    """What it raises, and after how long."""
    settings.MAILERS = configuration
    started = time.monotonic()
    with pytest.raises(OSError) as caught:  # every trouble of the surroundings is one
        post()
    return caught.value, time.monotonic() - started


def test_a_server_that_is_well_takes_the_mail_whole(server, settings):
    settings.MAILERS = server.settings()
    post(a_mail("陈@例え.jp".replace("陈", "chen")))
    (taken,) = server.taken
    assert taken["To"] == "chen@xn--r8jz45g.jp"
    assert taken.get_content().strip() == "Text"
    assert not mail._talking


@pytest.fixture
def certificate(tmp_path) -> Path:
    """Of 127.0.0.1, by nobody but itself; with its key in the same file."""
    path = tmp_path / "own.pem"
    words = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=mail",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    subprocess.run(["openssl", *words, "-keyout", path, "-out", tmp_path / "own"], check=True, capture_output=True)
    path.write_text(path.read_text() + (tmp_path / "own").read_text())
    return path


def test_a_server_that_speaks_tls_from_its_first_word(certificate, settings, monkeypatch):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = MailServer(context)
    try:
        distrusted, _ = fails(settings, server.settings(use_ssl=True))
        assert in_words(distrusted) == "The mail server's certificate is not to be trusted."
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        settings.MAILERS = server.settings(use_ssl=True)
        post()
        assert server.ids == ["<INV-2026-000001-ab@example.com>"]
    finally:
        server.stop()


def test_several_mails_go_over_one_line(server, settings):
    settings.MAILERS = server.settings()
    with mailers.default as mailer:
        assert mailer.send_messages([a_mail(), a_mail("other@example.com")]) == 2
        assert mailer.open() is False
        assert mailer.send_messages([a_mail()]) == 1
        mailer.close()
    mailer.close()  # it is closed already
    assert (len(server.taken), server.calls) == (3, 1)


@pytest.mark.parametrize("mood", ["hang", "dribble", "hold"])
def test_no_server_holds_us_longer_than_the_limit_in_all(mood, server, settings):
    server.mood = mood
    trouble, lasted = fails(settings, server.settings(timeout=LIMIT))
    assert isinstance(trouble, TimeoutError)
    assert LIMIT * 0.9 < lasted < LIMIT + 1
    assert in_words(trouble) == "The mail server did not answer in time."


def test_without_the_cord_a_dribble_lasts_as_long_as_it_likes(server, settings, monkeypatch):
    """The control: a time-out of the socket alone begins anew with each byte."""
    server.mood = "dribble"
    monkeypatch.setattr(mail.Limit, "_watch", lambda self: None)
    threading.Timer(LIMIT * 3, setattr, (server, "mood", "fine")).start()
    _, lasted = fails(settings, server.settings(timeout=LIMIT))  # it greets in the end: 2222…220
    assert lasted > LIMIT * 2.5


@pytest.fixture
def tls_that_hangs() -> Iterator[int]:
    """A server that says it will begin TLS, and then nothing more."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            line, _ = listening.accept()
            with line:
                for said in (b"220 hello\r\n", b"250-mail.test\r\n250 STARTTLS\r\n", b"220 go on\r\n"):
                    line.sendall(said)
                    line.recv(1000)
                while line.recv(1000):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10)


def test_the_limit_holds_while_tls_begins(tls_that_hangs, settings):
    options = {"host": "127.0.0.1", "port": tls_that_hangs, "timeout": LIMIT, "use_tls": True}
    trouble, lasted = fails(settings, {"default": {"BACKEND": "lpg.mail.Smtp", "OPTIONS": options}})
    assert isinstance(trouble, TimeoutError)
    assert lasted < LIMIT + 1


def test_a_name_server_that_never_answers_is_not_waited_for_longer(settings, monkeypatch, server):
    asked = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: asked.wait(20))
    trouble, lasted = fails(settings, server.settings(timeout=LIMIT))
    asked.set()
    assert isinstance(trouble, TimeoutError)
    assert lasted < LIMIT + 1


def test_who_is_told_to_stop_gives_the_server_a_moment_only(server, settings):
    server.mood = "hang"
    threading.Timer(0.5, mail.hurry, (0.2,)).start()
    trouble, lasted = fails(settings, server.settings(timeout=20))
    assert isinstance(trouble, TimeoutError)
    assert lasted < 3


def test_a_farewell_that_is_not_answered_changes_nothing(server, settings, monkeypatch):
    settings.MAILERS = server.settings()
    monkeypatch.setattr(mail, "FAREWELL", 0.2)
    mailer = mailers.default
    mailer.open()
    assert mailer.send_messages([a_mail()]) == 1
    mailer.connection.sock.settimeout(20)
    server.mood = "hang"
    monkeypatch.setattr(mailer.connection, "putcmd", lambda *given: None)  # it never hears of it
    started = time.monotonic()
    mailer.close()
    assert time.monotonic() - started < 2
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("mood", "kind", "words"),
    [
        ("unknown", AddressRefused, "The mail server refuses mail for this address (code 550)."),
        ("later", OSError, "The mail server does not take mail for this address just now (code 450)."),
        ("full", OSError, "The mail server did not take the mail (code 552)."),
        ("drop", OSError, "The mail server broke the conversation off."),
        ("away", OSError, "The mail server sent us away (code 421)."),
    ],
)
def test_what_a_server_says_is_told_in_words_for_people(mood, kind, words, server, settings):
    server.mood = mood
    trouble, _ = fails(settings, server.settings())
    assert isinstance(trouble, kind)
    assert isinstance(trouble, AddressRefused) == (kind is AddressRefused)
    assert in_words(trouble) == words


def test_nobody_at_home_no_such_name_and_no_tls_are_told_too(server, settings, monkeypatch):
    nobody, _ = fails(settings, server.settings(port=free_port()))
    assert in_words(nobody) == "Nobody answers at the mail server's address."
    no_tls, _ = fails(settings, server.settings(use_tls=True))
    assert in_words(no_tls) == "The mail server lacks what the settings ask for. Look at EMAIL_USE_TLS."
    no_login, _ = fails(settings, server.settings(username="a", password="b"))
    assert in_words(no_login) == "The mail server lacks what the settings ask for. Look at EMAIL_USE_TLS."

    def unknown(*given: Any, **more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    no_name, _ = fails(settings, server.settings())
    assert in_words(no_name) == "The mail server's name is not known. Look at EMAIL_HOST."
    assert in_words(OSError(errno.EIO, "secret detail")) == "Mail could not be sent just now."


def test_of_several_addresses_a_dead_one_leaves_time_for_the_others(server, settings, monkeypatch):
    real = socket.getaddrinfo
    dead = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", free_port()))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *given, **more: dead + real(*given, **more))
    settings.MAILERS = server.settings()
    post()
    assert len(server.taken) == 1


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["a@b.co", "Ah.Hock+bill@xn--r8jz45g.jp", "o'neil@例え.jp"])
def test_addresses_that_can_be_used(address):
    assert usable(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@",
        "@b.co",
        "a@b.co, c@d.co",
        "A <a@b.co>",
        "a@b.co\r\nBcc: c@d.co",
        "a@b.co\n",
        "a b@c.co",
        "陈@b.co",
        "a@b.co;c@d.co",
    ],
)
def test_addresses_that_cannot(address):
    assert not usable(address)


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(settings, tmp_path: Path) -> Path:
    settings.MAILERS = {"default": {"BACKEND": "lpg.mail.Files", "OPTIONS": {"folder": str(tmp_path / "mail")}}}
    return tmp_path / "mail"


def test_each_mail_is_a_file_that_names_the_document_and_one_if_it_is_sent_twice(folder):
    for _ in range(2):
        post()
    post(a_mail(number="INV-2026-000002-cd"))
    first, second = sorted(folder.glob("*.eml"))
    assert (first.name, second.name) == ("INV-2026-000001-ab.eml", "INV-2026-000002-cd.eml")
    written = message_from_bytes(first.read_bytes(), policy=default)
    assert (written["To"], written["Message-ID"]) == ("shop@example.com", "<INV-2026-000001-ab@example.com>")


def broken(code: int) -> Callable[..., None]:
    def fsync(file: int) -> None:
        raise OSError(code, "at /secret/path")

    return fsync


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "The disk is full."), (errno.EIO, "Mail could not be sent just now.")]
)
def test_a_disk_that_takes_nothing_leaves_no_part_of_a_mail(code, words, folder, monkeypatch):
    monkeypatch.setattr(os, "fsync", broken(code))
    with pytest.raises(OSError) as caught:
        post()
    assert in_words(caught.value) == words
    assert not list(folder.glob("*.eml"))
    monkeypatch.undo()
    assert not [path for path in folder.rglob("*") if path.is_file()]
