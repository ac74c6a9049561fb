"""What an operator says of a landing page as a whole: a new one, and its properties."""

import re
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.date_forms import DatesForm
from landingpages.models import SERVICE_TYPES, LandingPage, PageType
from profiles.wasshown import remember

NAMED = gettext_lazy("What you and your colleagues call it; the consent history names it.")
DESCRIPTION = forms.Textarea(attrs={"rows": 2})
SLUG: Any = LandingPage._meta.get_field("slug")


def suggested_slug(label: str) -> str:
    """An address made from a name: "Vos préférences" gives "vos-preferences", with a number if that is taken."""
    stem = slugify(re.sub(r"['’]", " ", label))[:60].strip("-_").replace("_", "-") or "page"
    taken = set(LandingPage.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{number}" for number in range(2, len(taken) + 3))) if slug not in taken)


def refuse_taken(slug: str, *, by_other_than: int | None = None) -> None:
    """ValidationError that names the page which has this address."""
    other = LandingPage.objects.filter(slug=slug).exclude(pk=by_other_than or 0).first()
    if other:
        raise forms.ValidationError(_("“%(label)s” has this address: choose another one.") % {"label": other.label})


class PropertiesForm(DatesForm):
    """Every property of a page. Its address is fixed with the first publication: mails that left carry it.

    What was shown comes back with the form, so that only what this operator changed is written.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = LandingPage
        fields = (
            "label",
            "slug",
            "description",
            "brand",
            "unidentified_allowed",
            "preload_data",
            "is_default",
            "acts_on_arrival",
            "redirection_url",
            "time_zone",
            "deploys_at",
            "expires_at",
        )
        widgets = {"description": DESCRIPTION, "redirection_url": forms.URLInput(attrs={"placeholder": "https://"})}
        help_texts = {
            "label": NAMED,
            "description": gettext_lazy("For you and your colleagues."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = self.instance.revision
        self.fields["brand"].empty_label = _("Of its service, or the default brand")  # type: ignore[attr-defined]
        for name, field in self.fields.items():
            if name in (self._meta.fields or ()) and not field.disabled:
                remember(field)
        if self.instance.is_template:
            for name in ("slug", "is_default"):
                del self.fields[name]
        if self.instance.type != PageType.BLOCKLIST:
            del self.fields["acts_on_arrival"]
        if self.instance.type in SERVICE_TYPES and not self.instance.is_template:
            self.fields["is_default"].label = _("default page of its service")
            self.fields["is_default"].help_text = _("Links in messages to the subscribers of the service lead here.")
        if self.instance.version_id:
            self.fields["slug"].disabled = True
            self.fields["slug"].show_hidden_initial = False
            self.fields["slug"].help_text = _("Fixed since the first publication: links in messages that have left lead to it.")

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        refuse_taken(slug, by_other_than=self.instance.pk)
        return slug

    def values(self) -> dict[str, Any]:
        """The properties that this operator changed."""
        changed = {*self.changed_data, *self.dates_changed()} - {"revision"}
        return {name: self.cleaned_data[name] for name in self.fields if name in changed}

    def keep_for(self, revision: int) -> None:
        """Saving again writes what was typed upon this revision."""
        self.data = {**{name: self.data[name] for name in self.data}, "revision": str(revision)}

    def validate_unique(self) -> None:
        """Both unique properties are seen to elsewhere: the address above, the default page where it is stored."""

    def validate_constraints(self) -> None:
        """See validate_unique."""
