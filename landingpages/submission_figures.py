"""How a page fares: visits and submissions by day, and how many of the visits led to one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from landingpages.models import CONVERSIONS, LandingPage, Submission, SubmissionStatus, VisitCount
from landingpages.submissions import start_of

PERIODS = {"1w": (7, _("1 week")), "1m": (30, _("1 month")), "3m": (91, _("3 months")), "1y": (365, _("1 year"))}
SUMMARY_DAYS = 30


@dataclass
class Figures:
    """What happened in some days: visits, and submissions by their status now."""

    visits: int = 0
    by_status: dict[str, int] = field(default_factory=dict)

    @property
    def submissions(self) -> int:
        return sum(self.by_status.values())

    @property
    def conversion(self) -> float | None:
        """Submissions per hundred visits; None where nothing was counted, or fewer visits than submissions were."""
        if not self.visits or self.submissions > self.visits:
            return None
        return 100 * self.submissions / self.visits

    def in_order(self) -> list[int]:
        """The submissions in the order of the statuses."""
        return [self.by_status.get(status, 0) for status in SubmissionStatus.values]

    def add(self, other: "Figures") -> None:
        self.visits += other.visits
        for status, number in other.by_status.items():
            self.by_status[status] = self.by_status.get(status, 0) + number


def by_day(page: LandingPage, days: int) -> dict[date, Figures]:
    """The last days up to today, oldest first, those without anything too; two queries."""
    today = timezone.localdate()
    first = today - timedelta(days=days - 1)
    found = {first + timedelta(days=place): Figures() for place in range(days)}
    sent = _sent(Submission.objects.filter(page=page), first).annotate(day=TruncDate("received_at"))
    for day, status, number in sent.values("day", "status").annotate(number=Count("pk")).values_list("day", "status", "number"):
        if day in found:
            found[day].by_status[status] = number
    for day, visits in VisitCount.objects.filter(version__page=page, day__gte=first).values_list("day").annotate(Sum("visits")):
        if day in found:
            found[day].visits = visits
    return found


def total(figures: Iterable[Figures]) -> Figures:
    summed = Figures()
    for one in figures:
        summed.add(one)
    return summed


def summaries(pages: Iterable[LandingPage]) -> dict[int, Figures]:
    """The last SUMMARY_DAYS of each page; two queries for all of them."""
    first = timezone.localdate() - timedelta(days=SUMMARY_DAYS - 1)
    found = {page.pk: Figures() for page in pages}
    sent = _sent(Submission.objects.filter(page__in=found), first).values("page", "status").annotate(number=Count("pk"))
    for page_id, status, number in sent.values_list("page", "status", "number"):
        found[page_id].by_status[status] = number
    visits = VisitCount.objects.filter(version__page__in=found, day__gte=first).values_list("version__page")
    for page_id, number in visits.annotate(Sum("visits")):
        found[page_id].visits = number
    return found


def _sent(rows: Any, first: date) -> Any:
    return rows.filter(kind__in=CONVERSIONS, received_at__gte=start_of(first)).order_by()
