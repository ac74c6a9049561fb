"""What a publication would change for visitors, in words."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.conf import settings
from django.utils.text import Truncator, capfirst
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from landingpages.jobs import setting
from landingpages.kinds import HTML, KINDS
from landingpages.models import BlockKind, LandingPage, Part
from landingpages.parts import blocks_of
from landingpages.richtext import as_text
from landingpages.snapshots import differences, labels

Content = Mapping[str, Any]


def in_words(old: Content, new: Content) -> list[str]:
    """One line for each of the changes that `differences` counts; blocks that moved share a line."""
    lines = [line for part in Part for line in _blocks(part, blocks_of(old, part), blocks_of(new, part))]
    lines += [*_properties(old, new), *_brand(old, new)]
    moved = differences(old, new) - len(lines)
    if moved:
        lines.append(ngettext("%(number)s block moved", "%(number)s blocks moved", moved) % {"number": moved})
    return lines


def language_names(codes: Iterable[str]) -> list[str]:
    """Languages by their names in the reader's language."""
    return [str(name) for code, name in settings.LANGUAGES if code in codes]


def _blocks(part: Part, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[str]:
    before = {block["key"]: block for block in old}
    after = {block["key"]: block for block in new}
    for key, block in after.items():
        if key not in before:
            yield _on(part, _("Added: %(block)s") % {"block": _name(block)})
        elif before[key] != block:
            yield _on(part, _("Changed: %(block)s") % {"block": _name(block)})
    for key, block in before.items():
        if key not in after:
            yield _on(part, _("Removed: %(block)s") % {"block": _name(block)})


def _on(part: Part, change: str) -> str:
    """The change with the page that it is on, but for the first one."""
    if part == Part.CONTENT:
        return change
    return _("%(page)s page – %(change)s") % {"page": part.label, "change": change}


def _properties(old: Content, new: Content) -> Iterator[str]:
    for name in ("slug", "label"):
        if old[name] != new[name]:
            yield _property(name)
    for name, value in new["settings"].items():
        if setting(old, name) != value:
            yield _property(name)


def _brand(old: Content, new: Content) -> Iterator[str]:
    if old.get("brand") != new["brand"]:
        yield _("Brand changed: %(brand)s") % {"brand": new["brand"]["label"] if new["brand"] else "–"}


def _property(name: str) -> str:
    label = capfirst(LandingPage._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return _("Property changed: %(property)s") % {"property": label}


def _name(block: Mapping[str, Any]) -> str:
    kind = str(KINDS[BlockKind(block["kind"])].label)
    texts = labels(block)
    label = texts.get(get_language() or "") or next(iter(texts.values()), "")
    label = as_text(label) if KINDS[BlockKind(block["kind"])].writes in (HTML, "") else label
    return _("%(kind)s “%(label)s”") % {"kind": kind, "label": Truncator(label).chars(60)} if label else kind
