"""Which people and sessions somebody sees."""

from datetime import datetime

from django.db.models import Q, QuerySet

from lpg.accounts.models import Session, User
from lpg.roles import Actor, sees


def users_seen_by(actor: Actor) -> QuerySet[User]:
    further = User.depots.through.objects.filter(depot__in=actor.own_depot_ids).values("user")
    own = Q(depot__in=actor.own_depot_ids) | Q(pk__in=further)
    return User.objects.filter(sees(actor, "users.read", depots=own))


def sessions_seen_by(actor: Actor) -> QuerySet[Session]:
    return Session.objects.filter(sees(actor, "sessions.read", self_=Q(user=actor.pk)))


def live(sessions: QuerySet[Session], now: datetime) -> QuerySet[Session]:
    """Those that still let somebody in."""
    return sessions.filter(revoked_at=None, expires_at__gt=now, user__is_active=True)
