"""What keeps machines from filling in pages: a signed stamp, a trap, a least time, and few submissions per network."""

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages.models import Submission

STAMP = "opened"  # name of the hidden input with the stamp
TRAP = "website"  # name of the input that people do not see; machines fill it in
SALT = "landingpages.form"


def stamp(page_id: int) -> str:
    """Says, signed, when a form of this page was opened. It replaces a CSRF token: there is no session to ride on."""
    return signing.dumps([page_id, round(timezone.now().timestamp(), 1)], salt=SALT)


def fault(data: Mapping[str, str], page_id: int) -> str:
    """Why a form without a link is not taken, in words for a person; "" if it is taken."""
    if data.get(TRAP):
        return _("Leave the field that says so empty.")
    try:
        stamped, opened = signing.loads(data.get(STAMP, ""), salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        stamped, opened = 0, 0.0
    age = timezone.now().timestamp() - opened
    if stamped != page_id or not 0 <= age <= settings.PAGE_FORM_HOURS * 3600:
        return _("This page was open for too long. Look at what you typed and send it again.")
    if age < settings.PAGE_SECONDS:
        return _("That was very fast. Look at what you typed and send it again.")
    return ""


def is_crowded(network: str) -> bool:
    """Whether this network has sent all that one network may send for now, to all pages together."""
    since = timezone.now() - timedelta(minutes=settings.PAGE_LIMIT_MINUTES)
    return Submission.objects.filter(ip=network, received_at__gt=since).count() >= settings.PAGE_LIMIT_PER_NETWORK
