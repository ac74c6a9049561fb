"""The blocks of each of the three pages in a frozen content, also in one from before the other two pages had blocks."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from landingpages.models import BlockKind, Part

OTHERS = (Part.CONFIRMATION, Part.ERROR)
# The keys of the blocks that the two plain texts of former releases became; a page has each of them once.
FORMER_KEYS = {part: uuid5(NAMESPACE_URL, f"landingpages/{part}") for part in OTHERS}


def blocks_of(content: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """The blocks of this page, in their order."""
    if part == Part.CONTENT:
        return list(content["blocks"])
    return list(content["parts"][part]) if "parts" in content else _former(content, Part(part))


def every_block(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of all three pages."""
    for part in Part:
        yield from blocks_of(content, part)


def _former(content: Mapping[str, Any], part: Part) -> list[dict[str, Any]]:
    texts = {code: {"label": own.get(part, ""), "help": ""} for code, own in content.get("texts", {}).items()}
    return [former_block(part, texts)] if any(text["label"] for text in texts.values()) else []


def former_block(part: Part, texts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What a version would freeze of the block that a plain text has become."""
    return {
        "key": str(FORMER_KEYS[part]),
        "kind": BlockKind.TEXT.value,
        "field": "",
        "is_positive": False,
        "is_mandatory": False,
        "texts": texts,
    }
