"""What deliveries contribute to a profile's marketing history: the messages that ended, and those that were left out."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import because
from deliveries.models import Delivery, Message, TrackingEvent
from deliveries.statuses import Exclusion, MessageStatus
from profiles import aliases, timeline
from profiles.channels import Channel
from profiles.models import Profile
from profiles.timeline import Entry, Part


def _messages(profile: Profile) -> QuerySet[Any]:
    """With `happened_at`: when it was sent, failed or left out. What still waits has not happened.

    One probe of the primary key for each valid preparation, as Message.objects.for_profile makes them, but without their
    numbers passing through Python: a page asks four times.
    """
    valid = Delivery.objects.exclude(preparation=None).order_by().values("preparation_id")
    hers = Message.objects.filter(preparation__in=valid, profile__in=aliases.all_ids(profile))
    ended = hers.exclude(status=MessageStatus.PENDING)
    return ended.annotate(happened_at=Coalesce("ended_at", "prepared_at")).order_by()


def entries(profile: Profile, before: datetime, limit: int) -> Iterable[Entry]:
    found = _messages(profile).filter(happened_at__lt=before).order_by("-happened_at", "-preparation_id")
    return [_entry(message) for message in found.select_related("preparation__delivery")[:limit]]


def count(profile: Profile) -> int:
    return _messages(profile).count()


def first(profile: Profile) -> datetime | None:
    return _messages(profile).aggregate(first=Min("happened_at"))["first"]


def months(profile: Profile, since: datetime) -> dict[date, int]:
    return timeline.by_month(_messages(profile).filter(happened_at__gte=since), "happened_at")


def _entry(message: Message) -> Entry:
    delivery = message.preparation.delivery
    left_out = bool(message.exclusion)
    log = "deliveries:exclusion_log" if left_out else "deliveries:sending_log"
    why = because.detail_label(message.exclusion, message.detail) if left_out else message.reason_label
    parts = [str(Exclusion(message.exclusion).label) if left_out else "", why, message.address]
    return Entry(
        at=message.happened_at,  # type: ignore[attr-defined]
        title=_("%(channel)s “%(label)s”") % {"channel": Channel.of(delivery.channel).label, "label": delivery.label},
        state=_("left out") if left_out else str(message.get_status_display()),
        status=message.status,
        detail=" · ".join(part for part in parts if part),
        url=f"{reverse(log, args=[delivery.pk])}?{urlencode({'q': message.address})}",
    )


MESSAGES = Part(
    "messages", gettext_lazy("Messages"), entries, count, first, months, permission="deliveries.view_delivery", position=10
)


def _events(profile: Profile) -> QuerySet[TrackingEvent]:
    """What a person did; programs that look at mails before her are none of her history."""
    return TrackingEvent.objects.filter(profile=profile, is_automatic=False).order_by()


def tracked_entries(profile: Profile, before: datetime, limit: int) -> Iterable[Entry]:
    found = _events(profile).filter(at__lt=before).order_by("-at", "-pk")
    return [_tracked_entry(event) for event in found.select_related("delivery", "link")[:limit]]


def _tracked_entry(event: TrackingEvent) -> Entry:
    words = _("Clicked a link of “%(label)s”") if event.link else _("Opened “%(label)s”")
    return Entry(
        at=event.at,
        title=words % {"label": event.delivery.label},
        detail=event.link.url if event.link else "",
        url=reverse("deliveries:tracking_log", args=[event.delivery_id]),
    )


def tracked_first(profile: Profile) -> datetime | None:
    return _events(profile).aggregate(first=Min("at"))["first"]


def tracked_months(profile: Profile, since: datetime) -> dict[date, int]:
    return timeline.by_month(_events(profile).filter(at__gte=since), "at")


TRACKING = Part(
    "tracking",
    gettext_lazy("Opens and clicks"),
    tracked_entries,
    lambda profile: _events(profile).count(),
    tracked_first,
    tracked_months,
    permission="deliveries.view_delivery",
    position=15,
)
