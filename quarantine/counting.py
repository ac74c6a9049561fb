"""What becomes of an address after an error, a success or an operator's word (reference-behaviour.md 5.4 and 5.5).

Errors and successes move an address between Valid, Erroneous and Quarantine only. What an operator or the person
decided, On allowlist and On blocklist, no error changes.
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from profiles.actors import actor
from profiles.channels import Channel
from quarantine.models import QuarantinedAddress, QuarantinedAddressQuerySet, Reason, Status
from quarantine.qualification import ErrorType, Qualification

# What an operator may make of an address -> from which statuses. On blocklist came from the person herself: only
# release(), one address at a time, leaves it.
OPERATOR_SOURCES: dict[str, tuple[Status, ...]] = {
    Status.QUARANTINE: (Status.UNKNOWN, Status.ERRONEOUS, Status.VALID, Status.ALLOWLIST),
    Status.ALLOWLIST: (Status.UNKNOWN, Status.ERRONEOUS, Status.VALID, Status.QUARANTINE),
    Status.VALID: (Status.ERRONEOUS, Status.QUARANTINE, Status.ALLOWLIST, Status.BLOCKLIST),
}
RELEASED_TOGETHER = (Status.ERRONEOUS, Status.QUARANTINE)

CLEARED: dict[str, Any] = {"errors": 0, "significant_error_at": None}
CHUNK = 1000  # addresses of one statement


def record_failure(
    channel: Channel,
    address: str,
    qualification: Qualification,
    *,
    text: str,
    delivery_id: int | None = None,
    delivery_label: str = "",
    at: datetime | None = None,
) -> QuarantinedAddress | None:
    """Count an error of a normalised address: hard quarantines at once, the fifth significant soft one too.

    Errors that are ignored or our own fault leave no trace. Significant is a soft error at least
    QUARANTINE_SIGNIFICANT_HOURS after the last counted one. Two failures at once count one after the other.
    """
    if qualification.ours or qualification.type == ErrorType.IGNORED:
        return None
    at = at or timezone.now()
    with transaction.atomic():
        records = QuarantinedAddress.objects.select_for_update(no_key=True)
        record, _created = records.get_or_create(channel=channel, address=address, defaults={"status": Status.UNKNOWN})
        record.error_text = text
        if record.status != Status.ALLOWLIST:
            record.error_at = max(at, record.error_at or at)
            record.delivery_id, record.delivery_label = delivery_id, delivery_label[:128]
        if record.status in (Status.UNKNOWN, Status.VALID, Status.ERRONEOUS):
            _count(record, qualification, at)
        record.save()
    return record


def _count(record: QuarantinedAddress, qualification: Qualification, at: datetime) -> None:
    """Move the record on by one error that counts, if it does."""
    last = record.significant_error_at
    if last and at - last > _release_after(record.reason):
        record.errors = 0  # its silence was long enough; the daily clean-up only had not come by yet
    hard = qualification.type == ErrorType.HARD
    if not hard and last and at - last < timedelta(hours=settings.QUARANTINE_SIGNIFICANT_HOURS):
        return
    record.errors += 1
    record.significant_error_at = at
    record.reason = qualification.reason
    record.modified_by = ""  # no operator did this
    dead = hard or record.errors >= settings.QUARANTINE_ERRORS
    record.status = Status.QUARANTINE if dead else Status.ERRONEOUS


def record_success(channel: Channel, address: str, *, at: datetime | None = None) -> int:
    """Release the address if it was Erroneous; 1 if so, else 0."""
    return record_successes(channel, [address], at=at)


def record_successes(channel: Channel, addresses: list[str], *, at: datetime | None = None) -> int:
    """Release those of the addresses that were Erroneous until `at`, in one statement; their number."""
    now = timezone.now()
    erroneous = QuarantinedAddress.objects.filter(channel=channel, address__in=addresses, status=Status.ERRONEOUS)
    return erroneous.filter(significant_error_at__lte=at or now).update(
        status=Status.VALID, **CLEARED, modified_at=now, modified_by=""
    )


def add(
    channel: Channel, address: str, *, status: Status, reason: Reason, text: str = "", by: AbstractUser | str
) -> tuple[QuarantinedAddress, bool]:
    """A new record of a normalised address as an operator states it, and True; the existing one, unchanged, and False."""
    stated = {"status": status, "reason": reason, "error_text": text, "error_at": timezone.now(), "modified_by": actor(by)}
    return QuarantinedAddress.objects.get_or_create(channel=channel, address=address, defaults=stated)


def quarantine_addresses(
    channel: Channel,
    addresses: Iterable[str],
    *,
    by: AbstractUser | str,
    reason: Reason = Reason.NOT_DEFINED,
    text: str = "",
) -> int:
    """Quarantine normalised addresses, known or not; the number of those newly quarantined.

    An INSERT and an UPDATE for every CHUNK addresses, committed chunk by chunk. Addresses on the blocklist stay there.
    """
    ordered = sorted(set(addresses))  # one order for everybody, so that two lists at once cannot deadlock
    now = timezone.now()
    changed = 0
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        new = [QuarantinedAddress(channel=channel, address=address, status=Status.UNKNOWN) for address in chunk]
        with transaction.atomic():
            QuarantinedAddress.objects.bulk_create(new, ignore_conflicts=True)
            known = QuarantinedAddress.objects.filter(channel=channel, address__in=chunk)
            changed += _move(known, Status.QUARANTINE, by=by, reason=reason, error_text=text, error_at=now)
        time.sleep(settings.PAUSE_SECONDS)
    return changed


def quarantine(record: QuarantinedAddress, *, by: AbstractUser | str) -> bool:
    """Quarantine one known address; reason and text stay what the errors left. False where it could not be."""
    return _move_one(record, Status.QUARANTINE, by=by)


def release(record: QuarantinedAddress, *, by: AbstractUser | str) -> bool:
    """Make the address Valid with no error counted, whatever excluded or allowed it. False where nothing did."""
    return _move_one(record, Status.VALID, by=by, **CLEARED)


def allow(record: QuarantinedAddress, *, by: AbstractUser | str) -> bool:
    """Put the address on the allowlist, where errors do not count. False for one on the blocklist."""
    return _move_one(record, Status.ALLOWLIST, by=by, **CLEARED)


def quarantine_set(records: QuarantinedAddressQuerySet, *, by: AbstractUser | str) -> int:
    """Quarantine those of the set that are not excluded yet, in one statement; their number."""
    return _move(records, Status.QUARANTINE, by=by)


def release_set(records: QuarantinedAddressQuerySet, *, by: AbstractUser | str) -> int:
    """Release those of the set that are Erroneous or in Quarantine; their number.

    Who complained or answered STOP, and who is allowed always, is released one by one.
    """
    return _move(records.filter(status__in=RELEASED_TOGETHER), Status.VALID, by=by, **CLEARED)


def clean_up(now: datetime | None = None) -> int:
    """Release the Erroneous that have been silent long enough and forget what was released before; the number released.

    Quarantine and On blocklist are never left by themselves (reference 5.5.5).
    """
    now = now or timezone.now()
    full = Q(reason=Reason.MAILBOX_FULL)
    silent = Q(full, significant_error_at__lt=now - _release_after(Reason.MAILBOX_FULL)) | Q(
        ~full, significant_error_at__lt=now - _release_after(Reason.NOT_DEFINED)
    )
    forgotten = now - timedelta(days=settings.QUARANTINE_FORGET_DAYS)
    QuarantinedAddress.objects.filter(status=Status.VALID, modified_at__lt=forgotten).delete()
    erroneous = QuarantinedAddress.objects.filter(silent, status=Status.ERRONEOUS)
    return erroneous.update(status=Status.VALID, **CLEARED, modified_at=now, modified_by="")


def _release_after(reason: str) -> timedelta:
    """How long an Erroneous address must be without a counted error to be released."""
    full = reason == Reason.MAILBOX_FULL
    return timedelta(days=settings.QUARANTINE_MAILBOX_FULL_DAYS if full else settings.QUARANTINE_RELEASE_DAYS)


def _move_one(record: QuarantinedAddress, status: Status, *, by: AbstractUser | str, **fields: Any) -> bool:
    changed = _move(QuarantinedAddress.objects.filter(pk=record.pk), status, by=by, **fields)
    if changed:
        record.refresh_from_db()
    return changed == 1


def _move(records: QuarantinedAddressQuerySet, status: Status, *, by: AbstractUser | str, **fields: Any) -> int:
    """One guarded UPDATE: whoever comes second finds nothing to change."""
    movable = records.filter(status__in=OPERATOR_SOURCES[status])
    return movable.update(status=status, **fields, modified_at=timezone.now(), modified_by=actor(by))
