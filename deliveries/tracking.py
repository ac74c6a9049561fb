"""Opens and clicks: which links lead through us, what is noted, and what was hardly a person (decisions 23 and 24)."""

import html
import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from deliveries.models import Delivery, Message, TrackedLink, Tracking, TrackingEvent, TrackingKind
from profiles import aliases, programs
from profiles.links import Link, Purpose, make_token
from profiles.models import Profile

LINK = re.compile(r"""(<a\b[^>]*?\bhref\s*=\s*)(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)
PIXEL = '<img src="{{ tracking.open }}" width="1" height="1" alt="" style="border:0">'
LONGEST = 2000  # characters of an address; longer ones are left as they are
MOST_EVENTS = 200  # of one person in one delivery: a program that asks all day fills no disk

AT_ONCE = timedelta(seconds=5)  # after the hand-over nobody has read it
SWEEP = timedelta(seconds=10)  # this many different links in this time are a program's
SWEEP_LINKS = 3


def instrument(delivery: Delivery, source: str) -> tuple[str, list[int]]:
    """The HTML of a delivery with its links led through us and the picture at its end, as its `tracking` says; link ids.

    Links with merge fields stay as they are: their address differs from person to person. So do links to us.
    """
    if not delivery.is_email or not source.strip():
        return source, []
    ids: dict[str, int] = {}

    def lead(match: re.Match[str]) -> str:
        url = html.unescape(match[2] if match[2] is not None else match[3]).strip()
        if not _is_tracked(url):
            return match[0]
        ids[url] = ids.get(url) or TrackedLink.objects.get_or_create(delivery=delivery, url=url)[0].pk
        return f'{match[1]}"{{{{ tracking.click_{ids[url]} }}}}"'

    if delivery.tracking in (Tracking.CLICKS, Tracking.BOTH):
        source = LINK.sub(lead, source)
    if delivery.tracking in (Tracking.OPENS, Tracking.BOTH):
        end = max((match.start() for match in BODY_END.finditer(source)), default=len(source))
        source = source[:end] + PIXEL + source[end:]
    return source, sorted(ids.values())


def _is_tracked(url: str) -> bool:
    is_web = url.lower().startswith(("http://", "https://"))
    return is_web and len(url) <= LONGEST and "{{" not in url and "{%" not in url and not url.startswith(settings.PUBLIC_URL)


def fields(content: dict[str, Any]) -> set[str]:
    """The merge fields that instrument() put into a pinned content."""
    return {"tracking.open", *(f"tracking.click_{link}" for link in content.get("tracked_links", ()))}


def values(content: dict[str, Any], profile: Profile) -> dict[str, str]:
    """What these merge fields are for one person."""
    if content.get("tracking", Tracking.OFF) == Tracking.OFF:
        return {}
    delivery, site = content["delivery"], settings.PUBLIC_URL
    links = {
        f"click_{link}": f"{site}/t/c/{make_token(Purpose.CLICK, profile.public_id, delivery=delivery, page=link)}"
        for link in content.get("tracked_links", ())
    }
    return links | {"open": f"{site}/t/o/{make_token(Purpose.OPEN, profile.public_id, delivery=delivery)}"}


def record(kind: TrackingKind, asked: Link, *, tracked: TrackedLink | None = None, user_agent: str = "") -> TrackingEvent | None:
    """Note an open or a click; None where the profile or the delivery is gone, or has had MOST_EVENTS."""
    profile = aliases.by_public_id(asked.public_id)
    delivery = Delivery.objects.filter(pk=asked.delivery).only("preparation").first()
    if profile is None or delivery is None:
        return None
    former = TrackingEvent.objects.filter(delivery=delivery, profile=profile)
    if former.count() >= MOST_EVENTS:
        return None
    now = timezone.now()
    sweep = former.filter(kind=TrackingKind.CLICK, at__gt=now - SWEEP)
    links = set(sweep.values_list("link", flat=True)) | ({tracked.pk} if tracked else set())
    is_sweep = len(links) >= SWEEP_LINKS
    if is_sweep:
        sweep.update(is_automatic=True)
    hers = Message.objects.filter(preparation=delivery.preparation_id, profile__in=aliases.all_ids(profile))
    sent_at = hers.values_list("ended_at", flat=True).first()
    is_early = sent_at is None or now - sent_at < AT_ONCE
    return TrackingEvent.objects.create(
        delivery=delivery,
        profile=profile,
        link=tracked,
        kind=kind,
        at=now,
        is_automatic=is_sweep or is_early or programs.is_program(user_agent),
    )


def totals(delivery: Delivery) -> dict[str, int]:
    """Opens and clicks of people, the people behind them, and how many events were automatic."""
    human = Q(is_automatic=False)
    opened, clicked = Q(kind=TrackingKind.OPEN) & human, Q(kind=TrackingKind.CLICK) & human
    return delivery.tracking_events.aggregate(
        opens=Count("pk", filter=opened),
        opened_by=Count("profile", filter=opened, distinct=True),
        clicks=Count("pk", filter=clicked),
        clicked_by=Count("profile", filter=clicked, distinct=True),
        automatic=Count("pk", filter=~human),
    )


def links_of(delivery: Delivery) -> QuerySet[TrackedLink]:
    """The tracked links with `clicks` and `people`, most people first; automatic ones do not count."""
    human = Q(events__is_automatic=False)
    return delivery.tracked_links.annotate(
        clicks=Count("events", filter=human), people=Count("events__profile", filter=human, distinct=True)
    ).order_by("-people", "pk")
