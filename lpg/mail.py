"""How mail leaves: by SMTP, in a conversation that ends when its time is over, or as files in a folder."""

import errno
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from email.headerregistry import AddressHeader
from email.message import EmailMessage as Written
from email.policy import SMTP as AS_SENT
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.files.base import ContentFile
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

from lpg.paper.disk import Disk

WELCOME = 220
FAREWELL = 2.0  # seconds for a polite end, when all is said
REFUSED_FOR_GOOD = range(500, 600)  # codes
_talking: set["Limit"] = set()


def usable(address: str) -> bool:
    """Whether mail can be addressed so, and nothing else slips into a header with it."""
    parsed = AddressHeader.value_parser(address)
    boxes = parsed.all_mailboxes
    plain = len(boxes) == 1 and not boxes[0].display_name and not parsed.all_defects
    return bool(plain and boxes[0].domain and boxes[0].local_part.isascii() and not set(address) & set("\r\n"))


def hurry(seconds: float) -> None:
    """Whoever talks to a mail server in this process has at most so much time left."""
    for limit in list(_talking):
        limit.shorten(seconds)


class AddressRefused(OSError):
    """The mail server will not take mail for this address, today or tomorrow. The words are for people."""


class Limit:
    """The time that a conversation has, in all: then the line is cut, whatever anybody is waiting for.

    Time-outs of a socket do not do that. They begin anew with each byte.
    """

    def __init__(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds
        self.cord: socket.socket | None = None
        self.cut = False
        self._over = threading.Event()
        _talking.add(self)
        threading.Thread(target=self._watch, name="mail-limit", daemon=True).start()

    @property
    def left(self) -> float:
        return max(0.0, self.until - time.monotonic())

    def shorten(self, seconds: float) -> None:
        self.until = min(self.until, time.monotonic() + seconds)

    def over(self) -> None:
        """The conversation has ended by itself."""
        self._over.set()
        _talking.discard(self)

    def _watch(self) -> None:
        while not self._over.wait(min(0.25, self.left)):
            if not self.left:
                self.cut = True
                if self.cord:
                    with suppress(OSError):  # it is gone already
                        self.cord.shutdown(socket.SHUT_RDWR)
                    return
                self._over.wait(0.25)


class Conversation(smtplib.SMTP):
    """One with a mail server, within a limit; safe from its first word when there is a context for TLS."""

    def __init__(self, limit: Limit, safe: ssl.SSLContext | None) -> None:
        self.limit, self.safe = limit, safe
        super().__init__(local_hostname="localhost")  # asking for the real one may take long, and nobody needs it

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._host = host  # whose certificate it has to be
        addresses = _looked_up(host, port, self.limit.left)
        last: OSError = TimeoutError()
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            line = socket.socket(family, kind, protocol)
            line.settimeout(max(0.1, self.limit.left / (len(addresses) - number)))
            try:
                line.connect(address)
            except OSError as error:
                line.close()
                last = error
                continue
            line.settimeout(max(0.1, self.limit.left))
            self.limit.cord = line.dup()  # still the same line when TLS has taken the socket over
            name = socket.gethostname()
            self.local_hostname = name if "." in name else f"[{line.getsockname()[0]}]"
            return self.safe.wrap_socket(line, server_hostname=host) if self.safe else line
        raise last

    def close(self) -> None:
        super().close()
        if self.limit.cord:
            self.limit.cord.close()


def _looked_up(host: str, port: int, seconds: float) -> list[Any]:
    """The addresses of a host, in time. Asking cannot be broken off, so that is left to a thread."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error)

    asking = threading.Thread(target=ask, name="mail-lookup", daemon=True)
    asking.start()
    asking.join(seconds)
    if not found:
        raise TimeoutError
    if isinstance(found[0], OSError):
        raise found[0]
    return list(found[0])


class Smtp(EmailBackend):
    """Django's, but `timeout` is what opening and sending take together at most.

    Raises AddressRefused, else OSError; TimeoutError when the time was over.
    """

    timeout: float
    _limit: Limit

    def open(self) -> bool:
        if self.connection:
            return False
        self._limit = Limit(self.timeout)
        self.connection = Conversation(self._limit, self.ssl_context if self.use_ssl else None)
        with self._in_time(self._limit):
            code, words = self.connection.connect(self.host, self.port)
            if code != WELCOME:
                raise smtplib.SMTPConnectError(code, words)
            if self.use_tls:
                self.connection.starttls(context=self.ssl_context)
            if self.username and self.password:
                self.connection.login(self.username, self.password)
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        with self._in_time(self._limit):
            try:
                return super().send_messages(email_messages)
            except smtplib.SMTPRecipientsRefused as refusal:
                code = next(iter(refusal.recipients.values()))[0]
                if code in REFUSED_FOR_GOOD:
                    raise AddressRefused(f"The mail server refuses mail for this address (code {code}).") from refusal
                raise

    def close(self) -> None:
        if self.connection is None:
            return
        self._limit.shorten(FAREWELL)
        with suppress(OSError):  # all that matters has been said
            self.connection.quit()
        self.connection.close()
        self.connection = None
        self._limit.over()

    @staticmethod
    @contextmanager
    def _in_time(limit: Limit) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if limit.cut:
                raise TimeoutError from error
            raise


class Files(BaseEmailBackend):
    """Each mail is a file in `folder`, named after its Message-ID: whole or not at all, and one if it is sent twice."""

    def __init__(self, *, folder: str, **options: Any) -> None:
        super().__init__(**options)
        self.disk = Disk(location=folder)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Raises OSError when it cannot be kept."""
        for message in email_messages:
            written: Written = message.message(policy=AS_SENT)
            name = str(written["Message-ID"]).strip("<>").partition("@")[0]
            self.disk.save(f"{name}.eml", ContentFile(written.as_bytes()))
        return len(email_messages)


@register(Tags.mail, deploy=True)
def really_leaves(**options: Any) -> list[CheckMessage]:
    """An error when a system in production would keep its mail to itself."""
    if settings.MAILERS["default"]["BACKEND"] != f"{Files.__module__}.{Files.__qualname__}":
        return []
    return [
        Error("Mail is kept as files and reaches nobody.", hint="Set EMAIL_HOST to the mail server.", id="lpg.E002")
    ]


def in_words(error: OSError) -> str:
    """What went wrong, for people; never the error's own text."""
    if isinstance(error, AddressRefused):
        return str(error)
    code = getattr(error, "smtp_code", None)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
    words = next((said for kind, said in SAID if isinstance(error, kind)), "Mail could not be sent just now.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        words = "The disk is full."
    return words if code is None else f"{words[:-1]} (code {code})."


SAID: tuple[tuple[type[OSError], str], ...] = (  # the first that fits
    (TimeoutError, "The mail server did not answer in time."),
    (ConnectionRefusedError, "Nobody answers at the mail server's address."),
    (socket.gaierror, "The mail server's name is not known. Look at EMAIL_HOST."),
    (ssl.SSLCertVerificationError, "The mail server's certificate is not to be trusted."),
    (ssl.SSLError, "The mail server could not agree on a safe line. Look at EMAIL_PORT, EMAIL_USE_TLS, EMAIL_USE_SSL."),
    (smtplib.SMTPAuthenticationError, "The mail server refuses our sign-in. Look at EMAIL_HOST_USER."),
    (smtplib.SMTPNotSupportedError, "The mail server lacks what the settings ask for. Look at EMAIL_USE_TLS."),
    (smtplib.SMTPSenderRefused, "The mail server refuses our own address. Look at DEFAULT_FROM_EMAIL."),
    (smtplib.SMTPRecipientsRefused, "The mail server does not take mail for this address just now."),
    (smtplib.SMTPDataError, "The mail server did not take the mail."),
    (smtplib.SMTPResponseException, "The mail server sent us away."),
    (smtplib.SMTPException, "The mail server broke the conversation off."),
    (ConnectionError, "The mail server broke the conversation off."),
)
