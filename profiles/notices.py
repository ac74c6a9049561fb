"""Ask for a message that is no delivery: a confirmation, a link. Rows are written here, deliveries.confirmations sends them."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from profiles.channels import Channel
from profiles.models import Notice, NoticeKind, PendingChange, Profile, Service

# What happened already is told however often it happens.
UNLIMITED = frozenset({NoticeKind.ADDRESS_CHANGED})


def ask(
    kind: NoticeKind,
    *,
    address: str,
    profile: Profile | None,
    pending_change: PendingChange | None = None,
    confirms: uuid.UUID | None = None,
    service: Service | None = None,
    page_id: int | None = None,
    page_slug: str = "",
    language: str = "",
) -> Notice:
    """Put a notice to an email address into the outbox. What it says comes from our templates, never from a visitor."""
    return Notice.objects.create(
        kind=kind,
        channel=Channel.EMAIL,
        address=address,
        profile=profile,
        pending_change=pending_change,
        confirms=confirms,
        service=service,
        page_id=page_id,
        page_slug=page_slug,
        language=language,
        created_at=timezone.now(),
    )


def has_asked_enough(profile: Profile) -> bool:
    """Whether so many new addresses were asked for this person today that one more would make us write to strangers."""
    asked = Notice.objects.filter(profile=profile, kind=NoticeKind.CONFIRM_ADDRESS)
    return asked.filter(created_at__gt=timezone.now() - timedelta(days=1)).count() >= settings.NOTICES_PER_DAY


def may_ask(kind: NoticeKind, address: str, *, service: Service | None = None, page_id: int | None = None) -> bool:
    """False where the address was asked the same a moment ago, or often today: whoever posts, rows stay few (decision 9).

    The same is: of this kind, and about this service or from this page where that is named.
    """
    if kind in UNLIMITED:
        return True
    now = timezone.now()
    asked = Notice.objects.filter(address=address).exclude(kind__in=UNLIMITED)
    same = asked.filter(kind=kind)
    if service is not None:
        same = same.filter(service=service)
    if page_id is not None:
        same = same.filter(page_id=page_id)
    if same.filter(created_at__gt=now - timedelta(minutes=settings.NOTICE_PAUSE_MINUTES)).exists():
        return False
    return asked.filter(created_at__gt=now - timedelta(days=1)).count() < settings.NOTICES_PER_DAY
