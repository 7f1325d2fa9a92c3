"""Which distributions somebody sees."""

from django.db.models import Prefetch, Q, QuerySet

from lpg.distribution.models import Distribution, DistributionItem
from lpg.roles import Actor, sees

ITEMS = Prefetch("items", DistributionItem.objects.order_by("pk"))
ITEMS_WITH_DEPOTS = Prefetch("items", DistributionItem.objects.select_related("depot").order_by("pk"))


def distributions_seen_by(actor: Actor) -> QuerySet[Distribution]:
    """Supervisors: those that touch one of their depots. Drivers: their own."""

    def touches() -> Q:
        own = actor.own_depot_ids
        at_own = DistributionItem.objects.filter(depot__in=own).values("distribution")
        return Q(depot__in=own) | Q(to_depot__in=own) | Q(pk__in=at_own)

    return Distribution.objects.filter(sees(actor, "distributions.read", depots=touches, self_=Q(user=actor.pk)))


def with_items(rows: QuerySet[Distribution]) -> QuerySet[Distribution]:
    return rows.select_related("depot").prefetch_related(ITEMS)
