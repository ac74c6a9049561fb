"""One form class from the blocks of a page: the preview, the public page and the submission all use it.

The labels come from the page, the sentences of errors from the translations: validate and render while the form's
language is the active one.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import override

from landingpages import blocks, inputs, memberships, showing
from landingpages.blocks import BoundField
from landingpages.conditions import is_conditional, is_visible
from landingpages.kinds import KINDS
from landingpages.models import BlockKind
from landingpages.showing import ShownBlock
from landingpages.visitors import MASKS, STRANGER, Visitor
from landingpages.wording import Wording
from profiles.models import Profile, Service
from profiles.values import is_given, value_of

PREFIX = "b_"
AGREEMENT = "agreement:"
SEEN = "seen"  # name of the hidden input that says which conditional inputs were on the page


class Stored(str):
    """Stands in the initial data for a value that the profile has and the page does not show.

    The text is what may be shown instead of it, as a placeholder: an address that is masked, otherwise nothing. The
    field may stay empty, which then means: as it is. A bound form needs the same initial data as the one that was shown.
    """

    __slots__ = ()


class PageForm(forms.Form):
    """What visitors fill in. Only fields made from bound blocks that this visitor sees are read, whatever else is sent."""

    content: ClassVar[dict[str, Any]]
    language: ClassVar[str]
    services: ClassVar[dict[int, Service]]  # those that the page is about

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        visitor: Visitor = STRANGER,
        **kwargs: Any,
    ) -> None:
        self.visitor = visitor
        self.wording = Wording(self.content, self.language, visitor)
        self.visible = [block for block in self.content["blocks"] if is_visible(block, visitor)]
        names = {field_name(block) for block in self.visible if field_name(block) in self.base_fields}
        given = {name: value for name, value in (initial or {}).items() if name in names}
        self.stored = {name: value for name, value in given.items() if isinstance(value, Stored)}
        shown = {name: value for name, value in given.items() if name not in self.stored}
        super().__init__(_texts_of(data, names), initial=shown, **kwargs)
        self.seen = data.get(SEEN) if data is not None else None
        self.fields = {name: field for name, field in self.fields.items() if name in names}
        self._prepare(shown)

    def _prepare(self, shown: Mapping[str, Any]) -> None:
        for name, placeholder in self.stored.items():
            self.fields[name].required = False
            if placeholder:
                self.fields[name].widget.attrs["placeholder"] = str(placeholder)
        for name, value in shown.items():
            inputs.keep_unknown_choice(self.fields[name], value)
        for block in self._service_boxes():
            # Who is subscribed may still leave a service that takes nobody any more.
            is_open = self.services[block["service_id"]].takes_subscriptions()
            self.fields[field_name(block)].disabled = block["is_positive"] and not is_open and not shown.get(field_name(block))
        for block in self._agreements():
            if message := self.wording.message(block):
                self.fields[field_name(block)].error_messages["required"] = message

    @property
    def conditional(self) -> str:
        """The conditional inputs that this visitor sees, to be sent along; "" where the page has none."""
        if not any(is_conditional(block) for block in self.content["blocks"] if field_name(block) in self.base_fields):
            return ""
        return " ".join(
            ["-", *(name for block in self.visible if is_conditional(block) and (name := field_name(block)) in self.fields)]
        )

    @property
    def is_as_shown(self) -> bool:
        """Whether the visitor sees the inputs that she saw when the form was opened.

        An input that came or went meanwhile was not answered by her, nor left empty.
        """
        return not self.conditional or self.seen == self.conditional

    def bound_values(self) -> dict[str, Any]:
        """Bound field -> value, normalised; a box says whether the person opts out, however the page words it.

        A field that stayed empty because its stored value was not shown (Stored) is left out: nothing to change. Hidden
        constants come from the version, never from what was sent.
        """
        values: dict[str, Any] = {}
        for block, bound in bindings(self.content, self.visible):
            name = field_name(block)
            if block["kind"] == BlockKind.HIDDEN:
                values |= _constant(block, bound)
                continue
            value = self.cleaned_data[name]
            if bound.scope:
                values[bound.name] = value != block["is_positive"]
            elif inputs.is_box(block):
                if value or self.initial.get(name):  # a box that was left unticked says no only where it was shown ticked
                    values[bound.name] = value
            elif is_given(value) or name not in self.stored:
                values[bound.name] = value if is_given(value) else ""
        for block in self._service_boxes():
            values[memberships.key(block["service_id"])] = self.cleaned_data[field_name(block)]
        for block in self._agreements():
            values[agreement_key(block)] = self.wording.label(block)
        return values

    def without_boxes(self) -> "PageForm":
        """The form as it arrives, with the texts that were typed: the boxes may have been worded otherwise."""
        return self.as_typed(boxes=False)

    def as_typed(self, *, boxes: bool) -> "PageForm":
        """A form that was not sent yet, with what was typed; its boxes as they were ticked, or empty."""
        left_out = {name for name, field in self.fields.items() if isinstance(field, forms.BooleanField) and not boxes}
        return type(self)(initial={name: text for name, text in self.data.items() if name not in left_out}, visitor=self.visitor)

    def _agreements(self) -> list[dict[str, Any]]:
        return [block for block in self.visible if block["kind"] == BlockKind.AGREEMENT]

    def _service_boxes(self) -> list[dict[str, Any]]:
        """The boxes about services that exist."""
        return [block for block in memberships.boxes({"blocks": self.visible}) if block["service_id"] in self.services]

    def service_wordings(self) -> dict[str, str]:
        """The label of each box about a service, by the name of its answer."""
        return {memberships.key(block["service_id"]): self.wording.label(block) for block in self._service_boxes()}

    def wordings(self, bound_field: str) -> str:
        """The label that was shown for this field, for the ledger; empty where the page does not bind it."""
        bound = bindings(self.content, self.visible)
        return next((self.wording.label(block) for block, _bound in bound if block["field"] == bound_field), "")

    def agreed(self) -> list[str]:
        """What has to be agreed to before the form is taken."""
        return [self.wording.label(block) for block in self._agreements()]

    @property
    def hides_values(self) -> bool:
        """Whether a field is empty though something is stored, and shows not even a part of it."""
        return not all(self.stored.values())

    @property
    def button(self) -> str:
        """The label of the button."""
        return next((block.label for block in self.blocks if block.kind == BlockKind.BUTTON), "")

    @property
    def title(self) -> str:
        """The first heading; the page's own name where it has none."""
        return showing.title(self.blocks) or str(self.content["label"])

    @cached_property
    def blocks(self) -> list[ShownBlock]:
        """Everything on the page in its order, ready to be rendered."""
        shown = [block for block in self.visible if block["kind"] != BlockKind.HIDDEN]
        fields = {block["key"]: self[name] for block in shown if (name := field_name(block)) in self.fields}
        return showing.shown(shown, self.wording, fields)


def form_class(content: dict[str, Any], language: str) -> type[PageForm]:
    """The form of a version's content, or of a snapshot, in this language; a label it lacks is shown in another one."""
    wording = Wording(content, language)
    with override(language):
        services = memberships.load(content)
        boxes = [block for block in memberships.boxes(content) if block["service_id"] in services]
        boxes += [block for block in content["blocks"] if block["kind"] == BlockKind.AGREEMENT]
        fields = {}
        for block, bound in [*answered(content), *((block, None) for block in boxes)]:
            field = fields[field_name(block)] = inputs.field_of(block, bound)
            field.label, field.help_text = wording.label(block), wording.help(block)
    return type("LandingPageForm", (PageForm,), {"content": content, "language": language, "services": services, **fields})


def initial_for(content: dict[str, Any], profile: Profile, *, show_data: bool) -> dict[str, Any]:
    """What the form shows of a profile: the boxes as they are; other fields only with `show_data`; addresses masked.

    A box "check to unsubscribe" is always empty: ticking it is the only thing that it can mean.
    """
    boxes = memberships.boxes(content)
    held = memberships.current(profile, [block["service_id"] for block in boxes]) if boxes else set()
    subscribed = {field_name(block): block["is_positive"] and block["service_id"] in held for block in boxes}
    shown = {field_name(block): _shown(block, bound, profile, show_data=show_data) for block, bound in answered(content)}
    return shown | subscribed


def field_name(block: Mapping[str, Any]) -> str:
    """The name of a block's input in the form."""
    return PREFIX + block["key"].replace("-", "")


def agreement_key(block: Mapping[str, Any]) -> str:
    """The name in a submission under which the text that was agreed to is kept."""
    return AGREEMENT + str(block["key"])


def bound_blocks(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The blocks that fill a field: those bound to one that can hold what they give."""
    return [block for block, _bound in bindings(content)]


def bindings(content: Mapping[str, Any], among: list[dict[str, Any]] | None = None) -> list[tuple[dict[str, Any], BoundField]]:
    """These blocks, each with its field."""
    found = ((block, blocks.bound(block)) for block in (content["blocks"] if among is None else among))
    return [(block, bound) for block, bound in found if bound and bound.can_hold(block["kind"])]


def answered(content: Mapping[str, Any]) -> list[tuple[dict[str, Any], BoundField]]:
    """Those of them that visitors fill in."""
    return [(block, bound) for block, bound in bindings(content) if KINDS[BlockKind(block["kind"])].is_input]


def _constant(block: Mapping[str, Any], bound: BoundField) -> dict[str, Any]:
    """A constant that its field cannot hold any more writes nothing."""
    try:
        return {bound.name: inputs.constant(block, bound)}
    except ValidationError:
        return {}


def _shown(block: Mapping[str, Any], bound: BoundField, profile: Profile, *, show_data: bool) -> Any:
    value = value_of(profile, bound.name)
    if bound.scope:
        return value != block["is_positive"]
    if inputs.is_box(block):
        return bool(value) and show_data
    if value and bound.name in MASKS:
        return Stored(MASKS[bound.name](value))
    return value if show_data or not is_given(value) else Stored()


def _texts_of(data: Mapping[str, Any] | None, names: set[str]) -> dict[str, str] | None:
    """The texts sent under the names of the form's own fields; a list or an object is no answer to anything."""
    if data is None:
        return None
    return {name: data[name] for name in names if name in data and isinstance(data[name], str)}
