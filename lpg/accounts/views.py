from typing import Any, cast

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from lpg import work
from lpg.accounts import services, sign_in, tokens
from lpg.accounts.models import Session, User
from lpg.accounts.selectors import live, sessions_seen_by, users_seen_by
from lpg.accounts.serializers import (
    Access,
    PasswordInput,
    RefreshInput,
    SessionQuery,
    SessionRow,
    SignInInput,
    TokenPair,
    UserChange,
    UserInput,
    UserQuery,
    UserRow,
)
from lpg.api.answers import shown
from lpg.api.door import Door, Listed, MasterData, needs
from lpg.api.guard import actor_of
from lpg.errors import Invalid
from lpg.roles import Actor


class TokenDoor(Door):
    """Signing in and out. Every sign-in is a session of its own."""

    tag = "Sign in"
    permission_classes = ()
    authentication_classes = ()
    keyed = False
    bodies = {"create": SignInInput, "refresh": RefreshInput, "revoke": RefreshInput}  # noqa: RUF012
    answers = {"create": (200, TokenPair), "refresh": (200, Access), "revoke": (204, None)}  # noqa: RUF012

    def create(self, request: Request) -> Response:
        """Sign in with name and password."""
        values = self.read(request)
        session = sign_in.sign_in(**values, user_agent=request.headers.get("User-Agent", ""))
        return Response(tokens.issue(session))

    @action(detail=False, methods=["post"])
    def refresh(self, request: Request) -> Response:
        """A new access token. Safe to repeat and to race: the refresh token stays good until it expires."""
        access, session = tokens.refreshed(self.read(request)["refresh"])
        work.run(lambda: services.touch_session(session, timezone.now()))
        return Response({"access": access})

    @action(detail=False, methods=["post"])
    def revoke(self, request: Request) -> Response:
        """Sign out: this session is out at once, its access token too."""
        session = tokens.session_of(self.read(request)["refresh"])
        work.run(lambda: services.revoke_session(actor=session.user, session_id=session.pk))
        return Response(status=204)


class MeDoor(Door):
    """The one who asks."""

    tag = "Sign in"
    needs = {"list": "me", "password": "me"}  # noqa: RUF012
    output = UserRow
    bodies = {"password": PasswordInput}  # noqa: RUF012
    pagination_class = None
    keyed = False

    def list(self, request: Request) -> Response:
        """Who I am, and what I may see."""
        return Response(shown(self.output, request.user))

    @action(detail=False, methods=["post"])
    def password(self, request: Request) -> HttpResponse:
        """Change my password. My other sessions end."""
        user, session = cast(User, request.user), cast(Session, request.auth)

        def effect(values: Any) -> User:
            return services.change_own_password(actor=user, new_password=values["new_password"], session_id=session.pk)

        self.check_current(request, user)
        return self.write(request, effect)

    def check_current(self, request: Request, user: User) -> None:
        """Guessing here is counted as guessing at the sign-in."""
        try:
            sign_in.check(username=user.username, password=self.read(request)["current_password"])
        except sign_in.WrongPassword as error:
            raise Invalid({"current_password": ["This is not your current password."]}) from error


class SessionDoor(Listed):
    """The devices somebody is signed in on. Administrators see everyone's."""

    tag = "Sign in"
    nouns = ("sign-in", "sign-ins")
    needs = {"list": "sessions.read", "revoke": "sessions.revoke"}  # noqa: RUF012
    output = SessionRow
    queries = {"list": SessionQuery}  # noqa: RUF012
    default_ordering = "-id"

    def rows(self) -> QuerySet[Session]:
        return live(sessions_seen_by(actor_of(self.request)), timezone.now()).select_related("user")

    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, id: str) -> HttpResponse:
        """Throw a device out at once: a lost phone, somebody who left."""
        return self.write(request, lambda values: services.revoke_session(actor=actor_of(request), session_id=int(id)))


class UserDoor(MasterData):
    """The people. Supervisors see those of their own depots."""

    tag = "People"
    nouns = ("person", "people")
    needs = needs("users")
    body, output = UserInput, UserRow
    bodies = {"update": UserChange, "partial_update": UserChange}  # noqa: RUF012
    queries = {"list": UserQuery}  # noqa: RUF012
    searched = ("username", "employee_id", "first_name", "last_name")

    def rows(self) -> QuerySet[User]:
        return users_seen_by(actor_of(self.request)).select_related("depot", "vehicle").prefetch_related("depots")

    def make(self, actor: Actor, values: Any) -> User:
        return services.create_user(actor=actor, values=values)

    def change(self, actor: Actor, id: int, values: Any) -> User:
        return services.change_user(actor=actor, user_id=id, values=values)
