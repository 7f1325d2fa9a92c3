"""Signing in, for the API and the desk alike: who it is, and how long one has to wait after too many mistakes.

The count lives in the database, so it holds whatever process answers. It is a door of its own: a failure must stay
counted although the sign-in is refused.
"""

import hashlib
from datetime import datetime, timedelta

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils import timezone

from lpg import trace, work
from lpg.accounts import services
from lpg.accounts.models import Session, SignInFailures, User
from lpg.errors import Refused

FORGOTTEN_AFTER = timedelta(hours=1)
FREE_BY_NAME, LONGEST_BY_NAME = 5, 300
FREE_BY_ADDRESS, LONGEST_BY_ADDRESS = 30, 60


class WrongPassword(Refused):
    """The same answer for an unknown name, a wrong password and somebody switched off."""

    status = 401
    code = "not_authenticated"
    title = "Not signed in"


class Throttled(Refused):
    """Too many mistakes for this name or from this address."""

    status = 429
    code = "throttled"
    title = "Too many attempts"


def sign_in(*, username: str, password: str, user_agent: str) -> Session:
    """A new session. Raises WrongPassword, or Throttled after too many mistakes."""
    user = check(username=username, password=password)
    return work.run(lambda: services.open_session(user=user, user_agent=user_agent, now=timezone.now()))


def check(*, username: str, password: str) -> User:
    """The user whose name and password these are. Raises WrongPassword, or Throttled after too many mistakes."""
    limits = _limits(username)
    _refuse_while_waiting(list(limits), timezone.now())
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        work.run(lambda: _count(limits, timezone.now()))
        raise WrongPassword("The user name or the password is wrong. Check both and try again.")
    by_name = next(iter(limits))
    if SignInFailures.objects.filter(subject=by_name).exists():
        work.run(lambda: SignInFailures.objects.filter(subject=by_name).delete())
    return user


def forget_old_failures(now: datetime) -> int:
    deleted, _ = SignInFailures.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
    return deleted


def _limits(username: str) -> dict[str, tuple[int, int]]:
    """What is counted, the name first: how many mistakes are free, and the longest wait after them in seconds."""
    name = hashlib.sha256(username.strip().lower().encode()).hexdigest()[:40]  # it may be no ASCII at all
    return {
        f"name:{name}": (FREE_BY_NAME, LONGEST_BY_NAME),
        f"address:{trace.address.get()}": (FREE_BY_ADDRESS, LONGEST_BY_ADDRESS),
    }


def _refuse_while_waiting(subjects: list[str], now: datetime) -> None:
    waits = SignInFailures.objects.filter(subject__in=subjects, wait_until__gt=now)
    until = max((wait for wait in waits.values_list("wait_until", flat=True) if wait), default=None)
    if until:
        seconds = int((until - now).total_seconds()) + 1
        raise Throttled(f"Too many wrong attempts. Wait {seconds} seconds and try again.", retry_after=seconds)


@transaction.atomic
def _count(limits: dict[str, tuple[int, int]], now: datetime) -> None:
    subjects = sorted(limits)
    known = set(SignInFailures.objects.filter(subject__in=subjects).values_list("subject", flat=True))
    new = [SignInFailures(subject=subject, last_at=now) for subject in subjects if subject not in known]
    SignInFailures.objects.bulk_create(new, ignore_conflicts=True)
    for row in SignInFailures.objects.select_for_update().filter(subject__in=subjects).order_by("subject"):
        free, longest = limits[row.subject]
        row.failures = 1 if now - row.last_at > FORGOTTEN_AFTER else row.failures + 1
        row.last_at = now
        over = row.failures - free
        row.wait_until = now + timedelta(seconds=min(2**over, longest)) if over >= 0 else None
        row.save(update_fields=["failures", "last_at", "wait_until"])
