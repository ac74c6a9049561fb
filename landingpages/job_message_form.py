"""The confirmation message of a page: none, ours, or its own in each language."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import messages
from landingpages.models import LandingPage
from profiles import confirmationtexts
from profiles.models import MessageChoice
from profiles.wasshown import remember

LABELS = {"subject": gettext_lazy("Subject (%(language)s)"), "text": gettext_lazy("Text (%(language)s)")}


class MessageForm(forms.Form):
    """Which message, and its texts: subject and text of a language, or neither."""

    message = forms.ChoiceField(
        label=gettext_lazy("Confirmation message"),
        choices=MessageChoice,
        help_text=gettext_lazy(
            "Sent at every submission of somebody known with an email address, also if it changes nothing:"
            " at most one in 15 minutes."
        ),
    )

    def __init__(self, page: LandingPage, data: Any = None) -> None:
        super().__init__(data, prefix="message", initial={"message": page.message})
        for code, language in settings.LANGUAGES:
            for part in confirmationtexts.PARTS:
                self._add(page, part, code, str(language))
        for field in self.fields.values():
            remember(field)

    def _add(self, page: LandingPage, part: str, code: str, language: str) -> None:
        is_long = part == "text"
        self.fields[f"{part}_{code}"] = forms.CharField(
            label=LABELS[part] % {"language": language},
            required=False,
            max_length=confirmationtexts.TEXT if is_long else confirmationtexts.SUBJECT,
            widget=forms.Textarea(attrs={"rows": 5, "lang": code}) if is_long else forms.TextInput(attrs={"lang": code}),
            initial=page.message_texts.get(code, {}).get(part, ""),
        )

    @property
    def texts(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name != "message"]

    @property
    def is_open(self) -> bool:
        """Whether the texts matter, or have something to correct."""
        return self["message"].value() == MessageChoice.CUSTOM or any(name != "message" for name in self.errors)

    @property
    def placeholders(self) -> tuple[str, ...]:
        return messages.PLACEHOLDERS

    def clean(self) -> None:
        complete = [code for code, _language in settings.LANGUAGES if self._is_complete(code)]
        if self.cleaned_data.get("message") == MessageChoice.CUSTOM and not complete and not self.errors:
            self.add_error("message", _("Write the message in at least one language."))

    def _is_complete(self, code: str) -> bool:
        names = [f"{part}_{code}" for part in confirmationtexts.PARTS]
        for name in names:
            try:
                messages.refuse_unknown(self.cleaned_data.get(name, ""))
            except forms.ValidationError as refusal:
                self.add_error(name, refusal)
        missing = [name for name in names if not self.cleaned_data.get(name)]
        if len(missing) == 1 and not any(name in self.errors for name in names):
            self.add_error(missing[0], _("Write the subject and the text, or neither."))
        return not missing and not any(name in self.errors for name in names)

    def values(self) -> dict[str, Any]:
        """The choice, and all texts, where this operator changed them."""
        changed = set(self.changed_data)
        found = {"message": self.cleaned_data["message"]} if "message" in changed else {}
        return found | ({"message_texts": self._written()} if changed - {"message"} else {})

    def _written(self) -> dict[str, dict[str, str]]:
        codes = [code for code, _language in settings.LANGUAGES]
        return {code: {part: self.cleaned_data[f"{part}_{code}"] for part in confirmationtexts.PARTS} for code in codes}
