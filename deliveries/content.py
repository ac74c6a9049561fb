"""Is the content fit to be sent? Errors block the confirmation, warnings do not (reference 6.5.3)."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as noop

from deliveries import merging, pagelinks, tracking
from deliveries.journal import Line
from deliveries.models import Level
from deliveries.rendering import one_line
from profiles.channels import Channel

PART_NAMES = {"subject": noop("subject"), "html": noop("HTML"), "text": noop("text")}

NO_LINK = noop("The %(part)s has no unsubscription link: insert the merge field {{ unsubscribe_url }}.")
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
NO_SERVICE = noop("The %(part)s links to the unsubscription page of a service, but the delivery is for no service.")
NO_POSTAL_ADDRESS = noop("The postal address of the sender is not set (SENDER_POSTAL_ADDRESS): many countries ask for it.")

BROKEN = frozenset({"a template with a mistake"})


def error_line(text: str, **values: str) -> Line:
    """A line that blocks the confirmation."""
    return Line(text, values, Level.ERROR)


def findings(content: dict[str, Any]) -> list[Line]:
    """What is wrong with a pinned content, in the order of the form."""
    found = [
        line
        for part, name in PART_NAMES.items()
        for line in _template(name, content[part], html=part == "html", beside=tracking.fields(content))
    ]
    return [*_service(content), *CHECKS[Channel.of(content["channel"])](content), *_pages(content), *found]


def _template(name: str, source: str, *, html: bool, beside: set[str]) -> Iterator[Line]:
    try:
        template = merging.compile_text(source, html=html)
    except merging.InvalidTemplate as error:
        yield error_line(noop("The %(part)s has a mistake: %(why)s"), part=name, why=str(error))
        return
    for field in (field for field in template.unknown if field not in beside):
        yield error_line(noop("The %(part)s uses the merge field “%(field)s”, which does not exist."), part=name, field=field)


def _email(content: dict[str, Any]) -> Iterator[Line]:
    if not content["sender_email"]:
        yield error_line(noop("The sender address is missing."))
    if not one_line(content["subject"]):
        yield error_line(noop("The subject is empty."))
    if not content["html"].strip() and not content["text"].strip():
        yield error_line(noop("The content is empty."))
        return
    for part in ("html", "text"):
        if content[part].strip() and not _has_link(content[part], html=part == "html"):
            yield error_line(NO_LINK, part=PART_NAMES[part])
    if not content["postal_address"]:
        yield Line(NO_POSTAL_ADDRESS, level=Level.WARNING)


def _text_only(content: dict[str, Any]) -> Iterator[Line]:
    if not content["text"].strip():
        yield error_line(noop("The content is empty."))


def _pages(content: dict[str, Any]) -> Iterator[Line]:
    """Whether every linked page is chosen, and visitors can open it now."""
    if any(merging.CENTRE in _names(content[part], html=part == "html") for part in PART_NAMES):
        centre = content.get("centre")
        if centre is None or pagelinks.find_open(centre["id"]) is None:
            yield error_line(NO_CENTRE)
    for field, name in merging.PAGES.items():
        missing, closed = PAGE_FAULTS[name]
        pinned: dict[str, Any] | None = content.get(name)
        using = [part for part in PART_NAMES if field in _names(content[part], html=part == "html")]
        if pinned is None:
            yield from (error_line(missing, part=PART_NAMES[part]) for part in using)
        elif using and pagelinks.find_open(pinned["id"]) is None:
            yield error_line(closed, page=pinned["slug"])


def _service(content: dict[str, Any]) -> Iterator[Line]:
    """A link that ends a subscription needs one that the delivery is tied to."""
    if content["service"] is None:
        for part, name in PART_NAMES.items():
            if merging.SERVICE_UNSUBSCRIBE in _names(content[part], html=part == "html"):
                yield error_line(NO_SERVICE, part=name)


def _has_link(source: str, *, html: bool) -> bool:
    """Whether recipients can say no; a template with a mistake is reported by itself."""
    names = _names(source, html=html)
    links = {merging.UNSUBSCRIBE, merging.SERVICE_UNSUBSCRIBE, merging.CENTRE, *merging.PAGES}
    return names is BROKEN or not names.isdisjoint(links)


def _names(source: str, *, html: bool) -> frozenset[str]:
    """The merge fields that a template uses."""
    try:
        return merging.compile_text(source, html=html).names
    except merging.InvalidTemplate:
        return BROKEN


CHECKS = {Channel.EMAIL: _email, Channel.SMS: _text_only}
