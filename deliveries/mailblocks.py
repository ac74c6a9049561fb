"""Blocks that a mail is made of: what each kind holds, and the HTML that they give together.

The HTML is what mail programs understand: one column of 600 pixels made of tables, styles on the elements themselves, and
colours of the brand for light and dark. A block is a dict with `key`, `kind` and the values of its kind.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import css_inline
from django.conf import settings
from django.db.models import TextChoices
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import merging, pagelinks
from deliveries.asides import Aside
from deliveries.models import ContentMode, Delivery
from landingpages import richtext
from landingpages.models import LandingPage
from profiles import brands
from profiles.colours import tokens
from profiles.models import Brand

Block = dict[str, Any]
WIDTH = 600  # pixels, of the column
PADDING = 32  # pixels, on both sides of what stands in it
LEFT = re.compile(r"(.*?<head>)(<style>.*?</style>)?(.*)", re.DOTALL)
INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


class MailKind(TextChoices):
    HEADING = "heading", gettext_lazy("Heading")
    TEXT = "text", gettext_lazy("Text")
    IMAGE = "image", gettext_lazy("Image")
    BUTTON = "button", gettext_lazy("Button")
    COLUMNS = "columns", gettext_lazy("Two columns")
    DIVIDER = "divider", gettext_lazy("Divider")
    SPACER = "spacer", gettext_lazy("Space")
    FOOTER = "footer", gettext_lazy("Footer")


# Where a button or a picture may lead besides an address: the links that differ from person to person.
TARGETS = {
    "preferences_url": gettext_lazy("Preference page"),
    merging.CENTRE: gettext_lazy("Preference centre"),
    merging.UNSUBSCRIBE: gettext_lazy("Unsubscription"),
    merging.SERVICE_UNSUBSCRIBE: gettext_lazy("Unsubscription page of the service"),
    "blocklist_url": gettext_lazy("Blocklist page"),
}
RICH = ("html", "left", "right")  # the values that are HTML
SAYING = ("text", *RICH, "alt", "unsubscribe_label")  # those that say what a block is, in this order


@dataclass(frozen=True)
class Looks:
    """The brand as mails show it."""

    label: str
    logo: dict[str, Any] | None
    light: dict[str, str]
    dark: dict[str, str]


def new(kind: str) -> Block:
    """A block to begin with, in the operator's language."""
    values: dict[str, Block] = {
        MailKind.HEADING: {"text": _("Heading"), "level": "1", "align": "left"},
        MailKind.TEXT: {"html": f"<p>{_('Write here what you have to say.')}</p>"},
        MailKind.IMAGE: {"alt": ""},
        MailKind.BUTTON: {"text": _("Read more"), "url": "", "target": "", "align": "left"},
        MailKind.COLUMNS: {"left": f"<p>{_('Left')}</p>", "right": f"<p>{_('Right')}</p>"},
        MailKind.SPACER: {"height": 24},
        MailKind.FOOTER: {"html": "", "unsubscribe_label": _("Unsubscribe"), "preferences_label": ""},
    }
    return {"key": secrets.token_hex(6), "kind": str(kind), **values.get(MailKind(kind), {})}


def start(*, with_preferences: bool) -> list[Block]:
    """What a mail made of blocks begins with: all that the law asks for is there."""
    greeting = _("Hello {{ profile.first_name | default: “you” }},").replace("“", '"').replace("”", '"')
    text = new(MailKind.TEXT)
    footer = new(MailKind.FOOTER) | {"preferences_label": _("Your preferences") if with_preferences else ""}
    text["html"] = f"<p>{greeting}</p>{text['html']}"
    return [new(MailKind.HEADING), text, footer]


def words(block: Block) -> str:
    """What a block says, without markup; "" where it says nothing."""
    aside = Aside()
    said = next((block[name] for name in SAYING if block.get(name)), "")
    return aside.back(richtext.as_text(aside.put(said)))


def html_of(delivery: Delivery) -> str:
    """What is written, or what the blocks give now: brand and pages may have changed since the blocks did."""
    return compile_html(delivery.blocks, delivery.brand) if delivery.content_mode == ContentMode.BLOCKS else delivery.html


def compile_html(blocks: Sequence[Block], brand: Brand | None) -> str:
    """The HTML of a mail, merge fields as they were written."""
    aside = Aside()
    addresses = {page["id"]: _own("pages:page", page["slug"]) for page in linked_pages(blocks) if page["slug"]}
    shown = [_shown(block, aside, addresses) for block in blocks]
    context = {"blocks": shown, "looks": looks(brand), "lang": settings.LANGUAGE_CODE, "width": WIDTH}
    html = INLINER.inline(render_to_string("mail/message.html", context))
    # What is left of the styles comes first otherwise, and the character set too late.
    head, style, rest = LEFT.match(html).groups()  # type: ignore[union-attr]
    return aside.back(head + rest.replace("</head>", f"{style}</head>", 1))


def linked_pages(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """The landing pages that texts link to by their id, with the slug that visitors know; without one where a page is gone."""
    texts = [block[name] for block in blocks for name in RICH if block.get(name)]
    numbers = set[int]().union(*map(richtext.page_ids, texts))
    pages = LandingPage.objects.filter(pk__in=numbers).select_related("version") if numbers else []
    pinned = {page.pk: pagelinks.pin(page) for page in pages}
    return [pinned.get(number) or {"id": number, "slug": ""} for number in sorted(numbers)]


def looks(brand: Brand | None) -> Looks:
    """Of this brand, else of the default brand, else of the sender of the settings in our own colours."""
    worn = brand or brands.Default().brand or Brand(label=settings.SENDER_NAME)
    logo = worn.logo
    light, dark = brands.schemes({name: getattr(worn, name) for name in brands.COLUMNS}).values()
    shown = {"src": _own("brand:logo", logo.digest), "width": logo.width, "height": logo.height} if logo else None
    return Looks(worn.label, shown, _named(light), _named(dark))


def _named(scheme: Any) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in tokens(scheme).items()}


def _shown(block: Block, aside: Aside, addresses: Mapping[int, str]) -> dict[str, Any]:
    """The block as its template takes it: rich texts as HTML, links and pictures with their addresses."""
    values: dict[str, Any] = {name: aside.put(value) if isinstance(value, str) else value for name, value in block.items()}
    for name in RICH:
        if name in values:
            html = richtext.with_addresses(values[name], addresses)
            values[name] = mark_safe(html)  # richtext.clean() let it through when it was stored
    link = f"{{{{ {block['target']} }}}}" if block.get("target") else block.get("url", "")
    values |= {"href": aside.put(link), "template": f"mail/{block['kind']}.html"}
    if block["kind"] == MailKind.FOOTER:
        values |= {name: aside.put(f"{{{{ {field} }}}}") for name, field in FOOTER_FIELDS.items()}
    if block.get("digest"):
        share = int(block.get("share", 100))
        values["shown_width"] = min(block["width"], (WIDTH - 2 * PADDING) * share // 100)
        values["src"] = _own("pages:image", block["digest"])
    return values


FOOTER_FIELDS = {
    "sender": "sender.name",
    "postal_address": "sender.postal_address",
    "unsubscribe": merging.UNSUBSCRIBE,
    "preferences": "preferences_url",
}


def _own(name: str, part: str) -> str:
    return settings.PUBLIC_URL + reverse(name, args=[part])
