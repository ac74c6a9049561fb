"""The texts of blocks as a visitor reads them: in her language, with merge fields filled in. A text cannot break a page."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from landingpages.kinds import HTML, KINDS
from landingpages.models import BlockKind
from landingpages.visitors import STRANGER, Visitor
from profiles import customfields, mergefields
from profiles.mergefields import InvalidTemplate, Template
from profiles.models import CustomField

FIELD = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
FALLBACK = re.compile(r"\|\s*default\s*:")
REMEMBERED = 2000  # compiled texts


@lru_cache(REMEMBERED)
def compiled(text: str, *, html: bool) -> Template:
    """The text ready to be filled in; InvalidTemplate says what is wrong with it."""
    return mergefields.compile_text(text, html=html, only_fields=True)


def is_html(kind: str) -> bool:
    """Whether the label of a kind is HTML, in the version of a content block too."""
    return KINDS[BlockKind(kind)].writes == HTML or kind == BlockKind.SHARED


def every_text(block: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """(language, text, is HTML) of all that the block says."""
    for code, own in block["texts"].items():
        for name, text in own.items():
            if text:
                yield code, text, name == "label" and is_html(block["kind"])


def without_fallback(text: str) -> list[str]:
    """The merge fields of a text that say nothing where nothing is known."""
    return [found.strip() for found in FIELD.findall(text) if not FALLBACK.search(found)]


def is_merging(text: str) -> bool:
    return "{{" in text or "{%" in text


@dataclass
class Wording:
    """How a content speaks to one visitor in one language."""

    content: Mapping[str, Any]
    language: str
    visitor: Visitor = STRANGER

    def say(self, text: str, *, html: bool = False) -> str:
        """The text with its merge fields; what cannot be filled in is left out."""
        if not is_merging(text):
            return text
        try:
            template = compiled(text, html=html)
            return template.render(self._values(template))
        except InvalidTemplate:
            return FIELD.sub("", text)

    def label(self, block: Mapping[str, Any]) -> str:
        """The label in the language, in another one that has it otherwise; HTML stays HTML."""
        return self.say(self._first(block, "label"), html=is_html(block["kind"]))

    def message(self, block: Mapping[str, Any]) -> str:
        return self.say(self._first(block, "message"))

    def help(self, block: Mapping[str, Any]) -> str:
        return self.say(block["texts"].get(self.language, {}).get("help", ""))

    def _first(self, block: Mapping[str, Any], name: str) -> str:
        written = {code: own[name] for code, own in block["texts"].items() if own.get(name)}
        return next((written[code] for code in (self.language, *self.content["languages"], *written) if code in written), "")

    def _values(self, template: Template) -> dict[str, Any]:
        return self.visitor.merged(self.language, self._customs if template.uses_custom_fields else [])

    @cached_property
    def _customs(self) -> list[CustomField]:
        return customfields.definitions()
