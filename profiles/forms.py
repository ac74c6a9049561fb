"""Forms of the back office's profile pages."""

from datetime import date
from typing import Any, ClassVar, Self

from django import forms
from django.core.exceptions import ValidationError
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles import births, customfields, regions, timezones
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS, Channel, InvalidAddress
from profiles.customforms import CustomValueField, day_input
from profiles.models import EmailFormat, Gender, Profile, Service
from profiles.values import custom_key, custom_name
from profiles.wasshown import WasShown

# The columns of the General tab in its order (reference 1.1.3); the boxes and the custom fields are fields of the form only.
COLUMNS = (
    "first_name",
    "last_name",
    "gender",
    "middle_name",
    "title",
    "birth_date",
    "preferred_language",
    "time_zone",
    "external_id",
    "email",
    "email_format",
    "mobile",
    "phone",
    "fax",
    "address_specified",
    "street",
    "street_2",
    "postal_code",
    "city",
    "state",
    "country",
    "ccpa_opt_out",
)


class AddressField(forms.CharField):
    """An address of one channel, normalised; the channel says what is wrong with it."""

    def __init__(self, channel: Channel, **kwargs: Any) -> None:
        self.channel = channel
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            return self.channel.normalise(text) if text else ""
        except InvalidAddress as error:
            raise ValidationError(str(error), code="invalid") from error


class ProfileForm(forms.ModelForm):
    """The General tab. The boxes are fields of the form only: profiles.consent writes them.

    Every field carries the value that was shown, so that a save can tell what the operator touched from what
    somebody else changed meanwhile. Custom fields go by their names of profiles.values.
    """

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Profile
        fields = COLUMNS
        widgets: ClassVar = {"birth_date": day_input()}
        help_texts: ClassVar = {
            "address_specified": gettext_lazy("This person can be written to by post."),
            "ccpa_opt_out": gettext_lazy("Forbids the sale of this person’s data. It leaves her out of no delivery."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        profile = self.instance
        for channel in Channel.addressed():
            label = self.fields[channel.address_field].label
            self.fields[channel.address_field] = AddressField(channel, label=label)
        for name, (empty, choices) in _lists().items():
            self.fields[name] = _select(self.fields[name].label, getattr(profile, name), choices, empty)
        self.fields["birth_date"].help_text = births.age_in_words(profile.age)
        for scope, name in OPT_OUT_FIELDS.items():
            self.fields[name] = forms.BooleanField(label=OPT_OUT_LABELS[scope], required=False)
            self.initial[name] = getattr(profile, name)
        for definition in customfields.definitions():
            name, value = custom_name(definition.key), profile.custom.get(definition.key)
            self.fields[name] = CustomValueField(definition, stored=value)
            self.initial[name] = value
        for name in self.names:
            self.fields[name].show_hidden_initial = profile.pk is not None
            self.fields[name].hidden_widget = WasShown
        self.initial["revision"] = profile.revision

    def clean_birth_date(self) -> date | None:
        born: date | None = self.cleaned_data["birth_date"]
        births.check(born)
        return born

    def clean(self) -> dict[str, Any] | None:
        """The age beneath the date of birth is that of the date that stands there, not of the stored one."""
        self["birth_date"].help_text = births.age_in_words(births.age(self.cleaned_data.get("birth_date")))
        return super().clean()

    @property
    def customs(self) -> list[forms.BoundField]:
        """The custom fields in their order."""
        return [self[name] for name in self.fields if custom_key(name)]

    @property
    def names(self) -> list[str]:
        """Every field that holds something of the profile, in the order of the tab."""
        return [*COLUMNS, *(name for name in self.fields if custom_key(name)), *OPT_OUT_FIELDS.values()]

    @property
    def is_outdated(self) -> bool:
        """Whether the stored profile is not the one that the form showed."""
        return self.shown_revision != self.initial["revision"]

    @property
    def shown_revision(self) -> int:
        """The revision that was shown; one that never is where the request names none."""
        revision = self.cleaned_data["revision"]
        return -1 if revision is None else revision

    @property
    def values(self) -> dict[str, Any]:
        """Field -> new value, for the ordinary fields that differ from what is stored."""
        ordinary = [name for name in self.names if name not in OPT_OUT_FIELDS.values()]
        return {name: self.cleaned_data[name] for name in ordinary if self.cleaned_data[name] != self.initial[name]}

    @property
    def choices(self) -> dict[str, bool]:
        """Scope -> ticked, for the boxes that differ from what is stored."""
        boxes = {scope: self.cleaned_data[name] for scope, name in OPT_OUT_FIELDS.items()}
        return {scope: ticked for scope, ticked in boxes.items() if ticked != self.initial[OPT_OUT_FIELDS[scope]]}

    def differences(self) -> list[tuple[str, Any, Any]]:
        """(field, shown, stored) where the profile is no longer what this form showed."""
        shown = {name: self._shown(name) for name in self.names}
        return [(name, value, self.initial[name]) for name, value in shown.items() if value != self.initial[name]]

    def rebased(self) -> Self:
        """The same form over what is stored now: what the operator touched stays as she typed it, all else is as stored."""
        data = dict(self.data.items())
        for name, stored in self.initial.items():
            told = "" if stored is None else self.fields[name].prepare_value(stored)
            data[f"initial-{name}"] = told
            if name not in self.changed_data:
                data[name] = told
        data["revision"] = self.instance.revision
        return type(self)(data, instance=self.instance)

    def changes_in_words(self) -> list[str]:
        """What a save writes: "City: Paris → Lyon", "No longer contact by SMS: yes → recorded"."""
        fields = [self._change(name, self.initial[name], value) for name, value in self.values.items()]
        boxes = [
            _("%(box)s: %(answer)s → recorded") % {"box": OPT_OUT_LABELS[scope], "answer": _("yes") if ticked else _("no")}
            for scope, ticked in self.choices.items()
        ]
        return fields + boxes

    def meanwhile_in_words(self) -> list[str]:
        """What somebody else changed since this form was shown."""
        return [self._change(name, shown, stored) for name, shown, stored in self.differences()]

    def _change(self, name: str, old: Any, new: Any) -> str:
        field = self.fields[name]
        label = capfirst(str(field.label))
        return _("%(field)s: %(old)s → %(new)s") % {"field": label, "old": _in_words(field, old), "new": _in_words(field, new)}

    def _shown(self, name: str) -> Any:
        try:
            return self.fields[name].to_python(self.data.get(f"initial-{name}"))
        except ValidationError:  # a custom field whose definition has changed since: it was shown otherwise
            return self.data[f"initial-{name}"]


def _lists() -> dict[str, tuple[Any, list[tuple[str, Any]]]]:
    """Field -> (what its empty choice says, the other choices), in the reader's language."""
    return {
        "gender": (_("Not specified"), list(Gender.choices)),
        "preferred_language": (_("Not specified"), list(regions.language_choices())),
        "time_zone": (_("Default"), timezones.choices()),
        "email_format": (_("Unknown: text and HTML"), list(EmailFormat.choices)),
        "country": (_("Not specified"), list(regions.country_choices())),
    }


def _in_words(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.BooleanField):
        return _("yes") if value else _("no")
    if isinstance(field, CustomValueField):
        return customfields.in_words(field.definition, value) or "–"
    if isinstance(value, date):
        return date_format(value)
    choices = dict(getattr(field, "choices", ()))
    return str(choices.get(value, value)) if value else "–"


def _select(label: Any, stored: str, choices: list[tuple[str, Any]], empty: Any) -> forms.ChoiceField:
    """A select that also keeps a stored code which the list does not know."""
    unknown = [(stored, stored)] if stored and stored not in dict(choices) else []
    return forms.ChoiceField(label=label, choices=[("", empty), *choices, *unknown], required=False)


class OptOutForm(forms.Form):
    """The channel that a whole selection is no longer contacted by, and the size of the selection as it was shown."""

    scope = forms.ChoiceField(choices=list(OPT_OUT_LABELS.items()), widget=forms.RadioSelect)
    selected = forms.IntegerField(widget=forms.HiddenInput)


class SubscribeForm(forms.Form):
    """One of the services that the profile is not subscribed to, and that take new subscriptions today."""

    service = forms.ChoiceField()

    def __init__(self, *args: Any, profile: Profile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Service.objects.exclude(subscriptions__in=profile.subscriptions.current())
        open_ones = [(service.pk, service.label) for service in others if service.takes_subscriptions()]
        self.fields["service"] = forms.ChoiceField(label=_("Service"), choices=open_ones)
