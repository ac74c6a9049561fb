"""The logs: who was left out and why, who was written to and what became of it, what happened to the delivery."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries import explaining
from deliveries.models import Delivery, Message, MessageQuerySet, Preparation
from deliveries.statuses import MessageStatus
from deliveries.views import crumbs
from profiles import aliases
from profiles.backoffice import backoffice_view, render, typed
from profiles.channels import Channel
from profiles.fields import prefix
from profiles.models import Profile, ProfileAlias
from profiles.paging import Paginator

ROWS = 50


@backoffice_view("deliveries.view_delivery")
def exclusions(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Everybody whom the valid preparation left out; by rule, and by the beginning of a name or address."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    rule, text = request.GET.get("rule", ""), typed(request, "q")
    rows = _messages(delivery.preparation).excluded().order_by("profile_id")
    rows = _search(rows.filter(**explaining.by_key(rule)), text)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "deliveries/exclusion_log.html",
        title=_("Exclusion log"),
        crumbs=crumbs(delivery),
        delivery=delivery,
        page=page,
        lines=explaining.explain(list(page.object_list), Channel.of(delivery.channel)),
        rules=explaining.rule_choices(delivery.preparation) if delivery.preparation else [],
        rule=rule,
        q=text,
    )


@backoffice_view("deliveries.view_delivery")
def sending_log(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Everybody to deliver to and what became of it; by status, and by the beginning of a name or address."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    status, text = request.GET.get("status", ""), typed(request, "q")
    rows = _messages(delivery.preparation).to_deliver().order_by("profile_id")
    rows = _search(rows.filter(status=status) if status in MessageStatus.values else rows, text)
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "deliveries/sending_log.html",
        title=_("Sending log"),
        crumbs=crumbs(delivery),
        delivery=delivery,
        page=page,
        lines=_with_profiles(list(page.object_list)),
        statuses=[choice for choice in MessageStatus.choices if choice[0] != MessageStatus.IGNORED],
        status_filter=status,
        q=text,
    )


@backoffice_view("deliveries.view_delivery")
def log(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """What happened to the delivery, newest first."""
    delivery = get_object_or_404(Delivery, pk=delivery_id)
    page = Paginator(delivery.log.order_by("-pk"), ROWS).get_page(request.GET.get("page"))
    return render(request, "deliveries/log.html", title=_("Log"), crumbs=crumbs(delivery), delivery=delivery, page=page)


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


def _explained(rows: list[Message]) -> list[explaining.Explanation]:
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


def _search(rows: MessageQuerySet, text: str) -> MessageQuerySet:
    """By the profile's name or address as it is now, or by the address that the message has.

    The message of a profile that was merged into another is found by the other's name.
    """
    if not text:
        return rows
    found = Profile.objects.matching(text).order_by().values("pk")
    former = ProfileAlias.objects.filter(winner__in=found).values("former_id")
    named = rows.filter(profile__in=found) | rows.filter(profile__in=former)
    return named | rows.filter(prefix("address", text.lower()))


def _with_profiles(rows: list[Message]) -> list[tuple[Message, Profile | None]]:
    profiles = aliases.in_bulk([message.profile_id for message in rows])
    return [(message, profiles.get(message.profile_id)) for message in rows]
