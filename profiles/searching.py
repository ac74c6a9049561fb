"""A long list, newest first, narrowed down in the shape that the database answers at once, with or without statistics.

Where few belong, they are found by an index and sorted; where many do, the list is walked from its newest end, and a page
is full before long. They are counted by the index in any case. All three are the same set.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from profiles.fields import prefix_unindexed
from profiles.models import Profile, ProfileQuerySet, Subscription
from profiles.models.people import starting_with

MANY = 10_000  # from here on a list of ten million has a page of fifty within the newest fifty thousand
ALL = 10**9  # a LIMIT that limits nothing: PostgreSQL plans what has one by itself, from the index


def search(profiles: ProfileQuerySet, text: str) -> ProfileQuerySet:
    """Those of the profiles that matching() finds."""
    found = Profile.objects.matching(text).order_by()
    walked = starting_with(text, prefix_unindexed)
    shape = walked if _are_many(found) else Q(pk__in=found.values("pk")[:ALL])
    return _narrowed(profiles, shape, counted=starting_with(text))


def subscribed_to(profiles: ProfileQuerySet, service: str) -> ProfileQuerySet:
    """Those of the profiles that are subscribed to the service with this id."""
    found = Subscription.objects.current().filter(service=service)
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


def _are_many(found: QuerySet) -> bool:  # type: ignore[type-arg]
    """Whether there are so many; the database stops counting there."""
    return found[: MANY + 1].count() > MANY
