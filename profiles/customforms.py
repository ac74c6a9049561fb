"""Form fields for the values of custom fields, by their type."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from profiles import customfields
from profiles.customfields import UnreadableValue
from profiles.models import CustomField, CustomType


def day_input(**attributes: str) -> forms.DateInput:
    """A date as browsers want it: ISO 8601, whatever the language."""
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", **attributes})


class CustomValueField(forms.CharField):
    """One custom field of a profile: shows the stored value, gives what is to be stored, None for nothing.

    `stored` is the profile's value: it can stay although the definition would not take it any more.
    """

    def __init__(self, definition: CustomField, *, stored: Any = None, **kwargs: Any) -> None:
        self.definition = definition
        super().__init__(label=definition.label, required=False, widget=_widget(definition), **kwargs)
        self.keep(stored)

    def keep(self, stored: Any) -> None:
        """Take this value for the profile's: a select offers it even where it is no option any more."""
        self.stored, shown = stored, self.prepare_value(stored)
        if isinstance(self.widget, forms.Select) and shown not in dict(self.widget.choices):
            self.widget.choices = [*self.widget.choices, (shown, shown)]

    def prepare_value(self, value: Any) -> str:
        """The text that is shown: as stored, or as it was typed."""
        return customfields.as_text(self.definition, value)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(self.prepare_value(value))
        if text and text == self.prepare_value(self.stored):
            return self.stored
        try:
            return customfields.read(self.definition, text or "")
        except UnreadableValue as error:
            raise ValidationError(str(error), code="invalid") from error


def _widget(definition: CustomField) -> forms.Widget:
    match CustomType(definition.type):
        case CustomType.YES_NO:
            return _select({"yes": _("yes"), "no": _("no")})
        case CustomType.CHOICE:
            return _select({option: option for option in definition.options})
        case CustomType.DATE:
            return day_input()
        case CustomType.NUMBER:
            return forms.TextInput(attrs={"inputmode": "decimal"})
    return forms.TextInput(attrs={"maxlength": customfields.LONGEST})


def _select(options: dict[str, str]) -> forms.Select:
    return forms.Select(choices=[("", _("Not specified")), *options.items()])
