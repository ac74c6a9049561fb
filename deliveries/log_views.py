"""The logs: who was left out and why, who was written to and what became of it, what happened to the delivery."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries import explaining, remedies
from deliveries.because import Explanation
from deliveries.models import Delivery, Message, MessageQuerySet, Preparation
from deliveries.statuses import MessageStatus
from deliveries.stretches import search, stretch
from deliveries.views import crumbs
from profiles import aliases
from profiles.backoffice import backoffice_view, render, typed
from profiles.channels import Channel
from profiles.models import Profile
from profiles.paging import Paginator

ROWS = 50


@backoffice_view("deliveries.view_delivery")
def exclusions(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Everybody whom the valid preparation left out; by rule or a part of it, and by the beginning of a name or address."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    prepared, rule, text = delivery.preparation, request.GET.get("rule", ""), typed(request, "q")
    number = explaining.volume(prepared, rule) if prepared else 0
    rows = _messages(prepared if number else None).excluded().filter(**explaining.by_key(rule))
    shown = stretch(search(rows, text), request)
    return render(
        request,
        "deliveries/exclusion_log.html",
        title=_("Exclusion log"),
        crumbs=crumbs(delivery),
        delivery=delivery,
        stretch=shown,
        counted=shown.counted(None if text else number),
        lines=explaining.explain(shown.rows, Channel.of(delivery.channel)),
        rules=_choices(prepared) if prepared else [],
        rule=rule,
        q=text,
    )


def _choices(preparation: Preparation) -> list[tuple[str, str]]:
    """Every rule, each followed by the parts that it splits into."""
    found = []
    for cause in explaining.causes(preparation):
        found.append((cause["key"], cause["label"]))
        found += [(part["key"], f"{cause['label']} – {part['label']}") for part in cause["parts"]]
    return found


@backoffice_view("deliveries.view_delivery")
def sending_log(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Everybody to deliver to and what became of it; by status, and by the beginning of a name or address."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    prepared, status, text = delivery.preparation, request.GET.get("status", ""), typed(request, "q")
    rows = _messages(prepared).to_deliver()
    is_filtered = status in MessageStatus.values
    shown = stretch(search(rows.filter(status=status) if is_filtered else rows, text), request)
    return render(
        request,
        "deliveries/sending_log.html",
        title=_("Sending log"),
        crumbs=crumbs(delivery),
        delivery=delivery,
        stretch=shown,
        counted=shown.counted(prepared.to_deliver if prepared and not text and not is_filtered else None),
        lines=_with_profiles(shown.rows),
        statuses=[choice for choice in MessageStatus.choices if choice[0] != MessageStatus.IGNORED],
        status_filter=status,
        q=text,
    )


@backoffice_view("deliveries.view_delivery")
def log(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """What happened to the delivery, newest first."""
    delivery = get_object_or_404(Delivery, pk=delivery_id)
    page = Paginator(delivery.log.order_by("-pk"), ROWS).get_page(request.GET.get("page"))
    lines = remedies.with_remedies(page.object_list, delivery)
    context: dict[str, Any] = {"delivery": delivery, "page": page, "lines": lines}
    return render(request, "deliveries/log.html", title=_("Log"), crumbs=crumbs(delivery), **context)


@backoffice_view("deliveries.view_delivery")
def profile_sending_log(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What a profile was sent, and what became of it."""
    return _profile_log(request, profile_id, "deliveries/profile_sending_log.html", excluded=False)


@backoffice_view("deliveries.view_delivery")
def profile_exclusion_log(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What a profile was left out of, and why."""
    return _profile_log(request, profile_id, "deliveries/profile_exclusion_log.html", excluded=True)


def _profile_log(request: HttpRequest, profile_id: int, template: str, *, excluded: bool) -> HttpResponse:
    profile = aliases.get_or_404(profile_id)
    rows = Message.objects.for_profile(profile).select_related("preparation__delivery")
    page = Paginator(rows.excluded() if excluded else rows.to_deliver(), ROWS).get_page(request.GET.get("page"))
    lines = _explained(list(page.object_list)) if excluded else list(page.object_list)
    way = [(_("Profiles"), reverse("admin:profiles_profile_changelist"))]
    return render(request, template, title=str(profile), crumbs=way, tab_page="profile", profile=profile, page=page, lines=lines)


def _explained(rows: list[Message]) -> list[Explanation]:
    """Messages of several deliveries explained, in their order."""
    channels = {row.preparation.delivery.channel for row in rows}
    by_channel = [[row for row in rows if row.preparation.delivery.channel == channel] for channel in sorted(channels)]
    lines = {
        line.message.pk: line
        for group in by_channel
        for line in explaining.explain(group, Channel.of(group[0].preparation.delivery.channel))
    }
    return [lines[row.pk] for row in rows]


def _messages(preparation: Preparation | None) -> MessageQuerySet:
    return Message.objects.filter(preparation=preparation) if preparation else Message.objects.none()


def _with_profiles(rows: list[Message]) -> list[tuple[Message, Profile | None]]:
    profiles = aliases.in_bulk([message.profile_id for message in rows])
    return [(message, profiles.get(message.profile_id)) for message in rows]
