"""What visitors sent by a page: the list with its figures, one submission, and the file."""

from typing import Any

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from landingpages import submission_details, submission_export, submissions
from landingpages.models import LandingPage, Submission
from landingpages.submission_figures import PERIODS, by_day, total
from landingpages.submissions import Filters
from landingpages.views import crumbs, find, frame
from profiles.backoffice import backoffice_view, operator, render
from profiles.charts import chart

FILTERS = ("status", "version", "since", "until")


class ExportForm(forms.Form):
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Separator"),
        choices=[(",", gettext_lazy("comma")), (";", gettext_lazy("semicolon (Excel in French)"))],
    )


@backoffice_view("landingpages.view_submission")
def submission_list(request: HttpRequest, page_id: int) -> HttpResponse:
    """The figures of a period, and every submission, newest first."""
    page, filters = find(page_id), Filters(LandingPage(pk=page_id), request.GET)
    shown = submissions.stretch(filters.rows(), request.GET.get("place", ""))
    context: dict[str, Any] = {
        "filters": filters,
        "is_filtered": any(request.GET.get(name) for name in FILTERS),
        "lines": submissions.lines(shown.rows),
        "older": shown.older,
        "place": request.GET.get("place", ""),
        **_figures(page, request.GET.get("period", "")),
    }
    return _page(request, "submissions", page, title=_("Submissions"), **context)


@backoffice_view("landingpages.view_submission")
def submission_detail(request: HttpRequest, page_id: int, submission_id: int) -> HttpResponse:
    """One submission: what was sent, what it changed at once and what waits."""
    page = find(page_id)
    one = get_object_or_404(Submission.objects.select_related("version"), page=page, pk=submission_id)
    context = submission_details.of(one, may_see=request.user.has_perm("profiles.view_profile"))
    return _page(request, "submission", page, title=_("Submission %(number)s") % {"number": one.pk}, **context)


@backoffice_view("landingpages.export_submission")
def export(request: HttpRequest, page_id: int) -> HttpResponseBase:
    """GET says what the file would hold; POST records the export and sends the file."""
    page, filters = find(page_id), Filters(LandingPage(pk=page_id), request.GET)
    form = ExportForm(request.POST or None)
    rows = filters.rows()
    if not form.is_valid():
        columns = list(submission_export.columns(page).values())
        context = {"form": form, "columns": columns, "has_rows": rows.exists(), "query": request.GET.urlencode()}
        return _page(request, "submission_export", page, title=_("Export submissions"), **context)
    _record(request, page)
    pieces = submission_export.lines(page, rows, delimiter=form.cleaned_data["delimiter"])
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    name = f"submissions-{page.slug}-{timezone.localdate().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _record(request: HttpRequest, page: LandingPage) -> None:
    """Who took submissions out, in the log of the back office."""
    with override(None):
        told = _("Exported submissions.")
    LogEntry.objects.create(
        user_id=operator(request).pk,
        content_type=ContentType.objects.get_for_model(LandingPage),
        object_id=str(page.pk),
        object_repr=page.label[:200],
        action_flag=CHANGE,
        change_message=told,
    )


def _figures(page: LandingPage, name: str) -> dict[str, Any]:
    period = name if name in PERIODS else "1m"
    days = by_day(page, PERIODS[period][0])
    summed = total(days.values())
    labels = [date_format(day, "MONTH_DAY_FORMAT") for day in days]
    series = {"visits": [one.visits for one in days.values()], "submissions": [one.submissions for one in days.values()]}
    return {
        "period": period,
        "periods": [(key, label) for key, (_days, label) in PERIODS.items()],
        "total": summed,
        "statuses": Submission._meta.get_field("status").choices,
        "days": [(label, one) for label, one in zip(labels, days.values(), strict=True) if one.visits or one.submissions],
        "chart": chart(series, labels) if summed.visits or summed.submissions else None,
    }


def _page(request: HttpRequest, name: str, page: LandingPage, *, title: str, **context: Any) -> HttpResponse:
    return render(request, f"landingpages/{name}.html", title=title, crumbs=crumbs(page), **context, **frame(page))
