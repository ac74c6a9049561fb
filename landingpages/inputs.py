"""From a block and its field to the form field that reads it."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.blocks import BoundField
from landingpages.models import BlockKind
from profiles import births, customfields, regions
from profiles.channels import Channel
from profiles.customforms import CustomValueField, day_input
from profiles.forms import AddressField
from profiles.models import CustomField, CustomType, Gender, Profile

ADDRESSES = {channel.address_field: channel for channel in Channel.addressed()}
CHOICES: dict[str, Callable[[], list[tuple[str, Any]]]] = {
    "gender": lambda: list(Gender.choices),
    "country": regions.country_choices,
    "preferred_language": regions.language_choices,
}
WIDGETS: dict[str, type[forms.Widget]] = {"email": forms.EmailInput, "mobile": forms.TelInput}
TYPED_WIDGETS: dict[str, type[forms.Widget]] = {BlockKind.EMAIL: forms.EmailInput, BlockKind.PHONE: forms.TelInput}
MOST_TYPED = {"email": 254, "mobile": 40}  # characters, before they are normalised
LINES = 4
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


class DayField(forms.DateField):
    """A date of birth as ISO 8601 text: what is sent is kept as JSON."""

    def clean(self, value: Any) -> str:
        born = super().clean(value)
        births.check(born)
        return born.isoformat() if born else ""


class AnyDayField(forms.DateField):
    """A date as ISO 8601 text, for a field that holds text."""

    def clean(self, value: Any) -> str:
        day = super().clean(value)
        return day.isoformat() if day else ""


class LinesField(forms.CharField):
    """Several lines as they are typed, one line as it is stored."""

    def to_python(self, value: Any) -> str:
        return " ".join(str(super().to_python(value)).splitlines()).strip() if value else ""


class NumberField(forms.CharField):
    """A number that a text column holds, as it was typed: 12, -3.5 or 3,5."""

    def validate(self, value: str) -> None:
        super().validate(value)
        plain = value.replace(",", ".", 1)
        if value and not (plain.lstrip("+-").replace(".", "", 1).isdecimal() and plain.isascii()):
            raise ValidationError(_("Write a number, such as 12 or 3.5."), code="number")


def is_box(block: Mapping[str, Any]) -> bool:
    """Whether a block is answered by a tick."""
    return block["kind"] in (BlockKind.CHECKBOX, BlockKind.SERVICE, BlockKind.AGREEMENT)


def field_of(block: Mapping[str, Any], bound: BoundField | None) -> forms.Field:
    """The input of a block; `bound` is None for a box about a service, and for an agreement."""
    field = box() if bound is None or is_box(block) else _input(block["kind"], bound)
    field.required = block["is_mandatory"]
    return field


def constant(block: Mapping[str, Any], bound: BoundField) -> Any:
    """What a hidden constant writes; ValidationError where the field cannot hold it."""
    text = block.get("options", {}).get("value", "")
    if not text:
        raise ValidationError(_("Write the value that is stored."), code="required")
    return input_for(bound).clean(text)


def input_for(bound: BoundField) -> forms.Field:
    """The input of a field that is no box; `clean` of what was typed gives the value as a submission keeps it."""
    return _input(BlockKind.TEXT_INPUT, bound)


def box() -> forms.Field:
    return forms.BooleanField(error_messages={"required": gettext_lazy("Tick this box to go on.")})


def _input(kind: str, bound: BoundField) -> forms.Field:
    if bound.custom:
        return _custom(kind, bound.custom)
    attributes = {"autocomplete": AUTOCOMPLETE[bound.name]}
    if bound.name in CHOICES:
        return _choice(kind, CHOICES[bound.name](), attributes)
    if bound.name in ADDRESSES:
        widget = WIDGETS[bound.name](attributes)
        return AddressField(ADDRESSES[bound.name], max_length=MOST_TYPED[bound.name], widget=widget)
    if bound.name == "birth_date":
        return DayField(widget=day_input(**attributes))
    longest = getattr(Profile._meta.get_field(bound.column), "max_length", None)
    return _text(kind, longest, attributes)


def _choice(kind: str, choices: list[tuple[str, Any]], attributes: dict[str, str]) -> forms.ChoiceField:
    every = [("", _("Not specified")), *choices]
    return forms.ChoiceField(choices=every, widget=forms.RadioSelect() if kind == BlockKind.RADIO else forms.Select(attributes))


def _text(kind: str, longest: int | None, attributes: dict[str, str]) -> forms.Field:
    """A text column, typed in the way that the kind says."""
    options: dict[str, Any] = {"max_length": longest, "validators": [refuse_unseen]}
    match kind:
        case BlockKind.LONG_TEXT:
            return LinesField(**options, widget=forms.Textarea(attributes | {"rows": str(LINES)}))
        case BlockKind.NUMBER:
            return NumberField(**options, widget=forms.TextInput(attributes | {"inputmode": "decimal"}))
        case BlockKind.DATE:
            return AnyDayField(widget=day_input())
    return forms.CharField(**options, widget=TYPED_WIDGETS.get(kind, forms.TextInput)(attributes))


def _custom(kind: str, definition: CustomField) -> forms.Field:
    if definition.type == CustomType.TEXT and kind in (BlockKind.NUMBER, BlockKind.DATE):
        return _text(kind, customfields.LONGEST, {})
    seen = [refuse_unseen] if definition.type == CustomType.TEXT and kind != BlockKind.LONG_TEXT else []
    field = CustomValueField(definition, validators=seen)
    if kind == BlockKind.RADIO and isinstance(field.widget, forms.Select):
        field.widget = forms.RadioSelect(choices=field.widget.choices)
    elif kind == BlockKind.LONG_TEXT:
        field.widget = forms.Textarea(field.widget.attrs | {"rows": str(LINES)})
    elif kind in TYPED_WIDGETS:
        field.widget = TYPED_WIDGETS[kind](field.widget.attrs)
    return field


def refuse_unseen(text: str) -> None:
    """ValidationError for characters that nobody types: they break mails, files and the reading of other texts."""
    if any(_is_unseen(character) for character in str(text)):
        raise ValidationError(_("Remove the characters that cannot be seen."), code="unseen")


def _is_unseen(character: str) -> bool:
    return character in TURNING or (unicodedata.category(character) in REFUSED_CATEGORIES and character != NUL)


def keep_unknown_choice(field: forms.Field, value: Any) -> None:
    """A stored code that the list does not know can stay."""
    if isinstance(field, CustomValueField):
        field.keep(value)
        shown = field.prepare_value(value)
        if isinstance(field.widget, forms.RadioSelect) and shown not in dict(cast("list[tuple[str, str]]", field.widget.choices)):
            field.widget.choices = [*cast("list[tuple[str, str]]", field.widget.choices), (shown, shown)]
    elif value and isinstance(field, forms.ChoiceField) and not field.valid_value(value):
        field.choices = [*cast("list[tuple[str, str]]", field.choices), (value, value)]
