"""What can be chosen to start a page from: the built-in templates and the operators' own, each with a small outline."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import Truncator
from django.utils.translation import get_language

from landingpages.copying import templates
from landingpages.models import LandingPage, PageType, Part
from landingpages.snapshots import labels
from landingpages.templates_builtin import TEMPLATES

SHOWN_BLOCKS = 9


@dataclass(frozen=True)
class OutlinedBlock:
    """One line of an outline: drawn by its kind, read by its words."""

    kind: str
    text: str
    is_mandatory: bool


@dataclass(frozen=True)
class Offer:
    """A template as it is chosen. `page` is the row of an own one."""

    name: str
    label: Any
    description: Any
    type: PageType
    blocks: list[OutlinedBlock]
    more: int
    page: LandingPage | None = None


def offers() -> list[Offer]:
    """The built-in templates in their order, then the own ones by name; the same number of queries however many."""
    own = templates().prefetch_related("every_block")
    return [*map(_built_in, TEMPLATES), *map(_own, own)]


def offered(name: str) -> Offer | None:
    """The template of this name, or number; None where there is none."""
    if name in TEMPLATES:
        return _built_in(name)
    page = templates().prefetch_related("every_block").filter(pk=int(name[:9])).first() if name.isdecimal() else None
    return _own(page) if page else None


def _built_in(name: str) -> Offer:
    template = TEMPLATES[name]
    return Offer(name, template.label, template.description, template.type, *_outline(template.blocks))


def _own(page: LandingPage) -> Offer:
    content = [block for block in page.every_block.all() if block.part == Part.CONTENT]
    blocks = [{"kind": block.kind, "texts": block.texts, "is_mandatory": block.is_mandatory} for block in content]
    return Offer(str(page.pk), page.label, page.description, PageType(page.type), *_outline(blocks), page=page)


def _outline(blocks: Iterable[Mapping[str, Any]]) -> tuple[list[OutlinedBlock], int]:
    drawn = [OutlinedBlock(str(block["kind"]), _words(block), bool(block["is_mandatory"])) for block in blocks]
    return drawn[:SHOWN_BLOCKS], max(0, len(drawn) - SHOWN_BLOCKS)


def _words(block: Mapping[str, Any]) -> str:
    texts = labels(block)
    return Truncator(texts.get(get_language() or "") or next(iter(texts.values()), "")).chars(40)
