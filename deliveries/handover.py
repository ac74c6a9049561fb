"""Consent, quarantine and the delivery's state, read again at the last moment (design decision 19, reliability 4.2)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from deliveries import exclusions
from deliveries.models import Batch, Message
from deliveries.statuses import BatchStatus, DeliveryStatus, LateExclusion
from deliveries.transports import Permission
from profiles.channels import Channel
from profiles.models import Profile, Subscription

NOT_SENDING = "not sending"  # paused, stopped, or no longer ours: the message stays as it is


def permission_for(message: Message, batch: Batch) -> Permission:
    """What a transport asks before the point of no return."""

    def permission() -> AbstractContextManager[str]:
        return _hold(message, batch)

    return permission


@contextmanager
def _hold(message: Message, batch: Batch) -> Iterator[str]:
    """The reason to withhold, or "", true as long as the block lasts.

    The profile's row is locked for that time, so an opt-out is committed either before this is read or after the
    block. On SQLite the transaction holds the only write lock. Address records are read in the same statement without
    a lock. Nothing is written, so the commit need not wait for the disk.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL synchronous_commit TO off")
        row = _reading(message, batch).first()
        if row is None:
            yield LateExclusion.PROFILE_GONE.value
            return
        is_sending, reason = row
        yield reason if is_sending else NOT_SENDING


def _reading(message: Message, batch: Batch) -> QuerySet[Profile, Any]:
    channel = Channel.of(batch.preparation.delivery.channel)
    moved = ~Q(**{channel.address_field: message.address})
    whens = [When(moved, then=Value(LateExclusion.ADDRESS_CHANGED.value))]
    if service := batch.preparation.content["service"]:
        still = Subscription.objects.filter(profile=OuterRef("pk"), service=service)
        whens.append(When(~Exists(still), then=Value(LateExclusion.UNSUBSCRIBED.value)))
    reason = Case(*whens, default=exclusions.standing_verdict(channel), output_field=CharField())
    # A lease that could end during the transfer is no lease: somebody else would send the message as well.
    held = Batch.objects.filter(
        pk=batch.pk,
        status=BatchStatus.CLAIMED,
        worker=batch.worker,
        lease_until__gt=timezone.now() + timedelta(seconds=settings.HANDOVER_SECONDS),
        preparation__delivery__status=DeliveryStatus.IN_PROGRESS,
    )
    rows = Profile.objects.select_for_update(no_key=True, of=("self",)).filter(pk=message.profile_id).order_by()
    return rows.annotate(is_sending=Exists(held), reason=reason).values_list("is_sending", "reason")
