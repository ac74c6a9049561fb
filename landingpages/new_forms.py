"""Forms for what is not there yet: a page from a template, a copy, a template."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages.models import SERVICE_TYPES
from landingpages.outlines import Offer
from landingpages.page_forms import DESCRIPTION, NAMED, SLUG, refuse_taken, suggested_slug
from profiles.models import Service


class NamedForm(forms.Form):
    """A label for the operators, and words about it."""

    label = forms.CharField(
        label=gettext_lazy("Label"),
        max_length=128,
        help_text=NAMED,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=512,
        required=False,
        widget=DESCRIPTION,
        help_text=gettext_lazy("For you and your colleagues."),
    )


class CopyForm(NamedForm):
    """A name and an address for a page; without an address it is made from the name."""

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
        self.fields["label"].widget.attrs["data-slug-source"] = "id_slug"  # the script has the address follow the label

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"] or suggested_slug(self.cleaned_data.get("label", ""))
        refuse_taken(slug)
        return slug


class NewPageForm(CopyForm):
    """The properties that a page from this template cannot do without."""

    service = forms.TypedChoiceField(
        label=gettext_lazy("Service"),
        coerce=int,
        empty_value=None,
        help_text=gettext_lazy("What sending the page subscribes to, or unsubscribes from."),
        error_messages={"required": gettext_lazy("Choose the service that the page is about.")},
    )

    def __init__(self, offer: Offer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if offer.type not in SERVICE_TYPES:
            del self.fields["service"]
            return
        own = offer.page
        self.fields["service"].required = not (own and own.service_from_url)
        if own and own.service_id and not self.initial.get("service"):
            self.initial["service"] = own.service_id
        services = list(Service.objects.values_list("pk", "label"))
        self.fields["service"].choices = [("", _("Choose…")), *services]  # type: ignore[attr-defined]

    @property
    def chosen_service(self) -> Service | None:
        """The service of a page that is about one."""
        chosen = self.cleaned_data.get("service")
        return Service.objects.get(pk=chosen) if chosen else None
