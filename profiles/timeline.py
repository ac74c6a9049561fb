"""Everything that happened with one profile, in the order of time; each app contributes its part from AppConfig.ready()."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from django.db.models import Count, DateField, QuerySet
from django.db.models.functions import TruncMonth
from django.utils import timezone

from profiles.models import Profile

PAGE = 50  # entries
MONTHS = 12  # of the chart
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entry:
    """One thing that happened. `status` colours `state`, the word beside it; `url` leads to where it is recorded."""

    at: datetime
    title: str
    state: str = ""
    status: str = ""
    detail: str = ""
    url: str = ""
    kind: str = ""  # the key of its part; filled in here

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)


@dataclass(frozen=True)
class Part:
    """What one kind of entry takes to be shown; each function may ask the database a constant number of times.

    `entries(profile, before, limit)`: the newest of those earlier than `before`, newest first, at most so many.
    `count(profile)`, `first(profile)`: how many there are, and the moment of the oldest (None where there is none).
    `months(profile, since)`: first day of a month -> how many since then; a part without it is not in the chart.
    """

    key: str
    label: Any
    entries: Callable[[Profile, datetime, int], Iterable[Entry]]
    count: Callable[[Profile], int]
    first: Callable[[Profile], datetime | None]
    months: Callable[[Profile, datetime], Mapping[date, int]] | None = None
    permission: str = "profiles.view_profile"  # an operator without it does not see the part
    position: int = 100  # among the filters


@dataclass(frozen=True)
class Page:
    entries: list[Entry]
    older: datetime | None  # `before` of the next page; None where this is the last


@dataclass(frozen=True)
class Summary:
    """The figures above the time line."""

    first: datetime | None
    counts: list[tuple[Part, int]]
    months: list[tuple[date, int]] = field(default_factory=list)  # oldest first, those without anything too

    @property
    def total(self) -> int:
        return sum(count for _part, count in self.counts)


_parts: dict[str, Part] = {}


def register(part: Part) -> None:
    """Add a kind of entry; registering its key again replaces it."""
    _parts[part.key] = part


def parts(allowed: Callable[[str], bool] = lambda permission: True) -> list[Part]:
    """The parts that somebody with these permissions may see, in the order of the filters."""
    return sorted((part for part in _parts.values() if allowed(part.permission)), key=lambda part: (part.position, part.key))


def page(profile: Profile, chosen: Iterable[Part], *, before: datetime, limit: int = PAGE) -> Page:
    """The newest entries earlier than `before`. A page ends between two moments: entries of one moment stay together."""
    chosen = list(chosen)
    while True:
        found = _newest(profile, chosen, before, limit + 1)
        if len(found) <= limit:
            return Page(found, None)
        cut = found[limit].at
        kept = [entry for entry in found if entry.at > cut]
        if kept:
            return Page(kept, cut + INSTANT)
        limit *= 2  # more things at one moment than fit on a page


def summary(profile: Profile, chosen: Iterable[Part], *, now: datetime) -> Summary:
    chosen = list(chosen)
    months = _last_months(now)
    since = timezone.make_aware(datetime.combine(months[0], datetime.min.time()))
    counted = [part.months(profile, since) for part in chosen if part.months]
    firsts = [moment for part in chosen if (moment := part.first(profile))]
    return Summary(
        min(firsts, default=None),
        [(part, part.count(profile)) for part in chosen],
        [(month, sum(one.get(month, 0) for one in counted)) for month in months],
    )


def by_month(rows: QuerySet[Any], moment: str) -> dict[date, int]:
    """First day of a month, in the operator's time zone -> the number of these rows in it; for Part.months."""
    months = rows.order_by().annotate(month=TruncMonth(moment, output_field=DateField())).values_list("month")
    return dict(months.annotate(number=Count("*")))


def _newest(profile: Profile, chosen: list[Part], before: datetime, limit: int) -> list[Entry]:
    streams = [[_of(entry, part) for entry in part.entries(profile, before, limit)] for part in chosen]
    return list(islice(merge(*streams, key=lambda entry: entry.at, reverse=True), limit))


def _of(entry: Entry, part: Part) -> Entry:
    return Entry(**{**vars(entry), "kind": part.key})


def _last_months(now: datetime) -> list[date]:
    """The first days of the last twelve months, this one included, oldest first."""
    today = timezone.localdate(now)
    numbers = [today.year * 12 + today.month - 1 - back for back in range(MONTHS - 1, -1, -1)]
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]
