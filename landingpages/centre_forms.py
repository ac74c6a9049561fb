"""What an operator may word otherwise in the preference centre."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.centre import TEXTS

LABELS = {
    "title": gettext_lazy("Heading (%(language)s)"),
    "introduction": gettext_lazy("Introduction (%(language)s)"),
    "confirmation": gettext_lazy("After saving (%(language)s)"),
    "error": gettext_lazy("When something is wrong (%(language)s)"),
}
LONG = ("introduction", "confirmation", "error")


class CentreForm(forms.Form):
    """Every text in every language. The boxes have fixed words: they are the proof of what somebody chose."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, texts: Mapping[str, Mapping[str, str]], revision: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = revision
        for name in TEXTS:
            for code, language in settings.LANGUAGES:
                widget = forms.Textarea({"rows": 3, "lang": code}) if name in LONG else forms.TextInput({"lang": code})
                label = LABELS[name] % {"language": str(language)}
                field = forms.CharField(label=label, required=name != "introduction", max_length=2000, widget=widget)
                self.fields[f"{name}_{code}"] = field
                self.initial[f"{name}_{code}"] = texts.get(code, {}).get(name, "")

    @property
    def pairs(self) -> list[list[forms.BoundField]]:
        """The languages of each text side by side."""
        return [[self[f"{name}_{code}"] for code, _name in settings.LANGUAGES] for name in TEXTS]

    def clean(self) -> None:
        """An introduction that is missing in one language would take that language off the page."""
        names = [f"introduction_{code}" for code, _name in settings.LANGUAGES]
        written = [name for name in names if self.cleaned_data.get(name)]
        for name in names if written else []:
            if name not in written and name not in self.errors:
                self.add_error(name, _("Write the introduction in every language, or in none."))

    @property
    def texts(self) -> dict[str, dict[str, str]]:
        """The texts by language, as a page stores them."""
        return {code: {name: self.cleaned_data[f"{name}_{code}"] for name in TEXTS} for code, _name in settings.LANGUAGES}

    def keep_for(self, revision: int) -> None:
        """Saving again writes what was typed upon this revision."""
        self.data = {**{name: self.data[name] for name in self.data}, "revision": str(revision)}
