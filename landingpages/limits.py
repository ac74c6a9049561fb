"""What keeps machines from filling in pages: a signed stamp, a trap, a least time, few submissions per network and page.

Whoever comes with a genuine link meets none of it: nothing may stand in the way of an opt-out.
"""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import jobs
from landingpages.models import PublishedVersion, Submission

STAMP = "opened"  # name of the hidden input with the stamp
TRAP = "website"  # name of the input that people do not see; machines fill it in
SALT = "landingpages.form"


def stamp(version_id: int) -> str:
    """Says, signed, when a form of this version was opened. It replaces a CSRF token: there is no session to ride on."""
    return signing.dumps([version_id, round(timezone.now().timestamp(), 1)], salt=SALT)


def fault(data: Mapping[str, str], version: PublishedVersion) -> str:
    """Why a form without a link is not taken, in words for a person; "" if it is taken.

    A page without spam protection takes forms of other sites too, which carry no stamp; one of ours is still asked of
    which version it is.
    """
    if not jobs.is_protected(version.content):
        return changed_meanwhile() if data.get(STAMP) and not is_of(data, version.pk) else ""
    if told := trapped(data):
        return told
    stamped, opened = _read(data)
    age = timezone.now().timestamp() - opened
    if not 0 <= age <= settings.PAGE_FORM_HOURS * 3600:
        return _("This page was open for too long. Look at what you typed and send it again.")
    if stamped != version.pk:
        return changed_meanwhile()
    if age < settings.PAGE_SECONDS:
        return _("That was very fast. Look at what you typed and send it again.")
    return ""


def trapped(data: Mapping[str, str]) -> str:
    """Why a form is not taken in which a machine filled in what people do not see."""
    return _("Leave the field that says so empty.") if data.get(TRAP) else ""


def changed_meanwhile() -> str:
    """For whoever sends a form that is not, or no longer, the form of the page."""
    return _("This page was changed while you had it open. Look at it and send it again.")


def is_of(data: Mapping[str, str], version_id: int) -> bool:
    """Whether the form that was sent is that of this version: only then do its ticks mean what they meant."""
    return _read(data)[0] == version_id


def _read(data: Mapping[str, str]) -> tuple[int, float]:
    """Version and moment of the stamp; zeros for one that is not ours."""
    try:
        version_id, opened = signing.loads(data.get(STAMP, ""), salt=SALT)
        return int(version_id), float(opened)
    except (signing.BadSignature, ValueError, TypeError):
        return 0, 0.0


def is_crowded(network: str) -> bool:
    """Whether this network has sent all that one network may send for now, to all pages together."""
    return _recent().filter(ip=network).count() >= settings.PAGE_LIMIT_PER_NETWORK


def is_stormed(version: PublishedVersion) -> bool:
    """Whether the page has taken all that one page may take for now, from all networks together."""
    return _recent().filter(page=version.page_id).count() >= settings.PAGE_LIMIT_PER_PAGE


def _recent() -> QuerySet[Submission]:
    since = timezone.now() - timedelta(minutes=settings.PAGE_LIMIT_MINUTES)
    return Submission.objects.filter(received_at__gt=since, is_identified=False)
