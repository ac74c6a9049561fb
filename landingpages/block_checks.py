"""Is each block fit to be published? Errors stop it, warnings do not (reference 3.5.2)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from landingpages import blocks, inputs, memberships, richtext, wording
from landingpages.blocks import BoundField
from landingpages.conditions import COMPARING
from landingpages.kinds import KINDS
from landingpages.models import BlockKind, LandingPage, PageStatus, PageType
from landingpages.parts import every_block
from landingpages.showing import linked_pages
from landingpages.snapshots import labels, needs_label
from landingpages.verdicts import Check, Level
from profiles.mergefields import InvalidTemplate
from profiles.models import CustomType

Found = Iterator[tuple[Level, str]]


@dataclass
class About:
    """What the checks of one block need to know of the others, read once for the whole page."""

    content: dict[str, Any]
    every: list[dict[str, Any]] = field(init=False)
    known: dict[str, BoundField] = field(init=False)
    pages: dict[int, LandingPage] = field(init=False)

    def __post_init__(self) -> None:
        self.every = list(every_block(self.content))
        self.fields = Counter(block["field"] for block in self.every if block["field"])
        self.services = Counter(int(block["service_id"]) for block in memberships.boxes(self.content))
        self.services[memberships.own_service(self.content)] += 1
        asked = [block["visible_when"]["field"] for block in self.every if block.get("visible_when")]
        self.known = blocks.known(dict.fromkeys([*self.fields, *asked]))
        linked = set[int]().union(*(linked_pages(block) for block in self.every))
        self.pages = LandingPage.objects.in_bulk(linked) if linked else {}
        self.languages = in_use(self.content)


def about_blocks(content: dict[str, Any]) -> Iterator[Check]:
    """What is wrong with the blocks of the three pages, in their order."""
    about = About(content)
    for block in about.every:
        for check in CHECKS:
            for level, text in check(block, about):
                yield Check(level, text, block["key"])


def in_use(content: Mapping[str, Any]) -> list[str]:
    """The languages that the page is written in, if only in part: a page in one language is not half a page in two."""
    return [code for code, _name in settings.LANGUAGES if any(code in labels(block) for block in content["blocks"])]


def language(code: str) -> str:
    """The language by its name in the operator's language."""
    return str(dict(settings.LANGUAGES)[code])


def _labels(block: dict[str, Any], about: About) -> Found:
    kind = BlockKind(block["kind"])
    if kind in (BlockKind.IMAGE, BlockKind.SHARED, BlockKind.DIVIDER, BlockKind.HIDDEN):
        return
    present = labels(block)
    if not present and needs_label(block):
        yield Level.ERROR, _("The label is missing.")
    elif not present:
        yield Level.WARNING, _("The block is empty.")
    for code in about.languages if present else ():
        if code not in present:
            yield Level.WARNING, _("The label is missing in this language: %(language)s.") % {"language": language(code)}


def _about_a_service(block: dict[str, Any], about: About) -> Found:
    if block["kind"] != BlockKind.SERVICE:
        return
    if not block["service_id"]:
        yield Level.ERROR, _("Choose the service that this box is about.")
    elif about.services[block["service_id"]] > 1:
        yield Level.ERROR, _("The page, or another box, is about this service too.")


def _field(block: dict[str, Any], about: About) -> Found:
    kind = KINDS[BlockKind(block["kind"])]
    if not kind.takes_field:
        return
    bound = about.known.get(block["field"])
    if bound is None:
        yield Level.ERROR, _("Choose the field that this block fills.")
        return
    values = {"kind": kind.label, "field": bound.label}
    if about.fields[bound.name] > 1:
        yield Level.ERROR, _("Another block fills the field “%(field)s” too.") % values
    if not bound.can_hold(kind.kind):
        yield Level.ERROR, _("A block of the type “%(kind)s” cannot fill the field “%(field)s”.") % values
    elif not bound.suits(kind.kind):
        yield Level.WARNING, _("The type “%(kind)s” does not suit the field “%(field)s”.") % values
    if block["is_mandatory"] and bound.scope:
        yield Level.WARNING, _("A mandatory box leaves nobody a choice.")
    elif block["is_mandatory"] and about.content["type"] == PageType.BLOCKLIST:
        yield Level.WARNING, _("Who wants to hear nothing any more should not have to type anything.")


def _constant(block: dict[str, Any], about: About) -> Found:
    bound = blocks.bound(block) if block["kind"] == BlockKind.HIDDEN else None
    if bound is None or not bound.can_hold(block["kind"]):
        return
    try:
        inputs.constant(block, bound)
    except ValidationError as refusal:
        yield Level.ERROR, _("The constant cannot be stored: %(why)s") % {"why": " ".join(refusal.messages)}


def _merge_fields(block: dict[str, Any], about: About) -> Found:
    """Texts that cannot be filled in, name what there is not, or say nothing to somebody we do not know."""
    for code, text, html in wording.every_text(block):
        if not wording.is_merging(text):
            continue
        values = {"language": language(code)}
        try:
            unknown = wording.compiled(text, html=html).unknown
        except InvalidTemplate as fault:
            yield Level.ERROR, _("A merge field cannot be read (%(language)s): %(fault)s") % {**values, "fault": fault}
            continue
        for name in unknown:
            yield Level.ERROR, _("There is no merge field %(name)s (%(language)s).") % {**values, "name": name}
        for name in dict.fromkeys(wording.without_fallback(text)):
            yield (
                Level.WARNING,
                _("The merge field %(name)s has no fallback (%(language)s): add %(example)s.")
                % {**values, "name": name, "example": '| default: "…"'},
            )


def _condition(block: dict[str, Any], about: About) -> Found:
    condition = block.get("visible_when")
    if not condition:
        return
    bound = about.known.get(condition["field"])
    if bound is None:
        yield Level.ERROR, _("The condition asks for a field that does not exist.")
        return
    if block["is_mandatory"] and block["kind"] != BlockKind.AGREEMENT:
        yield Level.WARNING, _("The block is mandatory only for those who see it.")
    if condition["operator"] in COMPARING and (allowed := _values(bound)) and condition["value"].casefold() not in allowed:
        yield Level.WARNING, _("“%(field)s” is never “%(value)s”.") % {"field": bound.label, "value": condition["value"]}
    if not bound.scope and not about.content["settings"]["preload_data"]:
        yield (
            Level.WARNING,
            _("Without “preload visitor data” the page does not know the field “%(field)s”: it counts as empty.")
            % {"field": bound.label},
        )


def _values(bound: BoundField) -> set[str]:
    """What the field can say, in small letters; nothing for a field that can say anything."""
    if bound.scope or (bound.custom and bound.custom.type == CustomType.YES_NO):
        return {"yes", "no"}
    if bound.custom and bound.custom.type == CustomType.CHOICE:
        return {str(option).casefold() for option in bound.custom.options}
    return {str(code).casefold() for code, _label in inputs.CHOICES[bound.name]()} if bound.name in inputs.CHOICES else set()


def _links(block: dict[str, Any], about: About) -> Found:
    options = block.get("options", {})
    if block["kind"] == BlockKind.LINK and not options.get("page_id") and not richtext.is_address(str(options.get("url", ""))):
        yield Level.ERROR, _("Write where the link leads, or choose a landing page.")
    for number in sorted(linked_pages(block)):
        page = about.pages.get(number)
        if page is None or page.version_id is None:
            yield Level.ERROR, _("A link leads to a landing page that is not there, or was never published.")
        elif page.status != PageStatus.ONLINE:
            yield Level.WARNING, _("A link leads to “%(page)s”, which is closed.") % {"page": page.label}
        elif not page.unidentified_allowed:
            yield (
                Level.WARNING,
                _("A link leads to “%(page)s”, which opens only with a link of one’s own.") % {"page": page.label},
            )


def _image(block: dict[str, Any], about: About) -> Found:
    if block["kind"] != BlockKind.IMAGE:
        return
    if "image" not in block:
        yield Level.ERROR, _("Choose a picture.")
    if block.get("options", {}).get("is_decorative"):
        return
    present = labels(block)
    for code in about.languages or list(dict(settings.LANGUAGES)):
        if code not in present:
            yield (
                Level.ERROR,
                _("Describe the picture for those who do not see it (%(language)s), or say that it is decorative.")
                % {"language": language(code)},
            )


def _shared(block: dict[str, Any], about: About) -> Found:
    if block["kind"] != BlockKind.SHARED:
        return
    present = labels(block)
    if not block.get("shared_id"):
        yield Level.ERROR, _("Choose a content block.")
    elif not present:
        yield Level.WARNING, _("The content block is empty.")
    else:
        for code in about.languages:
            if code not in present:
                yield Level.WARNING, _("The content block lacks this language: %(language)s.") % {"language": language(code)}


CHECKS = (_labels, _field, _about_a_service, _constant, _merge_fields, _condition, _links, _image, _shared)
