"""The page of a link, rendered once per look and then filled in: a version never changes, and many people have one look.

A look is everything that the page depends on but the texts that a person's fields hold: those are marks in what is kept, and
each visitor's own stand there in her answer. A page about services, with conditions, merge fields, links to other pages or
fields of this installation depends on more, and is rendered for each of its visitors.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django import forms
from django.http import HttpResponse
from django.utils.html import escape

from landingpages import jobs, memberships
from landingpages.conditions import is_conditional
from landingpages.forms import PageForm, Stored, form_class
from landingpages.models import PageType, PublishedVersion
from landingpages.parts import every_block
from landingpages.showing import linked_pages
from landingpages.wording import every_text, is_merging

FORMS_KEPT = 200  # of this process
LOOKS_KEPT = 2000
MARK = secrets.token_hex(12)  # drawn by each process: in no text of a page
TEXTS = (forms.TextInput, forms.Textarea)
MARKS = re.compile(rf"{MARK}(\d+)\.")


class Look(NamedTuple):
    """What tells one kept answer from another; `name` of the page that was rendered, `shown` is what it shows."""

    version: PublishedVersion
    published_at: datetime  # another database has other versions under the same ids
    language: str
    name: str
    shown: tuple[tuple[str, bool, Any], ...] = ()


class Kept(NamedTuple):
    pieces: list[str]  # text, number of a mark, text, number of a mark, …, text
    headers: dict[str, str]


_kept: dict[Look, Kept] = {}


def plain_form(version: PublishedVersion, language: str) -> type[PageForm] | None:
    """The form of a version whose looks can be kept; None for one that depends on more."""
    return _plain_form(version, version.published_at, language)


def marked(form: type[PageForm], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The initial data of a form with marks in place of texts, and the texts."""
    shown, texts = {}, list[str]()
    for name, value in values.items():
        if value and isinstance(value, str) and (isinstance(value, Stored) or _is_typed(form.base_fields.get(name))):
            shown[name] = type(value)(f"{MARK}{len(texts)}.")
            texts.append(str(value))
        else:
            shown[name] = value
    return shown, texts


def look(version: PublishedVersion, language: str, name: str, shown: Mapping[str, Any] | None = None) -> Look:
    told = tuple((key, isinstance(value, Stored), value) for key, value in (shown or {}).items())
    return Look(version, version.published_at, language, name, told)


def answer(wanted: Look, texts: list[str], render: Callable[[], HttpResponse]) -> HttpResponse:
    """The answer for this look with these texts; `render` makes the one with the marks, the first time."""
    if (kept := _kept.get(wanted)) is None:
        response = render()
        kept = Kept(MARKS.split(response.content.decode()), dict(response.headers))
        if len(_kept) >= LOOKS_KEPT:
            _kept.clear()
        _kept[wanted] = kept
    pieces = list(kept.pieces)
    for place in range(1, len(pieces), 2):
        pieces[place] = escape(texts[int(pieces[place])])
    return HttpResponse("".join(pieces), headers=kept.headers)


@lru_cache(FORMS_KEPT)
def _plain_form(version: PublishedVersion, published_at: datetime, language: str) -> type[PageForm] | None:
    return form_class(version.content, language) if _is_plain(version.content) else None


def _is_plain(content: Mapping[str, Any]) -> bool:
    if content["type"] == PageType.PREFERENCES or "brand" not in content:
        return False
    if memberships.own_service(content) or memberships.boxes(content) or jobs.names_services(content):
        return False
    return not any(_depends_on_more(block) for block in every_block(content))


def _depends_on_more(block: Mapping[str, Any]) -> bool:
    merges = any(is_merging(text) for _code, text, _html in every_text(block))
    return merges or is_conditional(block) or bool(block.get("custom")) or bool(linked_pages(block))


def _is_typed(field: forms.Field | None) -> bool:
    """Whether the input shows a text as it is."""
    return field is not None and isinstance(field.widget, TEXTS) and not isinstance(field.widget, forms.DateInput)
