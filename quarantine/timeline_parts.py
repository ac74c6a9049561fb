"""What quarantine contributes to a profile's marketing history: what became of its addresses."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.channels import Channel
from profiles.timeline import Entry, Part
from quarantine.models import QuarantinedAddress


def _records(profile: Any) -> list[QuarantinedAddress]:
    """The records of the addresses that the profile has now: one for each channel at most."""
    own = Q(pk=None)
    for channel in Channel.addressed():
        if address := getattr(profile, channel.address_field):
            own |= Q(channel=channel, address=address)
    return list(QuarantinedAddress.objects.filter(own))


def _moment(record: QuarantinedAddress) -> datetime:
    return record.error_at or record.created_at


def entries(profile: Any, before: datetime, limit: int) -> Iterable[Entry]:
    found = [record for record in _records(profile) if _moment(record) < before]
    return [_entry(record) for record in sorted(found, key=_moment, reverse=True)[:limit]]


def count(profile: Any) -> int:
    return len(_records(profile))


def first(profile: Any) -> datetime | None:
    return min((_moment(record) for record in _records(profile)), default=None)


def _entry(record: QuarantinedAddress) -> Entry:
    parts = [str(record.get_reason_display()), record.delivery_label, record.error_text]
    return Entry(
        at=_moment(record),
        title=_("Address %(address)s") % {"address": record.address},
        state=str(record.get_status_display()),
        status=record.status,
        detail=" · ".join(part for part in parts if part)[:300],
        url=reverse("admin:quarantine_quarantinedaddress_change", args=[record.pk]),
    )


ADDRESSES = Part(
    "addresses",
    gettext_lazy("Quarantine of the addresses"),
    entries,
    count,
    first,
    permission="quarantine.view_quarantinedaddress",
    position=40,
)
