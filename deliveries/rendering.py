"""From the pinned content of a preparation and a profile to the bytes that leave."""

import re
from collections.abc import Callable
from dataclasses import replace
from email.header import Header
from email.utils import format_datetime, formataddr
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from inscriptis import get_text
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.model.config import ParserConfig

from deliveries import mailblocks, merging, mime, pagelinks, returnpath, tracking
from deliveries.asides import Aside
from deliveries.models import ContentMode, Delivery, Preparation
from deliveries.transports import Outgoing
from landingpages.models import PageType
from profiles import customfields
from profiles.channels import Channel, InvalidAddress, normalise_email
from profiles.links import Purpose, make_token
from profiles.models import EmailFormat, Profile

LINE_BREAKS = re.compile(r"[\r\n\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+")
PLAIN_LINE, PLAIN_WORD = 255, 60  # characters
# At the beginning, and as odd as pasted: lxml raises ValueError for the encoding that it names.
XML_DECLARATIONS = re.compile(r"\A(?:\s*<\?xml[^>]*>?)+")
EMPTY_LINES = re.compile(r"\n{3,}")
HTML_TO_TEXT = ParserConfig(css=CSS_PROFILES["strict"], display_links=True)


def pin(delivery: Delivery) -> dict[str, Any]:
    """The content as it will be sent, whatever is edited later: kept on the preparation."""
    content = draft(delivery)
    source, tracked_links = tracking.instrument(delivery, content["html"])
    return content | {"html": source, "tracked_links": tracked_links}


def draft(delivery: Delivery) -> dict[str, Any]:
    """The content as it stands, links as they were written: for whoever looks at it. Nothing is stored.

    Blocks are made into HTML anew: the mail is what the brand and the pages say now.
    """
    html = mailblocks.html_of(delivery)
    is_made_of_blocks = delivery.content_mode == ContentMode.BLOCKS
    return {
        "delivery": delivery.pk,
        "label": delivery.label,
        "channel": delivery.channel,
        "service": delivery.service_id,
        "service_label": delivery.service.public_label if delivery.service else "",
        "sender_name": delivery.sender_name or settings.SENDER_NAME,
        "sender_email": delivery.sender_email or settings.SENDER_EMAIL,
        "postal_address": settings.SENDER_POSTAL_ADDRESS,
        "subject": delivery.subject,
        "html": html,
        "tracking": delivery.tracking,
        "tracked_links": [],
        "text": delivery.text or text_of(html),
        "linked_pages": mailblocks.linked_pages(delivery.blocks) if is_made_of_blocks else [],
        "service_page": _service_page(delivery),
        "centre": pagelinks.pin(pagelinks.centre()),
        **{name: pagelinks.pin(getattr(delivery, name)) for name in merging.PAGES.values()},
    }


def _service_page(delivery: Delivery) -> dict[str, Any] | None:
    """The default page for leaving the service of the delivery; without one its unsubscription link does the same."""
    number = delivery.service_id
    return pagelinks.pin(pagelinks.default_of(number, PageType.UNSUBSCRIPTION), number) if number else None


def text_of(source: str) -> str:
    """The text part of an HTML content, links in brackets; merge fields stay what they are, quotes and all."""
    aside = Aside()
    html = XML_DECLARATIONS.sub("", aside.put(source))
    text = get_text(html, HTML_TO_TEXT) if html.strip() else ""
    lines = "\n".join(line.rstrip() for line in text.splitlines())  # a table fills its lines with spaces
    return aside.back(EMPTY_LINES.sub("\n\n", lines).strip())


def unsubscribe_url(profile: Profile, delivery: int) -> str:
    """The link of one message: its page on GET, its one click on POST. It carries no address."""
    return f"{settings.PUBLIC_URL}/u/{make_token(Purpose.ONE_CLICK, profile.public_id, delivery=delivery)}"


class Renderer:
    """Compiled once per batch, called once per message."""

    prefix = ""  # before every subject

    def __init__(self, preparation: Preparation) -> None:
        self.preparation = preparation
        self.content = preparation.content
        self.shared = merging.delivery_values(self.content)
        self.subject = merging.compile_text(self.content["subject"])
        self.html = merging.compile_text(self.content["html"], html=True)
        self.text = merging.compile_text(self.content["text"])
        used = any(part.uses_custom_fields for part in (self.subject, self.html, self.text))
        self.customs = customfields.definitions() if used else []
        self._build: Callable[[Profile, str], Outgoing] = BUILDERS[Channel.of(self.content["channel"])].__get__(self)

    def message(self, profile: Profile, address: str, owner: int | None = None) -> Outgoing:
        """The finished message; ValueError where it cannot be made for this person: a template, or an address, fails.

        `owner` is the id that the message is kept under: another one for somebody who was merged since.
        """
        outgoing = self._build(profile, address)
        if outgoing.return_path and owner not in (None, profile.pk):
            return replace(outgoing, return_path=returnpath.make(self.preparation.pk, owner))
        return outgoing

    def values(self, profile: Profile) -> dict[str, Any]:
        people = merging.profile_values(profile, self.customs)
        return self.shared | {"profile": people, "tracking": self.tracked(profile)} | self.links(profile)

    def links(self, profile: Profile) -> dict[str, str]:
        """Merge field -> the link of this person."""
        delivery = self.content["delivery"]
        pages = {field: self.content.get(name) for field, name in merging.PAGES.items()}
        links = {field: pagelinks.url(page, profile, delivery) if page else "" for field, page in pages.items()}
        links[merging.UNSUBSCRIBE] = unsubscribe_url(profile, delivery)
        centre = self.content.get("centre")
        links[merging.CENTRE] = pagelinks.url(centre, profile, delivery) if centre else ""
        own = self.content.get("service_page")
        links[merging.SERVICE_UNSUBSCRIBE] = pagelinks.url(own, profile, delivery) if own else links[merging.UNSUBSCRIBE]
        return links

    def tracked(self, profile: Profile) -> dict[str, str]:
        """The links that lead through us, and the picture."""
        return tracking.values(self.content, profile)

    def email(self, profile: Profile, address: str) -> Outgoing:
        if normalise_email(address) != address:
            raise InvalidAddress(_("The address is not valid."))  # it came past profiles: it could be two, or a command
        values = self.values(profile)
        headers = {
            "Subject": header_text(self.prefix + self.subject.render(values)),
            "From": formataddr((header_text(self.content["sender_name"]), self.sender)),
            "To": mime.address_text(address),
            "Message-ID": self.message_id(profile),
            "Date": format_datetime(timezone.now()),
        }
        data = mime.mail(headers, **self.parts(profile, values))
        data = self.list_headers(values[merging.UNSUBSCRIBE]) + data
        return Outgoing(address, self.return_path(profile), data)

    def parts(self, profile: Profile, values: dict[str, Any]) -> dict[str, str]:
        """The text and the HTML; for who wants text alone, the text, unless there is none (reference 6.1.6)."""
        text = self.text.render(values)
        wants_text = profile.email_format == EmailFormat.TEXT and text.strip()
        return {"text": text, "html": "" if wants_text else self.html.render(values)}

    def plain(self, profile: Profile, address: str) -> Outgoing:
        text = self.prefix + self.text.render(self.values(profile))
        return Outgoing(address, "", text.encode())

    def return_path(self, profile: Profile) -> str:
        return returnpath.make(self.preparation.pk, profile.pk)

    def message_id(self, profile: Profile) -> str:
        """The same for every try to reach this person with this delivery (reliability D2)."""
        return f"<{self.content['delivery']}.{profile.public_id.hex}@{self.domain}>"

    @property
    def sender(self) -> str:
        return returnpath.with_ascii_domain(self.content["sender_email"])

    @property
    def domain(self) -> str:
        return self.sender.rpartition("@")[2]

    def list_headers(self, url: str) -> bytes:
        """RFC 8058 and RFC 2369. Written by hand: a folded link is one that some readers cannot follow."""
        lines = (
            f"List-Unsubscribe: <{url}>",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
            f"List-Id: <{self.content['service'] or 'all'}.heed.{self.domain}>",
            "Precedence: bulk",
        )
        return "".join(f"{line}\r\n" for line in lines).encode("ascii")


BUILDERS = {Channel.EMAIL: Renderer.email, Channel.SMS: Renderer.plain}


def one_line(text: str) -> str:
    """Without line breaks: nothing that a profile contains can become a header."""
    return LINE_BREAKS.sub(" ", text).strip()


def header_text(text: str) -> str:
    """One line, encoded (RFC 2047) where readers would otherwise see something else, or the line cannot be folded."""
    line = one_line(text)
    # A line is folded at its spaces, so a word has to fit beside "Subject:".
    folds = len(line) <= PLAIN_LINE and max(map(len, line.split(" "))) <= PLAIN_WORD
    is_plain = line.isascii() and line.isprintable() and "=?" not in line and folds
    return line if is_plain else Header(line, "utf-8", header_name="Subject").encode(linesep="")
