"""The form of a delivery: properties, audience and content on one page."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import merging, pagelinks
from deliveries.control_forms import ControlGroupFields
from deliveries.models import Delivery
from deliveries.typology_models import Typology
from landingpages.models import LandingPage
from profiles.audience_builder import Builder
from profiles.models import Service


class PageField(forms.ModelChoiceField):
    """A landing page; one that visitors cannot open yet may be chosen, and says so."""

    def label_from_instance(self, page: LandingPage) -> str:
        return page.label if pagelinks.is_open(page) else _("%(page)s (not online)") % {"page": page.label}


class DeliveryForm(ControlGroupFields, forms.ModelForm):
    """What an operator may set. The audience is a rule tree: `builder` holds it as it was typed.

    `typed` is what stood in the form when a button of the audience was pressed: shown again, not judged.
    """

    subscribers = forms.ModelChoiceField(
        Service.objects.all(),
        label=gettext_lazy("Subscribers of"),
        required=False,
        widget=forms.Select(attrs={"data-audience-part": ""}),
        empty_label=gettext_lazy("Everybody, subscribed or not"),
        help_text=gettext_lazy("One click on “unsubscribe” then ends this subscription; otherwise it stops all emails."),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Delivery
        fields = (
            "label",
            "sender_name",
            "sender_email",
            "subject",
            "tracking",
            "typology",
            "size_limit",
            "preference_page",
            "blocklist_page",
            "html",
            "text",
        )
        field_classes = dict.fromkeys(pagelinks.PAGE_TYPES, PageField)
        widgets = {
            "html": forms.Textarea(attrs={"rows": 16, "spellcheck": "true", "data-merge-target": ""}),
            "text": forms.Textarea(attrs={"rows": 8, "data-merge-target": ""}),
            "subject": forms.TextInput(attrs={"data-merge-target": ""}),
        }
        help_texts = {
            "label": gettext_lazy("For you and your colleagues; recipients do not see it."),
            "text": gettext_lazy("Left empty, it is made from the HTML."),
            "preference_page": gettext_lazy("Where the merge field preferences_url leads."),
            "blocklist_page": gettext_lazy("Where the merge field blocklist_url leads."),
            "typology": gettext_lazy("The rules that the preparation applies."),
            "size_limit": gettext_lazy("The most people who get it, the oldest profiles first; empty: no limit."),
        }

    def __init__(self, *args: Any, typed: QueryDict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subscribers"].queryset = Service.objects.filter(channel=self.instance.channel)  # type: ignore[attr-defined]
        stored = (self.instance.audience, self.instance.service_id)
        sent = typed if typed is not None else self.data if isinstance(self.data, QueryDict) else QueryDict()
        self.stored_tree = Builder.of(*stored).tree()
        self.builder = Builder.read(sent) or Builder.of(*stored)
        for column, kinds in pagelinks.PAGE_TYPES.items():
            pages = LandingPage.objects.filter(type__in=kinds).select_related("version")
            self.fields[column].queryset = pages  # type: ignore[attr-defined]
        self.initial = {
            **self.initial,
            "subscribers": self.instance.service_id,
            "revision": self.instance.revision,
            **self.control_initial(self.instance.control_group),
            **({name: typed[name] for name in self.fields if name in typed} if typed is not None else {}),
        }
        self.fields["tracking"].required = self.fields["typology"].required = False
        self.fields["typology"].show_hidden_initial = False  # which Django turns on where a default is asked for
        self.fields["size_limit"].widget.attrs["min"] = 1
        self.fields["typology"].widget.attrs["data-audience-part"] = ""  # the count below the audience follows it
        self.fields["sender_name"].widget.attrs["placeholder"] = settings.SENDER_NAME
        self.fields["sender_email"].widget.attrs["placeholder"] = settings.SENDER_EMAIL

    def clean_tracking(self) -> str:
        return self.cleaned_data["tracking"] or self.instance.tracking

    def clean_typology(self) -> Typology:
        return self.cleaned_data["typology"] or self.instance.typology

    def clean_size_limit(self) -> int | None:
        limit: int | None = self.cleaned_data["size_limit"]
        if limit == 0:
            raise forms.ValidationError(_("Write a number from 1, or nothing."))
        return limit

    def clean_subject(self) -> str:
        return self._template("subject")

    def clean_html(self) -> str:
        return self._template("html", html=True)

    def clean_text(self) -> str:
        return self._template("text")

    def _template(self, name: str, *, html: bool = False) -> str:
        """The text, if Liquid understands it; the message says which line it does not."""
        source: str = self.cleaned_data[name]
        try:
            unknown = merging.compile_text(source, html=html).unknown
        except merging.InvalidTemplate as error:
            raise forms.ValidationError(_("There is a mistake in the merge fields: %(why)s") % {"why": error}) from error
        if unknown:
            raise forms.ValidationError(_("There is no merge field “%(name)s”.") % {"name": ", ".join(unknown)})
        return source

    def clean(self) -> dict[str, Any] | None:
        service = self.cleaned_data.get("subscribers")
        self.builder.is_strict, self.builder.service = True, service.pk if service else None
        self.tree = self.builder.tree()
        if self.tree is None:
            raise forms.ValidationError(_("The audience is not complete: %(why)s") % {"why": self.builder.error})
        return super().clean()

    def has_changed(self) -> bool:
        return super().has_changed() or self.tree != self.stored_tree

    def values(self) -> dict[str, Any]:
        """The columns of the delivery as the form has them."""
        stored = {name: self.cleaned_data[name] for name in self._meta.fields or ()}
        own = {"audience": self.tree, "control_group": self.control_group()}
        return stored | own | {"service": self.cleaned_data["subscribers"]}
