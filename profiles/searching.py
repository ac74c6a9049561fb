"""A long list, newest first, narrowed down in the shape that the database answers at once, with or without statistics.

Where few belong, they are found by an index and sorted; where many do, the list is walked from its newest end, and a page
is full before long. Either way it is the same set.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from profiles.fields import prefix, prefix_unindexed
from profiles.models import Profile, ProfileQuerySet, Subscription

MANY = 10_000  # from here on a list of ten million has a page of fifty within the newest fifty thousand


def starting_with(profiles: ProfileQuerySet, text: str) -> ProfileQuerySet:
    """Those of the profiles that profiles.matching() finds."""
    found = Profile.objects.matching(text, prefix).order_by()
    return profiles.matching(text, prefix_unindexed) if _are_many(found) else profiles.filter(pk__in=found.values("pk"))


def subscribed_to(service: int | str) -> Q:
    """The condition of a profile to be subscribed to the service with this id."""
    found = Subscription.objects.current().filter(service=service)
    if _are_many(found):
        return Q(Exists(found.filter(profile=OuterRef("pk"))))
    return Q(pk__in=found.values("profile"))


def _are_many(found: QuerySet) -> bool:  # type: ignore[type-arg]
    """Whether there are so many; the database stops counting there."""
    return found[: MANY + 1].count() > MANY
