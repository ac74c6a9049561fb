"""A page as a version would freeze it, and how far that is from the version that visitors see."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from landingpages import richtext
from landingpages.blocks import BoundField, freeze, known
from landingpages.jobs import setting
from landingpages.kinds import HTML, KINDS
from landingpages.models import Block, BlockKind, LandingPage, Part
from landingpages.parts import blocks_of
from profiles import brands

SETTINGS = (
    "unidentified_allowed",
    "preload_data",
    "reconciliation_key",
    "on_match",
    "acts_on_arrival",
    "redirection_url",
    "expires_at",
    "service_id",
    "embed_origins",
    "key_mapping",
    "specific_action",
    "service_from_url",
    "served",
    "additional_data",
    "message",
    "message_texts",
    "double_opt_in",
    "log_responses",
    "spam_protection",
)
# Of all that cannot be seen only the line feed means something in a text; PostgreSQL refuses NUL in JSON.
UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def language_codes() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


def clean_texts(texts: Any, names: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """The texts of every language under exactly these names: nothing else passes, what is missing is empty."""
    given = texts if isinstance(texts, Mapping) else {}
    return {code: {name: _clean(given.get(code), name) for name in names} for code in language_codes()}


def _clean(texts: Any, name: str) -> str:
    text = texts.get(name, "") if isinstance(texts, Mapping) else ""
    return UNSEEN.sub("", text.replace("\r\n", "\n")).strip() if isinstance(text, str) else ""


def snapshot(page: LandingPage, default: brands.Default | None = None) -> dict[str, Any]:
    """The content that a version of the page would have now; the preview shows the same. `default` spares a query per page."""
    return compose(page, list(page.every_block.all()), default)


def compose(page: LandingPage, stored: list[Block], default: brands.Default | None = None) -> dict[str, Any]:
    """The content of a page that consists of these blocks.

    `languages` are those in which nothing is left untranslated: visitors are offered no other.
    """
    fields = known(block.field for block in stored)
    parts: dict[str, list[dict[str, Any]]] = {part.value: [] for part in Part}
    for block in stored:
        parts[block.part].append(_block(block, fields))
    blocks = parts.pop(Part.CONTENT)
    values = {name: getattr(page, name) for name in SETTINGS}
    values["embed_origins"] = page.embed_origins or None  # as in versions of former releases
    values["expires_at"] = page.expires_at.isoformat() if page.expires_at else None
    return {
        "type": page.type,
        "slug": page.slug,
        "label": page.label,
        "settings": values,
        "brand": _brand(page, default or brands.Default()),
        "languages": [code for code in language_codes() if is_complete(blocks, code)],
        "blocks": blocks,
        "parts": parts,
    }


def clean_block_texts(kind: str, texts: Any) -> dict[str, dict[str, str]]:
    """The texts that a block of this kind has; of HTML nothing but what visitors may be shown."""
    entry = KINDS[BlockKind(kind)]
    cleaned = clean_texts(texts, entry.text_names)
    if entry.writes == HTML:
        return {code: own | {"label": richtext.clean(own["label"])} for code, own in cleaned.items()}
    return cleaned


def _brand(page: LandingPage, default: brands.Default) -> brands.Frozen | None:
    """The page's own brand, that of its service, or the default one; `chosen` is what a restored page gets back."""
    own = page.brand or (page.service.brand if page.service else None) or default.brand
    frozen = brands.freeze(own)
    return frozen and {**frozen, "chosen": page.brand_id}


def _block(block: Block, fields: Mapping[str, BoundField]) -> dict[str, Any]:
    """What is frozen of a block; what came with later releases only where it says something, so that nothing seems changed."""
    about = {"service_id": block.service_id} if block.kind == BlockKind.SERVICE else {}
    frozen = freeze(fields[block.field]) if block.field in fields else {}
    own = {name: value for name, value in (("options", block.options), ("visible_when", block.visible_when)) if value}
    return {
        "key": str(block.key),
        "kind": block.kind,
        "field": block.field,
        "is_positive": block.is_positive,
        "is_mandatory": block.is_mandatory,
        "texts": clean_block_texts(block.kind, block.texts),
        **about,
        **frozen,
        **own,
        **_shown(block),
    }


def _shown(block: Block) -> dict[str, Any]:
    """What a block shows that is kept elsewhere: the words of a content block, and the picture of an image."""
    if block.shared:
        texts = clean_block_texts(BlockKind.RICH_TEXT, block.shared.texts)
        return {"shared_id": block.shared_id, "texts": texts}
    if block.image:
        image = block.image
        size = {"digest": image.digest, "type": image.type, "width": image.width, "height": image.height}
        return {"image_id": block.image_id, "image": size}
    return {}


def labels(block: Mapping[str, Any]) -> dict[str, str]:
    """Language -> label, for the languages that have one."""
    return {code: texts["label"] for code, texts in block["texts"].items() if texts["label"]}


def needs_label(block: Mapping[str, Any]) -> bool:
    return KINDS[BlockKind(block["kind"])].needs_label


def is_complete(blocks: list[dict[str, Any]], code: str) -> bool:
    """Whether every block that says something says it in this language too; a page without words is in no language."""
    speaking = [block for block in blocks if labels(block) or needs_label(block)]
    return bool(speaking) and all(code in labels(block) for block in speaking)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """How many things differ: blocks added, removed, changed and moved on each of the three pages, settings and the brand."""
    return (
        sum(_differing(blocks_of(old, part), blocks_of(new, part)) for part in Part)
        + sum(old[name] != new[name] for name in ("slug", "label"))
        + sum(setting(old, name) != value for name, value in new["settings"].items())
        + (old.get("brand") != new["brand"])
    )


def _differing(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> int:
    old_blocks = {block["key"]: block for block in old}
    new_blocks = {block["key"]: block for block in new}
    common = old_blocks.keys() & new_blocks.keys()
    return (
        len(old_blocks.keys() ^ new_blocks.keys())
        + sum(old_blocks[key] != new_blocks[key] for key in common)
        + _moved([key for key in old_blocks if key in common], [key for key in new_blocks if key in common])
    )


def _moved(old: list[str], new: list[str]) -> int:
    """The least number of blocks that were taken out and put elsewhere: all but the longest run in the old order."""
    places = {key: place for place, key in enumerate(old)}
    tails: list[int] = []
    for place in (places[key] for key in new):
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(new) - len(tails)
