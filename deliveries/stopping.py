"""Give everybody who waits in a delivery that is over an outcome, so that nobody stays pending for ever."""

import time
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Case, CharField, F, Q, Value, When
from django.db.models.functions import Concat, Left
from django.utils import timezone

from deliveries.models import Batch, Delivery, Message
from deliveries.statuses import VALIDITY_ENDED, BatchStatus, DeliveryStatus, LateExclusion, MessageStatus

BATCHES = 50  # of one call: a worker has other things to do as well
ANSWERED = Left(Concat(Value(f"{VALIDITY_ENDED}: "), F("outcome"), output_field=CharField()), 255)
# The server's last answer is kept: it says why there was not enough time.
GIVEN_UP = Case(When(outcome="", then=Value(VALIDITY_ENDED)), default=ANSWERED, output_field=CharField())


def close_stopped() -> int:
    """Whoever was not reached is excluded late; the number of batches closed, at most BATCHES."""
    stopped = Delivery.objects.filter(status=DeliveryStatus.STOPPED).values_list("preparation", flat=True)
    return _close_all(stopped, MessageStatus.EXCLUDED_LATE, LateExclusion.STOPPED.value)


def close_expired() -> int:
    """Whoever was not reached within the validity has failed; the number of batches closed, at most BATCHES."""
    now = timezone.now()
    over = [
        delivery.preparation_id
        for delivery in Delivery.objects.filter(status=DeliveryStatus.IN_PROGRESS)
        if delivery.confirmed_at and delivery.valid_until(delivery.confirmed_at) <= now
    ]
    return _close_all(over, MessageStatus.FAILED, GIVEN_UP) if over else 0


def _close_all(preparations: Iterable[int | None], status: MessageStatus, outcome: str | Case) -> int:
    """Close batches, each in a transaction of its own.

    A batch in the hands of a living worker is left to it, until it is sent or given back with what was handed over recorded.
    """
    free = Q(status=BatchStatus.WAITING) | Q(status=BatchStatus.CLAIMED, lease_until__lt=timezone.now())
    found = list(Batch.objects.filter(free, preparation__in=list(preparations)).order_by("pk")[:BATCHES])
    for batch in found:
        _close(batch, free, status, outcome)
        time.sleep(settings.PAUSE_SECONDS)
    return len(found)


def _close(batch: Batch, free: Q, status: MessageStatus, outcome: str | Case) -> None:
    with transaction.atomic():
        if not Batch.objects.filter(free, pk=batch.pk).update(status=BatchStatus.DONE, lease_until=None):
            return  # another worker was faster
        waiting = Message.objects.filter(
            preparation=batch.preparation_id,
            profile__gte=batch.low,
            profile__lte=batch.high,
            status=MessageStatus.PENDING,
        )
        number = waiting.update(status=status, outcome=outcome, ended_at=timezone.now())
        Batch.objects.filter(pk=batch.pk).update(**{status.value: F(status.value) + number})
