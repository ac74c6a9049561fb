"""Which pages the list shows: by words, type, status, and from the shelf."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy

from landingpages.models import LandingPage, PageStatus, PageType
from profiles.models import Brand

FAILED, SCHEDULED, ARCHIVED = "failed", "scheduled", "archived"
ALL: Any = ("", gettext_lazy("All"))
STATUSES: list[tuple[str, Any]] = [
    *PageStatus.choices,
    (SCHEDULED, gettext_lazy("Scheduled")),
    (FAILED, gettext_lazy("Publishing failed")),
    (ARCHIVED, gettext_lazy("Archived")),
]
TYPES = [choice for choice in PageType.choices if choice[0] != PageType.PREFERENCES]


class FilterForm(forms.Form):
    """What the list is narrowed to; anything that it does not know narrows nothing."""

    q = forms.CharField(
        label=gettext_lazy("Label or ID"),
        required=False,
        max_length=128,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    type = forms.ChoiceField(label=gettext_lazy("Type"), required=False, choices=[ALL, *TYPES])
    brand = forms.ModelChoiceField(
        Brand.objects.order_by("label"), label=gettext_lazy("Brand"), required=False, empty_label=ALL[1]
    )
    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False, choices=[ALL, *STATUSES])


@dataclass(frozen=True)
class Filter:
    """The filter that a request asks for."""

    words: str = ""
    type: str = ""
    status: str = ""
    brand: Brand | None = None

    @classmethod
    def of(cls, form: FilterForm) -> "Filter":
        form.is_valid()
        read = form.cleaned_data
        return cls(read.get("q", ""), read.get("type", ""), read.get("status", ""), read.get("brand"))

    @property
    def is_active(self) -> bool:
        return bool(self.words or self.type or self.status or self.brand)

    def apply(self) -> QuerySet[LandingPage]:
        """The pages, newest first; those on the shelf only where they are asked for."""
        pages = LandingPage.objects.exclude(type=PageType.PREFERENCES)
        pages = pages.filter(is_template=False, archived_at__isnull=self.status != ARCHIVED)
        if self.words:
            pages = pages.filter(_says(self.words))
        if self.type:
            pages = pages.filter(type=self.type)
        if self.brand:
            pages = pages.filter(_wears(self.brand))
        if self.status in PageStatus.values:
            pages = pages.filter(status=self.status)
        if self.status in (FAILED, SCHEDULED):
            pages = pages.filter(scheduled__isnull=False, scheduled__failed_at__isnull=self.status == SCHEDULED)
        return pages


def _wears(brand: Brand) -> Q:
    """Its own brand, else that of its service, else the default one: as it is published."""
    worn = Q(brand=brand) | Q(brand__isnull=True, service__brand=brand)
    return worn | Q(brand__isnull=True, service__brand__isnull=True) if brand.is_default else worn


def _says(words: str) -> Q:
    """Part of the label, address or description, or the ID: "LP12" is that page alone."""
    found = Q(label__icontains=words) | Q(slug__icontains=words) | Q(description__icontains=words)
    digits = words.upper().removeprefix("LP")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        return found
    by_id = Q(pk=int(digits))
    return by_id if digits != words else found | by_id
