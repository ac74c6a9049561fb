"""Test a page: the code that visitors meet, in a transaction that is rolled back, and what it did there.

Nothing is described twice: the steps are read from what the real code wrote before it is taken back (decision 8).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from landingpages import reconciling, recording, submission_details, submissions, visits
from landingpages.models import LandingPage, PageStatus, PublishedVersion, Submission, SubmissionStatus
from landingpages.publishing import snapshot
from landingpages.visits import Visit
from profiles import history, links
from profiles.links import Link, Purpose
from profiles.models import ConsentEvent, Notice, PendingChange, Profile

logger = logging.getLogger("heed.landingpages")
EDITED = "edited"
AGES = {
    "fresh": _("issued just now"),
    "before": _("older than her opt-out"),
    "old": _("older than 30 days"),
}


@dataclass(frozen=True)
class TrialVisit(Visit):
    """A visit whose forms lead back to the test, never to the page that works."""

    base: str = ""

    def address(self, name: str) -> str:
        return self.base + ("" if name == "page" else f"{name.replace('_', '-')}/")


@dataclass
class Rehearsal:
    """What the real code did before it was taken back."""

    response: HttpResponse
    one: Submission | None = None
    profile: Profile | None = None
    is_new: bool = False
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    events: list[ConsentEvent] = field(default_factory=list)
    waiting: list[PendingChange] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    has_failed: bool = False

    @property
    def fields(self) -> list[tuple[str, Any, Any]]:
        """The ordinary fields that would differ: what they are called, before, after."""
        labels = submissions.field_labels()
        names = dict.fromkeys([*self.before, *self.after])
        pairs = [(name, self.before.get(name), self.after.get(name)) for name in names if name in labels]
        return [(labels[name], before, after) for name, before, after in pairs if (before or "") != (after or "")]


def version_of(page: LandingPage, number: str) -> PublishedVersion | None:
    """The version that is tested: a published one, or the page as it is edited under an id that no version has.

    The id changes with each revision, so that a form that was opened before an edit is told so, as visitors are.
    """
    if number != EDITED:
        return PublishedVersion.objects.filter(page=page, number=int(number[:9])).first() if number.isdecimal() else None
    last = PublishedVersion.objects.filter(page=page).order_by("-number").values_list("number", flat=True).first() or 0
    pk = -(page.pk * 1_000_000 + page.revision % 1_000_000) - 1
    return PublishedVersion(pk=pk, page=page, number=last + 1, content=snapshot(page), published_at=timezone.now())


def link_for(page: LandingPage, profile: Profile, age: str) -> Link:
    """The link of a message that left so long ago."""
    issued_at = {"before": before_opt_out(profile), "old": timezone.now() - links.SEEING - timedelta(days=1)}.get(age)
    return Link(Purpose.PAGE, profile.public_id, 0, page.pk, issued_at or timezone.now())


def before_opt_out(profile: Profile) -> datetime | None:
    """A moment before the boxes were ticked; of those ticks that a link may be older than and still be fresh, if any."""
    ticks = sorted(event.at for event in history.latest_ticks(profile).values())
    seen = [moment for moment in ticks if moment > timezone.now() - links.SEEING + timedelta(minutes=1)]
    first = next(iter(seen or ticks), None)
    return first - timedelta(seconds=1) if first else None


def visit_for(
    page: LandingPage, version: PublishedVersion, base: str, profile: Profile | None, age: str, service: str
) -> TrialVisit:
    """The page as if it were online, for whoever is chosen."""
    page.status = PageStatus.ONLINE  # in hand, never stored
    visit = TrialVisit(page, version, service_name=service, base=base)
    if profile:
        visit = replace(visit, link=link_for(page, profile, age), profile=profile)
    return visits.with_own_services(visit) if visit.is_centre else visit


def rehearse(visit: TrialVisit, answer: Callable[[], HttpResponse]) -> Rehearsal:
    """Send the form for nothing: everything that is written meanwhile is read, and taken back."""
    with transaction.atomic(), recording.watched() as recorded:
        started = timezone.now()
        if visit.version.pk < 0:
            visit.version.save(force_insert=True)
        done = Rehearsal(answer())
        if recorded:
            _process(done, recorded[-1])
            _read(done, started)
        transaction.set_rollback(True)
    _compare(done)
    return done


def _process(done: Rehearsal, one: Submission) -> None:
    """What the worker would do a moment later."""
    try:
        if one.status == SubmissionStatus.RECEIVED:
            reconciling.process(one)
    except Exception:
        logger.exception("a tested submission cannot be processed")
        done.has_failed = True
    done.one = Submission.objects.select_related("version").get(pk=one.pk)


def _read(done: Rehearsal, started: datetime) -> None:
    one = done.one
    if one is None:
        return
    if one.confirmation_id:
        done.notices = list(Notice.objects.filter(confirms=one.confirmation_id))
    if one.profile_id is None:
        return
    done.profile = Profile.objects.get(pk=one.profile_id)
    done.after = values(done.profile)
    done.events = list(ConsentEvent.objects.filter(profile=done.profile, request_id=str(one.request_id)).order_by("pk"))
    done.waiting = submission_details.asked_by(one, done.profile)
    done.notices = list(Notice.objects.filter(profile=done.profile, created_at__gte=started).order_by("pk"))


def _compare(done: Rehearsal) -> None:
    """What is stored, now that all was taken back."""
    if done.profile:
        stored = Profile.objects.filter(pk=done.profile.pk).first()
        done.is_new = stored is None
        done.before = values(stored) if stored else {}


def values(profile: Profile) -> dict[str, Any]:
    """The ordinary fields of a profile by the names that pages know."""
    from_columns = {name: getattr(profile, name) for name in submissions.plain_fields()}
    return from_columns | {f"custom.{key}": value for key, value in profile.custom.items()}
