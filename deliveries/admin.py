"""The limits of recipient domains in the back office."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from deliveries.models import DomainLimit
from profiles.channels import InvalidAddress, normalise_email


class DomainLimitForm(forms.ModelForm):
    class Meta:
        model = DomainLimit
        fields = ("domain", "per_minute")
        help_texts = {
            "domain": gettext_lazy("What stands behind the @ of the recipients’ addresses, such as example.org."),
            "per_minute": gettext_lazy("By all deliveries and workers together. What is too many waits for a later minute."),
        }

    def clean_domain(self) -> str:
        """As the addresses of profiles have it."""
        try:
            return normalise_email("x@" + self.cleaned_data["domain"].strip().removeprefix("@")).partition("@")[2]
        except InvalidAddress as error:
            raise forms.ValidationError(_("Enter a domain such as example.org.")) from error


@admin.register(DomainLimit)
class DomainLimitAdmin(ModelAdmin):
    form = DomainLimitForm
    list_display = ("domain", "per_minute")
    search_fields = ("domain",)
    actions = None

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Limits of domains")})
