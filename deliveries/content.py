"""Is the content fit to be sent? Errors block the confirmation, warnings do not (reference 6.5.3)."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext_noop as noop

from deliveries import merging
from deliveries.journal import Line
from deliveries.models import Level
from deliveries.rendering import one_line
from profiles.channels import Channel

PART_NAMES = {"subject": noop("subject"), "html": noop("HTML"), "text": noop("text")}

NO_LINK = noop("The %(part)s has no unsubscription link: insert the merge field {{ unsubscribe_url }}.")
NO_POSTAL_ADDRESS = noop("The postal address of the sender is not set (SENDER_POSTAL_ADDRESS): many countries ask for it.")


def error_line(text: str, **values: str) -> Line:
    """A line that blocks the confirmation."""
    return Line(text, values, Level.ERROR)


def findings(content: dict[str, Any]) -> list[Line]:
    """What is wrong with a pinned content, in the order of the form."""
    found = [line for part, name in PART_NAMES.items() for line in _template(name, content[part], html=part == "html")]
    return [*CHECKS[Channel.of(content["channel"])](content), *found]


def _template(name: str, source: str, *, html: bool) -> Iterator[Line]:
    try:
        template = merging.compile_text(source, html=html)
    except merging.InvalidTemplate as error:
        yield error_line(noop("The %(part)s has a mistake: %(why)s"), part=name, why=str(error))
        return
    for field in template.unknown:
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


def _has_link(source: str, *, html: bool) -> bool:
    try:
        return merging.UNSUBSCRIBE in merging.compile_text(source, html=html).names
    except merging.InvalidTemplate:
        return True  # the mistake is reported by itself


CHECKS = {Channel.EMAIL: _email, Channel.SMS: _text_only}
