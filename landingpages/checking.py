"""Is the page fit to be published? Errors stop it, warnings do not (reference 3.5.2)."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import job_checking
from landingpages.block_checks import Check, Level, about_blocks
from landingpages.models import BlockKind, LandingPage, PageStatus
from landingpages.snapshots import snapshot

__all__ = ["Check", "Level", "checks"]


def checks(page: LandingPage) -> list[Check]:
    """What is wrong with the page as it is edited: first the page, then its blocks in their order."""
    content = snapshot(page)
    return [*_page(page, content), *about_blocks(content)]


def _page(page: LandingPage, content: dict[str, Any]) -> Iterator[Check]:
    kinds = Counter(block["kind"] for block in content["blocks"])
    buttons = kinds[BlockKind.BUTTON]
    if not buttons:
        yield Check(Level.ERROR, _("The page has no button."))
    if buttons > 1:
        yield Check(Level.ERROR, _("The page has %(count)s buttons: keep one.") % {"count": buttons})
    if not kinds[BlockKind.HEADING]:
        yield Check(Level.WARNING, _("The page has no heading."))
    if not content["languages"]:
        yield Check(Level.ERROR, _("No language is complete: write every label in at least one language."))
    yield from (Check(Level(level), text, key) for level, text, key in job_checking.findings(content))
    if (expires_at := content["settings"]["expires_at"]) and datetime.fromisoformat(expires_at) <= timezone.now():
        yield Check(Level.ERROR, _("The expiration is in the past."))
    others = LandingPage.objects.exclude(pk=page.pk).filter(status=PageStatus.ONLINE, version__content__slug=page.slug)
    if others.exists():
        yield Check(Level.ERROR, _("Another page is online at the address %(slug)s.") % {"slug": page.slug})
