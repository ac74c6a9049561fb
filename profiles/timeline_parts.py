"""What the ledger contributes to the marketing history: changes of consent, and subscriptions."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.db.models import Min, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from profiles import history, timeline
from profiles.consent_at import profile_ids
from profiles.models import ConsentEvent, Profile, Scope
from profiles.timeline import Entry, Part


def _events(profile: Profile, *, of_services: bool) -> QuerySet[ConsentEvent]:
    events = ConsentEvent.objects.filter(profile__in=profile_ids(profile))
    return events.filter(scope=Scope.SERVICE) if of_services else events.exclude(scope=Scope.SERVICE)


def _part(key: str, label: Any, *, of_services: bool, position: int) -> Part:
    def entries(profile: Profile, before: datetime, limit: int) -> Iterable[Entry]:
        events = _events(profile, of_services=of_services).filter(at__lt=before).order_by("-at", "-pk")
        return [_entry(event) for event in events[:limit]]

    def count(profile: Profile) -> int:
        return _events(profile, of_services=of_services).count()

    def first(profile: Profile) -> datetime | None:
        return _events(profile, of_services=of_services).aggregate(first=Min("at"))["first"]

    def months(profile: Profile, since: datetime) -> dict[date, int]:
        return timeline.by_month(_events(profile, of_services=of_services).filter(at__gte=since), "at")

    return Part(key, label, entries, count, first, months, "profiles.view_consentevent", position)


def _entry(event: ConsentEvent) -> Entry:
    parts = [str(event.get_source_display()), history.who(event), history.where(event)]
    if event.scope == Scope.SERVICE:
        url = reverse("admin:profiles_service_change", args=[event.service_id])
    else:
        url = f"{reverse('profiles:consent_history', args=[event.profile_id])}?event={event.pk}#event-{event.pk}"
    return Entry(
        at=event.at,
        title=event.choice_label,
        state=history.change(event),
        status="opted_out" if event.after else "cleared",
        detail=" · ".join(part for part in parts if part),
        url=url,
    )


CONSENT = _part("consent", _("Consent"), of_services=False, position=30)
SUBSCRIPTIONS = _part("subscriptions", _("Subscriptions"), of_services=True, position=20)
