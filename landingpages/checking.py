"""Is the page fit to be published? Errors stop it, warnings do not (reference 3.5.2)."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from landingpages import job_checking, page_checks
from landingpages.block_checks import about_blocks
from landingpages.models import BlockKind, LandingPage
from landingpages.snapshots import snapshot
from landingpages.verdicts import Check, Level

__all__ = ["Check", "Level", "checks"]
JOB = "job-on_match"  # the first field of that part of the properties


def checks(page: LandingPage, content: dict[str, Any] | None = None, *, at: datetime | None = None) -> list[Check]:
    """What is wrong with the page as it is edited, or with this content of it: first the page, then its blocks in order.

    `at` is the moment at which it is to go online, now by default.
    """
    content = snapshot(page) if content is None else content
    return [*_page(page, content), *page_checks.find(page, content, at or timezone.now()), *about_blocks(content)]


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
    for level, text, key in job_checking.findings(content):
        yield Check(Level(level), text, key, field="" if key else JOB)
