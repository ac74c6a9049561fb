"""Form fields for the values of custom fields, by their type."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from profiles import customfields
from profiles.customfields import UnreadableValue
from profiles.models import CustomField, CustomType


class CustomValueField(forms.CharField):
    """One custom field of a profile: shows the stored value, gives what is to be stored, None for nothing.

    `stored` is the profile's value: it can stay although the definition would not take it any more.
    """

    def __init__(self, definition: CustomField, *, stored: Any = None, **kwargs: Any) -> None:
        self.definition, self.stored = definition, stored
        label = kwargs.pop("label", definition.label)
        super().__init__(label=label, required=False, widget=_widget(definition, self.prepare_value(stored)), **kwargs)

    def prepare_value(self, value: Any) -> str:
        """The text that is shown: as stored, or as it was typed."""
        return customfields.as_text(self.definition, value)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(self.prepare_value(value))
        if text and text == self.prepare_value(self.stored):
            return self.stored
        try:
            return customfields.read(self.definition, text)
        except UnreadableValue as error:
            raise ValidationError(str(error), code="invalid") from error

    def run_validators(self, value: Any) -> None:
        """None: customfields.read has said all."""


def _widget(definition: CustomField, shown: str) -> forms.Widget:
    match CustomType(definition.type):
        case CustomType.YES_NO:
            return _select({"yes": _("yes"), "no": _("no")}, shown)
        case CustomType.CHOICE:
            return _select({option: option for option in definition.options}, shown)
        case CustomType.DATE:
            return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
        case CustomType.NUMBER:
            return forms.TextInput(attrs={"inputmode": "decimal"})
    return forms.TextInput(attrs={"maxlength": customfields.LONGEST})


def _select(options: dict[str, str], shown: str) -> forms.Select:
    """With the stored value even where it is no option any more."""
    stored = {shown: shown} if shown and shown not in options else {}
    return forms.Select(choices=[("", _("Not specified")), *options.items(), *stored.items()])
