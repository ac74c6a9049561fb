"""Lists that are frozen of a query: made at once where few profiles are looked at, and by the worker otherwise.

The worker writes range by range of profile ids, and in the transaction of each range how far it is: one that is killed
loses at most the range in hand, and the next one goes on behind it. The query is asked as of the moment of the request.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import OperationalError, transaction
from django.db.models import F, IntegerField, Max, Q, Value
from django.utils import timezone

from profiles import audiences, bulk, erasure, saved_audiences
from profiles.actors import actor
from profiles.audiences import InvalidAudience
from profiles.models import AudienceKind, AudienceMember, Freezing, Profile, SavedAudience


class AlreadyComplete(Exception):
    """The list was finished meanwhile: there is nothing to stop."""


def freeze(audience: SavedAudience, *, label: str, by: AbstractUser | str) -> SavedAudience:
    """A list of those whom the query finds now. It can be used once it is complete: at once, or when the worker is through.

    Raises InvalidAudience, with nothing stored, for a query that is not understood any more.
    """
    audiences.condition(audience.tree)
    with transaction.atomic():
        frozen = SavedAudience.objects.create(
            label=label,
            description=audience.description,
            kind=AudienceKind.LIST,
            tree=audience.tree,
            created_by=actor(by),
            modified_by=actor(by),
        )
        highest = Profile.objects.aggregate(highest=Max("pk"))["highest"] or 0
        asked = Freezing.objects.create(audience=frozen, highest=highest)
        if highest <= settings.FREEZE_AT_ONCE:
            _add(asked, up_to=highest)
            _finish(asked)
    frozen.refresh_from_db()
    return frozen


def claim(worker: str) -> Freezing | None:
    """A list in the making that no living worker holds, now held by this one for LEASE_SECONDS."""
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    for pk in Freezing.objects.filter(free, error="").order_by("pk").values_list("pk", flat=True)[:5]:
        if Freezing.objects.filter(free, pk=pk, error="").update(worker=worker, lease_until=_lease()):
            return Freezing.objects.select_related("audience").get(pk=pk)
    return None


def release(workers: Iterable[str]) -> None:
    """What these workers held is free at once: they ended, or are dead."""
    Freezing.objects.filter(worker__in=list(workers)).update(lease_until=None)


def go_on(held: Freezing) -> bool:
    """Write one range of a claimed list; whether there is more to do for this worker."""
    try:
        return _range(held)
    except OperationalError:
        raise  # a database that restarts: the lease ends, and the next worker goes on
    except Exception as error:
        Freezing.objects.filter(pk=held.pk, worker=held.worker).update(error=type(error).__name__, lease_until=None)
        if not isinstance(error, InvalidAudience):
            raise
        return False


def stop(frozen: SavedAudience) -> None:
    """Give it up: the list goes, with what was in. Waits for the range in hand. Raises AlreadyComplete."""
    with transaction.atomic():
        if not Freezing.objects.filter(pk=frozen.pk).delete()[0] and SavedAudience.objects.lists().filter(pk=frozen.pk).exists():
            raise AlreadyComplete
        saved_audiences.delete(frozen)


def _range(held: Freezing) -> bool:
    up_to = min(held.reached + settings.PREPARATION_RANGE, held.highest)
    with transaction.atomic():
        mine = Freezing.objects.filter(pk=held.pk, worker=held.worker, error="", lease_until__isnull=False)
        if not mine.update(lease_until=_lease()):  # the lock: whoever stops it from here on waits for the end of the range
            return False
        _add(held, up_to=up_to)
        if up_to >= held.highest:
            _finish(held)
    return up_to < held.highest


def _add(held: Freezing, *, up_to: int) -> None:
    """Members from behind the last range up to this id, and how far that is; in the caller's transaction."""
    erasure.share_the_profiles()
    found = audiences.profiles(held.audience.tree, at=held.audience.created_at)
    members = found.filter(pk__gt=held.reached, pk__lte=up_to).annotate(of=Value(held.pk, output_field=IntegerField()))
    number = bulk.insert_from(members.values_list("of", "pk"), into=AudienceMember, columns=["audience", "profile"])
    Freezing.objects.filter(pk=held.pk).update(reached=up_to, found=F("found") + number)
    held.refresh_from_db(fields=["reached", "found"])


def _finish(held: Freezing) -> None:
    size = AudienceMember.objects.filter(audience=held.pk).count()  # some may have been erased or merged meanwhile
    SavedAudience.objects.filter(pk=held.pk).update(size=size, counted_at=timezone.now())
    Freezing.objects.filter(pk=held.pk).delete()


def _lease() -> datetime:
    return timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
