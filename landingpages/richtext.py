"""What marketers write as HTML: few elements, no style, no script, and links that lead where links may lead."""

import re
from collections.abc import Mapping
from html import unescape

import nh3
from django.utils.html import escape, strip_tags

TAGS = frozenset({"p", "br", "strong", "em", "b", "i", "ul", "ol", "li", "a", "h2", "h3", "blockquote"})
SCHEMES = frozenset({"http", "https", "mailto", "tel"})
PAGE = re.compile(r"page:(\d{1,18})\Z")  # a link to a landing page, by its id
LINK = re.compile(r'(<a [^>]*?)href="page:(\d{1,18})"([^>]*>)')
ENDS = re.compile(r"</(?:p|li|h2|h3|blockquote)>|<br>")
NEW_WINDOW = "_blank"


def clean(html: str) -> str:
    """The HTML with everything taken out that is not allowed; texts stay, scripts and styles go with what they hold."""
    return nh3.clean(
        html,
        tags=set(TAGS),
        clean_content_tags={"script", "style", "template", "iframe", "object", "svg", "math", "noscript", "title", "textarea"},
        attributes={"a": {"href", "target"}},
        attribute_filter=_attribute,
        url_schemes={*SCHEMES, "page"},
        link_rel=None,
        url_relative="deny",
    ).strip()


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "target":
        return value if value == NEW_WINDOW else None
    # A merge field inside an address could make another one of it.
    return value if is_address(value.strip()) else None


def is_address(url: str) -> bool:
    """Whether a link may lead there: the web, a mail, a call, or a landing page by its id."""
    scheme, colon, rest = url.partition(":")
    if not colon or not rest or re.search(r"[\s{}<>\"'`\\]", url) or not url.isprintable():
        return False
    if scheme == "page":
        return bool(PAGE.match(url))
    if scheme in ("http", "https"):
        return bool(re.match(r"//[^/@?#]+", rest))
    return scheme in SCHEMES


def page_ids(html: str) -> set[int]:
    """The landing pages that cleaned HTML links to."""
    return {int(number) for _before, number, _after in LINK.findall(html)}


def with_addresses(html: str, addresses: Mapping[int, str]) -> str:
    """Cleaned HTML whose links to landing pages lead to their addresses; those without one lead nowhere."""

    def address(match: re.Match[str]) -> str:
        url = addresses.get(int(match[2]))
        return f'{match[1]}href="{escape(url)}"{match[3]}' if url else "<a>"

    return LINK.sub(address, html)


def as_text(html: str) -> str:
    """What it says, in one line: for lists, and for the ledger."""
    return " ".join(unescape(strip_tags(ENDS.sub(" ", html))).split())
