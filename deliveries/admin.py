"""Test profiles and the limits of recipient domains in the back office."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from deliveries.models import DomainLimit, TestProfile
from profiles import regions
from profiles.channels import Channel, InvalidAddress, normalise_email


class TestProfileForm(forms.ModelForm):
    """Addresses are kept as those of profiles are; who receives something has one."""

    class Meta:
        model = TestProfile
        exclude: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists = {"preferred_language": regions.language_choices(), "country": regions.country_choices()}
        for name, choices in lists.items():
            self.fields[name].widget = UnfoldAdminSelectWidget(choices=[("", _("Not specified")), *choices])

    def clean_email(self) -> str:
        return self._address("email", Channel.EMAIL)

    def clean_mobile(self) -> str:
        return self._address("mobile", Channel.SMS)

    def _address(self, name: str, channel: Channel) -> str:
        text: str = self.cleaned_data[name]
        try:
            return channel.normalise(text) if text else ""
        except InvalidAddress as error:
            raise forms.ValidationError(str(error)) from error


@admin.register(TestProfile)
class TestProfileAdmin(ModelAdmin):
    form = TestProfileForm
    list_display = ("label", "email", "mobile", "is_for_proofs", "is_for_preview", "is_trap")
    formfield_overrides = {models.DateField: {"widget": UnfoldAdminTextInputWidget(attrs={"type": "date"})}}
    search_fields = ("label", "email", "last_name")
    actions = None
    fieldsets = (
        (None, {"fields": ("label", "email", "mobile", "is_for_proofs", "is_for_preview", "is_trap")}),
        (
            gettext_lazy("What merge fields say"),
            {
                "fields": (
                    *("title", "first_name", "last_name", "gender", "birth_date", "preferred_language", "email_format"),
                    *("street", "postal_code", "city", "country"),
                )
            },
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Test profiles")})


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
