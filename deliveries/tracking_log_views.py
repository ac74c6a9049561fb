"""The tracking log of a delivery and of a profile: who opened and clicked what, and what was hardly a person."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from deliveries import tracking
from deliveries.models import Delivery, TrackingEvent, TrackingKind
from deliveries.views import crumbs
from profiles import aliases
from profiles.backoffice import backoffice_view, render, typed
from profiles.models import Profile
from profiles.paging import Paginator

ROWS = 50


@backoffice_view("deliveries.view_delivery")
def tracking_log(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """The links with their clicks, then every event, newest first; by type, and by the beginning of a name or address."""
    delivery = get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)
    kind, text = request.GET.get("type", ""), typed(request, "q")
    rows = delivery.tracking_events.select_related("link")
    if kind in TrackingKind.values:
        rows = rows.filter(kind=kind)
    if text:
        rows = rows.filter(profile__in=Profile.objects.matching(text).order_by().values("pk"))
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    profiles = aliases.in_bulk([event.profile_id for event in page.object_list])
    return render(
        request,
        "deliveries/tracking_log.html",
        title=_("Tracking log"),
        crumbs=crumbs(delivery),
        delivery=delivery,
        page=page,
        lines=[(event, profiles.get(event.profile_id)) for event in page.object_list],
        totals=tracking.totals(delivery),
        links=tracking.links_of(delivery),
        kinds=TrackingKind.choices,
        kind_filter=kind,
        q=text,
    )


@backoffice_view("deliveries.view_delivery")
def profile_tracking_log(request: HttpRequest, profile_id: int) -> HttpResponse:
    """What a profile opened and clicked, newest first."""
    profile = aliases.get_or_404(profile_id)
    rows = TrackingEvent.objects.filter(profile=profile).select_related("delivery", "link").order_by("-at", "-pk")
    page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    way = [(_("Profiles"), reverse("admin:profiles_profile_changelist"))]
    return render(
        request,
        "deliveries/profile_tracking_log.html",
        title=str(profile),
        crumbs=way,
        tab_page="profile",
        profile=profile,
        page=page,
    )
