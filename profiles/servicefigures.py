"""How a service fares: subscribed now, and subscriptions made and ended by period (reference 4.3.2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from profiles.models import ConsentEvent, Scope, Service, Subscription


@dataclass(frozen=True)
class Period:
    """A stretch of time up to now, and the steps of its curve."""

    name: str
    label: Any
    step: timedelta
    steps: int

    @property
    def length(self) -> timedelta:
        return self.step * self.steps

    @property
    def is_of_days(self) -> bool:
        return self.step >= timedelta(days=1)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERIODS = {
    period.name: period
    for period in (
        Period("6h", _("6 hours"), HOUR / 2, 12),
        Period("12h", _("12 hours"), HOUR, 12),
        Period("24h", _("24 hours"), HOUR, 24),
        Period("48h", _("48 hours"), 2 * HOUR, 24),
        Period("1w", _("1 week"), DAY, 7),
        Period("2w", _("2 weeks"), DAY, 14),
        Period("1m", _("1 month"), DAY, 30),
        Period("6m", _("6 months"), 7 * DAY, 26),
    )
}


@dataclass(frozen=True)
class Figures:
    """Subscriptions made and ended between two moments, expired ones among the ended."""

    start: datetime
    created: int
    ended: int

    @property
    def evolution(self) -> int:
        return self.created - self.ended


def subscribed_now(service: Service, now: datetime) -> int:
    return Subscription.objects.current(now).filter(service=service).count()


def by_period(service: Service, now: datetime) -> list[tuple[Period, Figures]]:
    """The figures of every period up to now, in one query."""
    spans = [(now - period.length, now) for period in PERIODS.values()]
    return list(zip(PERIODS.values(), _count(service, spans), strict=True))


def curve(service: Service, period: Period, now: datetime) -> list[Figures]:
    """The figures of each step of the period, oldest first, in one query."""
    start = now - period.length
    return _count(service, [(start + period.step * place, start + period.step * (place + 1)) for place in range(period.steps)])


def _count(service: Service, spans: Iterable[tuple[datetime, datetime]]) -> list[Figures]:
    spans = list(spans)
    counted: dict[str, Any] = {}
    for place, (start, end) in enumerate(spans):
        within = Q(at__gte=start, at__lt=end)
        counted[f"created_{place}"] = Count("pk", filter=within & Q(after=False))
        counted[f"ended_{place}"] = Count("pk", filter=within & Q(after=True))
    first = min(start for start, _end in spans)
    events = ConsentEvent.objects.filter(scope=Scope.SERVICE, service=service, at__gte=first).order_by()
    found = events.aggregate(**counted)
    return [Figures(start, found[f"created_{place}"], found[f"ended_{place}"]) for place, (start, _end) in enumerate(spans)]
