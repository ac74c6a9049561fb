"""The form that asks for a proof: to test profiles, and in the place of targeted people to another address."""

import json
import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deliveries import harmless, proofing
from deliveries.content import MOST_PROOFS
from deliveries.models import Delivery, TestProfile
from deliveries.proofing import Substitution
from profiles.channels import Channel
from profiles.forms import AddressField
from profiles.models import Profile


class ProofForm(forms.Form):
    """`chosen` are the targeted people who were ticked."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    tests = forms.ModelMultipleChoiceField(
        TestProfile.objects.none(),
        label=gettext_lazy("Test profiles"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    begin = forms.CharField(
        label=gettext_lazy("Beginning of the subject"),
        required=False,
        max_length=480,
        help_text=gettext_lazy("Left empty, the subject is as recipients will read it."),
    )
    is_numbered = forms.BooleanField(label=gettext_lazy("With the number of the proof"), required=False)
    random = forms.IntegerField(label=gettext_lazy("So many more at random"), required=False, min_value=0, max_value=MOST_PROOFS)

    def __init__(self, delivery: Delivery, data: Any = None) -> None:
        self.delivery = delivery
        self.channel = Channel.of(delivery.channel)
        super().__init__(data, initial={"key": uuid.uuid4(), "begin": _("Proof"), "is_numbered": True})
        addressed = TestProfile.objects.filter(is_for_proofs=True).exclude(**{self.channel.address_field: ""})
        self.fields["tests"].queryset = addressed  # type: ignore[attr-defined]
        self.fields["address"] = AddressField(
            self.channel,
            label=_("Address that receives it"),
            max_length=254,
            help_text=_("Of a colleague, or yours. The people in whose place it goes receive nothing."),
        )
        ticked = data.getlist("substitutes")[:MOST_PROOFS] if data else []
        ids = [int(one) for one in ticked if one.isdecimal() and len(one) < 19]
        self.chosen: list[Profile] = proofing.targeted(delivery.preparation, ids)

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        self.substitutes = [*self.chosen, *self._drawn()]
        if self.substitutes and not data.get("address") and "address" not in self.errors:
            self.add_error("address", ValidationError(_("Write the address that receives it in their place.")))
        return data

    def _drawn(self) -> list[Profile]:
        number = self.cleaned_data.get("random") or 0
        return proofing.drawn(self.delivery.preparation, number, but=[profile.pk for profile in self.chosen])

    @property
    def request_key(self) -> uuid.UUID:
        """Names what is asked for: sent twice it is one proof, sent again with anything else, or of another content, another one.

        Who is drawn at random does not count: a second press of the button draws others.
        """
        data = self.cleaned_data
        wanted = [[(one.pk, one.address(self.channel)) for one in data["tests"]], [one.pk for one in self.chosen], data["random"]]
        words = [data.get("address", ""), data["begin"].strip(), data["is_numbered"]]
        asked = json.dumps([wanted, words, harmless.content_of(self.delivery)], sort_keys=True)
        return uuid.uuid5(data["key"], asked)

    @property
    def substitutions(self) -> list[Substitution]:
        return [Substitution(profile, self.cleaned_data["address"]) for profile in self.substitutes]
