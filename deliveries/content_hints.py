"""What makes a mail look like spam, or be read badly: hints beside the editor. They never block anything."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deliveries import mailreading, rendering
from deliveries.mailblocks import Block, MailKind
from deliveries.mailreading import Link, Read

SHORTEST = 200  # characters of text beside pictures
PER_IMAGE = 100  # characters of text that each picture should have beside it
SHOUTED = 6  # letters from which a subject in capitals is shouting
LONGEST_SUBJECT = 70  # characters that most programs show
ADDRESS = re.compile(r"(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(?:[/?#]\S*)?\Z", re.IGNORECASE)


def hints(content: dict[str, Any], blocks: Sequence[Block] = ()) -> list[str]:
    """One sentence for each, in the order of the form; `blocks` where the HTML is made of them."""
    found = _subject(rendering.one_line(content["subject"]))
    html = content["html"]
    if content["channel"] != "email" or not html.strip():
        return found if content["channel"] == "email" else []
    read = mailreading.read(html)
    undescribed = [block for block in blocks if block["kind"] == MailKind.IMAGE and _says_nothing(block)]
    missing = len(undescribed) if blocks else sum(1 for alt in read.alts if alt is None)
    return [*found, *_text(read), *_images(missing), *_links(read.links)]


def _subject(subject: str) -> list[str]:
    letters = [letter for letter in re.sub(r"\{[{%].*?[}%]\}", "", subject) if letter.isalpha()]
    found = []
    if len(letters) >= SHOUTED and all(letter.isupper() for letter in letters):
        found.append(_("The subject is written in capitals: filters take that for spam."))
    if "!!" in subject or "??" in subject or "$$" in subject:
        found.append(_("The subject repeats its punctuation: filters take that for spam."))
    if len(subject) > LONGEST_SUBJECT:
        found.append(_("The subject is longer than %(number)s characters: phones cut it off.") % {"number": LONGEST_SUBJECT})
    return found


def _text(read: Read) -> list[str]:
    characters = len("".join(read.text.split()))
    if not characters:
        return [_("There is no text at all: a mail of pictures alone is taken for spam, and empty where they are not shown.")]
    if read.alts and characters < max(SHORTEST, PER_IMAGE * len(read.alts)):
        return [_("There is little text beside the pictures: filters take that for spam.")]
    return []


def _says_nothing(block: Block) -> bool:
    return not block.get("alt") and not block.get("is_decorative")


def _images(missing: int) -> list[str]:
    text = ngettext(
        "%(number)s picture has no description (alt): whoever does not see it reads nothing.",
        "%(number)s pictures have no description (alt): whoever does not see them reads nothing.",
        missing,
    )
    return [text % {"number": missing}] if missing else []


def _links(links: list[Link]) -> list[str]:
    found = []
    for url, text in ((link.url.strip(), " ".join(link.words.split())) for link in links):
        if url.startswith("http://"):
            found.append(_("The link %(url)s is not encrypted: use https.") % {"url": url})
        told = ADDRESS.match(text)
        host = _host(url)
        if told and host and told[1].lower().removeprefix("www.") != host.removeprefix("www."):
            found.append(_("The text %(text)s leads to %(host)s: filters take that for a fraud.") % {"text": text, "host": host})
        if url in ("#", "http://", "https://"):
            found.append(_("The link “%(text)s” leads nowhere.") % {"text": text or url})
    return found


def _host(url: str) -> str:
    """Where a link leads; "" where nobody can tell, as of http://[link], which a control rule reports."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
