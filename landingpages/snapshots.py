"""A page as a version would freeze it, and how far that is from the version that visitors see."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from landingpages.blocks import KINDS, BoundField, freeze, known
from landingpages.jobs import setting
from landingpages.models import Block, BlockKind, LandingPage
from profiles import brands

BLOCK_TEXTS = ("label", "help")
PAGE_TEXTS = ("confirmation", "error")
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
    return compose(page, list(page.blocks.all()), default)


def compose(page: LandingPage, stored: list[Block], default: brands.Default | None = None) -> dict[str, Any]:
    """The content of a page that consists of these blocks.

    `languages` are those in which nothing is left untranslated: visitors are offered no other.
    """
    fields = known(block.field for block in stored)
    blocks = [_block(block, fields) for block in stored]
    values = {name: getattr(page, name) for name in SETTINGS}
    values["embed_origins"] = page.embed_origins or None  # as in versions of former releases
    values["expires_at"] = page.expires_at.isoformat() if page.expires_at else None
    return {
        "type": page.type,
        "slug": page.slug,
        "label": page.label,
        "settings": values,
        "texts": clean_texts(page.texts, PAGE_TEXTS),
        "brand": _brand(page, default or brands.Default()),
        "languages": [code for code in language_codes() if is_complete(blocks, code)],
        "blocks": blocks,
    }


def _brand(page: LandingPage, default: brands.Default) -> brands.Frozen | None:
    """The page's own brand, that of its service, or the default one; `chosen` is what a restored page gets back."""
    own = page.brand or (page.service.brand if page.service else None) or default.brand
    frozen = brands.freeze(own)
    return frozen and {**frozen, "chosen": page.brand_id}


def _block(block: Block, fields: Mapping[str, BoundField]) -> dict[str, Any]:
    about = {"service_id": block.service_id} if block.kind == BlockKind.SERVICE else {}
    frozen = freeze(fields[block.field]) if block.field in fields else {}
    return {
        "key": str(block.key),
        "kind": block.kind,
        "field": block.field,
        "is_positive": block.is_positive,
        "is_mandatory": block.is_mandatory,
        "texts": clean_texts(block.texts, BLOCK_TEXTS),
        **about,
        **frozen,
    }


def labels(block: Mapping[str, Any]) -> dict[str, str]:
    """Language -> label, for the languages that have one."""
    return {code: texts["label"] for code, texts in block["texts"].items() if texts["label"]}


def needs_label(block: Mapping[str, Any]) -> bool:
    kind = BlockKind(block["kind"])
    return KINDS[kind].is_input or kind == BlockKind.BUTTON


def is_complete(blocks: list[dict[str, Any]], code: str) -> bool:
    """Whether every block that says something says it in this language too; a page without words is in no language."""
    speaking = [block for block in blocks if labels(block) or needs_label(block)]
    return bool(speaking) and all(code in labels(block) for block in speaking)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> int:
    """How many things differ: blocks added, removed, changed and moved, and settings, texts and the brand changed."""
    old_blocks = {block["key"]: block for block in old["blocks"]}
    new_blocks = {block["key"]: block for block in new["blocks"]}
    common = old_blocks.keys() & new_blocks.keys()
    return (
        len(old_blocks.keys() ^ new_blocks.keys())
        + sum(old_blocks[key] != new_blocks[key] for key in common)
        + _moved([key for key in old_blocks if key in common], [key for key in new_blocks if key in common])
        + sum(old[name] != new[name] for name in ("slug", "label"))
        + sum(setting(old, name) != value for name, value in new["settings"].items())
        + (old.get("brand") != new["brand"])
        + sum(_text(old, code, name) != _text(new, code, name) for code in language_codes() for name in PAGE_TEXTS)
    )


def _text(content: Mapping[str, Any], code: str, name: str) -> str:
    text: str = content["texts"].get(code, {}).get(name, "")
    return text


def _moved(old: list[str], new: list[str]) -> int:
    """The least number of blocks that were taken out and put elsewhere: all but the longest run in the old order."""
    places = {key: place for place, key in enumerate(old)}
    tails: list[int] = []
    for place in (places[key] for key in new):
        at = bisect_left(tails, place)
        tails[at : at + 1] = [place]
    return len(new) - len(tails)
