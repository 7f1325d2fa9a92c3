"""Calls to the server: JSON both ways, and only three ways to fail."""

import gzip
import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

UNAUTHORIZED = 401
FIRST_ERROR = 400
FIRST_FAILURE = 500  # of the server: not an answer to what was asked
BUSY = {429, 503}


class NotReached(Exception):
    """No answer, or none that says anything: whether it was done is not known. Ask again, later."""

    def __init__(self, words: str, retry_after: float = 0.0):
        super().__init__(words)
        self.retry_after = retry_after


class SignInNeeded(Exception):
    """The server does not know this sign-in any more. What is recorded stays recorded; sign in to send it."""


class Refused(Exception):
    """The server has judged and said no."""

    def __init__(self, status: int, problem: dict[str, Any]):
        super().__init__(problem.get("detail") or f"refused with {status}")
        self.status = status
        self.code = str(problem.get("code", ""))
        self.problem = problem


@dataclass
class Api:
    """The address of the server, and the tokens of one sign-in."""

    url: str
    timeout: float = 30.0
    access: str = ""
    refresh: str = ""
    _parts: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._parts = urlsplit(self.url.rstrip("/"))

    def sign_in(self, username: str, password: str) -> None:
        """Raises NotReached, Refused."""
        tokens = self._call("POST", "token/", {"username": username, "password": password}, "")
        self.access, self.refresh = tokens["access"], tokens["refresh"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """What the server answers; with a new access token where the old one has run out.

        Raises NotReached, SignInNeeded, Refused.
        """
        try:
            return self._call(method, path, body, self.access)
        except Refused as refused:
            if refused.status != UNAUTHORIZED:
                raise
        try:
            self.access = self._call("POST", "token/refresh/", {"refresh": self.refresh}, "")["access"]
            return self._call(method, path, body, self.access)
        except Refused as refused:
            if refused.status in {FIRST_ERROR, UNAUTHORIZED}:
                raise SignInNeeded(str(refused)) from refused
            raise

    def _call(self, method: str, path: str, body: Any, token: str) -> Any:
        headers = {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=self.timeout)
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, f"{self._parts.path}/{path}", content, headers)
            answer = connection.getresponse()
            raw = answer.read()
            if answer.getheader("Content-Encoding") == "gzip":
                raw = gzip.decompress(raw)
            said = json.loads(raw) if raw else None
        except (OSError, http.client.HTTPException, ValueError, EOFError) as error:
            raise NotReached(f"no whole answer from {self.url}: {type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status >= FIRST_FAILURE or answer.status in BUSY:
            wait = answer.getheader("Retry-After") or "0"
            raise NotReached(f"the server is busy or failing ({answer.status})", float(wait) if wait.isdigit() else 0.0)
        if answer.status >= FIRST_ERROR:
            raise Refused(answer.status, said if isinstance(said, dict) else {})
        return said
