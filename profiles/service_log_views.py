"""Who is subscribed to a service, who came and left, and how it fares."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format

from profiles import aliases, history, servicefigures
from profiles.backoffice import backoffice_view, typed
from profiles.charts import chart
from profiles.models import ConsentEvent, Profile, ProfileAlias, ProfileQuerySet, Service, Subscription
from profiles.paging import Paginator
from profiles.service_views import page
from profiles.servicefigures import PERIODS, Figures, Period

PER_PAGE = 50


@backoffice_view("profiles.view_subscription")
def subscribers(request: HttpRequest, service_id: int) -> HttpResponse:
    """Who is subscribed now, newest first."""
    service = get_object_or_404(Service, pk=service_id)
    rows = Subscription.objects.current().filter(service=service).select_related("profile").order_by("-created_at", "-pk")
    return _list(request, "profiles/service_subscriptions.html", service, "subscriptions", rows)


@backoffice_view("profiles.view_consentevent")
def history_of(request: HttpRequest, service_id: int) -> HttpResponse:
    """Every subscription and its end, newest first; a profile that was erased since has no name any more."""
    service = get_object_or_404(Service, pk=service_id)
    rows = ConsentEvent.objects.filter(service=service).order_by("-pk")
    return _list(request, "profiles/service_history.html", service, "history", rows, _with_profiles)


@backoffice_view("profiles.view_service")
def dashboard(request: HttpRequest, service_id: int) -> HttpResponse:
    """Subscribed now, made and ended by period, and the curve of one period."""
    service = get_object_or_404(Service, pk=service_id)
    period, now = PERIODS.get(request.GET.get("period", ""), PERIODS["1m"]), timezone.now()
    steps = servicefigures.curve(service, period, now)
    labels = [_label(step, period) for step in steps]
    series = {"created": [step.created for step in steps], "ended": [step.ended for step in steps]}
    context: dict[str, Any] = {
        "now": servicefigures.subscribed_now(service, now),
        "rows": servicefigures.by_period(service, now),
        "periods": PERIODS.values(),
        "period": period,
        "steps": list(zip(labels, steps, strict=True)),
        "created": sum(series["created"]),
        "ended": sum(series["ended"]),
        "chart": chart(series, labels) if any(step.created or step.ended for step in steps) else None,
    }
    return page(request, "profiles/service_dashboard.html", service, "dashboard", **context)


def _list(
    request: HttpRequest, template: str, service: Service, tab: str, rows: QuerySet[Any], complete: Any = list
) -> HttpResponse:
    """A page of a list that can be searched by name or address."""
    search = typed(request, "q")
    if search:
        rows = rows.filter(_of(Profile.objects.matching(search).order_by()))
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return page(request, template, service, tab, page=shown, rows=complete(shown), q=search)


def _of(profiles: ProfileQuerySet) -> Q:
    """Rows of these profiles, and of those that were merged into them."""
    merged = ProfileAlias.objects.filter(winner__in=profiles.values("pk")).values("former_id")
    return Q(profile__in=profiles.values("pk")) | Q(profile__in=merged)


def _with_profiles(events: Any) -> list[dict[str, Any]]:
    events = list(events)
    profiles = aliases.in_bulk([event.profile_id for event in events])
    return [
        {
            "event": event,
            "profile": profiles.get(event.profile_id),
            "change": history.change(event),
            "who": history.who(event),
            "where": history.where(event),
        }
        for event in events
    ]


def _label(step: Figures, period: Period) -> str:
    """Where a step begins, in the reader's format."""
    local = timezone.localtime(step.start)
    return date_format(local, "MONTH_DAY_FORMAT" if period.is_of_days else "H:i")
