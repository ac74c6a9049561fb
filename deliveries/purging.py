"""Rows of preparations that nothing shows any more: of those given up, and of superseded ones that nothing is compared with.

What a preparation counted stays, with its log; only the rows of people go.
"""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from deliveries.models import Batch, Message, Preparation, Withheld
from deliveries.statuses import PreparationStatus
from profiles import erasure

ROWS = 10_000  # at once: on SQLite everybody else waits while they are deleted
GIVEN_UP = (PreparationStatus.CANCELLED, PreparationStatus.FAILED)


def purge() -> Iterator[bool]:
    """Remove what can go, range by range, each in a transaction of its own; True after each.

    A range removed twice does no harm, so several workers may do so at once. Cut off, it goes on with the next purge.
    """
    for preparation in list(due()):
        yield from _ranges(Message, preparation)
        yield from _ranges(Withheld, preparation)
        with transaction.atomic():
            Batch.objects.filter(preparation=preparation)._raw_delete("default")
            Preparation.objects.filter(pk=preparation).update(purged_at=timezone.now())
        yield True


def due() -> QuerySet[Preparation, int]:
    """The ids of those that still have rows which nobody needs.

    The last superseded one of each delivery is kept: the valid preparation, or else the next one, is compared with it.
    """
    later = Preparation.objects.filter(
        delivery=OuterRef("delivery"), number__gt=OuterRef("number"), status=PreparationStatus.SUPERSEDED
    )
    over = Q(status__in=GIVEN_UP) | Q(Exists(later), status=PreparationStatus.SUPERSEDED)
    return Preparation.objects.filter(over, purged_at=None).order_by("pk").values_list("pk", flat=True)


def _ranges(model: type[Message] | type[Withheld], preparation: int) -> Iterator[bool]:
    """In the order of the key, each behind the one before: what is deleted is not gone through again."""
    above = 0
    while last := _remove(model, preparation, above):
        above = last
        yield True


def _remove(model: type[Message] | type[Withheld], preparation: int, above: int) -> int:
    """Remove the next rows; the last of their profile ids, 0 where there was none."""
    rows = model._default_manager.filter(preparation=preparation, profile_id__gt=above).order_by("profile_id")
    with transaction.atomic():
        erasure.share_the_profiles()  # it empties rows of one person in another order
        some = list(rows.values_list("profile_id", flat=True)[:ROWS])
        if not some:
            return 0
        rows.filter(profile_id__lte=some[-1])._raw_delete("default")
    return some[-1]
