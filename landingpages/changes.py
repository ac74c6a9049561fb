"""What a publication would change for visitors, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.text import Truncator, capfirst
from django.utils.timezone import get_default_timezone_name
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from landingpages.jobs import setting
from landingpages.kinds import HTML, KINDS
from landingpages.local_times import spoken
from landingpages.models import Block, BlockKind, LandingPage, Part
from landingpages.parts import blocks_of
from landingpages.richtext import as_text
from landingpages.snapshots import differences, labels
from profiles.models import Service

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One change, and what it is made of."""

    text: str
    details: tuple[str, ...] = ()


def in_words(old: Content, new: Content, *, zone: ZoneInfo | None = None) -> list[str]:
    """One line for each of the changes that `differences` counts; blocks that moved share a line."""
    return [line.text for line in in_detail(old, new, zone=zone)]


def in_detail(old: Content, new: Content, *, zone: ZoneInfo | None = None) -> list[Line]:
    """The same lines, those of changed blocks with what of them changed. Moments are told in the zone of the page."""
    place = zone or ZoneInfo(get_default_timezone_name())
    lines = [line for part in Part for line in _blocks(part, blocks_of(old, part), blocks_of(new, part))]
    lines += [*_properties(old, new, place), *_brand(old, new)]
    moved = differences(old, new) - len(lines)
    if moved:
        text = ngettext("%(number)s block moved", "%(number)s blocks moved", moved) % {"number": moved}
        lines.append(Line(text))
    return lines


def language_names(codes: Iterable[str]) -> list[str]:
    """Languages by their names in the reader's language."""
    return [str(name) for code, name in settings.LANGUAGES if code in codes]


def _blocks(part: Part, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Iterator[Line]:
    before = {block["key"]: block for block in old}
    after = {block["key"]: block for block in new}
    for key, block in after.items():
        if key not in before:
            yield Line(_on(part, _("Added: %(block)s") % {"block": _name(block)}))
        elif before[key] != block:
            details = tuple(_of_a_block(before[key], block))
            yield Line(_on(part, _("Changed: %(block)s") % {"block": _name(block)}), details)
    for key, block in before.items():
        if key not in after:
            yield Line(_on(part, _("Removed: %(block)s") % {"block": _name(block)}))


def _on(part: Part, change: str) -> str:
    """The change with the page that it is on, but for the first one."""
    if part == Part.CONTENT:
        return change
    return _("%(page)s page – %(change)s") % {"page": part.label, "change": change}


def _of_a_block(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two states of a block: its texts by language, and its settings by name."""
    names = {"label": _("label"), "help": _("help"), "message": _("message")}
    for code, language in settings.LANGUAGES:
        for name, label in names.items():
            was, now = (_said(block, code, name) for block in (old, new))
            if was != now:
                yield _change(f"{capfirst(label)} ({language})", shown(was), shown(now))
    for name in sorted({*old, *new} - {"texts", "key"}):
        if old.get(name) != new.get(name):
            yield _told(Block, name, old.get(name), new.get(name))


def _said(block: Mapping[str, Any], code: str, name: str) -> str:
    text: str = block["texts"].get(code, {}).get(name, "")
    return as_text(text) if KINDS[BlockKind(block["kind"])].writes == HTML else text


def _properties(old: Content, new: Content, zone: ZoneInfo) -> Iterator[Line]:
    for name in ("slug", "label"):
        if old[name] != new[name]:
            yield Line(_change(_label_of(LandingPage, name), shown(old[name]), shown(new[name])))
    for name, value in new["settings"].items():
        was = setting(old, name)
        if was != value:
            yield Line(_told(LandingPage, name, was, value, zone))


def _brand(old: Content, new: Content) -> Iterator[Line]:
    if old.get("brand") != new.get("brand"):
        yield Line(_("Brand changed: %(brand)s") % {"brand": new["brand"]["label"] if new.get("brand") else "–"})


def _told(model: type[Model], name: str, old: Any, new: Any, zone: ZoneInfo | None = None) -> str:
    """What a setting was and is; of one with an inner life only that it changed."""
    label = _label_of(model, name)
    if isinstance(old, dict | list) or isinstance(new, dict | list):
        return _("Property changed: %(property)s") % {"property": label}
    return _change(label, _value(model, name, old, zone), _value(model, name, new, zone))


def _change(name: str, old: str, new: str) -> str:
    return _("%(name)s: %(old)s → %(new)s") % {"name": name, "old": old, "new": new}


def _label_of(model: type[Model], name: str) -> str:
    """What the forms call a column; the bare name for what is none."""
    try:
        return capfirst(str(model._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
    except FieldDoesNotExist:
        return capfirst(name.replace("_", " "))


def _value(model: type[Model], name: str, value: Any, zone: ZoneInfo | None = None) -> str:
    """A stored value as people read it."""
    if name == "expires_at" and value and zone:
        return spoken(datetime.fromisoformat(value), zone)
    if name == "service_id" and value:
        return Service.objects.filter(pk=value).values_list("label", flat=True).first() or _("a service that was deleted")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    try:
        choices = dict(model._meta.get_field(name).flatchoices)  # type: ignore[union-attr]
    except FieldDoesNotExist:
        choices = {}
    return shown(str(choices.get(value, value)) if value is not None else "")


def shown(text: str) -> str:
    """A text short enough for a line, in quotation marks; a dash for none."""
    return _("“%(text)s”") % {"text": Truncator(text).chars(80)} if text else "–"


def _name(block: Mapping[str, Any]) -> str:
    kind = str(KINDS[BlockKind(block["kind"])].label)
    texts = labels(block)
    label = texts.get(get_language() or "") or next(iter(texts.values()), "")
    label = as_text(label) if KINDS[BlockKind(block["kind"])].writes in (HTML, "") else label
    return _("%(kind)s “%(label)s”") % {"kind": kind, "label": Truncator(label).chars(60)} if label else kind
