"""What a stopped delivery leaves: whoever was not reached gets that outcome, so that nobody stays pending for ever."""

import time

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from deliveries.models import Batch, Delivery, Message
from deliveries.statuses import BatchStatus, DeliveryStatus, LateExclusion, MessageStatus

BATCHES = 50  # of one call: a worker has other things to do as well


def close_stopped() -> int:
    """Close batches of stopped deliveries, each in a transaction of its own; the number closed, at most BATCHES.

    A batch in the hands of a living worker is left to it: it gives the batch back before its next message, with what it
    handed over recorded.
    """
    stopped = Delivery.objects.filter(status=DeliveryStatus.STOPPED).values_list("preparation", flat=True)
    free = Q(status=BatchStatus.WAITING) | Q(status=BatchStatus.CLAIMED, lease_until__lt=timezone.now())
    found = list(Batch.objects.filter(free, preparation__in=list(stopped)).order_by("pk")[:BATCHES])
    for batch in found:
        _close(batch, free)
        time.sleep(settings.PAUSE_SECONDS)
    return len(found)


def _close(batch: Batch, free: Q) -> None:
    with transaction.atomic():
        if not Batch.objects.filter(free, pk=batch.pk).update(status=BatchStatus.DONE, lease_until=None):
            return  # another worker was faster
        waiting = Message.objects.filter(
            preparation=batch.preparation_id,
            profile__gte=batch.low,
            profile__lte=batch.high,
            status=MessageStatus.PENDING,
        )
        outcome = {"status": MessageStatus.EXCLUDED_LATE, "outcome": LateExclusion.STOPPED, "ended_at": timezone.now()}
        number = waiting.update(**outcome)
        Batch.objects.filter(pk=batch.pk).update(excluded_late=F("excluded_late") + number)
