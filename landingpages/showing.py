"""The blocks of a page as one visitor sees them, ready to be rendered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from landingpages import richtext
from landingpages.conditions import is_visible
from landingpages.kinds import is_speaking
from landingpages.models import BlockKind, LandingPage
from landingpages.parts import blocks_of
from landingpages.wording import Wording, is_html

Addresses = Mapping[int, str]  # id of a landing page -> where visitors find it


@dataclass(frozen=True)
class ShownBlock:
    """A block as it is rendered in one language."""

    key: str
    kind: str
    label: str
    help: str
    is_title: bool
    field: forms.BoundField | None = None
    html: SafeString | None = None
    url: str = ""
    is_new_window: bool = False
    image: Mapping[str, Any] | None = None

    @property
    def is_speaking(self) -> bool:
        return is_speaking(self.kind) or self.kind == BlockKind.LINK

    @property
    def is_box(self) -> bool:
        return self.kind in (BlockKind.CHECKBOX, BlockKind.SERVICE, BlockKind.AGREEMENT)

    @property
    def text(self) -> str:
        """What it says, without markup."""
        return richtext.as_text(self.html) if self.html is not None else self.label


def shown(blocks: Iterable[dict[str, Any]], wording: Wording, fields: Mapping[str, forms.BoundField]) -> list[ShownBlock]:
    """These blocks, in their order; `fields` are those of the form, by the keys of their blocks."""
    every = list(blocks)
    addresses = addresses_of(every)
    title = next((block["key"] for block in every if block["kind"] == BlockKind.HEADING), "")
    return [_shown(block, wording, addresses, fields.get(block["key"]), is_title=block["key"] == title) for block in every]


def part(content: Mapping[str, Any], name: str, wording: Wording) -> list[ShownBlock]:
    """What the confirmation page, or the error page, says to this visitor."""
    return shown((block for block in blocks_of(content, name) if is_visible(block, wording.visitor)), wording, {})


def title(blocks: Iterable[ShownBlock]) -> str:
    """The first heading; "" where there is none."""
    return next((block.label for block in blocks if block.is_title), "")


def _shown(
    block: dict[str, Any], wording: Wording, addresses: Addresses, field: forms.BoundField | None, *, is_title: bool
) -> ShownBlock:
    label = wording.label(block)
    options = block.get("options", {})
    html = mark_safe(richtext.with_addresses(label, addresses)) if is_html(block["kind"]) else None
    return ShownBlock(
        key=block["key"],
        kind=block["kind"],
        label=label,
        help=wording.help(block),
        is_title=is_title,
        field=field,
        html=html,
        url=_address(options, addresses),
        is_new_window=bool(options.get("new_window")),
        image=block.get("image"),
    )


def _address(options: Mapping[str, Any], addresses: Addresses) -> str:
    if options.get("page_id"):
        return addresses.get(options["page_id"], "")
    url = str(options.get("url", ""))
    return url if richtext.is_address(url) else ""


def linked_pages(block: Mapping[str, Any]) -> set[int]:
    """The landing pages that a block links to, in any language."""
    number = block.get("options", {}).get("page_id")
    found = {int(number)} if number else set()
    if is_html(block["kind"]):
        found = found.union(*(richtext.page_ids(own["label"]) for own in block["texts"].values()))
    return found


def addresses_of(blocks: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Where visitors find the pages that are linked to, each at the address that it has now; no query where there is none."""
    wanted = set[int]().union(*(linked_pages(block) for block in blocks))
    if not wanted:
        return {}
    pages = LandingPage.objects.filter(pk__in=wanted, version__isnull=False)
    return {number: f"{settings.PUBLIC_URL}/lp/{slug}/" for number, slug in pages.values_list("pk", "version__content__slug")}
