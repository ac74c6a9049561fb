"""What becomes of pages that nobody needs: one that was never published is deleted, any other put on the shelf."""

from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages.models import LandingPage, PageStatus, ScheduledPublication
from landingpages.publishing import InvalidPublication
from profiles.actors import actor


def delete(page: LandingPage) -> None:
    """Gone with its blocks; InvalidPublication for a page that was published once, or that a delivery still names.

    What was published stays for good: the consent history names the version that a person saw.
    """
    try:
        with transaction.atomic():
            stored = LandingPage.objects.select_for_update().filter(pk=page.pk).first()
            if stored and stored.version_id:
                raise InvalidPublication(_("The page was published: archive it, people’s consent history names it."))
            if stored:
                stored.delete()
    except ProtectedError as error:
        raise InvalidPublication(_("Something still links to the page: see where it is used.")) from error


def archive(page: LandingPage, *, by: AbstractUser | str) -> None:
    """Out of the list, and nothing waits any more; InvalidPublication unless it is closed."""
    closed = LandingPage.objects.filter(pk=page.pk, status=PageStatus.CLOSED, archived_at__isnull=True)
    with transaction.atomic():
        if not closed.update(archived_at=timezone.now(), archived_by=actor(by), is_default=False):
            raise InvalidPublication(_("Only a page that is closed can be archived: unpublish it first."))
        ScheduledPublication.objects.filter(page=page).delete()


def bring_back(page: LandingPage) -> None:
    """Back to the list, closed as it was; InvalidPublication where it is there already."""
    archived = LandingPage.objects.filter(pk=page.pk, archived_at__isnull=False)
    if not archived.update(archived_at=None, archived_by=""):
        raise InvalidPublication(_("The page is not archived."))
