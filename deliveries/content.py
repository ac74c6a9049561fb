"""Control rules about a content: is it fit to be sent? (reference 6.6; deliveries.controls has the table)"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from unicodedata import category

from django.conf import settings
from django.utils.translation import gettext_noop as noop

from deliveries import merging, tracking
from deliveries.journal import Line
from deliveries.models import Level, Preparation
from deliveries.rendering import one_line
from profiles.channels import Channel

PART_NAMES = {"subject": noop("subject"), "html": noop("HTML"), "text": noop("text")}

NO_LINK = noop("The %(part)s has no unsubscription link: insert the merge field {{ unsubscribe_url }}.")
NO_SERVICE = noop("The %(part)s links to the unsubscription page of a service, but the delivery is for no service.")
NO_POSTAL_ADDRESS = noop("The postal address of the sender is not set (SENDER_POSTAL_ADDRESS): many countries ask for it.")

NO_FALLBACK = noop("The %(part)s uses “%(field)s” without a fallback: where it is empty, nothing is read.")
FOREIGN_SENDER = noop(
    "The sender %(address)s is of another domain than SENDER_EMAIL: name the ones that are yours in SENDER_MASKS."
)

CLIPPED_BYTES = 100_000  # of HTML; Gmail clips at 102 KB
TRACKED_BYTES = 110  # of a link that leads through us
MOST_PROOFS = 100  # addresses of one proof (reference 6.6.3)
JOINER = "\u200d"  # of the pictures that emoji are put together from
RISKY = ("Cc", "Cf", "Co", "Cn")  # control, format, private and unassigned characters: nobody sees them
WRITTEN = re.compile(r"\{\{-?\s*(profile\.[\w.]+)\s*((?:\|[^}]*)?)\}\}")
ASKED = re.compile(r"\{%-?\s*(?:if|elsif|unless|case|when)\b([^%]*)%\}")
BROKEN = frozenset({"a template with a mistake"})


def error_line(text: str, **values: str) -> Line:
    """A line that blocks the confirmation."""
    return Line(text, values, Level.ERROR)


@dataclass(frozen=True)
class Case:
    """What a control rule looks at: a pinned content, its preparation if there is one, the addresses of a proof."""

    content: dict[str, Any]
    preparation: Preparation | None = None
    proofs: int = 0


def sender(case: Case) -> Iterator[Line]:
    """Whether there is a sender, who may send for us: by SENDER_MASKS, without them by the domain of SENDER_EMAIL."""
    address = case.content["sender_email"]
    if not address:
        yield error_line(noop("The sender address is missing."))
        return
    masks = [mask.lower() for mask in settings.SENDER_MASKS]
    if masks and not any(fnmatchcase(address.lower(), mask) for mask in masks):
        yield error_line(noop("The sender %(address)s is not authorised (SENDER_MASKS)."), address=address)
    elif not masks and address.rpartition("@")[2].lower() != settings.SENDER_EMAIL.rpartition("@")[2].lower():
        yield Line(FOREIGN_SENDER, {"address": address}, Level.WARNING)


def service(case: Case) -> Iterator[Line]:
    """A link that ends a subscription needs one that the delivery is tied to."""
    if case.content["service"] is None:
        for part, name in PART_NAMES.items():
            if merging.SERVICE_UNSUBSCRIBE in names(case.content[part], html=part == "html"):
                yield error_line(NO_SERVICE, part=name)


def empty(case: Case) -> Iterator[Line]:
    parts = ("html", "text") if case.content["channel"] == Channel.EMAIL else ("text",)
    if not any(case.content[part].strip() for part in parts):
        yield error_line(noop("The content is empty."))


def size(case: Case) -> Iterator[Line]:
    """Of the content as it leaves, before what is merged in: each tracked link is longer then."""
    html = len(case.content["html"].encode()) + TRACKED_BYTES * len(case.content.get("tracked_links", ()))
    whole = html + len(case.content["text"].encode())
    if whole > settings.MESSAGE_BYTES:
        values = {"size": whole // 1000, "most": settings.MESSAGE_BYTES // 1000}
        yield Line(noop("The message has %(size)s KB: at most %(most)s are sent."), values, Level.ERROR)
    elif html > CLIPPED_BYTES:
        values = {"size": html // 1000, "most": CLIPPED_BYTES // 1000}
        yield Line(noop("The HTML has %(size)s KB: Gmail cuts off what is longer than %(most)s."), values, Level.WARNING)


def proof_size(case: Case) -> Iterator[Line]:
    if case.proofs > MOST_PROOFS:
        values = {"number": case.proofs, "most": MOST_PROOFS}
        yield Line(noop("The proof goes to %(number)s addresses: at most %(most)s are allowed."), values, Level.ERROR)


def subject(case: Case) -> Iterator[Line]:
    """Whether it is there, and has no characters that turn, hide or imitate text; the sender's name neither."""
    if not one_line(case.content["subject"]):
        yield error_line(noop("The subject is empty."))
    for text, name in ((case.content["subject"], noop("subject")), (case.content["sender_name"], noop("sender name"))):
        risky = sorted({letter for letter in text if category(letter) in RISKY and letter != JOINER})
        if risky:
            codes = ", ".join(f"U+{ord(letter):04X}" for letter in risky)
            yield Line(
                noop("The %(part)s has characters that cannot be seen: %(codes)s."), {"part": name, "codes": codes}, Level.WARNING
            )


def unsubscription_link(case: Case) -> Iterator[Line]:
    """In the HTML and in the text: people read one of them."""
    for part in ("html", "text"):
        source = case.content[part]
        if source.strip() and not _has_link(source, html=part == "html"):
            yield error_line(NO_LINK, part=PART_NAMES[part])


def postal_address(case: Case) -> Iterator[Line]:
    if not case.content["postal_address"]:
        yield Line(NO_POSTAL_ADDRESS, level=Level.WARNING)


def fields(case: Case) -> Iterator[Line]:
    """Whether Liquid understands every part, and every merge field exists."""
    beside = tracking.fields(case.content)
    for part, name in PART_NAMES.items():
        yield from _template(name, case.content[part], html=part == "html", beside=beside)


def fallbacks(case: Case) -> Iterator[Line]:
    """Whether every field of a person that may be empty has something to say then."""
    address = f"profile.{Channel.of(case.content['channel']).address_field}"
    for part, name in PART_NAMES.items():
        known = names(case.content[part], html=part == "html") & set(merging.fields())
        for field in _bare(case.content[part]):
            if field != address and field in known:
                yield Line(NO_FALLBACK, {"part": name, "field": field}, Level.WARNING)


def names(source: str, *, html: bool) -> frozenset[str]:
    """The merge fields that a template uses."""
    try:
        return merging.compile_text(source, html=html).names
    except merging.InvalidTemplate:
        return BROKEN


def _bare(source: str) -> list[str]:
    """The fields of a person that are written without a fallback, and about which no condition asks."""
    asked = " ".join(ASKED.findall(source))
    found = dict.fromkeys(name for name, filters in WRITTEN.findall(source) if "default" not in filters)
    return [name for name in found if not re.search(rf"\b{re.escape(name)}\b", asked)]


def _template(name: str, source: str, *, html: bool, beside: set[str]) -> Iterator[Line]:
    try:
        template = merging.compile_text(source, html=html)
    except merging.InvalidTemplate as error:
        yield error_line(noop("The %(part)s has a mistake: %(why)s"), part=name, why=str(error))
        return
    for field in (field for field in template.unknown if field not in beside):
        yield error_line(noop("The %(part)s uses the merge field “%(field)s”, which does not exist."), part=name, field=field)


def _has_link(source: str, *, html: bool) -> bool:
    """Whether recipients can say no; a template with a mistake is reported by itself."""
    used = names(source, html=html)
    links = {merging.UNSUBSCRIBE, merging.SERVICE_UNSUBSCRIBE, merging.CENTRE, *merging.PAGES}
    return used is BROKEN or not used.isdisjoint(links)
