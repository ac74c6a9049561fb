"""Filters of the profile list. Their parameters are the only ones that the list accepts."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from profiles import regions, searching
from profiles.channels import OPT_OUT_FIELDS, OPT_OUT_LABELS
from profiles.listfilters import Filter
from profiles.models import ANY_BOX, ProfileQuerySet, Service

YES_NO = [("yes", _("Yes")), ("no", _("No"))]


class OptedOut(Filter):
    title = _("Opted out of anything")
    parameter_name = "opted_out"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return YES_NO

    def condition(self, value: str) -> Q:
        return ANY_BOX if value == "yes" else ~ANY_BOX


class Box(Filter):
    """Whether one box of the General tab is ticked."""

    field: ClassVar[str]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return YES_NO

    def condition(self, value: str) -> Q:
        return Q(**{self.field: value == "yes"})


class Country(Filter):
    title = _("Country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return regions.country_choices()

    def condition(self, value: str) -> Q:
        return Q(country=value)


class Language(Filter):
    title = _("Preferred language")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return regions.language_choices()

    def condition(self, value: str) -> Q:
        return Q(preferred_language=value)


class SubscribedTo(Filter):
    title = _("Subscribed to")
    parameter_name = "service"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        return list(Service.objects.values_list("pk", "label"))

    def condition(self, value: str) -> Q:
        return searching.current_subscriber(value)

    def narrow(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return searching.subscribed_to(queryset, value) if isinstance(queryset, ProfileQuerySet) else queryset


BOXES: list[type[Filter]] = [
    type(f"Box_{scope}", (Box,), {"title": OPT_OUT_LABELS[scope], "parameter_name": field, "field": field})
    for scope, field in OPT_OUT_FIELDS.items()
]
FILTERS: list[type[Filter]] = [OptedOut, *BOXES, Country, Language, SubscribedTo]

# What the blocklist was called elsewhere, folded (profiles.fields.fold): typed as a search, they find it.
OLD_WORDS = frozenset(
    {
        "blacklist", "blacklisted", "black list", "blackliste", "blocklist", "block list", "blockliste", "denylist", "deny list",
        "liste bloquee", "liste noire",
    }
)  # fmt: skip


def opted_out_of_anything(queryset: ProfileQuerySet) -> ProfileQuerySet:
    return queryset.filter(ANY_BOX)
