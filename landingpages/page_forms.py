"""What an operator says of a landing page as a whole: a new one, and its properties."""

import re
from typing import Any

from django import forms
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import templates_builtin
from landingpages.models import SERVICE_TYPES, LandingPage, PageType
from profiles.models import Service
from profiles.wasshown import remember

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
NAMED = gettext_lazy("What you and your colleagues call it; the consent history names it.")
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


class NewPageForm(forms.Form):
    """A template, a name and an address; without an address it is made from the name."""

    template = forms.ChoiceField(
        label=gettext_lazy("Start from"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose a template.")},
    )
    label = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=128,
        help_text=NAMED,
        widget=forms.TextInput(attrs={"data-slug-source": "id_slug", "autocomplete": "off"}),
    )
    service = forms.TypedChoiceField(
        label=gettext_lazy("Service"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=gettext_lazy("What a page for subscribing or unsubscribing is about."),
    )
    slug = forms.CharField(
        label=gettext_lazy("Address of the page"),
        max_length=64,
        required=False,
        validators=SLUG.validators,
        help_text=gettext_lazy("The end of its public address, after /lp/. Left empty, it is made from the label."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = list(Service.objects.values_list("pk", "label"))
        self.fields["service"].choices = [("", _("Choose…")), *services]  # type: ignore[attr-defined]
        self.fields["template"].choices = [(name, PageType(name).label) for name in templates_builtin.TEMPLATES]  # type: ignore[attr-defined]
        self.initial = {"template": PageType.ACQUISITION, **self.initial}

    @property
    def choices(self) -> list[tuple[Any, Any]]:
        """Each template as it is chosen, with its description."""
        return list(zip(self["template"], (one.description for one in templates_builtin.TEMPLATES.values()), strict=True))

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"] or suggested_slug(self.cleaned_data.get("label", ""))
        refuse_taken(slug)
        return slug

    def clean(self) -> None:
        is_about_a_service = self.cleaned_data.get("template") in SERVICE_TYPES
        if is_about_a_service and not self.cleaned_data.get("service") and "service" not in self.errors:
            self.add_error("service", _("Choose the service that the page is about."))

    @property
    def chosen_service(self) -> Service | None:
        """The service of a page that is about one."""
        is_about_a_service = self.cleaned_data["template"] in SERVICE_TYPES
        return Service.objects.get(pk=self.cleaned_data["service"]) if is_about_a_service else None


class PropertiesForm(forms.ModelForm):
    """Every property of a page. Its address is fixed with the first publication: mails that left carry it.

    What was shown comes back with the form, so that only what this operator changed is written.
    """

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = LandingPage
        fields = (
            "label",
            "slug",
            "brand",
            "unidentified_allowed",
            "preload_data",
            "is_default",
            "acts_on_arrival",
            "redirection_url",
            "expires_at",
        )
        widgets = {"expires_at": MOMENT, "redirection_url": forms.URLInput(attrs={"placeholder": "https://"})}
        help_texts = {
            "label": NAMED,
            "expires_at": gettext_lazy("From this moment on the page is closed. Left empty, it stays until you unpublish it."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = self.instance.revision
        self.fields["brand"].empty_label = _("Of its service, or the default brand")  # type: ignore[attr-defined]
        for name in self._meta.fields or ():
            remember(self.fields[name])
        if self.instance.type != PageType.BLOCKLIST:
            del self.fields["acts_on_arrival"]
        if self.instance.type in SERVICE_TYPES:
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
        return {name: self.cleaned_data[name] for name in self.changed_data if name != "revision"}

    def keep_for(self, revision: int) -> None:
        """Saving again writes what was typed upon this revision."""
        self.data = {**{name: self.data[name] for name in self.data}, "revision": str(revision)}

    def validate_unique(self) -> None:
        """Both unique properties are seen to elsewhere: the address above, the default page where it is stored."""

    def validate_constraints(self) -> None:
        """See validate_unique."""
