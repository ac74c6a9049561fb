"""Double opt-in of a page: who is unknown becomes a profile once she has confirmed it by email (design decision 12).

Until then there is no profile that anything could reach: the Submission itself waits, and it forgets what was typed when
nobody confirms within 7 days.
"""

import uuid
from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from landingpages import jobs
from landingpages.models import Submission, SubmissionStatus
from profiles import notices
from profiles.links import LIFETIME, Link, Purpose
from profiles.models import NoticeKind


def ask(one: Submission, address: str) -> uuid.UUID | None:
    """Have the typed address confirm; what the mail confirms, or None where the address was asked a moment ago."""
    page_id, slug = one.version.page_id, one.version.content["slug"]
    if not notices.may_ask(NoticeKind.CONFIRM_REGISTRATION, address, page_id=page_id):
        return None
    confirmation_id = uuid.uuid4()
    notices.ask(
        NoticeKind.CONFIRM_REGISTRATION,
        address=address,
        profile=None,
        confirms=confirmation_id,
        page_id=page_id,
        page_slug=slug,
        language=one.language,
    )
    return confirmation_id


def find(link: Link) -> Submission | None:
    """What a genuine confirmation link is about; None where it was erased."""
    return Submission.objects.select_related("version").filter(confirmation_id=link.public_id).first()


def waiting() -> QuerySet[Submission]:
    """Registrations that can still be confirmed."""
    return Submission.objects.filter(status=SubmissionStatus.PENDING, processed_at__gt=timezone.now() - LIFETIME[Purpose.CONFIRM])


def expire() -> int:
    """End the registrations that nobody confirmed in time, and forget what was typed for them; how many."""
    over = timezone.now() - LIFETIME[Purpose.CONFIRM]
    due = Submission.objects.filter(status=SubmissionStatus.PENDING, processed_at__lte=over)
    return due.update(status=SubmissionStatus.EXPIRED, data={}, ip="")


def settle(pk: int) -> None:
    """Forget what was sent, where the page does not log responses and nothing waits for it any more.

    The network stays for the limits, until `clean_up`.
    """
    one = Submission.objects.select_related("version").get(pk=pk)
    if one.status != SubmissionStatus.PENDING and not jobs.logs_responses(one.version.content):
        Submission.objects.filter(pk=pk).update(data={})


def clean_up() -> int:
    """Forget what was sent longer ago than responses are kept; that it was sent stays counted. How many."""
    ended = expire()
    if not settings.PAGE_RESPONSES_DAYS:
        return ended
    kept_since = timezone.now() - timedelta(days=settings.PAGE_RESPONSES_DAYS)
    old = Submission.objects.filter(processed_at__lt=kept_since).exclude(status=SubmissionStatus.PENDING)
    return ended + old.exclude(data={}, ip="").update(data={}, ip="")
