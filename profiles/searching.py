"""A long list, newest first, narrowed down in the shape that the database answers at once, with or without statistics.

Where few belong, they are found by an index and sorted; where many do, the list is walked from its newest end, and a page
is full before long. They are counted by the index in any case. All three are the same set.
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from profiles import paging
from profiles.fields import prefix_unindexed
from profiles.models import Profile, ProfileQuerySet, Subscription
from profiles.models.people import ways_to_match

ALL = 10**9  # a LIMIT that limits nothing: PostgreSQL plans what has one by itself, from the index


def search(profiles: ProfileQuerySet, text: str) -> ProfileQuerySet:
    """Those of the profiles that matching() finds."""
    ways = ways_to_match(text)
    matching = Q(*ways, _connector=Q.OR)
    common = next((way for way in ways if _are_many(Profile.objects.filter(way).order_by())), None)
    if common is None:
        found = Profile.objects.filter(matching).order_by()
        return _narrowed(profiles, Q(pk__in=found.values("pk")[:ALL]), counted=matching)
    walked = Q(*ways_to_match(text, prefix_unindexed), _connector=Q.OR)
    # More than are counted start so in this one way; of a part of the profiles it could be fewer, so there all ways count.
    return _narrowed(profiles, walked, counted=matching if profiles.query.has_filters() else common)


def subscribed_to(profiles: ProfileQuerySet, service: str) -> ProfileQuerySet:
    """Those of the profiles that are subscribed to the service with this id."""
    found = Subscription.objects.current().filter(service=int(service))
    walked = Q(Exists(found.filter(profile=OuterRef("pk"))))
    shape = walked if _are_many(found) else Q(pk__in=found.values("profile")[:ALL])
    return _narrowed(profiles, shape, counted=current_subscriber(service))


def current_subscriber(service: str) -> Q:
    """The condition of a profile to have a subscription to this service that has not expired."""
    is_current = Q(subscriptions__expires_at__isnull=True) | Q(subscriptions__expires_at__gt=timezone.now())
    return Q(subscriptions__service=service) & is_current


def _narrowed(profiles: ProfileQuerySet, shape: Q, *, counted: Q) -> ProfileQuerySet:
    before = profiles if profiles.counted_by is None else profiles.counted_by
    narrowed = profiles.filter(shape)
    narrowed.counted_by = before.filter(counted)
    return narrowed


def _are_many(found: QuerySet[Any]) -> bool:
    """Whether there are more than a list counts: one of ten million then has a page within its newest fifty thousand."""
    return found[: paging.LIMIT + 1].count() > paging.LIMIT
