"""Publications that wait for their moment: what was approved when they were scheduled goes online then, and nothing newer.

The worker carries them out. A publication that is refused at its moment is kept with the reason, and what was online
stays online; one that a dying worker was at is as if nobody had begun it.
"""

import logging
from datetime import datetime

from django.contrib.auth.models import AbstractUser
from django.db import OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import publishing
from landingpages.models import LandingPage, ScheduledPublication
from landingpages.publishing import InvalidPublication
from landingpages.snapshots import snapshot
from profiles.actors import actor

logger = logging.getLogger("heed.pages")
AT_ONCE = 100  # publications per round


def schedule(page: LandingPage, *, at: datetime, by: AbstractUser | str, revision: int | None = None) -> ScheduledPublication:
    """Freeze what the page is now and have it published at this moment, in place of whatever waited before.

    Raises InvalidPublication where the moment has passed, a check is an error at that moment, or the content would
    be what is online already; EditConflict where the page is no longer the revision that was shown.
    """
    if at <= timezone.now():
        raise InvalidPublication(_("This moment has passed: publish now, or choose a later one."))
    with transaction.atomic():
        current = publishing.locked(page, page.revision if revision is None else revision)
        publishing.refuse(current, at=at)
        now = timezone.now()
        scheduled, _created = ScheduledPublication.objects.update_or_create(
            page=current,
            defaults={
                "content": snapshot(current),
                "due_at": at,
                "scheduled_at": now,
                "scheduled_by": actor(by),
                "failed_at": None,
                "reason": "",
            },
        )
        scheduled.images.set(publishing.images_of(scheduled.content))
        LandingPage.objects.filter(pk=page.pk).update(deploys_at=at)
    page.deploys_at = at
    return scheduled


def unschedule(page: LandingPage) -> None:
    """Nothing is published by itself any more; InvalidPublication where nothing waits."""
    deleted, _rows = ScheduledPublication.objects.filter(page=page).delete()
    if not deleted:
        raise InvalidPublication(_("No publication is waiting: it was taken back, or has happened."))


def waiting(page: LandingPage) -> ScheduledPublication | None:
    """The publication that waits for its moment, or that failed at it."""
    return ScheduledPublication.objects.filter(page=page).first()


def publish_due() -> int:
    """Carry out the publications whose moment has come; how many this worker dealt with."""
    due = ScheduledPublication.objects.filter(failed_at__isnull=True, due_at__lte=timezone.now()).order_by("due_at")
    return sum(_carry_out(pk, page_id) for pk, page_id in due.values_list("pk", "page_id")[:AT_ONCE])


def retry(page: LandingPage) -> None:
    """Try a publication that failed once more, now; InvalidPublication where it fails again, or did not fail."""
    failed = ScheduledPublication.objects.filter(page=page, failed_at__isnull=False)
    pk = failed.values_list("pk", flat=True).first()
    if pk is None or not failed.update(failed_at=None, reason=""):
        raise InvalidPublication(_("No publication of this page has failed, or somebody else is trying it again."))
    _carry_out(pk, page.pk)
    if left := ScheduledPublication.objects.filter(pk=pk).first():
        raise InvalidPublication(left.reason or _("Another attempt is under way."))
    page.refresh_from_db()


def _carry_out(pk: int, page_id: int) -> bool:
    """Whether it was this one that published, or noted why not; a database that is away leaves it due."""
    try:
        with transaction.atomic():
            return _publish(pk, page_id)
    except OperationalError:
        raise
    except InvalidPublication as refusal:
        reason = str(refusal)
    except Exception:
        logger.exception("the publication of the page %s failed", page_id)
        reason = _("An unexpected error stopped it; the log of the worker has the details.")
    waits = ScheduledPublication.objects.filter(pk=pk, failed_at__isnull=True)
    return bool(waits.update(failed_at=timezone.now(), reason=reason))


def _publish(pk: int, page_id: int) -> bool:
    """The page is locked first and its publication read after that: of several workers one finds it."""
    page = LandingPage.objects.select_for_update(no_key=True).get(pk=page_id)
    due = ScheduledPublication.objects.filter(pk=pk, failed_at__isnull=True, due_at__lte=timezone.now()).first()
    if due is None:
        return False
    publishing.put_online(page, due.content, by=due.scheduled_by)
    return True
