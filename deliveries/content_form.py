"""The form of a content: the subject, what is written, and where it is made of blocks, the brand."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries.form_fields import PictureField, checked
from deliveries.models import ContentMode, Delivery


class ContentForm(forms.ModelForm):
    """Of those fields the ones that the channel and the mode have."""

    upload = PictureField()

    class Meta:
        model = Delivery
        fields = ("subject", "brand", "html", "text")
        widgets = {
            "subject": forms.TextInput(attrs={"data-merge-target": ""}),
            "html": forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "data-merge-target": "", "data-source": ""}),
            "text": forms.Textarea(attrs={"rows": 10, "data-merge-target": ""}),
        }
        help_texts = {
            "text": gettext_lazy("Left empty, it is made from the HTML."),
            "brand": gettext_lazy("Its logo and its colours, for light and dark."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["brand"].empty_label = _("The default brand")  # type: ignore[attr-defined]
        left_out = ["brand"] if self.instance.content_mode == ContentMode.HTML else ["html", "upload"]
        left_out += [] if self.instance.is_email else ["subject", "html", "upload"]
        self.fields = {name: field for name, field in self.fields.items() if name not in left_out}

    def clean_subject(self) -> str:
        return checked(self.cleaned_data["subject"])

    def clean_html(self) -> str:
        return checked(self.cleaned_data["html"], html=True)

    def clean_text(self) -> str:
        return checked(self.cleaned_data["text"])

    def changes(self) -> dict[str, Any]:
        """The columns that differ from what is stored."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "upload"}
