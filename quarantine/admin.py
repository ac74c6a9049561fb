"""Quarantined addresses in the back office."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from profiles.channels import Channel
from profiles.fields import prefix
from profiles.listfilters import ChangeList
from profiles.paging import Paginator
from profiles.templatetags.moments import moment
from quarantine import filters, selection_views, views
from quarantine.models import QuarantinedAddress, QuarantinedAddressQuerySet

TEXT_CHARACTERS = 40


@admin.register(QuarantinedAddress)
class QuarantinedAddressAdmin(ModelAdmin):
    change_list_template = "quarantine/list.html"
    search_fields = ("address",)  # what makes the search box appear; get_search_results decides
    search_help_text = _("What the address starts with")
    list_display = ("address", "channel_label", "status_badge", "reason", "errors", "error_date", "last_text", "modified")
    list_display_links = ("address",)
    list_filter = filters.FILTERS
    sortable_by = ()
    list_per_page = 50
    list_max_show_all = 0
    list_fullwidth = True
    show_full_result_count = False
    paginator = Paginator
    actions = ("release_selected", "quarantine_selected")

    @admin.display(description=_("channel"))
    def channel_label(self, record: QuarantinedAddress) -> str:
        return record.get_channel_display()

    @admin.display(description=_("status"))
    def status_badge(self, record: QuarantinedAddress) -> SafeString:
        return format_html('<span class="badge" data-status="{}">{}</span>', record.status, record.get_status_display())

    @admin.display(description=_("error date"))
    def error_date(self, record: QuarantinedAddress) -> SafeString | str:
        return moment(record.error_at)

    @admin.display(description=_("last text"), empty_value="")
    def last_text(self, record: QuarantinedAddress) -> SafeString:
        short = Truncator(record.error_text).chars(TEXT_CHARACTERS)
        return format_html('<span title="{}">{}</span>', record.error_text, short)

    @admin.display(description=_("last modified"))
    def modified(self, record: QuarantinedAddress) -> SafeString | str:
        return moment(record.modified_at)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[QuarantinedAddress], search_term: str
    ) -> tuple[QuerySet[QuarantinedAddress], bool]:
        typed = "".join(search_term.lower().split())
        # Every channel is named because the index begins with it.
        found = Q(channel__in=Channel.values) & prefix("address", typed)
        return (queryset.filter(found) if typed else queryset), False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ChangeList

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return lookup in {list_filter.parameter_name for list_filter in filters.FILTERS}

    @admin.action(description=_("Release…"), permissions=["change"])
    def release_selected(self, request: HttpRequest, queryset: QuarantinedAddressQuerySet) -> HttpResponse:
        return selection_views.act(request, "release", queryset)

    @admin.action(description=_("Quarantine…"), permissions=["change"])
    def quarantine_selected(self, request: HttpRequest, queryset: QuarantinedAddressQuerySet) -> HttpResponse:
        return selection_views.act(request, "quarantine", queryset)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Quarantine")})

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return views.add(request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not unquote(object_id).isdecimal():
            raise Http404
        return views.show(request, int(unquote(object_id)))

    def has_delete_permission(self, request: HttpRequest, obj: QuarantinedAddress | None = None) -> bool:
        """Nobody: an address is released, and forgotten by itself two days later."""
        return False
