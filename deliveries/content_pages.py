"""The control rule about landing pages: whether visitors can open every page that a content links to."""

import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as noop

from deliveries import content_links, merging, pagelinks
from deliveries.content import PART_NAMES, Case, error_line, names
from deliveries.journal import Line
from landingpages.page_checks import own_slug

# Column of the page -> what to say where it was not chosen, and where visitors cannot open it.
PAGE_FAULTS = {
    "preference_page": (
        noop("The %(part)s links to the preference page, but none is chosen."),
        noop("The preference page “%(page)s” is not online: publish it, or choose another."),
    ),
    "blocklist_page": (
        noop("The %(part)s links to the blocklist page, but none is chosen."),
        noop("The blocklist page “%(page)s” is not online: publish it, or choose another."),
    ),
}
NO_CENTRE = noop("The message links to the preference centre, but it is not online: open it.")
SERVICE_PAGE_CLOSED = noop("The unsubscription page “%(page)s” of the service is not online: publish it, or prepare again.")
LINKED_CLOSED = noop("A link leads to the landing page “%(page)s”, which is not online: publish it, or take the link out.")
LINKED_GONE = noop("A link leads to a landing page that was deleted: take the link out.")
OFFLINE = {SERVICE_PAGE_CLOSED, LINKED_CLOSED, *(closed for _missing, closed in PAGE_FAULTS.values())}
WRITTEN = re.compile(r"https?://[^\s()\[\]<>\"']+(?<![.,;:!?])", re.IGNORECASE)  # addresses in a text


def pages(case: Case) -> Iterator[Line]:
    """Whether every linked page is chosen, and visitors can open it now."""
    content = case.content
    using = {part: names(content[part], html=part == "html") for part in PART_NAMES}
    used = frozenset[str]().union(*using.values())
    if merging.CENTRE in used and not _is_open(content.get("centre")):
        yield error_line(NO_CENTRE)
    yield from _chosen(content, using)
    own = content.get("service_page")
    if own and merging.SERVICE_UNSUBSCRIBE in used and not _is_open(own):
        yield error_line(SERVICE_PAGE_CLOSED, page=own["slug"])
    yield from _linked(content)


def _chosen(content: dict[str, Any], using: dict[str, frozenset[str]]) -> Iterator[Line]:
    """The pages that the delivery names, each behind a merge field."""
    for field, name in merging.PAGES.items():
        missing, closed = PAGE_FAULTS[name]
        pinned: dict[str, Any] | None = content.get(name)
        parts = [part for part, fields in using.items() if field in fields]
        if pinned is None:
            yield from (error_line(missing, part=PART_NAMES[part]) for part in parts)
        elif parts and not _is_open(pinned):
            yield error_line(closed, page=pinned["slug"])


def _linked(content: dict[str, Any]) -> Iterator[Line]:
    """The pages that blocks link to by their id, and those that anything links to by their address."""
    closed = {pinned["slug"] for pinned in content.get("linked_pages", ()) if not _is_open(pinned)}
    urls = [link.url for link in content_links.links(content)] + WRITTEN.findall(content["text"])
    slugs = {slug for url in urls if (slug := own_slug(url))}
    closed |= slugs - pagelinks.open_slugs(slugs)
    for slug in sorted(closed):
        yield error_line(LINKED_CLOSED, page=slug) if slug else error_line(LINKED_GONE)


def _is_open(pinned: dict[str, Any] | None) -> bool:
    return pinned is not None and pagelinks.find_open(pinned["id"]) is not None
