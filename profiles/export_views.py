"""Exporting a selection of profiles: the page that names the number, and the file."""

from django import forms
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from profiles import customfields, exporting
from profiles.backoffice import backoffice_view, operator, render
from profiles.models import Profile
from profiles.selection import InvalidSelection, Selection


class ExportForm(forms.Form):
    delimiter = forms.ChoiceField(
        label=gettext_lazy("Separator"),
        choices=[(",", gettext_lazy("comma")), (";", gettext_lazy("semicolon (Excel in French)"))],
    )


@backoffice_view("profiles.export_profile")
def export(request: HttpRequest) -> HttpResponseBase:
    """GET names what the file would hold; POST records the export and sends the file."""
    if not {"ids", "everything"} & request.GET.keys():
        return _choose(request)
    try:
        selection = Selection.read(request.GET)
        profiles = selection.profiles(request)
    except InvalidSelection as error:
        raise BadRequest(error) from error
    number = profiles.order_by().count()
    form = ExportForm(request.POST or None)
    if not form.is_valid() or not number:
        return render(
            request,
            "profiles/export.html",
            title=_("Export profiles"),
            crumbs=[(_("Profiles"), selection.list_url)],
            form=form,
            selection=selection,
            number=number,
            labels=exporting.labels(customfields.definitions()),
        )
    _record(request, selection, number)
    pieces = exporting.lines(profiles, delimiter=form.cleaned_data["delimiter"])
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="profiles-{timezone.localdate().isoformat()}.csv"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _choose(request: HttpRequest) -> HttpResponse:
    """What to export is asked first: whoever typed the address, or followed a bookmark, has chosen nothing yet."""
    everybody = Selection((), everything=True, filters="")
    return render(
        request,
        "profiles/export_choose.html",
        title=_("Export profiles"),
        crumbs=[(_("Profiles"), everybody.list_url)],
        everybody=everybody,
        is_anybody_there=Profile.objects.exists(),
    )


def _record(request: HttpRequest, selection: Selection, number: int) -> None:
    """Who took how many profiles out, and which list it was, in the log of the back office.

    Not what was searched for: a name or an address would stay there when its holder is erased.
    """
    filters = QueryDict(selection.filters, mutable=True)
    if SEARCH_VAR in filters:
        filters[SEARCH_VAR] = "*"
    with override(None):
        told = _("Exported %(number)s profiles.") % {"number": number}
    LogEntry.objects.create(
        user_id=operator(request).pk,
        content_type=ContentType.objects.get_for_model(Profile),
        object_repr=(f"?{filters.urlencode(safe='*')}" if filters else "")[:200],
        action_flag=CHANGE,
        change_message=told,
    )
