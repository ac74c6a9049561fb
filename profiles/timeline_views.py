"""The marketing history of one profile."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from profiles import aliases, timeline
from profiles.backoffice import backoffice_view, render
from profiles.timeline import Part, Summary


@backoffice_view("profiles.view_profile")
def marketing_history(request: HttpRequest, profile_id: int) -> HttpResponse:
    """Everything that happened, newest first; ?kind=… for some kinds only, ?before=… for the page of older entries."""
    profile, now = aliases.get_or_404(profile_id), timezone.now()
    parts = timeline.parts(request.user.has_perm)
    chosen = [part for part in parts if part.key in request.GET.getlist("kind")]
    before = _moment(request.GET.get("before", ""))
    page = timeline.page(profile, chosen or parts, before=before or now + timedelta(days=1))
    summary = timeline.summary(profile, parts, now=now)
    return render(
        request,
        "profiles/marketing_history.html",
        title=str(profile),
        crumbs=[(_("Profiles"), reverse("admin:profiles_profile_changelist"))],
        tab_page="profile",
        profile=profile,
        page=page,
        before=before,
        summary=summary,
        bars=_bars(summary),
        kinds=[{"part": part, "count": count, "chosen": not chosen or part in chosen} for part, count in summary.counts],
        is_filtered=bool(chosen),
        newest=_query(chosen),
        older=_query(chosen, page.older),
    )


def _moment(text: str) -> datetime | None:
    """The moment of ?before=…; None for anything that is none."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and timezone.is_aware(moment) else None


def _bars(summary: Summary) -> list[dict[str, Any]]:
    """The chart: each month with its number and its height in percent of the highest."""
    highest = max((number for _month, number in summary.months), default=0) or 1
    return [{"month": month, "number": number, "height": round(100 * number / highest)} for month, number in summary.months]


def _query(chosen: list[Part], before: datetime | None = None) -> str:
    query = QueryDict(mutable=True)
    query.setlist("kind", [part.key for part in chosen])
    if before:
        query["before"] = before.isoformat()
    return f"?{query.urlencode()}"
