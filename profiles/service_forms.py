"""What an operator says of a service."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles import confirmationtexts
from profiles.models import MessageChoice, Service
from profiles.wasshown import remember

DATE = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
MESSAGES = {"subscribed": gettext_lazy("When somebody subscribes"), "unsubscribed": gettext_lazy("When somebody unsubscribes")}
LABELS = {"subject": gettext_lazy("Subject (%(language)s)"), "text": gettext_lazy("Text (%(language)s)")}


class ServiceForm(forms.ModelForm):
    """Every property of a service. What was shown comes back, so that only what this operator changed is written."""

    class Meta:
        model = Service
        fields = (
            "label",
            "public_label",
            "description",
            "channel",
            "brand",
            "starts_on",
            "ends_on",
            "validity_amount",
            "validity_unit",
            "double_opt_in",
            "in_preference_centre",
            "subscribed_message",
            "unsubscribed_message",
        )
        widgets = {"starts_on": DATE, "ends_on": DATE, "description": forms.Textarea(attrs={"rows": 3})}
        help_texts = {
            "starts_on": gettext_lazy("Left empty, people can subscribe from now on."),
            "ends_on": gettext_lazy("After it nobody can subscribe any more; whoever is subscribed stays."),
            "validity_amount": gettext_lazy("Left empty, a subscription lasts until somebody ends it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["channel"].disabled = True
        self.fields["brand"].empty_label = _("Default brand")  # type: ignore[attr-defined]
        for message in MESSAGES:
            for code, language in settings.LANGUAGES:
                for part in confirmationtexts.PARTS:
                    self._add_text(message, code, part, str(language))
        for field in self.fields.values():
            if not field.disabled:
                remember(field)

    def _add_text(self, message: str, code: str, part: str, language: str) -> None:
        is_long = part == "text"
        widget = forms.Textarea(attrs={"rows": 5, "lang": code}) if is_long else forms.TextInput(attrs={"lang": code})
        longest = confirmationtexts.TEXT if is_long else confirmationtexts.SUBJECT
        label = LABELS[part] % {"language": language}
        name = f"{message}_{part}_{code}"
        self.fields[name] = forms.CharField(label=label, required=False, max_length=longest, widget=widget)
        self.initial.setdefault(name, self.instance.texts.get(message, {}).get(code, {}).get(part, ""))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """Each message with its choice and its texts, as the page shows them."""
        return [
            {
                "name": message,
                "title": title,
                "choice": self[f"{message}_message"],
                "is_faulty": any(name.startswith(f"{message}_") for name in self.errors),
                "placeholders": confirmationtexts.PLACEHOLDERS[message],
                "texts": [self[name] for name in self.fields if name.startswith((f"{message}_subject", f"{message}_text"))],
            }
            for message, title in MESSAGES.items()
        ]

    def clean(self) -> dict[str, Any]:
        super().clean()
        for message in MESSAGES:
            self._clean_texts(message)
        if bool(self.cleaned_data.get("validity_amount")) != bool(self.cleaned_data.get("validity_unit")):
            self.add_error("validity_amount", _("A validity needs a number and a unit."))
        return self.cleaned_data

    def _clean_texts(self, message: str) -> None:
        complete = 0
        for code, _language in settings.LANGUAGES:
            names = [f"{message}_{part}_{code}" for part in confirmationtexts.PARTS]
            for name in names:
                self._refuse_unknown(name, message)
            present = [name for name in names if self.cleaned_data.get(name)]
            complete += len(present) == len(names)
            if len(present) == 1 and not any(name in self.errors for name in names):
                other = next(name for name in names if name not in present)
                self.add_error(other, _("Write the subject and the text, or neither."))
        if self.cleaned_data.get(f"{message}_message") == MessageChoice.CUSTOM and not complete:
            self.add_error(f"{message}_message", _("Write the custom message in at least one language."))

    def _refuse_unknown(self, name: str, message: str) -> None:
        try:
            confirmationtexts.refuse_unknown(self.cleaned_data.get(name, ""), message)
        except forms.ValidationError as refusal:
            self.add_error(name, refusal)

    def changed(self) -> list[str]:
        """The columns that differ from what was shown."""
        own = [name for name in self.changed_data if name in self._meta.fields]  # type: ignore[operator]
        return [*own, "texts"] if set(self.changed_data) - set(own) else own

    def texts(self) -> dict[str, Any]:
        """The custom messages as the service stores them."""
        return {
            message: {
                code: {part: self.cleaned_data[f"{message}_{part}_{code}"] for part in confirmationtexts.PARTS}
                for code, _language in settings.LANGUAGES
            }
            for message in MESSAGES
        }

    def write(self) -> Service:
        """Store what changed, and nothing else: two operators at once overwrite each other's fields only where both typed."""
        service: Service = self.instance
        names = self.changed()
        if "texts" in names:
            service.texts = self.texts()
        if service.pk is None:
            service.save(force_insert=True)
        elif names:
            service.save(update_fields=names)
        return service


class ListForm(forms.Form):
    """A list of addresses, pasted or from a file, and what is to be done with the profiles that have them."""

    act = forms.ChoiceField(
        label=gettext_lazy("What to do"),
        widget=forms.RadioSelect,
        choices=[("subscribe", gettext_lazy("Subscribe them")), ("unsubscribe", gettext_lazy("Unsubscribe them"))],
    )
    text = forms.CharField(
        label=gettext_lazy("Email addresses"),
        required=False,
        strip=False,  # bad lines are named by their number
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy("One on a line, or a CSV with a column “email”."),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a file"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=gettext_lazy("Text or CSV in UTF-8, at most 8 MB. It takes the place of what is pasted."),
    )
    note = forms.CharField(
        label=gettext_lazy("Where the list comes from"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Kept with every change, for example: sign-up sheet of the spring fair."),
    )

    def clean_file(self) -> str:
        """The text of the file."""
        file = self.cleaned_data["file"]
        if not file:
            return ""
        if file.size > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise forms.ValidationError(_("The file is larger than 8 MB: upload it in parts."))
        try:
            text: str = file.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file is not UTF-8: save it as UTF-8 and upload it again.")) from error
        return text

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        data["text"] = data.get("file") or data.get("text", "")
        if not data["text"].strip() and "file" not in self.errors:
            self.add_error("text", _("Paste addresses, or choose a file."))
        return data
