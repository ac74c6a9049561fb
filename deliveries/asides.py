"""Merge fields are no HTML: they are put aside while HTML is parsed, cleaned or turned into text, and come back as they were."""

import re

MERGED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# Characters of no text: they stand around the number of a merge field meanwhile.
BEFORE, AFTER = "\U000f0000", "\U000f0001"
PLACE = re.compile(f"{BEFORE}(\\d+){AFTER}")


class Aside:
    """What was put aside, from as many texts as there are."""

    def __init__(self) -> None:
        self._merged: list[str] = []

    def put(self, source: str) -> str:
        """The text with a number in the place of each merge field."""
        return MERGED.sub(self._number, source.replace(BEFORE, "").replace(AFTER, ""))

    def back(self, text: str) -> str:
        """The text with the merge fields where their numbers are, quotes and all."""
        return PLACE.sub(lambda match: self._merged[int(match[1])], text)

    def _number(self, match: re.Match[str]) -> str:
        self._merged.append(match[0])
        return f"{BEFORE}{len(self._merged) - 1}{AFTER}"
