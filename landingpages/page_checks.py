"""Checks about the page as a whole: its dates, its address, and where its links lead. Nothing is asked over the network."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext as _

from landingpages import richtext
from landingpages.models import LandingPage, PageStatus, PageType
from landingpages.parts import every_block
from landingpages.verdicts import Check, Level
from landingpages.wording import is_html

Content = dict[str, Any]
LINKED = re.compile(r"""href\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
OWN_PATH = re.compile(r"/lp/([a-z0-9]+(?:-[a-z0-9]+)*)(?:[/?#]|\Z)")
WELL_FORMED = URLValidator(["https", "http"])
TYPES_THAT_STAY = (PageType.UNSUBSCRIPTION, PageType.BLOCKLIST)  # links of messages lead there for years


def find(page: LandingPage, content: Content, at: datetime) -> Iterator[Check]:
    """What is wrong with the content if it goes online at this moment."""
    yield from _expiration(page, content, at)
    others = LandingPage.objects.exclude(pk=page.pk).filter(status=PageStatus.ONLINE, version__content__slug=content["slug"])
    if others.exists():
        text = _("Another page is online at the address %(slug)s.") % {"slug": content["slug"]}
        yield Check(Level.ERROR, text, field="slug")
    yield from _links(content)


def _expiration(page: LandingPage, content: Content, at: datetime) -> Iterator[Check]:
    expires_at = content["settings"]["expires_at"]
    stays = page.is_default or content["type"] in TYPES_THAT_STAY
    if expires_at and datetime.fromisoformat(expires_at) <= at:
        yield Check(Level.ERROR, _("The expiration is in the past."), field="expires_at")
    elif expires_at and stays:
        text = _("Links in messages lead to this page for as long as people keep their mail: at its expiration they end.")
        yield Check(Level.WARNING, text, field="expires_at")
    elif not expires_at and not stays and not page.is_template:
        text = _("The page has no expiration: it stays online until somebody unpublishes it.")
        yield Check(Level.WARNING, text, field="expires_at")


def _links(content: Content) -> Iterator[Check]:
    """Malformed addresses, and pages of ours that nobody can open."""
    found = [*_redirection(content), *_in_blocks(content)]
    wanted = {slug for url, _where in found if (slug := own_slug(url))}
    open_slugs = _online(wanted) if wanted else set()
    for url, where in found:
        slug = own_slug(url)
        if slug == content["slug"] and where.get("field"):
            yield Check(Level.ERROR, _("The redirection URL leads to this page itself: visitors would go in a circle."), **where)
        elif slug and slug not in open_slugs and slug != content["slug"]:
            text = _("A link leads to the landing page “%(slug)s”, which is not online.") % {"slug": slug}
            yield Check(Level.WARNING, text, **where)
        elif not slug and is_malformed(url):
            yield Check(Level.ERROR, _("This link is not a web address: %(url)s") % {"url": url or "–"}, **where)


def _online(slugs: set[str]) -> set[str]:
    """Those of the addresses at which a page is online."""
    pages = LandingPage.objects.filter(status=PageStatus.ONLINE, version__content__slug__in=slugs)
    return set(pages.values_list("version__content__slug", flat=True))


def _redirection(content: Content) -> list[tuple[str, dict[str, str]]]:
    url = content["settings"]["redirection_url"]
    return [(url, {"field": "redirection_url"})] if url else []


def _in_blocks(content: Content) -> Iterator[tuple[str, dict[str, str]]]:
    """Links by the id of a landing page are looked at block by block (`block_checks`)."""
    for block in every_block(content):
        for url in dict.fromkeys(links_of(block)):
            if not richtext.PAGE.match(url):
                yield url, {"block_key": block["key"]}


def links_of(block: Content) -> Iterator[str]:
    """Every address that a block leads to: links in its texts, and its own."""
    if is_html(block["kind"]):
        yield from links_in(block["texts"])
    if url := block.get("options", {}).get("url"):
        yield url


def links_in(value: Any) -> Iterator[str]:
    """Every address that a link in these texts leads to, however deep they are nested."""
    if isinstance(value, str):
        yield from ("".join(match.groups("")).replace("&amp;", "&").strip() for match in LINKED.finditer(value))
    elif isinstance(value, dict):
        for one in value.values():
            yield from links_in(one)


def own_slug(url: str) -> str:
    """The address of one of our landing pages that a link leads to; empty for a link that leads elsewhere."""
    try:
        parts, own = urlsplit(url), urlsplit(settings.PUBLIC_URL)
    except ValueError:
        return ""
    match = OWN_PATH.match(parts.path + "/") if parts.netloc in ("", own.netloc) else None
    return match[1] if match else ""


def is_malformed(url: str) -> bool:
    """Whether no browser could open it; merge fields, anchors, mail and phone links are left alone."""
    if "{{" in url or url.startswith(("#", "mailto:", "tel:", "/")):
        return False
    try:
        WELL_FORMED(url)
    except ValidationError:
        return True
    return False
