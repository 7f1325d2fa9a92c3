"""Which people and sessions somebody sees."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Q, QuerySet

from lpg import sql
from lpg.accounts.models import Session, User
from lpg.audit.selectors import before_changes
from lpg.depots.models import Vehicle
from lpg.facts import Fact
from lpg.roles import Actor, sees


def users_seen_by(actor: Actor) -> QuerySet[User]:
    def own() -> Q:
        further = User.depots.through.objects.filter(depot__in=actor.own_depot_ids).values("user")
        return Q(depot__in=actor.own_depot_ids) | Q(pk__in=further)

    return User.objects.filter(sees(actor, "users.read", depots=own))


def sessions_seen_by(actor: Actor) -> QuerySet[Session]:
    return Session.objects.filter(sees(actor, "sessions.read", self_=Q(user=actor.pk)))


def live(sessions: QuerySet[Session], now: datetime) -> QuerySet[Session]:
    """Those that still let somebody in."""
    return sessions.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)


PERSON = (
    "id",
    "username",
    "first_name",
    "last_name",
    "email",
    "employee_id",
    "role",
    "depot_id",
    "vehicle_id",
    "is_active",
)
_SIGNED_IN = f"""
    SELECT {", ".join(f"u.{column}" for column in PERSON)},
        s.device_id, v.is_active, d.depot_id
    FROM accounts_session s JOIN accounts_user u ON u.id = s.user_id
    LEFT JOIN depots_vehicle v ON v.id = u.vehicle_id LEFT JOIN accounts_user_depots d ON d.user_id = u.id
    WHERE s.id = %s AND s.revoked_at IS NULL AND s.expires_at > %s AND u.is_active
"""  # noqa: S608  # the same rule as `live`, with all that a request asks of its user, in one statement by hand


def signed_in(session_id: int, now: datetime) -> Session | None:
    """The live session with its user, who knows their own depots. Every request asks this first."""
    found = sql.rows(_SIGNED_IN, [session_id, sql.moment(now)])
    if not found:
        return None
    *person, device_id, truck_in_use, _ = found[0]
    user = sql.entity(User, PERSON, person)
    user.truck_in_use = bool(truck_in_use)
    further_ids = [depot for *_, depot in found if depot is not None]
    user.own_depot_ids = frozenset(further_ids if user.depot_id is None else [user.depot_id, *further_ids])
    session = sql.entity(Session, ("id", "user_id", "device_id"), (session_id, user.pk, device_id))
    session.user = user
    return session


@dataclass
class Then:
    """Somebody at a past moment: the home depot and the truck of then, and the depots of then beside today's."""

    today: Actor
    depot_id: int | None
    vehicle_id: int | None
    own_depot_ids: frozenset[int]

    @property
    def pk(self) -> int:
        return self.today.pk

    @property
    def role(self) -> str:
        return self.today.role

    @property
    def username(self) -> str:
        return self.today.username

    @cached_property
    def truck_in_use(self) -> bool:
        return Vehicle.objects.filter(pk=self.vehicle_id or 0, is_active=True).exists()


def acting[A: Actor](actor: A, fact: Fact | None) -> A | Then:
    """Who acts. What happened before somebody was moved is judged by where they worked when it happened."""
    if fact is None or fact.is_unmoved:
        return actor
    before = before_changes("User", actor.pk, "UPDATE_USER", fact.captured_at)
    if before is None:
        return actor
    home, further = before["depot"], before["depots"]
    then = frozenset(further if home is None else [home, *further])
    return Then(actor, home, before["vehicle"], then | frozenset(actor.own_depot_ids))


def now_and_then(actor: Actor) -> list[Actor]:
    """Somebody as they are today and, when what they did is older, as they were then."""
    return [actor.today, actor] if isinstance(actor, Then) else [actor]
