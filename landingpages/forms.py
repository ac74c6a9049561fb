"""One form class from the blocks of a page: the preview, the public page and the submission all use it.

The labels come from the page, the sentences of errors from the translations: validate and render while the form's
language is the active one.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from landingpages import blocks, memberships
from landingpages.blocks import BoundField
from landingpages.models import BlockKind
from landingpages.snapshots import labels
from profiles import births, regions
from profiles.channels import Channel
from profiles.customforms import CustomValueField, day_input
from profiles.forms import AddressField
from profiles.models import CustomType, Gender, Profile, Service
from profiles.publicpages import masked, masked_mobile
from profiles.values import is_given, value_of

PREFIX = "b_"
ADDRESSES = {channel.address_field: channel for channel in Channel.addressed()}
MASKS = {"email": masked, "mobile": masked_mobile}
CHOICES: dict[str, Callable[[], list[tuple[str, Any]]]] = {
    "gender": lambda: list(Gender.choices),
    "country": regions.country_choices,
    "preferred_language": regions.language_choices,
}
WIDGETS: dict[str, type[forms.Widget]] = {"email": forms.EmailInput, "mobile": forms.TelInput}
MOST_TYPED = {"email": 254, "mobile": 40}  # characters, before they are normalised
# HTML standard, "autofill field names"
AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "gender": "sex",
    "middle_name": "additional-name",
    "title": "honorific-prefix",
    "birth_date": "bday",
    "email": "email",
    "external_id": "off",
    "mobile": "tel",
    "phone": "tel",
    "street": "address-line1",
    "street_2": "address-line2",
    "postal_code": "postal-code",
    "city": "address-level2",
    "state": "address-level1",
    "country": "country",
    "preferred_language": "language",
}
# Control characters, lone surrogates, line and paragraph separators; what turns the direction of the text around it.
NUL = "\0"  # every CharField refuses it by itself
REFUSED_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class Stored(str):
    """Stands in the initial data for a value that the profile has and the page does not show.

    The text is what may be shown instead of it, as a placeholder: an address that is masked, otherwise nothing. The
    field may stay empty, which then means: as it is. A bound form needs the same initial data as the one that was shown.
    """

    __slots__ = ()


@dataclass(frozen=True)
class ShownBlock:
    """A block as it is rendered in one language."""

    key: str
    kind: str
    label: str
    help: str
    is_title: bool
    field: forms.BoundField | None = None


class PageForm(forms.Form):
    """What visitors fill in. Only fields made from bound blocks are read, whatever else is sent."""

    content: ClassVar[dict[str, Any]]
    language: ClassVar[str]
    services: ClassVar[dict[int, Service]]  # those that the page is about

    def __init__(self, data: Mapping[str, Any] | None = None, *, initial: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        given = {name: value for name, value in (initial or {}).items() if name in self.base_fields}
        self.stored = {name: value for name, value in given.items() if isinstance(value, Stored)}
        shown = {name: value for name, value in given.items() if name not in self.stored}
        super().__init__(_texts_of(data, self.base_fields), initial=shown, **kwargs)
        for name, placeholder in self.stored.items():
            self.fields[name].required = False
            if placeholder:
                self.fields[name].widget.attrs["placeholder"] = str(placeholder)
        for name, value in shown.items():
            _keep_unknown_choice(self.fields[name], value)
        for block in self._service_boxes():
            # Who is subscribed may still leave a service that takes nobody any more.
            is_open = self.services[block["service_id"]].takes_subscriptions()
            self.fields[field_name(block)].disabled = block["is_positive"] and not is_open and not shown.get(field_name(block))

    def bound_values(self) -> dict[str, Any]:
        """Bound field -> value, normalised; a box says whether the person opts out, however the page words it.

        A field that stayed empty because its stored value was not shown (Stored) is left out: nothing to change.
        """
        values = {}
        for block, bound in bindings(self.content):
            name = field_name(block)
            value = self.cleaned_data[name]
            if bound.scope:
                values[bound.name] = value != block["is_positive"]
            elif bound.is_answer:
                if value or self.initial.get(name):  # a box that was left unticked says no only where it was shown ticked
                    values[bound.name] = value
            elif is_given(value) or name not in self.stored:
                values[bound.name] = value if is_given(value) else ""
        for block in self._service_boxes():
            values[memberships.key(block["service_id"])] = self.cleaned_data[field_name(block)]
        return values

    def without_boxes(self) -> "PageForm":
        """The form as it arrives, with the texts that were typed: the boxes may have been worded otherwise."""
        return self.as_typed(boxes=False)

    def as_typed(self, *, boxes: bool) -> "PageForm":
        """A form that was not sent yet, with what was typed; its boxes as they were ticked, or empty."""
        left_out = {name for name, field in self.fields.items() if isinstance(field, forms.BooleanField) and not boxes}
        return type(self)(initial={name: text for name, text in self.data.items() if name not in left_out})

    def _service_boxes(self) -> list[dict[str, Any]]:
        """The boxes about services that exist."""
        return [block for block in memberships.boxes(self.content) if block["service_id"] in self.services]

    def service_wordings(self) -> dict[str, str]:
        """The label of each box about a service, by the name of its answer."""
        return {
            memberships.key(block["service_id"]): _label(block, self.content, self.language) for block in self._service_boxes()
        }

    def wordings(self, bound_field: str) -> str:
        """The label that was shown for this field, for the ledger; empty where the page does not bind it."""
        return next(
            (_label(block, self.content, self.language) for block in bound_blocks(self.content) if block["field"] == bound_field),
            "",
        )

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
        return next((block.label for block in self.blocks if block.is_title), self.content["label"])

    @property
    def blocks(self) -> list[ShownBlock]:
        """Everything on the page in its order, ready to be rendered."""
        return list(self._blocks())

    def _blocks(self) -> Iterator[ShownBlock]:
        has_title = False
        for block in self.content["blocks"]:
            is_title = block["kind"] == BlockKind.HEADING and not has_title
            has_title = has_title or is_title
            name = field_name(block)
            field = self[name] if name in self.fields else None
            yield ShownBlock(
                block["key"],
                block["kind"],
                _label(block, self.content, self.language),
                _help(block, self.language),
                is_title,
                field,
            )


def form_class(content: dict[str, Any], language: str) -> type[PageForm]:
    """The form of a version's content, or of a snapshot, in this language; a label it lacks is shown in another one."""
    with override(language):
        services = memberships.load(content)
        about_services = [block for block in memberships.boxes(content) if block["service_id"] in services]
        fields = {
            field_name(block): _field(block, bound, label=_label(block, content, language), help_text=_help(block, language))
            for block, bound in [*bindings(content), *((block, None) for block in about_services)]
        }
    return type("LandingPageForm", (PageForm,), {"content": content, "language": language, "services": services, **fields})


def initial_for(content: dict[str, Any], profile: Profile, *, show_data: bool) -> dict[str, Any]:
    """What the form shows of a profile: the boxes as they are; other fields only with `show_data`; addresses masked.

    A box "check to unsubscribe" is always empty: ticking it is the only thing that it can mean.
    """
    boxes = memberships.boxes(content)
    held = memberships.current(profile, [block["service_id"] for block in boxes]) if boxes else set()
    subscribed = {field_name(block): block["is_positive"] and block["service_id"] in held for block in boxes}
    shown = {field_name(block): _shown(block, bound, profile, show_data=show_data) for block, bound in bindings(content)}
    return shown | subscribed


def field_name(block: Mapping[str, Any]) -> str:
    """The name of a block's input in the form."""
    return PREFIX + block["key"].replace("-", "")


def bound_blocks(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The blocks that visitors fill in: those bound to a field that can hold what they give."""
    return [block for block, _bound in bindings(content)]


def bindings(content: Mapping[str, Any]) -> list[tuple[dict[str, Any], BoundField]]:
    """These blocks, each with its field."""
    found = ((block, blocks.bound(block)) for block in content["blocks"])
    return [(block, bound) for block, bound in found if bound and bound.can_hold(block["kind"])]


def _shown(block: Mapping[str, Any], bound: BoundField, profile: Profile, *, show_data: bool) -> Any:
    value = value_of(profile, bound.name)
    if bound.scope:
        return value != block["is_positive"]
    if bound.is_answer:
        return bool(value) and show_data
    if value and bound.name in MASKS:
        return Stored(MASKS[bound.name](value))
    return value if show_data or not is_given(value) else Stored()


def _field(block: Mapping[str, Any], bound: BoundField | None, **texts: str) -> forms.Field:
    """The input of a block; `bound` is None for a box about a service."""
    field = _box() if bound is None or bound.scope or bound.is_answer else input_for(bound)
    field.required = block["is_mandatory"]
    field.label, field.help_text = texts["label"], texts["help_text"]
    return field


def _box() -> forms.Field:
    return forms.BooleanField(error_messages={"required": gettext_lazy("Tick this box to go on.")})


class DayField(forms.DateField):
    """A date of birth as ISO 8601 text: what is sent is kept as JSON."""

    def clean(self, value: Any) -> str:
        born = super().clean(value)
        births.check(born)
        return born.isoformat() if born else ""


def input_for(bound: BoundField) -> forms.Field:
    """The input of a field that is no box; `clean` of what was typed gives the value as a submission keeps it."""
    if bound.custom:
        seen = [refuse_unseen] if bound.custom.type == CustomType.TEXT else []
        return CustomValueField(bound.custom, validators=seen)
    attributes = {"autocomplete": AUTOCOMPLETE[bound.name]}
    if bound.name in CHOICES:
        choices = [("", _("Not specified")), *CHOICES[bound.name]()]
        return forms.ChoiceField(choices=choices, widget=forms.Select(attributes))
    if bound.name in ADDRESSES:
        widget = WIDGETS[bound.name](attributes)
        return AddressField(ADDRESSES[bound.name], max_length=MOST_TYPED[bound.name], widget=widget)
    if bound.name == "birth_date":
        return DayField(widget=day_input(**attributes))
    longest = getattr(Profile._meta.get_field(bound.column), "max_length", None)
    return forms.CharField(max_length=longest, validators=[refuse_unseen], widget=forms.TextInput(attributes))


def refuse_unseen(text: str) -> None:
    """ValidationError for characters that nobody types: they break mails, files and the reading of other texts."""
    if any(_is_unseen(character) for character in text):
        raise ValidationError(_("Remove the characters that cannot be seen."), code="unseen")


def _is_unseen(character: str) -> bool:
    return character in TURNING or (unicodedata.category(character) in REFUSED_CATEGORIES and character != NUL)


def _texts_of(data: Mapping[str, Any] | None, fields: Mapping[str, forms.Field]) -> dict[str, str] | None:
    """The texts sent under the names of the form's own fields; a list or an object is no answer to anything."""
    if data is None:
        return None
    return {name: data[name] for name in fields if name in data and isinstance(data[name], str)}


def _keep_unknown_choice(field: forms.Field, value: Any) -> None:
    """A stored code that the list does not know can stay."""
    if isinstance(field, CustomValueField):
        field.keep(value)
    elif value and isinstance(field, forms.ChoiceField) and not field.valid_value(value):
        field.choices = [*cast("list[tuple[str, str]]", field.choices), (value, value)]


def _label(block: Mapping[str, Any], content: Mapping[str, Any], language: str) -> str:
    written = labels(block)
    return next((written[code] for code in (language, *content["languages"], *written) if code in written), "")


def _help(block: Mapping[str, Any], language: str) -> str:
    text: str = block["texts"].get(language, {}).get("help", "")
    return text
