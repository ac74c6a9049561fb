"""Who stands for a delivery that is sent at its date without a further confirmation (reference 6.4.2)."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.utils import timezone

from deliveries.models import Delivery


def may_confirm(by: AbstractUser | str | None) -> bool:
    """Whether this operator may start deliveries, now."""
    return by is not None and not isinstance(by, str) and by.is_active and by.has_perm("deliveries.confirm_delivery")


def responsibility(delivery: Delivery, changes: dict[str, Any], *, by: AbstractUser | str) -> dict[str, Any]:
    """The columns that follow from what is being saved, and by whom.

    Whoever saves last stands for what is sent unattended. Somebody who may not confirm stands for nothing: what she saves
    asks for a confirmation, and so does a date that has passed.
    """
    contact_at = changes.get("contact_at", delivery.contact_at)
    is_requested = changes.get("confirmation_requested", delivery.confirmation_requested)
    now = timezone.now()
    if is_requested or contact_at is None or contact_at <= now or not may_confirm(by):
        return {"confirmation_requested": True, "scheduled_by": None, "prepares_at": None}
    ahead = timedelta(minutes=settings.PREPARED_AHEAD_MINUTES)
    return {"confirmation_requested": False, "scheduled_by": by, "prepares_at": max(now, contact_at - ahead)}


def as_pinned(contact_at: datetime | None) -> str | None:
    """The contact date as a preparation keeps it."""
    return contact_at.isoformat() if contact_at else None
