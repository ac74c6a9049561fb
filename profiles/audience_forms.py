"""Forms of the audience pages; the rule tree itself is the builder's."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.models import AudienceKind, SavedAudience


class AudienceForm(forms.ModelForm):
    """What is said about an audience."""

    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = SavedAudience
        fields = ("label", "description", "expires_on")
        widgets = {
            "description": forms.Textarea(attrs={"rows": 2}),
            "expires_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }
        help_texts = {"label": gettext_lazy("For you and your colleagues; recipients do not see it.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("revision", self.instance.revision)

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    @property
    def shown_revision(self) -> int:
        """The revision that was shown; one that never is where the request names none."""
        revision = self.cleaned_data["revision"]
        return -1 if revision is None else int(revision)


class ListFilterForm(forms.Form):
    """What the list of audiences shows; anything else in the address is ignored."""

    q = forms.CharField(label=gettext_lazy("Label"), required=False, max_length=128)
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), required=False, choices=[("", gettext_lazy("All")), *AudienceKind.choices]
    )


class FreezeForm(forms.Form):
    """The name of the list that a query becomes."""

    label = forms.CharField(label=gettext_lazy("Label of the list"), max_length=128)


def list_label(audience: SavedAudience, day: str) -> str:
    return _("%(label)s, %(day)s") % {"label": audience.label[:100], "day": day}
