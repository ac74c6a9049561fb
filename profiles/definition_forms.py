"""The forms of custom fields as an administrator defines them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from profiles import defining
from profiles.models import CustomField, CustomType

MOST_OPTIONS, LONGEST_OPTION = 200, 100  # of a choice; characters


class OptionsField(forms.CharField):
    """The options of a choice, one per line, as a list."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 6}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]
        if isinstance(value, list):
            return value
        options = [" ".join(line.split()) for line in str(super().to_python(value)).splitlines()]
        return [option for option in options if option]

    def validate(self, value: Any) -> None:
        folded = [option.casefold() for option in value]
        if twice := [option for place, option in enumerate(value) if option.casefold() in folded[:place]]:
            raise ValidationError(_("“%(option)s” is there twice.") % {"option": twice[0]})
        if len(value) > MOST_OPTIONS:
            raise ValidationError(_("More than %(number)s options.") % {"number": MOST_OPTIONS})
        if long := [option for option in value if len(option) > LONGEST_OPTION]:
            raise ValidationError(
                _("“%(option)s…” is longer than %(number)s characters.") % {"option": long[0][:20], "number": LONGEST_OPTION}
            )

    def run_validators(self, value: Any) -> None:
        """None: those of the text do not fit a list."""


class DefinitionForm(forms.ModelForm):
    """A new custom field."""

    options = OptionsField(
        label=gettext_lazy("Options"), help_text=gettext_lazy("Only for a choice: one per line, in their order.")
    )

    class Meta:
        model = CustomField
        fields: tuple[str, ...] = ("label", "key", "type", "options", "is_personal", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial["position"] = defining.next_position()
            self.fields["type"].choices = [("", _("Choose…")), *CustomType.choices]  # type: ignore[attr-defined]

    @property
    def type(self) -> str:
        return str(self.cleaned_data.get("type", self.instance.type))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        options = data.get("options")
        if options is not None and self.type == CustomType.CHOICE and not options:
            self.add_error("options", _("Write the options to choose from, one per line."))
        if options and self.type != CustomType.CHOICE:
            self.add_error("options", _("Only a choice has options."))
        return data

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class ChangeDefinitionForm(DefinitionForm):
    """A custom field that is there: its key and its type stay. An option that profiles have goes only when that is said."""

    remove_used = forms.BooleanField(label=gettext_lazy("Take these options off the list all the same"), required=False)

    class Meta(DefinitionForm.Meta):
        fields = ("label", "options", "is_personal", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self._meta.fields or ():
            self.fields[name].show_hidden_initial = True
        if self.instance.type != CustomType.CHOICE:
            del self.fields["options"]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.used and not data.get("remove_used"):
            told = [
                ngettext("“%(option)s” (%(number)s profile)", "“%(option)s” (%(number)s profiles)", number)
                % {"option": option, "number": number}
                for option, number in self.used.items()
            ]
            self.add_error("options", _("Profiles have what you took off the list: %(options)s.") % {"options": ", ".join(told)})
        return data

    @cached_property
    def used(self) -> dict[str, int]:
        """Option -> how many profiles have it, for the options that were taken off the list."""
        kept = self.cleaned_data.get("options") if self.is_bound else None
        gone = [] if kept is None else [option for option in self.initial["options"] if option not in kept]
        return defining.uses(self.instance, gone) if gone else {}

    @property
    def values(self) -> dict[str, Any]:
        """What this operator changed."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in (self._meta.fields or ())}

    @property
    def shown(self) -> dict[str, Any]:
        """What the fields that this operator changed were when she saw them."""
        return {name: self.fields[name].to_python(self.data.get(self[name].html_initial_name)) for name in self.values}
