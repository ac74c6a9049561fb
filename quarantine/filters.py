"""Filters of the quarantine list. Their parameters are the only ones that the list accepts."""

from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from profiles.channels import Channel
from profiles.listfilters import Filter
from quarantine.models import Reason, Status


class ChannelFilter(Filter):
    title = _("Channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(channel.value, channel.label) for channel in Channel.addressed()]

    def condition(self, value: str) -> Q:
        return Q(channel=value)


class StatusFilter(Filter):
    title = _("Status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Status.choices

    def condition(self, value: str) -> Q:
        return Q(status=value)


class ReasonFilter(Filter):
    title = _("Error reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Reason.choices

    def condition(self, value: str) -> Q:
        return Q(reason=value)


FILTERS: list[type[Filter]] = [ChannelFilter, StatusFilter, ReasonFilter]
