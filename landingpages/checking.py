"""Is the page fit to be published? Errors stop it, warnings do not (reference 3.5.2)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import blocks, job_checking, memberships
from landingpages.blocks import KINDS, BoundField
from landingpages.models import BlockKind, LandingPage, PageStatus, PageType
from landingpages.snapshots import PAGE_TEXTS, labels, needs_label, snapshot


class Level(TextChoices):
    ERROR = "error", gettext_lazy("Error")
    WARNING = "warning", gettext_lazy("Warning")


@dataclass(frozen=True)
class Check:
    """One finding; `block_key` names the block that it is about, empty for the page as a whole."""

    level: Level
    text: str
    block_key: str = ""


def checks(page: LandingPage) -> list[Check]:
    """What is wrong with the page as it is edited: first the page, then its blocks in their order."""
    content = snapshot(page)
    return [*_page(page, content), *_texts(content), *_blocks(content)]


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


def _texts(content: dict[str, Any]) -> Iterator[Check]:
    """Warn of a confirmation or error text that one language has and another lacks."""
    languages = _in_use(content)
    names = {"confirmation": _("confirmation"), "error": _("error")}
    for name in PAGE_TEXTS:
        written = [code for code in languages if content["texts"][code][name]]
        for code in languages if written else ():
            if code not in written:
                yield Check(
                    Level.WARNING,
                    _("The %(page)s page has no text in this language: %(language)s.")
                    % {"page": names[name], "language": _language(code)},
                )


def _blocks(content: dict[str, Any]) -> Iterator[Check]:
    fields = Counter(block["field"] for block in content["blocks"] if block["field"])
    services = Counter(int(block["service_id"]) for block in memberships.boxes(content))
    services[memberships.own_service(content)] += 1
    known = blocks.known(fields)
    languages = _in_use(content)
    for block in content["blocks"]:
        key = block["key"]
        for level, text in (
            *_labels(block, languages),
            *_field(block, known, fields, content["type"]),
            *_about_a_service(block, services),
        ):
            yield Check(level, text, key)


def _about_a_service(block: dict[str, Any], services: Counter[int]) -> Iterator[tuple[Level, str]]:
    if block["kind"] != BlockKind.SERVICE:
        return
    if not block["service_id"]:
        yield Level.ERROR, _("Choose the service that this box is about.")
    elif services[block["service_id"]] > 1:
        yield Level.ERROR, _("The page, or another box, is about this service too.")


def _labels(block: dict[str, Any], languages: list[str]) -> Iterator[tuple[Level, str]]:
    present = labels(block)
    if not present and needs_label(block):
        yield Level.ERROR, _("The label is missing.")
    elif not present:
        yield Level.WARNING, _("The block is empty.")
    for code in languages if present else ():
        if code not in present:
            yield Level.WARNING, _("The label is missing in this language: %(language)s.") % {"language": _language(code)}


def _field(
    block: dict[str, Any], known: dict[str, BoundField], fields: Counter[str], page_type: str
) -> Iterator[tuple[Level, str]]:
    kind = KINDS[BlockKind(block["kind"])]
    if not kind.takes_field:
        return
    bound = known.get(block["field"])
    if bound is None:
        yield Level.ERROR, _("Choose the field that this block fills.")
        return
    values = {"kind": kind.label, "field": bound.label}
    if fields[bound.name] > 1:
        yield Level.ERROR, _("Another block fills the field “%(field)s” too.") % values
    if not bound.can_hold(kind.kind):
        yield Level.ERROR, _("A block of the type “%(kind)s” cannot fill the field “%(field)s”.") % values
    elif not bound.suits(kind.kind):
        yield Level.WARNING, _("The type “%(kind)s” does not suit the field “%(field)s”.") % values
    if block["is_mandatory"] and bound.scope:
        yield Level.WARNING, _("A mandatory box leaves nobody a choice.")
    elif block["is_mandatory"] and page_type == PageType.BLOCKLIST:
        yield Level.WARNING, _("Who wants to hear nothing any more should not have to type anything.")


def _in_use(content: dict[str, Any]) -> list[str]:
    """The languages that the page is written in, if only in part: a page in one language is not half a page in two."""
    return [code for code, _name in settings.LANGUAGES if any(code in labels(block) for block in content["blocks"])]


def _language(code: str) -> str:
    return str(dict(settings.LANGUAGES)[code])
