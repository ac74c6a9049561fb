"""How fast messages leave: a delivery's own rate, batch by batch, and the limits of recipient domains, message by message.

Both are kept in rows that are changed by guarded updates, so any number of workers keeps to them together.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_noop as noop

from deliveries.journal import Line
from deliveries.models import Batch, Delivery, DomainLimit, DomainMinute, Level, RateUnit
from profiles.channels import Channel

PORTION_SECONDS = 10  # a delivery with a rate sends what this time allows, then waits
UNIT_SECONDS = {RateUnit.MINUTE.value: 60, RateUnit.HOUR.value: 3600}
MINUTE = timedelta(minutes=1)
TOO_SLOW = noop("%(number)s messages take longer at this rate than the delivery is valid: the last ones would fail.")


def batch_size(delivery: Delivery) -> int:
    """The messages of one batch: fewer where the delivery is slowed down, so that they leave evenly."""
    if not delivery.rate:
        return settings.BATCH_MESSAGES
    portion = delivery.rate * PORTION_SECONDS // UNIT_SECONDS[delivery.rate_unit]
    return max(1, min(settings.BATCH_MESSAGES, portion))


def duration(delivery: Delivery, messages: int) -> timedelta:
    """How long so many messages take at the delivery's rate."""
    if not delivery.rate:
        return timedelta()
    return timedelta(seconds=messages * UNIT_SECONDS[delivery.rate_unit] / delivery.rate)


def findings(delivery: Delivery, total: int) -> Iterator[Line]:
    """Whether the rate leaves enough time."""
    if duration(delivery, total) > delivery.validity:
        yield Line(TOO_SLOW, {"number": total}, Level.WARNING)


def free(now: datetime) -> Q:
    """Deliveries of which a batch may leave now."""
    return Q(paced_until__isnull=True) | Q(paced_until__lte=now)


def take_turn(batch: Batch, now: datetime) -> bool:
    """Whether the delivery's rate lets this batch leave now; from then on no other one until its messages' time is over."""
    delivery = batch.preparation.delivery
    if not delivery.rate:
        return True
    left = batch.total - batch.sent - batch.failed - batch.excluded_late - batch.uncertain
    rows = Delivery.objects.filter(free(now), pk=delivery.pk)
    return bool(rows.update(paced_until=now + duration(delivery, left)))


class Domains:
    """The limits of recipient domains while one batch is sent; where there is none, nothing is asked of the database."""

    def __init__(self, channel: Channel) -> None:
        is_email = channel == Channel.EMAIL
        self.limits = dict(DomainLimit.objects.values_list("domain", "per_minute")) if is_email else {}
        self.put_off: Counter[str] = Counter()
        self.full: dict[str, datetime] = {}  # domain -> the minute that has no room left

    def take(self, address: str) -> bool:
        """Whether a message to this address may leave now. One that may not is counted: its turn comes later."""
        if not self.limits:
            return True
        domain = address.rpartition("@")[2]
        limit = self.limits.get(domain)
        if limit is None or self._take(domain, limit):
            return True
        self.put_off[domain] += 1
        return False

    def _take(self, domain: str, limit: int) -> bool:
        minute = _this_minute()
        if self.full.get(domain) == minute:
            return False
        for _again in range(2):  # somebody else may add the row in between
            room = DomainMinute.objects.filter(domain=domain, minute=minute, taken__lt=limit)
            if room.update(taken=F("taken") + 1):
                return True
            _row, is_new = DomainMinute.objects.get_or_create(domain=domain, minute=minute, defaults={"taken": 1})
            if is_new:
                return True
        self.full[domain] = minute
        return False

    def next_turn(self) -> datetime | None:
        """When to come back for those who were put off; None where nobody was.

        Whole batches queue: as many minutes later as those in front of them need.
        """
        return min((self._queue(domain, number) for domain, number in self.put_off.items()), default=None)

    def _queue(self, domain: str, number: int) -> datetime:
        minute = _this_minute()
        row, _is_new = DomainMinute.objects.get_or_create(domain=domain, minute=minute)
        DomainMinute.objects.filter(pk=row.pk).update(put_off=F("put_off") + number)
        row.refresh_from_db(fields=["put_off"])
        return minute + MINUTE * (1 + (row.put_off - number) // self.limits[domain])


def clean_up() -> None:
    """Forget the minutes of yesterday."""
    DomainMinute.objects.filter(minute__lt=timezone.now() - timedelta(days=1)).delete()


def _this_minute() -> datetime:
    return timezone.now().replace(second=0, microsecond=0)
