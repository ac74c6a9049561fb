"""Read a pasted list of addresses, such as the suppression list of another tool."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from profiles.channels import Channel

MOST_LINES = 100_000
LINE_END = re.compile(r"\r\n|\r|\n")
QUOTED_NAME = re.compile(r'"[^"]*"\s*(?=<)')  # "Dupont, Marie" <marie@example.org>
IN_BRACKETS = re.compile(r"<([^<>]*)>")
LOOKS_LIKE_AN_ADDRESS = re.compile(r"[@+0-9]")


class ListTooLong(ValueError):
    """More lines than one list may have; the message says how many that is."""


@dataclass(frozen=True)
class BadLine:
    """A piece of a line that is no address of the channel, and why; lines count from 1."""

    line: int
    text: str
    why: str


@dataclass(frozen=True)
class PastedList:
    """What a text holds: each address once, normalised, in the order of the text; `read` counts repeated ones too."""

    channel: Channel
    addresses: list[str]
    read: int
    bad_lines: list[BadLine]


def read(text: str, channel: Channel) -> PastedList:
    """The addresses of a text: one or more on a line, separated by commas, semicolons or tabs, also as Name <address>.

    Empty lines are ignored. Nothing is guessed: what is no address is a bad line. Raises ListTooLong, and ValueError
    for a channel without an address.
    """
    if not channel.address_field:
        raise ValueError(f"{channel} has no address")
    addresses: dict[str, None] = {}
    bad_lines: list[BadLine] = []
    count = 0
    for number, line in enumerate(LINE_END.split(text.rstrip()), 1):
        if number > MOST_LINES:
            raise ListTooLong(_("A list may have %(lines)s lines: paste it in parts.") % {"lines": MOST_LINES})
        for piece in _pieces(line):
            try:
                addresses[channel.normalise(piece)] = None
                count += 1
            except ValueError as error:
                bad_lines.append(BadLine(number, piece, str(error)))
    return PastedList(channel, list(addresses), count, bad_lines)


def _pieces(line: str) -> Iterator[str]:
    """The parts of a line that stand where an address should; names before <…> are left out."""
    name: list[str] = []
    for piece in re.split("[,;\t]", QUOTED_NAME.sub("", line)):
        if bracketed := IN_BRACKETS.findall(piece):
            name = []  # Dupont, Marie <marie@example.org>
            yield from bracketed
        elif stripped := piece.strip(" \ufeff\xa0\"'"):
            if LOOKS_LIKE_AN_ADDRESS.search(stripped):
                yield from name
                name = []
                yield stripped
            else:
                name.append(stripped)
    yield from name
