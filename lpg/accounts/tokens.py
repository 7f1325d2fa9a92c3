"""JSON web tokens: the one place that knows simplejwt.

A token carries the number of its session and nothing else that is believed; every request looks the session up together
with its user, so that revoking either is felt at once. Refresh tokens are not rotated: a refresh can be repeated and
raced, and a lost answer signs nobody out.
"""

import time
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.tokens import RefreshToken, Token

from lpg.accounts.models import Session, User
from lpg.accounts.selectors import signed_in

SESSION = "sid"


def issue(session: Session) -> dict[str, str]:
    """The two tokens of a session."""
    refresh = RefreshToken()
    refresh.set_exp(from_time=session.created_at, lifetime=session.expires_at - session.created_at)
    refresh[SESSION] = session.pk
    return {"access": str(refresh.access_token), "refresh": str(refresh)}


def refreshed(refresh: str) -> tuple[str, Session]:
    """A new access token, and the live session it belongs to. Raises InvalidToken."""
    token = _read(refresh)
    return str(token.access_token), _live_session(token)


def session_of(refresh: str) -> Session:
    """The session of a refresh token, whether it still lives or not. Raises InvalidToken."""
    session = Session.objects.select_related("user").filter(pk=_read(refresh).get(SESSION)).first()
    if session is None:
        raise InvalidToken
    return session


class Ended(NamedTuple):
    """What `request.auth` is of somebody who is no longer let in."""

    session_id: int
    ended_at: datetime


class SessionAuthentication(JWTAuthentication):
    """Bearer tokens of live sessions of active users. `request.auth` is the session.

    Where the door takes what those have recorded who were switched off, or their device was, it is `Ended` for them:
    then the door takes, and gives nothing. Signature and person are genuine in any case.
    """

    def authenticate(self, request: Request) -> tuple[User, Any] | None:  # type: ignore[override]  # theirs gives a token
        header = self.get_header(request)
        raw = None if header is None else self.get_raw_token(header)
        if raw is None:
            return None
        try:
            session = _live_session(self.get_validated_token(raw))
        except AuthenticationFailed:
            takes_ended = getattr(request.parser_context.get("view"), "takes_ended", False)
            off = _switched_off(raw) if takes_ended and request.method == "POST" else None
            if off is None:
                raise
            device_off = off.device.switched_off_at if off.device else None
            return off.user, Ended(off.pk, device_off or off.revoked_at or off.expires_at)
        return session.user, session

    def get_validated_token(self, raw_token: bytes) -> Token:
        """The token, its signature checked once in each process and its end each time."""
        token = _genuine(raw_token)
        if token["exp"] > time.time():
            return token
        return super().get_validated_token(raw_token)  # refuses it


@lru_cache(maxsize=1_000)
def _genuine(raw: bytes) -> Token:
    """The access token of these bytes, which stays as genuine as it was. Raises InvalidToken, and keeps none then."""
    return JWTAuthentication().get_validated_token(raw)


def _switched_off(raw: bytes) -> Session | None:
    """The session of a genuine access token, however old, whose user or device was switched off."""
    try:
        found = jwt.decode(
            raw,
            token_backend.get_verifying_key(raw),  # type: ignore[arg-type]  # it takes bytes, its annotation says Token
            algorithms=[token_backend.algorithm],
            options={"verify_exp": False},
        )
    except jwt.PyJWTError:
        return None
    number = found.get(SESSION) if found.get("token_type") == "access" else None
    if not isinstance(number, int):
        return None
    session = Session.objects.select_related("user__vehicle", "device").filter(pk=number).first()
    off = session and (not session.user.is_active or (session.device and session.device.switched_off_at))
    return session if off else None


def _read(refresh: str) -> RefreshToken:
    try:
        return RefreshToken(refresh)  # type: ignore[arg-type]  # it takes text, its annotation says Token
    except TokenError as error:
        raise InvalidToken from error


def _live_session(token: Token) -> Session:
    number: Any = token.get(SESSION)
    session = None
    if isinstance(number, int):
        session = signed_in(number, timezone.now())
    if session is None:
        raise InvalidToken
    return session
