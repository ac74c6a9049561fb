"""Sentences of the catalogue, kept with what they name and put into the reader's language when they are read."""

from typing import Any

from django.utils.formats import localize
from django.utils.translation import gettext

Kept = dict[str, Any]  # {"text": an English message marked by gettext_noop, "values": what it names, as JSON}


def kept(text: str, values: dict[str, Any] | None = None) -> Kept:
    return {"text": text, "values": values or {}}


def shown(text: str, values: dict[str, Any]) -> str:
    """The sentence in the reader's language; a value may be a kept sentence itself."""
    told = {name: _shown_value(name, value) for name, value in values.items()}
    return gettext(text) % told if told else gettext(text)


def _shown_value(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return shown(**value)
    return gettext(value) if name == "part" else localize(value)  # the name of a part of a content


class Told(Exception):
    """An error whose message is a sentence of the catalogue: for whoever reads it now, or later in what was kept of it."""

    def __init__(self, text: str, values: dict[str, Any] | None = None) -> None:
        super().__init__(text, values)
        self.kept = kept(text, values)

    def __str__(self) -> str:
        return shown(**self.kept)
