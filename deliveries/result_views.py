"""What a preparation found, asked in other ways: one person's answer, the one before it, and files."""

from typing import Any

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import override

from deliveries import answers, changed_people, message_export, shifts
from deliveries.models import Delivery, Preparation
from deliveries.stretches import stretch
from deliveries.views import crumbs
from profiles.backoffice import backoffice_view, operator, render, typed
from profiles.export_views import ExportForm


def find(delivery_id: int) -> Delivery:
    return get_object_or_404(Delivery.objects.select_related("preparation"), pk=delivery_id)


@backoffice_view("deliveries.view_delivery")
def why(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """What becomes of one person in this delivery, whatever it is."""
    delivery, who = find(delivery_id), typed(request, "who")
    found = answers.ask(delivery, who) if who else []
    context: dict[str, Any] = {"delivery": delivery, "who": who, "answers": found}
    return render(request, "deliveries/why.html", title=_("Why not this address?"), crumbs=crumbs(delivery), **context)


@backoffice_view("deliveries.view_delivery")
def comparison(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """What is different from the preparation before: the numbers, and the people of one kind of change."""
    delivery = find(delivery_id)
    prepared = delivery.preparation
    former = shifts.former(prepared) if prepared else None
    kind = request.GET.get("change", "")
    context: dict[str, Any] = {"delivery": delivery, "preparation": prepared, "former": former}
    if prepared and former:
        context |= {"changes": shifts.changes(prepared), "kind": shifts.KINDS.get(kind)}
        if kind in shifts.KINDS:
            shown = stretch(shifts.messages(prepared, former, kind), request)
            context |= {"stretch": shown, "lines": changed_people.explain(shown.rows, prepared, former, kind)}
    return render(request, "deliveries/comparison.html", title=_("Comparison"), crumbs=crumbs(delivery), **context)


@backoffice_view("deliveries.view_delivery")
def export(request: HttpRequest, delivery_id: int, content: str) -> HttpResponseBase:
    """GET names what the file would hold; POST records the export and sends the file. It takes the right to export people."""
    if not request.user.has_perm("profiles.export_profile"):
        raise PermissionDenied(_("You may not open this page: ask an administrator for the right to do so."))
    delivery, chosen = find(delivery_id), message_export.CONTENTS.get(content)
    if chosen is None:
        raise Http404
    if (prepared := delivery.preparation) is None:
        return redirect("deliveries:show", delivery.pk)
    form = ExportForm(request.POST or None)
    number = chosen.number(prepared)
    if not form.is_valid() or not number:
        context: dict[str, Any] = {"delivery": delivery, "form": form, "number": number, "columns": chosen.header()}
        return render(request, "deliveries/export.html", title=str(chosen.title), crumbs=crumbs(delivery), **context)
    _record(request, delivery, number)
    pieces = message_export.lines(delivery, prepared, chosen, delimiter=form.cleaned_data["delimiter"])
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_file_name(delivery, prepared, chosen.file_name)}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _file_name(delivery: Delivery, preparation: Preparation, name: str) -> str:
    label = slugify(delivery.label) or str(delivery.pk)
    return f"{name}-{label}-{preparation.number}-{timezone.localdate().isoformat()}.csv"


def _record(request: HttpRequest, delivery: Delivery, number: int) -> None:
    """Who took how many people out, in the log of the back office."""
    with override(None):
        told = _("Exported %(number)s people.") % {"number": number}
    LogEntry.objects.create(
        user_id=operator(request).pk,
        content_type=ContentType.objects.get_for_model(Delivery),
        object_id=str(delivery.pk),
        object_repr=delivery.label[:200],
        action_flag=CHANGE,
        change_message=told,
    )
