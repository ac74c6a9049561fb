"""What a HTML says: its links with their words, its pictures, its text. Nothing is judged here."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

SILENT = ("style", "script", "title")


@dataclass
class Link:
    """`url` as it was written, `words` what stands between its tags: text, and the descriptions of pictures."""

    url: str
    words: str = ""


@dataclass
class Read:
    """`alts` are the descriptions of the pictures; None where a picture has none."""

    links: list[Link] = field(default_factory=list)
    alts: list[str | None] = field(default_factory=list)
    text: str = ""


def read(html: str) -> Read:
    """Merge fields stay what they are. Whatever somebody pasted can be read."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found = Read()
        self._link: Link | None = None
        self._is_silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if tag == "a" and "href" in own:
            self._link = Link(own["href"] or "", own.get("title") or own.get("aria-label") or "")
            self.found.links.append(self._link)
        elif tag == "img":
            self.found.alts.append((own["alt"] or "") if "alt" in own else None)
            self._say(own.get("alt") or "")
        elif tag in SILENT:
            self._is_silent = True

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._link = None
        elif tag in SILENT:
            self._is_silent = False

    def handle_data(self, data: str) -> None:
        if not self._is_silent:
            self.found.text += data
            self._say(data)

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![some text]>` is a comment, as for browsers: HTMLParser raises AssertionError for words that it does not know."""
        return self.parse_bogus_comment(i, report)

    def _say(self, words: str) -> None:
        if self._link is not None:
            self._link.words += words
