"""Profiles and services in the back office."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, Q, QuerySet
from django.forms import BooleanField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from profiles import definition_views, filters, regions, searching, service_views, views
from profiles.channels import ANY_CHANNEL, OPT_OUT_FIELDS
from profiles.fields import fold
from profiles.listfilters import ChangeList
from profiles.models import CustomField, Profile, ProfileQuerySet, Service
from profiles.paging import Paginator
from profiles.selection import Selection
from profiles.templatetags.addresses import breakable

EMPTY = "–"

# A column's heading; it stands to the right of "No longer contact".
BY = {
    ANY_CHANNEL: _("any channel"),
    "email": _("by email"),
    "sms": _("by SMS"),
    "push": _("by push"),
    "direct_mail": _("by direct mail"),
}


def _box_column(scope: str, field: str) -> Any:
    """A column that says "yes" for a ticked box; a dash, read out as "no", otherwise."""

    @admin.display(description=BY[scope])
    def column(profile: Profile) -> SafeString:
        if getattr(profile, field):
            return format_html('<span class="refused">✕ {}</span>', _("yes"))
        return format_html('<span aria-hidden="true">–</span><span class="visually-hidden">{}</span>', _("no"))

    column.__name__ = field
    return column


@admin.register(Profile)
class ProfileAdmin(ModelAdmin):
    search_fields = ("email",)  # what makes the search box appear; get_search_results decides
    search_help_text = _("Email, mobile, first or last name")
    list_display = ("name", "email_in_parts", "mobile", "country_label", "language_label", "no_longer_contact")
    list_display_links = ("name",)
    list_filter = filters.FILTERS
    sortable_by = ("name", "email_in_parts", "mobile")
    list_per_page = 50
    empty_value_display = EMPTY
    list_max_show_all = 0
    list_fullwidth = True
    show_full_result_count = False
    paginator = Paginator
    actions = ("opt_out_selected", "export_selected")

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*self.list_display, *(_box_column(scope, field) for scope, field in OPT_OUT_FIELDS.items())]

    @admin.display(description=_("name"), ordering="last_name_folded")
    def name(self, profile: Profile) -> str:
        return breakable(profile.full_name or profile)

    @admin.display(description=_("email"), ordering="email")
    def email_in_parts(self, profile: Profile) -> str:
        return breakable(profile.email) if profile.email else EMPTY

    @admin.display(description=_("country"))
    def country_label(self, profile: Profile) -> str:
        return profile.country_name or EMPTY

    @admin.display(description=_("language"))
    def language_label(self, profile: Profile) -> str:
        return regions.language_name(profile.preferred_language) if profile.preferred_language else EMPTY

    @admin.display(description=_("No longer contact"), empty_value="")
    def no_longer_contact(self, profile: Profile) -> SafeString:
        ticked = [(BY[scope],) for scope, value in profile.choices.items() if value]
        return format_html_join(" ", '<span class="badge" data-status="opted_out">{}</span>', ticked)

    def get_search_results(
        self, request: HttpRequest, queryset: ProfileQuerySet, search_term: str
    ) -> tuple[QuerySet[Profile], bool]:
        if fold(search_term) in filters.OLD_WORDS:
            return filters.opted_out_of_anything(queryset), False
        return searching.search(queryset, search_term) if fold(search_term) else queryset, False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in {list_filter.parameter_name for list_filter in filters.FILTERS}

    @admin.action(description=_("No longer contact by…"), permissions=["change"])
    def opt_out_selected(self, request: HttpRequest, queryset: QuerySet[Profile]) -> HttpResponse:
        return HttpResponseRedirect(reverse("profiles:opt_out") + "?" + _selected(request, queryset).as_query())

    @admin.action(description=_("Export…"), permissions=["export"])
    def export_selected(self, request: HttpRequest, queryset: QuerySet[Profile]) -> HttpResponse:
        return HttpResponseRedirect(reverse("profiles:export") + "?" + _selected(request, queryset).as_query())

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("profiles.export_profile")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChangeList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        search = request.GET.get("q", "")
        extra_context = {
            "title": _("Profiles"),
            "old_word": search if fold(search) in filters.OLD_WORDS else "",
            "listed": Selection((), everything=True, filters=request.GET.urlencode()).as_query(),
        }
        return super().changelist_view(request, extra_context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return views.add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return views.general(request, _number(object_id))

    def has_delete_permission(self, request: HttpRequest, obj: Profile | None = None) -> bool:
        return False


def _selected(request: HttpRequest, queryset: QuerySet[Profile]) -> Selection:
    everything = BooleanField(required=False).clean(request.POST.get("select_across"))  # as the admin reads it
    ids = () if everything else tuple(queryset.values_list("pk", flat=True))
    return Selection(ids, everything, request.GET.urlencode())


@admin.register(Service)
class ServiceAdmin(ModelAdmin):
    list_display = ("label", "identifier", "public_label", "channel", "days", "subscribers")
    search_fields = ("label", "public_label")
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Service]:
        now = timezone.now()
        lasting = Q(subscriptions__expires_at__isnull=True) | Q(subscriptions__expires_at__gt=now)
        return super().get_queryset(request).annotate(subscriber_count=Count("subscriptions", filter=lasting))

    @admin.display(description=_("ID"), ordering="pk")
    def identifier(self, service: Service) -> str:
        return service.name

    @admin.display(description=_("new subscriptions"))
    def days(self, service: Service) -> str:
        return str(_("yes") if service.takes_subscriptions() else _("not today"))

    @admin.display(description=_("subscribers"), ordering="subscriber_count")
    def subscribers(self, service: Service) -> int:
        return service.subscriber_count  # type: ignore[attr-defined]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return service_views.add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return service_views.general(request, _number(object_id))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return service_views.delete(request, _number(object_id))


@admin.register(CustomField)
class CustomFieldAdmin(ModelAdmin):
    """The list; adding, changing and deleting are pages of our own, which say what it means for profiles."""

    list_display = ("label", "key", "type", "is_personal", "position")
    search_fields = ("label", "key")
    ordering = ("position", "pk")
    actions = None

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return definition_views.add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return definition_views.change(request, _number(object_id))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return definition_views.delete(request, _number(object_id))


def _number(object_id: str) -> int:
    """The primary key in an address of the admin; 404 for anything else."""
    text = unquote(object_id)
    if not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)
