"""Forms of the quarantine pages."""

from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profiles.channels import Channel, InvalidAddress
from quarantine.models import QuarantinedAddress, Reason, Status

# What an operator can say of an address without an error: the other statuses come from counting errors.
CREATABLE = (Status.QUARANTINE, Status.BLOCKLIST, Status.ALLOWLIST)


def _choices(members: Any) -> list[tuple[str, Any]]:
    return [(member.value, member.label) for member in members]


class AddressForm(forms.Form):
    """A new record: the address comes out normalised for its channel."""

    channel = forms.ChoiceField(label=gettext_lazy("Channel"), choices=_choices(Channel.addressed()))
    address = forms.CharField(label=gettext_lazy("Address"), max_length=1000)
    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=_choices(CREATABLE))
    reason = forms.ChoiceField(label=gettext_lazy("Error reason"), choices=Reason.choices)
    error_text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Why, for whoever looks at this address next."),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "address" in values and "channel" in values:
            try:
                values["address"] = Channel.of(values["channel"]).normalise(values["address"])
            except InvalidAddress as error:
                self.add_error("address", str(error))
        return values

    def refuse(self, existing: QuarantinedAddress, url: str) -> None:
        """Say at the field that the address has its record, and where."""
        sentence = _("This address has a record already, with the status “%(status)s”.")
        told = sentence % {"status": existing.get_status_display()}
        self.add_error("address", format_html('{} <a href="{}">{}</a>', told, url, _("Open it")))


class ConfirmForm(forms.Form):
    """The number that the page named, so that nothing happens to another one."""

    number = forms.IntegerField()
