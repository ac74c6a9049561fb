"""Pages that differ only in a visitor's own texts are rendered once, and filled in for everybody else.

Rendering a form costs several times what the rest of an answer does. What is kept is a page with gaps; everything else that
a page depends on belongs to its key.
"""

import re
import secrets
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from django import forms
from django.utils.html import escape

from landingpages.forms import PageForm, Stored

SHAPES_KEPT = 500  # of this process
MARK = secrets.token_hex(12)  # nobody's text has it
GAP = re.compile(f"{MARK}n([0-9]+)x")
TYPED = (forms.TextInput, forms.EmailInput, forms.TelInput, forms.Textarea)  # whatever text is in it, only the text differs


class Initial(NamedTuple):
    """What a form shows of somebody: its own texts apart from all that the look of the form depends on."""

    look: tuple[Hashable, ...]
    texts: list[str]
    marked: dict[str, Any]  # the initial data with marks in the place of the texts


def split(form: type[PageForm], initial: Mapping[str, Any], *besides: str) -> Initial:
    """`besides` are texts that the page shows outside of the form; their marks are the first ones."""
    look: list[Hashable] = [tuple(bool(text) for text in besides)]
    texts = list(besides)
    marked: dict[str, Any] = {}
    for name, value in initial.items():
        is_stored = isinstance(value, Stored)
        if value and isinstance(value, str) and (is_stored or isinstance(form.base_fields[name].widget, TYPED)):
            mark = _mark(len(texts))
            marked[name] = Stored(mark) if is_stored else mark
            texts.append(str(value))
            look.append((name, is_stored, True))
        else:
            marked[name] = value
            look.append((name, is_stored, repr(value)))
    return Initial(tuple(look), texts, marked)


def marks(texts: Sequence[str]) -> list[str]:
    """In the place of the texts that come first; an empty text has none, it stays empty."""
    return [_mark(number) if text else "" for number, text in enumerate(texts)]


def filled(key: Hashable, texts: Sequence[str], render: Callable[[], str]) -> str:
    """The page of this key with these texts; `render` gives it with marks, if none of its shape is known."""
    pieces = _pieces(key, render)
    return "".join(escape(texts[int(piece)]) if at % 2 else piece for at, piece in enumerate(pieces))


_known: dict[Hashable, list[str]] = {}


def _pieces(key: Hashable, render: Callable[[], str]) -> list[str]:
    """The page of the key, cut at its gaps: every second piece is the number of a text. The oldest gives way to a new one."""
    if (pieces := _known.get(key)) is None:
        pieces = GAP.split(render())
        if len(_known) >= SHAPES_KEPT:
            _known.pop(next(iter(_known)), None)
        _known[key] = pieces
    return pieces


def _mark(number: int) -> str:
    return f"{MARK}n{number}x"
