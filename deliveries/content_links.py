"""Control rules about the links of a mail."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as noop

from deliveries import mailreading
from deliveries.content import Case, error_line
from deliveries.journal import Line
from deliveries.mailreading import Link
from deliveries.models import Level, TrackedLink

NOWHERE = noop("The link %(url)s leads nowhere from a mail: write https:// and a host.")
HARMFUL = noop("The link %(url)s runs a program: mail programs remove it, and filters take the mail for dangerous.")
UNLABELLED = noop("The link %(url)s has no words: give it a text, or describe its picture.")
HARMFUL_SCHEMES = ("javascript:", "data:", "vbscript:", "file:")
PLAIN_SCHEMES = ("mailto:", "tel:", "sms:")


def links(content: dict[str, Any]) -> list[Link]:
    """The links of a pinned HTML as their author wrote them, tracked ones too."""
    found = mailreading.read(content["html"]).links
    wanted = content.get("tracked_links", ())
    urls = dict(TrackedLink.objects.filter(pk__in=wanted).values_list("pk", "url")) if wanted else {}
    originals = {f"{{{{ tracking.click_{number} }}}}": url for number, url in urls.items()}
    return [Link(originals.get(link.url, link.url).strip(), " ".join(link.words.split())) for link in found]


def urls(case: Case) -> Iterator[Line]:
    """Whether every link has a form that can be followed; nobody is asked."""
    words = {link.url: link.words for link in links(case.content)}
    for url in words:
        if url.lower().startswith(HARMFUL_SCHEMES):
            yield error_line(HARMFUL, url=url[:200])
        elif not _can_be_followed(url):
            yield Line(NOWHERE, {"url": url[:200] or words[url][:100] or "–"}, Level.WARNING)


def labels(case: Case) -> Iterator[Line]:
    """Whether every tracked link says where it leads: reports name it so, and screen readers read it."""
    if not case.content.get("tracked_links"):
        return
    unlabelled = (link.url for link in links(case.content) if not link.words and link.url.startswith("http"))
    for url in dict.fromkeys(unlabelled):
        yield Line(UNLABELLED, {"url": url[:200]}, Level.WARNING)


def _can_be_followed(url: str) -> bool:
    """A merge field gives its own address; what stands in the page itself is found there."""
    if "{{" in url or "{%" in url or (url.startswith("#") and len(url) > 1):
        return True
    if url.lower().startswith(PLAIN_SCHEMES):
        return bool(url.partition(":")[2])
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    return parts.scheme in ("http", "https") and "." in host.strip(".") and not any(letter.isspace() for letter in url)
