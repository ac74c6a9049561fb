"""What a submission does, in the properties of a page: four small forms that are sent and stored together."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from landingpages import memberships
from landingpages.job_data_form import DataForm
from landingpages.job_key_form import KeyForm
from landingpages.job_message_form import MessageForm
from landingpages.job_models import SERVICE_ACTIONS, OnMatch, SpecificAction
from landingpages.models import TYPES_THAT_ACT, LandingPage
from profiles.models import Service
from profiles.wasshown import remember

ABOUT_A_SERVICE = ("specific_action", "service", "service_from_url", "served")
FROM = [("no", gettext_lazy("One service")), ("yes", gettext_lazy("From the URL: the page serves several services"))]


class ActionForm(forms.Form):
    """What sending the page does, for whom, and what guards it."""

    on_match = forms.ChoiceField(
        label=gettext_lazy("When the profile exists"),
        choices=OnMatch,
        help_text=gettext_lazy(
            "For visitors without a link. Whatever you choose, an opt-out is never lifted without a confirmation by email."
        ),
    )
    double_opt_in = forms.BooleanField(
        label=gettext_lazy("Double opt-in"),
        required=False,
        help_text=gettext_lazy(
            "Who is unknown becomes a profile once she has confirmed it by email, within 7 days."
            " Until then nothing is made of it."
        ),
    )
    specific_action = forms.ChoiceField(label=gettext_lazy("Specific action"), choices=SpecificAction)
    service_from_url = forms.ChoiceField(label=gettext_lazy("Service of the action"), choices=FROM, widget=forms.RadioSelect)
    service = forms.ModelChoiceField(Service.objects.all(), label=gettext_lazy("Service"), required=False)
    served = forms.MultipleChoiceField(
        label=gettext_lazy("Services of the page"), required=False, widget=forms.CheckboxSelectMultiple
    )
    log_responses = forms.BooleanField(
        label=gettext_lazy("Log responses"),
        required=False,
        help_text=gettext_lazy("Without it, what was typed is forgotten once it is processed; what came of it stays."),
    )
    spam_protection = forms.BooleanField(
        label=gettext_lazy("Spam protection"),
        required=False,
        help_text=gettext_lazy(
            "A signed form, a field that only machines fill in, and a least time. Limits per network and page always apply;"
            " personal links meet none of it. Forms on other sites need it off."
        ),
    )

    def __init__(self, page: LandingPage, data: Any = None) -> None:
        self.page = page
        own = {name: getattr(page, name) for name in ("on_match", "double_opt_in", "specific_action", "log_responses")}
        own |= {"spam_protection": page.spam_protection, "service": page.service_id}
        own |= {
            "service_from_url": "yes" if page.service_from_url else "no",
            "served": [str(one) for one in page.served.values()],
        }
        super().__init__(data, prefix="job", initial=own)
        served = [(str(service.pk), service.label) for service in Service.objects.all()]
        self.fields["served"].choices = served  # type: ignore[attr-defined]
        if page.type in TYPES_THAT_ACT:
            del self.fields["specific_action"]
        if self._fixed == SpecificAction.BLOCKLIST:
            for name in ("service", "service_from_url", "served"):
                del self.fields[name]
        for name, field in self.fields.items():
            if name == "served":
                field.show_hidden_initial = True
            else:
                remember(field)

    @property
    def _fixed(self) -> str:
        """The action that the type of the page fixes; "" where it is chosen."""
        return self.page.type if self.page.type in TYPES_THAT_ACT else ""

    @property
    def has_services(self) -> bool:
        return "service" in self.fields

    @property
    def urls(self) -> list[tuple[str, str]]:
        """Each service that the page serves, with what its address ends with."""
        services = Service.objects.in_bulk(list(self.page.served.values())) if self.page.service_from_url else {}
        return [
            (services[number].label, f"?{memberships.SERVICE}={name}")
            for name, number in sorted(self.page.served.items())
            if number in services
        ]

    def clean(self) -> None:
        if self._action() not in SERVICE_ACTIONS or self.page.is_template:
            return
        if self.cleaned_data.get("service_from_url") == "yes":
            if not self.cleaned_data.get("served") and "served" not in self.errors:
                self.add_error("served", _("Choose at least one service."))
        elif not self.cleaned_data.get("service") and "service" not in self.errors:
            self.add_error("service", _("Choose the service that the page is about."))

    def values(self) -> dict[str, Any]:
        """The properties that this operator changed; those about the service go together."""
        changed = set(self.changed_data)
        found = {name: self.cleaned_data[name] for name in changed - set(ABOUT_A_SERVICE)}
        return found | self._about_a_service() if changed & set(ABOUT_A_SERVICE) else found

    def _action(self) -> str:
        return self._fixed or str(self.cleaned_data.get("specific_action", ""))

    def _about_a_service(self) -> dict[str, Any]:
        acts = self._action() in SERVICE_ACTIONS
        several = acts and self.cleaned_data["service_from_url"] == "yes"
        chosen = Service.objects.filter(pk__in=self.cleaned_data["served"]) if several else []
        return {
            "specific_action": self._action(),
            "service_from_url": several,
            "service": self.cleaned_data["service"] if acts and not several else None,
            "served": memberships.named(chosen, self.page.served) if several else {},
        }


class JobForms:
    """The four forms as one: unbound where the request does not carry them, and then nothing of the page changes."""

    def __init__(self, page: LandingPage, data: Mapping[str, Any] | None = None) -> None:
        given = data if data and "job-on_match" in data else None
        self.action = ActionForm(page, given)
        self.key = KeyForm(page, given)
        self.data = DataForm(page, given)
        self.message = MessageForm(page, given)
        self.parts: tuple[forms.Form, ...] = (self.action, self.key, self.data, self.message)

    def is_valid(self) -> bool:
        return not self.errors

    @property
    def errors(self) -> bool:
        return any(part.errors for part in self.parts)

    def values(self) -> dict[str, Any]:
        """The properties that this operator changed."""
        found: dict[str, Any] = {}
        for part in (self.action, self.key, self.data, self.message):
            found |= part.values() if part.is_bound else {}
        return found
